package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;
import org.segmeter.volume.SegmentConcept.Laterality;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Voxels;

/**
 * Writes a segmentation as a DICOM Segmentation (BINARY, FRACTIONAL) or Label Map Segmentation object (PS3.3 A.51, A.101).
 *
 * <p>Nothing of a patient is written: the attributes are there and empty. A segment without coded identity becomes (85756007,
 * SCT, "Tissue"); one that does not say how it was made is written as SEMIAUTOMATIC by "unknown", because DICOM has no such
 * term. Left-handed grids are written with their slices in the given order; a reader numbers them along the normal.
 */
public final class SegWriter {

    /** Transfer syntaxes that can be written. */
    public enum Encoding {
        EXPLICIT_LITTLE_ENDIAN(TransferSyntax.EXPLICIT_LITTLE_ENDIAN),
        IMPLICIT_LITTLE_ENDIAN(TransferSyntax.IMPLICIT_LITTLE_ENDIAN),
        EXPLICIT_BIG_ENDIAN(TransferSyntax.EXPLICIT_BIG_ENDIAN),
        DEFLATED(TransferSyntax.DEFLATED),
        ENCAPSULATED_UNCOMPRESSED(TransferSyntax.ENCAPSULATED_UNCOMPRESSED),
        RLE_LOSSLESS(TransferSyntax.RLE_LOSSLESS),
        DEFLATED_FRAMES(TransferSyntax.DEFLATED_FRAMES);

        private final TransferSyntax syntax;

        Encoding(TransferSyntax syntax) {
            this.syntax = syntax;
        }
    }

    /**
     * Who the object is.
     *
     * @param studyUid Study Instance UID; {@code seriesUid} and {@code sopInstanceUid} likewise
     * @param frameOfReferenceUid written if the segmentation has none of its own
     * @param created Content Date and Time
     */
    public record Identity(
            String studyUid,
            String seriesUid,
            String sopInstanceUid,
            String frameOfReferenceUid,
            int seriesNumber,
            int instanceNumber,
            LocalDateTime created) {
        public Identity {
            for (String uid : List.of(studyUid, seriesUid, sopInstanceUid, frameOfReferenceUid)) {
                if (!DicomDataset.isUid(uid)) {
                    throw new IllegalArgumentException("a UID has at most 64 digits and dots");
                }
            }
        }
    }

    /**
     * How it is written.
     *
     * @param encoding transfer syntax
     * @param omitEmptyFrames true to leave out frames without a voxel, as most writers do
     * @param undefinedLengths true to delimit sequences instead of giving their lengths
     * @param wordPixels true to write 8-bit and 1-bit native pixels as words (OW), which big endian swaps
     * @param maximumFractionalValue 1 to 255, for probabilities
     */
    public record Options(
            Encoding encoding,
            boolean omitEmptyFrames,
            boolean undefinedLengths,
            boolean wordPixels,
            int maximumFractionalValue) {
        public static final Options DEFAULT = new Options(Encoding.EXPLICIT_LITTLE_ENDIAN, true, false, false, 255);

        public Options {
            if (maximumFractionalValue < 1 || maximumFractionalValue > 255) {
                throw new IllegalArgumentException("Maximum Fractional Value is 1 to 255");
            }
        }

        public Options withEncoding(Encoding other) {
            return new Options(other, omitEmptyFrames, undefinedLengths, wordPixels, maximumFractionalValue);
        }
    }

    private static final String SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4";
    private static final String LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7";
    private static final CodedConcept TISSUE = new CodedConcept("85756007", "SCT", "Tissue");
    private static final CodedConcept BACKGROUND = new CodedConcept("125040", "DCM", "Background");
    private static final CodedConcept SPATIAL = new CodedConcept("309825002", "SCT", "Spatial and Relational Concept");
    private static final CodedConcept LEFT = new CodedConcept("7771000", "SCT", "Left");
    private static final CodedConcept RIGHT = new CodedConcept("24028007", "SCT", "Right");
    private static final CodedConcept BOTH = new CodedConcept("51440002", "SCT", "Right and left");
    private static final CodedConcept ARTIFICIAL_INTELLIGENCE =
            new CodedConcept("123110", "DCM", "Artificial Intelligence");

    private static final double PERPENDICULAR = 1e-3;

    private final Segmentation segmentation;
    private final Grid grid;
    private final Identity identity;
    private final Options options;
    private final int bits;
    private final FrameSink sink;
    private final List<int[]> frames = new ArrayList<>();

