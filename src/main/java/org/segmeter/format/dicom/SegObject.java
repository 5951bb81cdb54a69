package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;

/**
 * The header of one Segmentation or Label Map Segmentation instance (DICOM PS3.3 A.51, C.8.20), checked; no pixel is decoded.
 *
 * @param file what it was parsed from
 * @param type Segmentation Type
 * @param rows rows of a frame, at least 1
 * @param columns columns of a frame, at least 1
 * @param frames number of frames, at least 1
 * @param bitsAllocated 1, 8 or 16
 * @param maximumFractionalValue 1 to 255 for FRACTIONAL, else 0
 * @param segments declared segments without those that are background
 * @param backgroundValues values of a label map that belong to no segment
 * @param frameSegments for each frame the index of its segment; empty for a label map
 * @param planes where the frames lie
 * @param frameOfReferenceUid null if absent
 * @param seriesUid Series Instance UID, null if absent or no UID
 * @param sopInstanceUid null if absent or no UID
 * @param instanceNumber Instance Number, 0 if absent
 * @param notices what was accepted with a remark
 */
record SegObject(
        DicomFile file,
        Type type,
        int rows,
        int columns,
        int frames,
        int bitsAllocated,
        int maximumFractionalValue,
        List<Segment> segments,
        Set<Integer> backgroundValues,
        int[] frameSegments,
        Planes planes,
        @Nullable String frameOfReferenceUid,
        @Nullable String seriesUid,
        @Nullable String sopInstanceUid,
        int instanceNumber,
        List<String> notices) {

    /** Segmentation Type (0062,0001). */
    enum Type {
        BINARY,
        FRACTIONAL,
        LABELMAP
    }

    /** Where the frames of an instance lie. */
    sealed interface Planes {}

    /**
     * In patient space.
     *
     * @param orientation unit vectors of a row (towards the next column) and a column (towards the next row), LPS+
     * @param rowSpacing mm between rows
     * @param columnSpacing mm between columns
     * @param spacingBetweenSlices mm, 0 if absent
     * @param sliceThickness mm, 0 if absent
     * @param positions LPS+ mm of the first pixel of each frame, three numbers per frame
     */
    record PatientPlanes(
            double[] orientation,
            double rowSpacing,
            double columnSpacing,
            double spacingBetweenSlices,
            double sliceThickness,
            double[] positions)
            implements Planes {}

    /**
     * In pixels only: an image without position in patient space, or tiles of a slide.
     *
     * @param x first column of each frame in the whole image, from 0; {@code y} rows, {@code z} planes likewise
     * @param nx columns of the whole image
     */
    record PixelPlanes(int[] x, int[] y, int[] z, int nx, int ny, int nz) implements Planes {}

    private static final String SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4";
    private static final String LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7";

    private static final Map<String, String> OTHER_SOP_CLASSES = Map.ofEntries(
            Map.entry("1.2.840.10008.1.3.10", "a DICOMDIR"),
            Map.entry("1.2.840.10008.5.1.4.1.1.66", "Raw Data"),
            Map.entry("1.2.840.10008.5.1.4.1.1.66.1", "Spatial Registration"),
            Map.entry("1.2.840.10008.5.1.4.1.1.66.3", "Deformable Spatial Registration"),
            Map.entry("1.2.840.10008.5.1.4.1.1.66.5", "Surface Segmentation"),
            Map.entry("1.2.840.10008.5.1.4.1.1.66.6", "Tractography Results"),
            Map.entry("1.2.840.10008.5.1.4.1.1.66.8", "Height Map Segmentation"),
            Map.entry("1.2.840.10008.5.1.4.1.1.481.2", "RT Dose"),
            Map.entry("1.2.840.10008.5.1.4.1.1.481.5", "RT Plan"),
            Map.entry("1.2.840.10008.5.1.4.1.1.481.8", "RT Ion Plan"),
            Map.entry("1.2.840.10008.5.1.4.1.1.1", "Computed Radiography"),
            Map.entry("1.2.840.10008.5.1.4.1.1.2", "CT Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.2.1", "Enhanced CT Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.4", "MR Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.4.1", "Enhanced MR Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.6.1", "Ultrasound Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.7", "Secondary Capture Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.20", "Nuclear Medicine Image"),
            Map.entry("1.2.840.10008.5.1.4.1.1.30", "Parametric Map"),
            Map.entry("1.2.840.10008.5.1.4.1.1.88.11", "Basic Text SR"),
            Map.entry("1.2.840.10008.5.1.4.1.1.88.22", "Enhanced SR"),
            Map.entry("1.2.840.10008.5.1.4.1.1.88.33", "Comprehensive SR"),
            Map.entry("1.2.840.10008.5.1.4.1.1.88.34", "Comprehensive 3D SR"),
            Map.entry("1.2.840.10008.5.1.4.1.1.88.59", "Key Object Selection"),
            Map.entry("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF"),
            Map.entry("1.2.840.10008.5.1.4.1.1.128", "PET Image"));

    private static final Selection HEAD =
            Selection.of(new int[] {Tag.SPECIFIC_CHARACTER_SET, Tag.SOP_CLASS_UID}, new int[0]);

    static final Selection SELECTION = Selection.OF_FRAMES.and(
            new int[] {
                Tag.SPECIFIC_CHARACTER_SET,
                Tag.CODE_VALUE,
                Tag.CODING_SCHEME_DESIGNATOR,
                Tag.CODE_MEANING,
                Tag.LONG_CODE_VALUE,
                Tag.URN_CODE_VALUE,
                Tag.INSTANCE_NUMBER,
                Tag.FRAME_OF_REFERENCE_UID,
                Tag.DIMENSION_ORGANIZATION_TYPE,
                Tag.PIXEL_PADDING_VALUE,
                Tag.LOSSY_IMAGE_COMPRESSION,
                Tag.Z_OFFSET_IN_SLIDE,
                Tag.TOTAL_PIXEL_MATRIX_COLUMNS,
                Tag.TOTAL_PIXEL_MATRIX_ROWS,
                Tag.COLUMN_POSITION_IN_MATRIX,
                Tag.ROW_POSITION_IN_MATRIX,
                Tag.TOTAL_PIXEL_MATRIX_FOCAL_PLANES,
                Tag.SEGMENTATION_TYPE,
                Tag.SEGMENT_NUMBER,
                Tag.SEGMENT_LABEL,
                Tag.SEGMENT_ALGORITHM_TYPE,
                Tag.SEGMENT_ALGORITHM_NAME,
                Tag.REFERENCED_SEGMENT_NUMBER,
                Tag.MAXIMUM_FRACTIONAL_VALUE,
                Tag.SEGMENTATION_FRACTIONAL_TYPE,
                Tag.TRACKING_ID,
                Tag.TRACKING_UID,
                Tag.ALGORITHM_VERSION,
                Tag.ALGORITHM_NAME
            },
            new int[] {
                Tag.ANATOMIC_REGION_SEQUENCE,
                Tag.ANATOMIC_REGION_MODIFIER_SEQUENCE,
                Tag.PLANE_POSITION_SLIDE_SEQUENCE,
                Tag.SEGMENT_SEQUENCE,
                Tag.PROPERTY_CATEGORY_SEQUENCE,
                Tag.ALGORITHM_IDENTIFICATION_SEQUENCE,
                Tag.SEGMENT_IDENTIFICATION_SEQUENCE,
                Tag.PROPERTY_TYPE_SEQUENCE,
                Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE
            });

    /**
     * The SOP class of an object, from the first of its elements only.
     *
     * @return true if it is one that can be read
     */
    static boolean isSegmentation(MemorySegment part, ReadOptions options) throws InputException {
        return isSegmentation(sopClass(part, options));
    }

    /** The SOP class of an object, from the first of its elements only; null if it has none. */
    static @Nullable String sopClass(MemorySegment part, ReadOptions options) throws InputException {
        return head(part, options).dataset().uid(Tag.SOP_CLASS_UID);
    }

    private static DicomFile head(MemorySegment part, ReadOptions options) throws InputException {
        return DicomParser.parse(
                part,
                HEAD,
                options.limits().nesting(),
                options.cancel(),
                Tag.SOP_CLASS_UID + 1,
                (header, length) -> {});
    }

    static boolean isSegmentation(@Nullable String sopClass) {
        return SEGMENTATION.equals(sopClass) || LABEL_MAP.equals(sopClass);
    }

    /** Refuses every other object by name, before anything else in it is looked at. */
    static void checkSopClass(MemorySegment part, ReadOptions options) throws InputException {
        String sopClass = sopClass(part, options);
        if (StructureSet.SOP_CLASS.equals(sopClass)) {
            throw StructureSet.withoutGrid();
        }
        if (!isSegmentation(sopClass)) {
            String name = sopClass == null ? "an object without SOP Class UID" : OTHER_SOP_CLASSES.get(sopClass);
            throw new InputException(
                    InputProblem.UNSUPPORTED_SOP_CLASS,
                    "The DICOM object is " + (name == null ? "of another kind" : name)
                            + "; only Segmentation, Label Map Segmentation and RT Structure Set can be scored.",
                    sopClass == null ? "no (0008,0016)" : sopClass,
                    SEGMENTATION + " or " + LABEL_MAP);
        }
    }

    /**
     * Reads and checks the header.
     *
     * @param withPixels false to stop before the pixel data
     */
    static SegObject read(MemorySegment part, ReadOptions options, boolean withPixels) throws InputException {
        checkSopClass(part, options);
        DicomFile file = DicomParser.parse(
                part,
                SELECTION,
                options.limits().nesting(),
                options.cancel(),
                withPixels ? DicomParser.TO_THE_END : Tag.PIXEL_DATA,
                (header, length) -> admit(header, length, options.limits()));
        return new Reading(file, options).read();
    }

    /** Pixel data inside a deflated data set is inflated only if its length is the right one. */
    private static void admit(DicomDataset header, long length, ReadLimits limits) throws InputException {
        int rows = header.requiredShort(Tag.ROWS, "Rows");
        int columns = header.requiredShort(Tag.COLUMNS, "Columns");
        int bits = header.requiredShort(Tag.BITS_ALLOCATED, "Bits Allocated");
        int frames = header.integer(Tag.NUMBER_OF_FRAMES).orElse(1);
        if (rows < 1 || columns < 1 || frames < 1) {
            throw Refusal.malformed("The image has no pixels.", rows + " x " + columns + " x " + frames, "at least 1");
        }
        long expected = checkedBits(rows, columns, bits, frames, limits) + 7 >>> 3;
        Frames.checkNativeLength(length, expected);
    }

    /** Bits of all frames. @throws InputException if it is more than the limits allow */
    private static long checkedBits(int rows, int columns, int bits, int frames, ReadLimits limits)
            throws InputException {
        long frameBits = (long) rows * columns * bits;
        if (frameBits / 8 > Integer.MAX_VALUE - 64
                || (long) rows * columns > limits.voxels()
                || frameBits / 8 > limits.voxelBytes() / frames) {
            throw Refusal.tooLarge(
                    "The object declares more pixels than this installation accepts.",
                    rows + " x " + columns + " pixels of " + bits + " bits in " + frames + " frames",
                    "at most " + limits.voxelBytes() + " bytes and " + limits.voxels() + " voxels");
        }
        return frameBits * frames;
    }

    /** One reading of a header. */
    private static final class Reading {

        private static final double UNIT_TOLERANCE = 1e-2;
        private static final double PERPENDICULAR_TOLERANCE = 1e-3;
        private static final double SAME_ORIENTATION = 1e-4;
        private static final double SAME_SPACING = 1e-4;
        private static final double SMALLEST_SPACING = 1e-5;
        private static final double LARGEST_SPACING = 1e4;
        private static final double FARTHEST = 1e7;

        /** Tiles have no functional groups that would prove them; a million of 32 x 32 pixels is the limit of voxels already. */
        private static final int MOST_TILES = 1 << 20;

        private final DicomFile file;
        private final DicomDataset dataset;
        private final ReadOptions options;
        private final List<String> notices = new ArrayList<>();

        Reading(DicomFile file, ReadOptions options) {
            this.file = file;
            this.dataset = file.dataset();
            this.options = options;
            notices.addAll(file.notices());
        }

        SegObject read() throws InputException {
            Type type = type();
            int rows = dataset.requiredShort(Tag.ROWS, "Rows");
            int columns = dataset.requiredShort(Tag.COLUMNS, "Columns");
            if (rows < 1 || columns < 1) {
                throw Refusal.malformed(
                        "The image has no pixels.", rows + " rows, " + columns + " columns", "at least 1 of each");
            }
            int bits = bitsAllocated(type);
            OptionalInt declaredFrames = dataset.integer(Tag.NUMBER_OF_FRAMES);
            int frames = declaredFrames.orElse(1);
            if (frames < 1) {
                throw Refusal.malformed("Number of Frames (0028,0008) is not positive.", frames + "", "at least 1");
            }
            checkedBits(rows, columns, bits, frames, options.limits());
            if (!Frames.canDecode(file.transferSyntax())) {
                throw Frames.cannotDecode(file.transferSyntax());
            }
            if ("01".equals(dataset.string(Tag.LOSSY_IMAGE_COMPRESSION))) {
                if (type != Type.FRACTIONAL) {
                    throw new InputException(
                            InputProblem.UNSUPPORTED_TRANSFER_SYNTAX,
                            "The pixels were compressed with loss: they are no longer the labels that were written.",
                            "Lossy Image Compression 01",
                            "lossless compression");
                }
                notices.add("The fractions were compressed with loss.");
            }
            int maximum = type == Type.FRACTIONAL ? maximumFractionalValue() : 0;
            String announced = file.meta().string(Tag.MEDIA_STORAGE_SOP_CLASS_UID);
            if (announced != null && !announced.equals(dataset.string(Tag.SOP_CLASS_UID))) {
                notices.add(
                        "The file meta information names another SOP class than the data set; the data set counts.");
            }

            DicomText characterSet = new DicomText(dataset.string(Tag.SPECIFIC_CHARACTER_SET));
            if (!characterSet.isKnown()) {
                notices.add("Specific Character Set names a set that DICOM does not define; labels may be misspelt.");
            }
            List<SegmentDescription> declared = SegmentDescription.readAll(
                    dataset, characterSet, type, options.limits().segments(), notices);
            List<Segment> segments = new ArrayList<>();
            Set<Integer> background = new HashSet<>();
            for (SegmentDescription d : declared) {
                if (d.background()) {
                    background.add(d.segment().number());
                } else {
                    segments.add(d.segment());
                }
            }
            if (type == Type.LABELMAP) {
                addUndeclaredBackground(segments, background);
            }

            DicomDataset shared = dataset.item(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
            boolean tiledFull = "TILED_FULL".equals(dataset.string(Tag.DIMENSION_ORGANIZATION_TYPE));
            int[] frameSegments;
            Planes planes;
            if (tiledFull) {
                requirePixelUnits("tiles of a slide (TILED_FULL)");
                if (frames > MOST_TILES) {
                    throw Refusal.tooLarge(
                            "The object has more tiles than this installation accepts.",
                            frames + " tiles",
                            "at most " + MOST_TILES);
                }
                frameSegments = new int[type == Type.LABELMAP ? 0 : frames];
                planes = fullTiles(rows, columns, frames, declared.size(), frameSegments);
            } else {
                List<DicomDataset> perFrame = perFrameGroups(declaredFrames.isPresent(), frames);
                frameSegments =
                        type == Type.LABELMAP ? new int[0] : frameSegments(shared, perFrame, declared, segments);
                planes = planes(shared, perFrame, rows, columns, frameSegments);
            }
            return new SegObject(
                    file,
                    type,
                    rows,
                    columns,
                    frames,
                    bits,
                    maximum,
                    List.copyOf(segments),
                    Set.copyOf(background),
                    frameSegments,
                    planes,
                    dataset.uid(Tag.FRAME_OF_REFERENCE_UID),
                    lenientUid(Tag.SERIES_INSTANCE_UID),
                    lenientUid(Tag.SOP_INSTANCE_UID),
                    dataset.integer(Tag.INSTANCE_NUMBER).orElse(0),
                    List.copyOf(notices));
        }

        /** UIDs that only tell instances apart and are never shown: one that is no UID counts as absent. */
        private @Nullable String lenientUid(int tag) throws InputException {
            String text = dataset.string(tag);
            return text != null && DicomDataset.isUid(text) ? text : null;
        }

        private Type type() throws InputException {
            String text = dataset.string(Tag.SEGMENTATION_TYPE);
            for (Type type : Type.values()) {
                if (type.name().equals(text)) {
                    return type;
                }
            }
            throw Refusal.malformed(
                    "Segmentation Type (0062,0001) is missing or unknown.",
                    text == null ? "no value" : "another term",
                    "BINARY, FRACTIONAL or LABELMAP");
        }

        private int bitsAllocated(Type type) throws InputException {
            int samples = dataset.unsignedShort(Tag.SAMPLES_PER_PIXEL).orElse(1);
            int allocated = dataset.requiredShort(Tag.BITS_ALLOCATED, "Bits Allocated");
            int stored = dataset.unsignedShort(Tag.BITS_STORED).orElse(allocated);
            boolean fits = switch (type) {
                case BINARY -> allocated == 1;
                case FRACTIONAL -> allocated == 8;
                case LABELMAP -> allocated == 8 || allocated == 16;
            };
            if (!fits || stored != allocated || samples != 1) {
                throw Refusal.malformed(
                        "The pixels of a " + type + " segmentation have another depth.",
                        samples + " sample(s) of " + stored + " bits stored in " + allocated,
                        switch (type) {
                            case BINARY -> "1 sample of 1 bit";
                            case FRACTIONAL -> "1 sample of 8 bits";
                            case LABELMAP -> "1 sample of 8 or 16 bits";
                        });
            }
            if (dataset.unsignedShort(Tag.PIXEL_REPRESENTATION).orElse(0) != 0) {
                throw Refusal.malformed("The pixels are signed.", "Pixel Representation 1", "0 (unsigned)");
            }
            return allocated;
        }

        private int maximumFractionalValue() throws InputException {
            int maximum = dataset.unsignedShort(Tag.MAXIMUM_FRACTIONAL_VALUE).orElse(0);
            if (maximum < 1 || maximum > 255) {
                throw Refusal.malformed(
                        "Maximum Fractional Value (0062,000E) is missing or cannot be a maximum.",
                        maximum + "",
                        "1 to 255");
            }
            String kind = dataset.string(Tag.SEGMENTATION_FRACTIONAL_TYPE);
            if (kind == null) {
                notices.add("Segmentation Fractional Type is missing; the fractions are taken as probabilities.");
            } else if (kind.equals("OCCUPANCY")) {
                notices.add("The fractions are occupancies, not probabilities: calibration does not apply to them.");
            } else if (!kind.equals("PROBABILITY")) {
                throw Refusal.malformed(
                        "Segmentation Fractional Type (0062,0010) is unknown.",
                        "another term",
                        "PROBABILITY or OCCUPANCY");
            }
            return maximum;
        }

        /** Pixel Padding Value, and 0 where no segment claims it: every writer's background. */
        private void addUndeclaredBackground(List<Segment> segments, Set<Integer> background) throws InputException {
            OptionalInt padding = dataset.unsignedShort(Tag.PIXEL_PADDING_VALUE);
            Set<Integer> numbers = new HashSet<>();
            for (Segment s : segments) {
                numbers.add(s.number());
            }
            if (padding.isPresent()) {
                if (numbers.contains(padding.getAsInt())) {
                    throw Refusal.malformed(
                            "Pixel Padding Value (0028,0120) is also the number of a segment.",
                            padding.getAsInt() + "",
                            "a value that is background");
                }
                background.add(padding.getAsInt());
            }
            if (!numbers.contains(0)) {
                background.add(0);
            }
        }

        private List<DicomDataset> perFrameGroups(boolean framesDeclared, int frames) throws InputException {
            List<DicomDataset> items = dataset.items(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
            if (items.isEmpty()) {
                throw Refusal.malformed(
                        "The object has no Per-frame Functional Groups (5200,9230).", "no items", frames + " items");
            }
            if (!framesDeclared && items.size() > frames) {
                notices.add(
                        "Number of Frames is missing and taken as 1; functional groups of further frames are ignored.");
                return items.subList(0, frames);
            }
            if (items.size() != frames) {
                throw Refusal.malformed(
                        "Number of Frames (0028,0008) and the Per-frame Functional Groups (5200,9230) disagree.",
                        items.size() + " items",
                        frames + " items");
            }
            return items;
        }

        private int[] frameSegments(
                @Nullable DicomDataset shared,
                List<DicomDataset> perFrame,
                List<SegmentDescription> declared,
                List<Segment> segments)
                throws InputException {
            Map<Integer, Integer> indexes = new HashMap<>();
            for (int i = 0; i < segments.size(); i++) {
                indexes.put(segments.get(i).number(), i);
            }
            int[] result = new int[perFrame.size()];
            for (int f = 0; f < result.length; f++) {
                DicomDataset group = group(shared, perFrame.get(f), Tag.SEGMENT_IDENTIFICATION_SEQUENCE);
                OptionalInt number =
                        group == null ? OptionalInt.empty() : group.unsignedShort(Tag.REFERENCED_SEGMENT_NUMBER);
                if (number.isEmpty()) {
                    throw Refusal.malformed(
                            "A frame does not say which segment it belongs to.",
                            "no Referenced Segment Number (0062,000B) in frame " + (f + 1),
                            "a segment number");
                }
                if (perFrame.get(f).hasSeveralItems(Tag.SEGMENT_IDENTIFICATION_SEQUENCE)) {
                    throw Refusal.malformed(
                            "A frame names several segments.",
                            "several items in Segment Identification Sequence (0062,000A) of frame " + (f + 1),
                            "one item");
                }
                Integer index = indexes.get(number.getAsInt());
                if (index == null) {
                    throw Refusal.malformed(
                            "A frame belongs to a segment that the object does not declare.",
                            "segment " + number.getAsInt() + " in frame " + (f + 1),
                            "one of " + declared.size() + " declared segments");
                }
                result[f] = index;
            }
            return result;
        }

        private static @Nullable DicomDataset group(@Nullable DicomDataset shared, DicomDataset frame, int sequence) {
            DicomDataset own = frame.item(sequence);
            return own != null || shared == null ? own : shared.item(sequence);
        }

        private void requirePixelUnits(String found) throws InputException {
            if (!options.allowPixelUnits()) {
                throw new InputException(
                        InputProblem.NO_PATIENT_GEOMETRY,
                        "The frames have no position in patient space; declare pixel units to score the object anyway.",
                        found,
                        "Plane Position, Plane Orientation and Pixel Measures");
            }
            notices.add("The object has no position in patient space; lengths and volumes are in pixels.");
        }

        private Planes planes(
                @Nullable DicomDataset shared, List<DicomDataset> perFrame, int rows, int columns, int[] frameSegments)
                throws InputException {
            int n = perFrame.size();
            double[] positions = new double[3 * n];
            int withPosition = 0;
            for (int f = 0; f < n; f++) {
                DicomDataset group = group(shared, perFrame.get(f), Tag.PLANE_POSITION_SEQUENCE);
                double[] position = group == null ? null : group.decimals(Tag.IMAGE_POSITION_PATIENT, 3);
                if (position != null) {
                    System.arraycopy(position, 0, positions, 3 * f, 3);
                    withPosition++;
                }
            }
            if (withPosition == 0) {
                if (group(shared, perFrame.getFirst(), Tag.PLANE_POSITION_SLIDE_SEQUENCE) != null) {
                    requirePixelUnits("tiles of a slide");
                    return sparseTiles(shared, perFrame, rows, columns);
                }
                requirePixelUnits("no Plane Position (0020,9113)");
                return unplaced(rows, columns, n, frameSegments);
            }
            if (withPosition < n) {
                throw Refusal.geometry(
                        "Some frames have no Image Position (Patient) (0020,0032).",
                        withPosition + " of " + n + " frames with a position",
                        "a position for each frame");
            }
            for (double p : positions) {
                if (Math.abs(p) > FARTHEST) {
                    throw Refusal.geometry(
                            "A frame lies farther away than a patient can be.",
                            p + " mm",
                            "less than " + FARTHEST + " mm");
                }
            }
            double[] orientation = orientation(shared, perFrame);
            double[] spacing = common(shared, perFrame, Tag.PIXEL_SPACING, 2);
            if (spacing == null) {
                throw Refusal.geometry(
                        "The object has no Pixel Spacing (0028,0030).", "no value", "mm between rows and columns");
            }
            for (double s : spacing) {
                if (!(s >= SMALLEST_SPACING && s <= LARGEST_SPACING)) {
                    throw Refusal.geometry(
                            "Pixel Spacing (0028,0030) is no distance.",
                            s + " mm",
                            SMALLEST_SPACING + " to " + LARGEST_SPACING + " mm");
                }
            }
            return new PatientPlanes(
                    orientation,
                    spacing[0],
                    spacing[1],
                    distance(common(shared, perFrame, Tag.SPACING_BETWEEN_SLICES, 1)),
                    distance(common(shared, perFrame, Tag.SLICE_THICKNESS, 1)),
                    positions);
        }

        /** A distance between slices that can be used, else 0: other values count as absent. */
        private static double distance(double @Nullable [] value) {
            return value != null && value[0] >= SMALLEST_SPACING && value[0] <= LARGEST_SPACING ? value[0] : 0;
        }

        /** A value of the pixel measures, which must be the same for all frames. */
        private static double @Nullable [] common(
                @Nullable DicomDataset shared, List<DicomDataset> perFrame, int tag, int count) throws InputException {
            double[] value = null;
            boolean first = true;
            DicomDataset sharedGroup = shared == null ? null : shared.item(Tag.PIXEL_MEASURES_SEQUENCE);
            double[] sharedValue = sharedGroup == null ? null : sharedGroup.decimals(tag, count);
            for (DicomDataset frame : perFrame) {
                DicomDataset own = frame.item(Tag.PIXEL_MEASURES_SEQUENCE);
                double[] found = own == null ? sharedValue : own.decimals(tag, count);
                if (first) {
                    value = found;
                    first = false;
                } else if (found != value) {
                    boolean same = found != null && value != null;
                    for (int i = 0; same && found != null && value != null && i < count; i++) {
                        same = Math.abs(found[i] - value[i]) <= SAME_SPACING * Math.abs(value[i]);
                    }
                    if (!same) {
                        throw Refusal.geometry(
                                "The frames differ in " + Tag.text(tag) + ".",
                                "two values",
                                "one value for all frames");
                    }
                }
            }
            return value;
        }

        private static double[] orientation(@Nullable DicomDataset shared, List<DicomDataset> perFrame)
                throws InputException {
            DicomDataset sharedGroup = shared == null ? null : shared.item(Tag.PLANE_ORIENTATION_SEQUENCE);
            double[] sharedValue = sharedGroup == null ? null : sharedGroup.decimals(Tag.IMAGE_ORIENTATION_PATIENT, 6);
            double[] value = null;
            for (DicomDataset frame : perFrame) {
                DicomDataset own = frame.item(Tag.PLANE_ORIENTATION_SEQUENCE);
                double[] found = own == null ? sharedValue : own.decimals(Tag.IMAGE_ORIENTATION_PATIENT, 6);
                if (found == null) {
                    throw Refusal.geometry(
                            "A frame has no Image Orientation (Patient) (0020,0037).",
                            "no value",
                            "six direction cosines");
                }
                if (value == null) {
                    value = found;
                } else if (value != found) {
                    for (int i = 0; i < 6; i++) {
                        if (Math.abs(value[i] - found[i]) > SAME_ORIENTATION) {
                            throw Refusal.geometry(
                                    "The frames lie in different directions.",
                                    "direction cosines that differ by " + Math.abs(value[i] - found[i]),
                                    "one orientation for all frames");
                        }
                    }
                }
            }
            if (value == null) {
                throw new IllegalStateException("an object has at least one frame");
            }
            return orthonormal(value);
        }

        private static double[] orthonormal(double[] v) throws InputException {
            double a = Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
            double b = Math.sqrt(v[3] * v[3] + v[4] * v[4] + v[5] * v[5]);
            double dot = v[0] * v[3] + v[1] * v[4] + v[2] * v[5];
            if (!(Math.abs(a - 1) <= UNIT_TOLERANCE && Math.abs(b - 1) <= UNIT_TOLERANCE)) {
                throw Refusal.geometry(
                        "Image Orientation (Patient) (0020,0037) holds no unit vectors.",
                        "lengths " + a + " and " + b,
                        "1 and 1");
            }
            if (!(Math.abs(dot) <= PERPENDICULAR_TOLERANCE)) {
                throw Refusal.geometry("Rows and columns are not perpendicular.", "a cosine of " + dot, "0");
            }
            return new double[] {v[0] / a, v[1] / a, v[2] / a, v[3] / b, v[4] / b, v[5] / b};
        }

        /** Frames without any position: one per segment, or all of one segment in their order. */
        private static PixelPlanes unplaced(int rows, int columns, int frames, int[] frameSegments)
                throws InputException {
            int[] z = new int[frames];
            int nz = 1;
            boolean oneSegment = Arrays.stream(frameSegments).distinct().count() <= 1;
            if (oneSegment) {
                for (int f = 0; f < frames; f++) {
                    z[f] = f;
                }
                nz = frames;
            } else if (Arrays.stream(frameSegments).distinct().count() < frames) {
                throw new InputException(
                        InputProblem.NO_PATIENT_GEOMETRY,
                        "The frames have no position, and a segment has several: which frames belong together is not"
                                + " known.",
                        frames + " frames of several segments",
                        "one frame for each segment, or positions");
            }
            return new PixelPlanes(new int[frames], new int[frames], z, columns, rows, nz);
        }

        private PixelPlanes sparseTiles(
                @Nullable DicomDataset shared, List<DicomDataset> perFrame, int rows, int columns)
                throws InputException {
            int n = perFrame.size();
            int[] x = new int[n];
            int[] y = new int[n];
            double[] offset = new double[n];
            int nx = 0;
            int ny = 0;
            for (int f = 0; f < n; f++) {
                DicomDataset group = group(shared, perFrame.get(f), Tag.PLANE_POSITION_SLIDE_SEQUENCE);
                int[] column = group == null ? null : group.integers32(Tag.COLUMN_POSITION_IN_MATRIX);
                int[] row = group == null ? null : group.integers32(Tag.ROW_POSITION_IN_MATRIX);
                if (group == null || column == null || row == null || column[0] < 1 || row[0] < 1) {
                    throw Refusal.geometry(
                            "A tile has no position in the Total Pixel Matrix.",
                            "no position of frame " + (f + 1),
                            "row and column, from 1");
                }
                x[f] = column[0] - 1;
                y[f] = row[0] - 1;
                double[] z = group.decimals(Tag.Z_OFFSET_IN_SLIDE, 1);
                offset[f] = z == null ? 0 : z[0];
                nx = Math.max(nx, Math.addExact(Math.min(x[f], Integer.MAX_VALUE - columns), columns));
                ny = Math.max(ny, Math.addExact(Math.min(y[f], Integer.MAX_VALUE - rows), rows));
            }
            double[] planes = Arrays.stream(offset).distinct().sorted().toArray();
            int[] z = new int[n];
            for (int f = 0; f < n; f++) {
                z[f] = Arrays.binarySearch(planes, offset[f]);
            }
            int[] matrix = totalPixelMatrix();
            return new PixelPlanes(
                    x,
                    y,
                    z,
                    Math.max(nx, matrix == null ? 0 : matrix[0]),
                    Math.max(ny, matrix == null ? 0 : matrix[1]),
                    planes.length);
        }

        private int @Nullable [] totalPixelMatrix() throws InputException {
            int[] c = dataset.integers32(Tag.TOTAL_PIXEL_MATRIX_COLUMNS);
            int[] r = dataset.integers32(Tag.TOTAL_PIXEL_MATRIX_ROWS);
            return c == null || r == null || c[0] < 1 || r[0] < 1 ? null : new int[] {c[0], r[0]};
        }

        /** Frames in the order of PS3.3 C.7.6.17.3: columns of tiles fastest, then rows, then focal planes, then segments. */
        private PixelPlanes fullTiles(int rows, int columns, int frames, int segmentCount, int[] frameSegments)
                throws InputException {
            int[] matrix = totalPixelMatrix();
            if (matrix == null) {
                throw Refusal.geometry(
                        "A TILED_FULL object must give its Total Pixel Matrix.",
                        "no (0048,0006) and (0048,0007)",
                        "columns and rows of the whole image");
            }
            if ((long) matrix[0] + columns > Integer.MAX_VALUE || (long) matrix[1] + rows > Integer.MAX_VALUE) {
                throw Refusal.tooLarge(
                        "The Total Pixel Matrix is larger than any image.",
                        matrix[0] + " x " + matrix[1],
                        "less than 2^31 columns and rows");
            }
            int acrossTiles = (int) (((long) matrix[0] + columns - 1) / columns);
            int downTiles = (int) (((long) matrix[1] + rows - 1) / rows);
            int[] focal = dataset.integers32(Tag.TOTAL_PIXEL_MATRIX_FOCAL_PLANES);
            long planes = focal == null || focal[0] < 1 ? 1 : focal[0];
            long perSegment = acrossTiles * (long) downTiles * planes;
            int groups = frameSegments.length == 0 ? 1 : segmentCount;
            if (perSegment > frames || perSegment * groups != frames) {
                throw Refusal.geometry(
                        "Number of Frames does not fit the tiles of the Total Pixel Matrix.",
                        frames + " frames",
                        perSegment + " tiles for each of " + groups + " segments");
            }
            int[] x = new int[frames];
            int[] y = new int[frames];
            int[] z = new int[frames];
            for (int f = 0; f < frames; f++) {
                int tile = f % (int) perSegment;
                x[f] = tile % acrossTiles * columns;
                y[f] = tile / acrossTiles % downTiles * rows;
                z[f] = tile / acrossTiles / downTiles;
                if (frameSegments.length > 0) {
                    frameSegments[f] = f / (int) perSegment;
                }
            }
            return new PixelPlanes(x, y, z, acrossTiles * columns, downTiles * rows, (int) planes);
        }
    }
}
