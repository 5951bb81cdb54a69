package org.segmeter.format.dicom;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a data set and its pixel data are encoded (DICOM PS3.5 section 10 and annex A).
 *
 * @param uid Transfer Syntax UID
 * @param name as in PS3.6 table A-1, shortened
 * @param explicitVr whether elements carry their value representation
 * @param bigEndian byte order of the data set
 * @param deflated whether the data set as a whole is deflated
 * @param encapsulated whether the pixel data consists of fragments
 */
record TransferSyntax(
        String uid, String name, boolean explicitVr, boolean bigEndian, boolean deflated, boolean encapsulated) {

    static final TransferSyntax IMPLICIT_LITTLE_ENDIAN =
            new TransferSyntax("1.2.840.10008.1.2", "Implicit VR Little Endian", false, false, false, false);
    static final TransferSyntax EXPLICIT_LITTLE_ENDIAN =
            new TransferSyntax("1.2.840.10008.1.2.1", "Explicit VR Little Endian", true, false, false, false);
    static final TransferSyntax DEFLATED = new TransferSyntax(
            "1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", true, false, true, false);
    static final TransferSyntax EXPLICIT_BIG_ENDIAN =
            new TransferSyntax("1.2.840.10008.1.2.2", "Explicit VR Big Endian", true, true, false, false);
    static final TransferSyntax ENCAPSULATED_UNCOMPRESSED =
            encapsulated("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian");
    static final TransferSyntax RLE_LOSSLESS = encapsulated("1.2.840.10008.1.2.5", "RLE Lossless");
    static final TransferSyntax DEFLATED_FRAMES =
            encapsulated("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression");

    private static final String JPEG_FAMILY = "1.2.840.10008.1.2.4.";

    private static final Map<String, String> JPEG_NAMES = Map.ofEntries(
            Map.entry("50", "JPEG Baseline (Process 1)"),
            Map.entry("51", "JPEG Extended (Process 2 and 4)"),
            Map.entry("57", "JPEG Lossless, Non-Hierarchical (Process 14)"),
            Map.entry("70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction"),
            Map.entry("80", "JPEG-LS Lossless"),
            Map.entry("81", "JPEG-LS Lossy (Near-Lossless)"),
            Map.entry("90", "JPEG 2000 (Lossless Only)"),
            Map.entry("91", "JPEG 2000"),
            Map.entry("92", "JPEG 2000 Part 2 Multi-component (Lossless Only)"),
            Map.entry("93", "JPEG 2000 Part 2 Multi-component"),
            Map.entry("94", "JPIP Referenced"),
            Map.entry("95", "JPIP Referenced Deflate"),
            Map.entry("100", "MPEG2 Main Profile / Main Level"),
            Map.entry("101", "MPEG2 Main Profile / High Level"),
            Map.entry("102", "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
            Map.entry("103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
            Map.entry("104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
            Map.entry("105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
            Map.entry("106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
            Map.entry("107", "HEVC/H.265 Main Profile / Level 5.1"),
            Map.entry("108", "HEVC/H.265 Main 10 Profile / Level 5.1"),
            Map.entry("110", "JPEG XL Lossless"),
            Map.entry("111", "JPEG XL JPEG Recompression"),
            Map.entry("112", "JPEG XL"),
            Map.entry("201", "High-Throughput JPEG 2000 (Lossless Only)"),
            Map.entry("202", "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)"),
            Map.entry("203", "High-Throughput JPEG 2000"));

    private static final Map<String, TransferSyntax> KNOWN = Map.of(
            IMPLICIT_LITTLE_ENDIAN.uid,
            IMPLICIT_LITTLE_ENDIAN,
            EXPLICIT_LITTLE_ENDIAN.uid,
            EXPLICIT_LITTLE_ENDIAN,
            DEFLATED.uid,
            DEFLATED,
            EXPLICIT_BIG_ENDIAN.uid,
            EXPLICIT_BIG_ENDIAN,
            ENCAPSULATED_UNCOMPRESSED.uid,
            ENCAPSULATED_UNCOMPRESSED,
            RLE_LOSSLESS.uid,
            RLE_LOSSLESS,
            DEFLATED_FRAMES.uid,
            DEFLATED_FRAMES);

    /** The transfer syntax of a UID; null if its data set cannot be parsed because nothing is known of it. */
    static @Nullable TransferSyntax of(String uid) {
        TransferSyntax known = KNOWN.get(uid);
        if (known != null) {
            return known;
        }
        if (uid.startsWith(JPEG_FAMILY)) {
            String name = JPEG_NAMES.get(uid.substring(JPEG_FAMILY.length()));
            return encapsulated(uid, name == null ? "a compressed transfer syntax" : name);
        }
        return null;
    }

    private static TransferSyntax encapsulated(String uid, String name) {
        return new TransferSyntax(uid, name, true, false, false, true);
    }
}