    private SegWriter(Segmentation segmentation, Identity identity, Options options) {
        this.segmentation = segmentation;
        this.grid = segmentation.grid();
        this.identity = identity;
        this.options = options;
        this.bits = bits(segmentation);
        this.sink = new FrameSink(bits, (long) grid.nx() * grid.ny(), options.encoding().syntax);
    }

    /**
     * Writes a file.
     *
     * @throws IllegalArgumentException if the grid is sheared, has more than 65,535 rows or columns, a segment number is not
     *     from 1 to 65,535, label map segments overlap, or there is no segment
     */
    public static void write(Segmentation segmentation, Identity identity, Options options, OutputStream out)
            throws IOException {
        new SegWriter(segmentation, identity, options).write(out);
    }

    private static int bits(Segmentation segmentation) {
        return switch (segmentation.encoding()) {
            case BINARY -> 1;
            case PROBABILITY -> 8;
            case LABELMAP ->
                segmentation.segments().stream().allMatch(s -> s.segment().number() < 256) ? 8 : 16;
        };
    }

    private void write(OutputStream out) throws IOException {
        check();
        switch (segmentation.encoding()) {
            case BINARY, PROBABILITY -> perSegment();
            case LABELMAP -> labels();
        }
        boolean labelMap = segmentation.encoding() == Segmentation.Encoding.LABELMAP;
        Part10.write(
                out,
                labelMap ? LABEL_MAP : SEGMENTATION,
                identity.sopInstanceUid(),
                options.encoding().syntax,
                options.undefinedLengths(),
                dataset(labelMap));
    }

    private void check() {
        if (segmentation.segments().isEmpty()) {
            throw new IllegalArgumentException("a DICOM segmentation has at least one segment");
        }
        if (grid.nx() > 0xFFFF || grid.ny() > 0xFFFF) {
            throw new IllegalArgumentException("a DICOM image has at most 65,535 rows and columns");
        }
        for (SegmentVoxels s : segmentation.segments()) {
            if (s.segment().number() < 1 || s.segment().number() > 0xFFFF) {
                throw new IllegalArgumentException("a segment number is 1 to 65,535");
            }
        }
        double[][] axes = {unit(0), unit(1), unit(2)};
        for (int i = 0; i < 3; i++) {
            if (Math.abs(dot(axes[i], axes[(i + 1) % 3])) > PERPENDICULAR) {
                throw new IllegalArgumentException("a DICOM segmentation cannot lie on a sheared grid");
            }
        }
    }

    private double[] unit(int axis) {
        double[] step = grid.indexToPatient().step(axis);
        double length = grid.spacing(axis);
        return new double[] {step[0] / length, step[1] / length, step[2] / length};
    }

    private static double dot(double[] a, double[] b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }

    // Frames: {segment index, slice}

    private void perSegment() {
        byte[] pixels = new byte[grid.nx() * grid.ny()];
        for (int s = 0; s < segmentation.segments().size(); s++) {
            Voxels voxels = segmentation.segments().get(s).voxels();
            Voxels stored = voxels instanceof Mask m ? m.toBitMask() : voxels;
            for (int z = 0; z < grid.nz(); z++) {
                boolean any = switch (stored) {
                    case Mask m -> slice(m.toBitMask(), z, 1, pixels);
                    case ProbabilityVolume p -> slice(p, z, pixels);
                };
                boolean only = frames.isEmpty() && s == segmentation.segments().size() - 1 && z == grid.nz() - 1;
                if (any || !options.omitEmptyFrames() || only) {
                    frames.add(new int[] {s, z});
                    sink.add(pixels);
                }
                if (any) {
                    Arrays.fill(pixels, (byte) 0);
                }
            }
        }
    }

    private boolean slice(BitMask mask, int z, int value, byte[] pixels) {
        boolean any = false;
        for (int y = mask.y0(); y < mask.y1() && mask.hasRow(y, z); y++) {
            int at = mask.rowStart(y, z);
            for (int w = 0; w < mask.wordsPerRow(); w++) {
                for (long word = mask.words()[at + w]; word != 0; word &= word - 1) {
                    int pixel = y * grid.nx() + (mask.wordX0() + w << 6) + Long.numberOfTrailingZeros(word);
                    put(pixels, pixel, value);
                    any = true;
                }
            }
        }
        return any;
    }

