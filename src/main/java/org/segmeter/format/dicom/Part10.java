package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/** Writes DICOM files (PS3.10). */
final class Part10 {

    /** Identifies this implementation in the files it writes: a UID made from a UUID (PS3.5 B.2), fixed for good. */
    static final String IMPLEMENTATION_CLASS_UID = "2.25.66184980276003058261708676626626896365";

    static final String IMPLEMENTATION_VERSION_NAME = "SEGMETER";

    private Part10() {}

    /** Preamble of zeros, file meta information, data set. */
    static void write(
            OutputStream out,
            String sopClassUid,
            String sopInstanceUid,
            TransferSyntax syntax,
            boolean undefinedLengths,
            DatasetBuilder dataset)
            throws IOException {
        ByteArrayOutputStream meta = new ByteArrayOutputStream();
        new DatasetBuilder()
                .bytes(0x0002_0001, "OB", new byte[] {0, 1})
                .text(Tag.MEDIA_STORAGE_SOP_CLASS_UID, "UI", sopClassUid)
                .text(Tag.MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", sopInstanceUid)
                .text(Tag.TRANSFER_SYNTAX_UID, "UI", syntax.uid())
                .text(Tag.IMPLEMENTATION_CLASS_UID, "UI", IMPLEMENTATION_CLASS_UID)
                .text(Tag.IMPLEMENTATION_VERSION_NAME, "SH", IMPLEMENTATION_VERSION_NAME)
                .write(meta, true, false, false);
        out.write(new byte[128]);
        out.write(new byte[] {'D', 'I', 'C', 'M'});
        new DatasetBuilder().ints(0x0002_0000, meta.size()).write(out, true, false, false);
        meta.writeTo(out);
        if (!syntax.deflated()) {
            dataset.write(out, syntax.explicitVr(), syntax.bigEndian(), undefinedLengths);
            return;
        }
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        try {
            ByteArrayOutputStream deflated = new ByteArrayOutputStream();
            try (DeflaterOutputStream stream = new DeflaterOutputStream(deflated, deflater)) {
                dataset.write(stream, true, false, undefinedLengths);
            }
            deflated.writeTo(out);
            if ((deflated.size() & 1) != 0) {
                out.write(0);
            }
        } finally {
            deflater.end();
        }
    }
}