    private void put(byte[] pixels, int pixel, int value) {
        if (bits == 16) {
            if (pixels[2 * pixel] != 0 || pixels[2 * pixel + 1] != 0) {
                throw new IllegalArgumentException("the segments of a label map overlap");
            }
            pixels[2 * pixel] = (byte) value;
            pixels[2 * pixel + 1] = (byte) (value >> 8);
        } else {
            if (pixels[pixel] != 0) {
                throw new IllegalArgumentException("the segments of a label map overlap");
            }
            pixels[pixel] = (byte) value;
        }
    }

    private boolean slice(ProbabilityVolume volume, int z, byte[] pixels) {
        var box = volume.box();
        if (z < box.z0() || z >= box.z1()) {
            return false;
        }
        boolean any = false;
        for (int y = box.y0(); y < box.y1(); y++) {
            int at = ((z - box.z0()) * box.ny() + y - box.y0()) * box.nx();
            for (int x = box.x0(); x < box.x1(); x++) {
                int value = Math.round(volume.values()[at++] * options.maximumFractionalValue());
                pixels[y * grid.nx() + x] = (byte) value;
                any |= value != 0;
            }
        }
        return any;
    }

    private void labels() {
        byte[] pixels = new byte[Math.multiplyExact(grid.nx() * grid.ny(), bits / 8)];
        List<BitMask> masks = new ArrayList<>();
        for (SegmentVoxels s : segmentation.segments()) {
            if (!(s.voxels() instanceof Mask mask)) {
                throw new IllegalArgumentException("the segments of a label map are masks");
            }
            masks.add(mask.toBitMask());
        }
        for (int z = 0; z < grid.nz(); z++) {
            boolean any = false;
            for (int s = 0; s < masks.size(); s++) {
                int number = segmentation.segments().get(s).segment().number();
                any |= slice(masks.get(s), z, number, pixels);
            }
            if (any || !options.omitEmptyFrames() || frames.isEmpty() && z == grid.nz() - 1) {
                frames.add(new int[] {-1, z});
                sink.add(pixels);
            }
            Arrays.fill(pixels, (byte) 0);
        }
    }

    // The data set

    private DatasetBuilder dataset(boolean labelMap) {
        String date = identity.created().format(DateTimeFormatter.ofPattern("uuuuMMdd"));
        String time = identity.created().format(DateTimeFormatter.ofPattern("HHmmss"));
        String organization = identity.sopInstanceUid();
        String frameOfReference = segmentation.source().frameOfReferenceUid();
        DatasetBuilder d = new DatasetBuilder()
                .text(Tag.SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
                .text(Tag.IMAGE_TYPE, "CS", "DERIVED\\PRIMARY")
                .text(Tag.SOP_CLASS_UID, "UI", labelMap ? LABEL_MAP : SEGMENTATION)
                .text(Tag.SOP_INSTANCE_UID, "UI", identity.sopInstanceUid())
                .text(Tag.STUDY_DATE, "DA", date)
                .text(Tag.SERIES_DATE, "DA", date)
                .text(Tag.CONTENT_DATE, "DA", date)
                .text(Tag.STUDY_TIME, "TM", time)
                .text(Tag.SERIES_TIME, "TM", time)
                .text(Tag.CONTENT_TIME, "TM", time)
                .text(Tag.ACCESSION_NUMBER, "SH", "")
                .text(Tag.MODALITY, "CS", "SEG")
                .text(Tag.MANUFACTURER, "LO", "Segmeter")
                .text(Tag.REFERRING_PHYSICIAN_NAME, "PN", "")
                .text(Tag.MANUFACTURER_MODEL_NAME, "LO", "Segmeter")
                .text(Tag.PATIENT_NAME, "PN", "")
                .text(Tag.PATIENT_ID, "LO", "")
                .text(Tag.PATIENT_BIRTH_DATE, "DA", "")
                .text(Tag.PATIENT_SEX, "CS", "")
                .text(Tag.DEVICE_SERIAL_NUMBER, "LO", "1")
                .text(Tag.SOFTWARE_VERSIONS, "LO", "1")
                .text(Tag.STUDY_INSTANCE_UID, "UI", identity.studyUid())
                .text(Tag.SERIES_INSTANCE_UID, "UI", identity.seriesUid())
                .text(Tag.STUDY_ID, "SH", "")
                .text(Tag.SERIES_NUMBER, "IS", Integer.toString(identity.seriesNumber()))
                .text(Tag.INSTANCE_NUMBER, "IS", Integer.toString(identity.instanceNumber()))
                .text(
                        Tag.FRAME_OF_REFERENCE_UID,
                        "UI",
                        frameOfReference == null ? identity.frameOfReferenceUid() : frameOfReference)
                .text(Tag.POSITION_REFERENCE_INDICATOR, "LO", "")
                .sequence(
                        Tag.DIMENSION_ORGANIZATION_SEQUENCE,
                        new DatasetBuilder().text(Tag.DIMENSION_ORGANIZATION_UID, "UI", organization))
                .sequence(Tag.DIMENSION_INDEX_SEQUENCE, dimensions(labelMap, organization))
                .shorts(Tag.SAMPLES_PER_PIXEL, 1)
                .text(Tag.PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2")
                .text(Tag.NUMBER_OF_FRAMES, "IS", Integer.toString(frames.size()))
                .shorts(Tag.ROWS, grid.ny())
                .shorts(Tag.COLUMNS, grid.nx())
                .shorts(Tag.BITS_ALLOCATED, bits)
                .shorts(Tag.BITS_STORED, bits)
                .shorts(Tag.HIGH_BIT, bits - 1)
                .shorts(Tag.PIXEL_REPRESENTATION, 0)
                .text(Tag.LOSSY_IMAGE_COMPRESSION, "CS", "00")
                .text(Tag.CONTENT_LABEL, "CS", "SEGMENTATION")
                .text(Tag.CONTENT_DESCRIPTION, "LO", "")
                .text(Tag.CONTENT_CREATOR_NAME, "PN", "")
                .sequence(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared())
                .sequence(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, perFrame(labelMap));
        switch (segmentation.encoding()) {
            case BINARY -> d.text(Tag.SEGMENTATION_TYPE, "CS", "BINARY").text(Tag.SEGMENTS_OVERLAP, "CS", "UNDEFINED");
            case PROBABILITY ->
                d.text(Tag.SEGMENTATION_TYPE, "CS", "FRACTIONAL")
                        .text(Tag.SEGMENTATION_FRACTIONAL_TYPE, "CS", "PROBABILITY")
                        .shorts(Tag.MAXIMUM_FRACTIONAL_VALUE, options.maximumFractionalValue());
            case LABELMAP ->
                d.text(Tag.SEGMENTATION_TYPE, "CS", "LABELMAP")
                        .text(Tag.SEGMENTS_OVERLAP, "CS", "NO")
                        .shorts(Tag.PIXEL_PADDING_VALUE, 0);
        }
        List<DatasetBuilder> described = new ArrayList<>();
        if (labelMap) {
            described.add(segment(new Segment(
                    0,
                    "Background",
                    new SegmentConcept(SPATIAL, BACKGROUND, List.of(), null, List.of(), Laterality.UNSPECIFIED),
                    new Segment.Algorithm(Segment.Algorithm.Type.MANUAL, null, null),
                    null,
                    null)));
        }
        segmentation.segments().forEach(s -> described.add(segment(s.segment())));
        d.sequence(Tag.SEGMENT_SEQUENCE, described);
        sink.writeTo(d, options.wordPixels());
        return d;
    }

    private static List<DatasetBuilder> dimensions(boolean labelMap, String organization) {
        List<DatasetBuilder> dimensions = new ArrayList<>();
        if (!labelMap) {
            dimensions.add(new DatasetBuilder()
                    .text(Tag.DIMENSION_ORGANIZATION_UID, "UI", organization)
                    .tag(Tag.DIMENSION_INDEX_POINTER, Tag.REFERENCED_SEGMENT_NUMBER)
                    .tag(Tag.FUNCTIONAL_GROUP_POINTER, Tag.SEGMENT_IDENTIFICATION_SEQUENCE));
        }
        dimensions.add(new DatasetBuilder()
                .text(Tag.DIMENSION_ORGANIZATION_UID, "UI", organization)
                .tag(Tag.DIMENSION_INDEX_POINTER, Tag.IMAGE_POSITION_PATIENT)
                .tag(Tag.FUNCTIONAL_GROUP_POINTER, Tag.PLANE_POSITION_SEQUENCE));
        return dimensions;
    }

    private DatasetBuilder shared() {
        double[] row = unit(0);
        double[] column = unit(1);
        return new DatasetBuilder()
                .sequence(
                        Tag.PLANE_ORIENTATION_SEQUENCE,
                        new DatasetBuilder()
                                .decimals(
                                        Tag.IMAGE_ORIENTATION_PATIENT,
                                        row[0],
                                        row[1],
                                        row[2],
                                        column[0],
                                        column[1],
                                        column[2]))
                .sequence(
                        Tag.PIXEL_MEASURES_SEQUENCE,
                        new DatasetBuilder()
                                .decimals(Tag.SLICE_THICKNESS, grid.spacing(2))
                                .decimals(Tag.SPACING_BETWEEN_SLICES, grid.spacing(2))
                                .decimals(Tag.PIXEL_SPACING, grid.spacing(1), grid.spacing(0)));
    }

    private List<DatasetBuilder> perFrame(boolean labelMap) {
        List<DatasetBuilder> items = new ArrayList<>();
        for (int[] frame : frames) {
            DatasetBuilder item = new DatasetBuilder();
            DatasetBuilder content = new DatasetBuilder();
            if (labelMap) {
                content.ints(Tag.DIMENSION_INDEX_VALUES, frame[1] + 1);
            } else {
                content.ints(Tag.DIMENSION_INDEX_VALUES, frame[0] + 1, frame[1] + 1);
                int number = segmentation.segments().get(frame[0]).segment().number();
                item.sequence(
                        Tag.SEGMENT_IDENTIFICATION_SEQUENCE,
                        new DatasetBuilder().shorts(Tag.REFERENCED_SEGMENT_NUMBER, number));
            }
            item.sequence(Tag.FRAME_CONTENT_SEQUENCE, content);
            item.sequence(
                    Tag.PLANE_POSITION_SEQUENCE,
                    new DatasetBuilder()
                            .decimals(
                                    Tag.IMAGE_POSITION_PATIENT,
                                    grid.indexToPatient().apply(0, 0, frame[1])));
            items.add(item);
        }
        return items;
    }

    private static DatasetBuilder segment(Segment segment) {
        SegmentConcept concept = segment.concept();
        DatasetBuilder d = new DatasetBuilder()
                .shorts(Tag.SEGMENT_NUMBER, segment.number())
                .text(Tag.SEGMENT_LABEL, "LO", cut(segment.label()));
        if (concept == null) {
            d.sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, code(TISSUE)).sequence(Tag.PROPERTY_TYPE_SEQUENCE, code(TISSUE));
        } else {
            describe(d, concept);
        }
        algorithm(d, segment.algorithm());
        if (segment.trackingId() != null && segment.trackingUid() != null) {
            d.text(Tag.TRACKING_ID, "UT", segment.trackingId()).text(Tag.TRACKING_UID, "UI", segment.trackingUid());
        }
        return d;
    }

    private static void describe(DatasetBuilder d, SegmentConcept concept) {
        List<CodedConcept> typeModifiers = new ArrayList<>(concept.typeModifiers());
        List<CodedConcept> regionModifiers = new ArrayList<>(concept.regionModifiers());
        CodedConcept side = switch (concept.laterality()) {
            case LEFT -> LEFT;
            case RIGHT -> RIGHT;
            case BILATERAL -> BOTH;
            case UNSPECIFIED -> null;
        };
        if (side != null) {
            (concept.region() == null ? typeModifiers : regionModifiers).add(side);
        }
        d.sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, code(concept.category()));
        DatasetBuilder type = code(concept.type());
        if (!typeModifiers.isEmpty()) {
            type.sequence(
                    Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE,
                    typeModifiers.stream().map(SegWriter::code).toList());
        }
        d.sequence(Tag.PROPERTY_TYPE_SEQUENCE, type);
        CodedConcept region = concept.region();
        if (region != null) {
            DatasetBuilder r = code(region);
            if (!regionModifiers.isEmpty()) {
                r.sequence(
                        Tag.ANATOMIC_REGION_MODIFIER_SEQUENCE,
                        regionModifiers.stream().map(SegWriter::code).toList());
            }
            d.sequence(Tag.ANATOMIC_REGION_SEQUENCE, r);
        }
    }

    private static void algorithm(DatasetBuilder d, Segment.@Nullable Algorithm algorithm) {
        Segment.Algorithm.Type type = algorithm == null ? Segment.Algorithm.Type.UNKNOWN : algorithm.type();
        String name = algorithm == null ? null : algorithm.name();
        String version = algorithm == null ? null : algorithm.version();
        if (type == Segment.Algorithm.Type.UNKNOWN) {
            type = Segment.Algorithm.Type.SEMIAUTOMATIC;
        }
        d.text(Tag.SEGMENT_ALGORITHM_TYPE, "CS", type.name());
        if (type != Segment.Algorithm.Type.MANUAL || name != null) {
            d.text(Tag.SEGMENT_ALGORITHM_NAME, "LO", name == null ? "unknown" : cut(name));
        }
        if (version != null) {
            d.sequence(
                    Tag.ALGORITHM_IDENTIFICATION_SEQUENCE,
                    new DatasetBuilder()
                            .sequence(Tag.ALGORITHM_FAMILY_SEQUENCE, code(ARTIFICIAL_INTELLIGENCE))
                            .text(Tag.ALGORITHM_NAME, "LO", name == null ? "unknown" : cut(name))
                            .text(Tag.ALGORITHM_VERSION, "LO", cut(version)));
        }
    }

    /** Code Value is SH, 16 characters; longer codes go into Long Code Value (PS3.3 8.8). */
    private static DatasetBuilder code(CodedConcept code) {
        DatasetBuilder d = new DatasetBuilder();
        if (code.value().length() <= 16) {
            d.text(Tag.CODE_VALUE, "SH", code.value());
        } else {
            d.text(Tag.LONG_CODE_VALUE, "UC", code.value());
        }
        return d.text(Tag.CODING_SCHEME_DESIGNATOR, "SH", code.scheme())
                .text(Tag.CODE_MEANING, "LO", cut(code.meaning()));
    }

    /** What LO can hold: 64 characters, no backslash. */
    private static String cut(String text) {
        String clean = DicomText.clean(text, 64).replace('\\', '/');
        return clean.isEmpty() ? "-" : clean;
    }

    /** Collects frames in the form of a transfer syntax. */
    private static final class FrameSink {

        private final int bits;
        private final long framePixels;
        private final TransferSyntax syntax;
        private final ByteArrayOutputStream nativePixels = new ByteArrayOutputStream();
        private final List<byte[]> fragments = new ArrayList<>();
        private int partial;
        private int partialBits;

        FrameSink(int bits, long framePixels, TransferSyntax syntax) {
            this.bits = bits;
            this.framePixels = framePixels;
            this.syntax = syntax;
        }

        /** @param pixels a byte per pixel (two, little endian, for 16 bits); not kept */
        void add(byte[] pixels) {
            if (!syntax.encapsulated()) {
                if (bits == 1) {
                    pack(pixels, nativePixels);
                } else {
                    nativePixels.writeBytes(pixels);
                }
                return;
            }
            byte[] frame = pixels;
            if (bits == 1) {
                ByteArrayOutputStream packed = new ByteArrayOutputStream();
                pack(pixels, packed);
                flush(packed);
                frame = packed.toByteArray();
            }
            if (syntax.equals(TransferSyntax.RLE_LOSSLESS)) {
                fragments.add(RunLength.encode(frame, bits == 16 ? 2 : 1));
            } else if (syntax.equals(TransferSyntax.DEFLATED_FRAMES)) {
                fragments.add(deflated(frame));
            } else {
                fragments.add(frame.clone());
            }
        }

        private void pack(byte[] pixels, ByteArrayOutputStream out) {
            for (int i = 0; i < framePixels; i++) {
                partial |= pixels[i] << partialBits;
                if (++partialBits == 8) {
                    flush(out);
                }
            }
        }

        private void flush(ByteArrayOutputStream out) {
            if (partialBits > 0) {
                out.write(partial);
                partial = 0;
                partialBits = 0;
            }
        }

        private static byte[] deflated(byte[] frame) {
            Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
            try {
                deflater.setInput(frame);
                deflater.finish();
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                byte[] buffer = new byte[4096];
                while (!deflater.finished()) {
                    out.write(buffer, 0, deflater.deflate(buffer));
                }
                return out.toByteArray();
            } finally {
                deflater.end();
            }
        }

        void writeTo(DatasetBuilder d, boolean words) {
            if (syntax.encapsulated()) {
                d.fragments(Tag.PIXEL_DATA, new int[0], fragments);
            } else {
                flush(nativePixels);
                boolean asWords = words || bits == 16 || !syntax.explicitVr();
                d.bytes(Tag.PIXEL_DATA, asWords ? "OW" : "OB", nativePixels.toByteArray());
            }
        }
    }
}
