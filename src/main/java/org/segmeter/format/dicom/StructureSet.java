package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.ContourSet;
import org.segmeter.volume.ContourSet.Structure;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;

/**
 * Reads an RT Structure Set (PS3.3 A.19.3, C.8.8.5, C.8.8.6, C.8.8.8): each region of interest with closed planar contours is a
 * structure with its ROI Number, ROI Name, ROI Generation Algorithm and, where the observations give them, its codes.
 */
final class StructureSet {

    static final String SOP_CLASS = DicomInstance.RT_STRUCTURE_SET;
    static final String FORMAT = "dicom-rtstruct";

    /** No patient is this far from the origin, in mm; as for frames. */
    private static final double FARTHEST = 1e7;

    private static final int MAXIMUM_NAME = 64;

    private static final Selection SELECTION = Selection.of(
            new int[] {
                Tag.SPECIFIC_CHARACTER_SET,
                Tag.CODE_VALUE,
                Tag.CODING_SCHEME_DESIGNATOR,
                Tag.CODE_MEANING,
                Tag.LONG_CODE_VALUE,
                Tag.URN_CODE_VALUE,
                Tag.FRAME_OF_REFERENCE_UID,
                Tag.ROI_NUMBER,
                Tag.REFERENCED_FRAME_OF_REFERENCE_UID,
                Tag.ROI_NAME,
                Tag.ROI_GENERATION_ALGORITHM,
                Tag.CONTOUR_GEOMETRIC_TYPE,
                Tag.CONTOUR_OFFSET_VECTOR,
                Tag.NUMBER_OF_CONTOUR_POINTS,
                Tag.CONTOUR_DATA,
                Tag.REFERENCED_ROI_NUMBER,
                Tag.RT_ROI_INTERPRETED_TYPE
            },
            new int[] {
                Tag.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
                Tag.STRUCTURE_SET_ROI_SEQUENCE,
                Tag.ROI_CONTOUR_SEQUENCE,
                Tag.CONTOUR_SEQUENCE,
                Tag.RT_ROI_OBSERVATIONS_SEQUENCE,
                Tag.RT_ROI_IDENTIFICATION_CODE_SEQUENCE,
                Tag.PROPERTY_CATEGORY_SEQUENCE,
                Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE
            });

    private final DicomDataset dataset;
    private final DicomText characterSet;
    private final ReadOptions options;
    private final List<String> notices = new ArrayList<>();
    private final List<String> interpreted = new ArrayList<>();

    private StructureSet(DicomFile file, ReadOptions options) throws InputException {
        this.dataset = file.dataset();
        this.options = options;
        this.characterSet = new DicomText(dataset.string(Tag.SPECIFIC_CHARACTER_SET));
        notices.addAll(file.notices());
    }

    /** @throws InputException if it holds no closed planar contours, other than planar ones, or none that can be placed */
    static ContourSet read(MemorySegment part, ReadOptions options) throws InputException {
        return new StructureSet(
                        DicomParser.parse(
                                part,
                                SELECTION,
                                options.limits().nesting(),
                                options.cancel(),
                                DicomParser.TO_THE_END,
                                (header, length) -> {
                                    throw Refusal.malformed(
                                            "An RT Structure Set has no pixels.", "Pixel Data (7FE0,0010)", "contours");
                                }),
                        options)
                .contours();
    }

    private ContourSet contours() throws InputException {
        Map<Integer, DicomDataset> regions = regions();
        Map<Integer, DicomDataset> observations = observations();
        Map<Integer, Structure> structures = new LinkedHashMap<>();
        String frameOfReference = null;
        boolean first = true;
        int points = 0;
        for (DicomDataset item : dataset.items(Tag.ROI_CONTOUR_SEQUENCE)) {
            options.cancel().check();
            int number = number(item, Tag.REFERENCED_ROI_NUMBER, "a contour");
            DicomDataset region = regions.get(number);
            if (region == null) {
                throw Refusal.malformed(
                        "Contours belong to a region that the structure set does not declare.",
                        "region " + number,
                        "one of " + regions.size() + " declared regions");
            }
            List<DicomDataset> contours = item.items(Tag.CONTOUR_SEQUENCE);
            if (!contours.isEmpty() && allPoints(contours)) {
                points++;
                continue;
            }
            String frame = frameOfReference(region);
            if (!first && !contours.isEmpty() && !Objects.equals(frame, frameOfReference)) {
                throw new InputException(
                        InputProblem.FRAME_OF_REFERENCE_MISMATCH,
                        "The regions of the structure set have different frames of reference.",
                        "two Referenced Frame of Reference UIDs",
                        "one");
            }
            if (!contours.isEmpty()) {
                frameOfReference = frame;
                first = false;
            }
            List<double[]> outlines = new ArrayList<>();
            for (DicomDataset contour : contours) {
                outlines.add(outline(contour, number));
            }
            Segment segment = segment(number, region, observations.get(number));
            if (structures.putIfAbsent(number, new Structure(segment, outlines)) != null) {
                throw Refusal.malformed(
                        "The contours of a region are given twice.", "region " + number + " twice", "each region once");
            }
        }
        if (!interpreted.isEmpty()) {
            notices.add("RT ROI Interpreted Types: " + String.join(", ", interpreted) + ".");
        }
        if (points > 0) {
            notices.add(points + " regions that consist of points only (markers, isocentres) were left out.");
        }
        if (structures.values().stream().allMatch(s -> s.contours().isEmpty())) {
            throw new InputException(
                    InputProblem.MISSING_PART,
                    "The RT Structure Set holds no closed planar contours, so nothing that could be scored.",
                    structures.size() + " regions without contours, " + points + " of points",
                    "at least one CLOSED_PLANAR contour");
        }
        return new ContourSet(
                List.copyOf(structures.values()), new Segmentation.Source(FORMAT, frameOfReference, true, notices));
    }

    private Map<Integer, DicomDataset> regions() throws InputException {
        Map<Integer, DicomDataset> regions = new HashMap<>();
        List<DicomDataset> items = dataset.items(Tag.STRUCTURE_SET_ROI_SEQUENCE);
        if (items.size() > options.limits().segments()) {
            throw Refusal.tooLarge(
                    "The structure set declares more regions than this installation accepts.",
                    items.size() + "",
                    "at most " + options.limits().segments());
        }
        for (DicomDataset item : items) {
            int number = number(item, Tag.ROI_NUMBER, "a region");
            if (regions.put(number, item) != null) {
                throw Refusal.malformed(
                        "A region is declared twice.", "number " + number + " twice", "each number once");
            }
        }
        return regions;
    }

    /** The first observation of each region. */
    private Map<Integer, DicomDataset> observations() throws InputException {
        Map<Integer, DicomDataset> observations = new HashMap<>();
        for (DicomDataset item : dataset.items(Tag.RT_ROI_OBSERVATIONS_SEQUENCE)) {
            OptionalInt number = item.integer(Tag.REFERENCED_ROI_NUMBER);
            if (number.isPresent()) {
                observations.putIfAbsent(number.getAsInt(), item);
            }
        }
        return observations;
    }

    private static int number(DicomDataset item, int tag, String what) throws InputException {
        OptionalInt number = item.integer(tag);
        if (number.isEmpty()) {
            throw Refusal.malformed(
                    "The structure set has " + what + " without a number.", "no " + Tag.text(tag), "an ROI Number");
        }
        return number.getAsInt();
    }

    private @Nullable String frameOfReference(DicomDataset region) throws InputException {
        String uid = region.uid(Tag.REFERENCED_FRAME_OF_REFERENCE_UID);
        if (uid != null) {
            return uid;
        }
        List<DicomDataset> referenced = dataset.items(Tag.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
        return referenced.size() == 1 ? referenced.getFirst().uid(Tag.FRAME_OF_REFERENCE_UID) : null;
    }

    private static boolean allPoints(List<DicomDataset> contours) throws InputException {
        for (DicomDataset contour : contours) {
            if (!"POINT".equals(contour.string(Tag.CONTOUR_GEOMETRIC_TYPE))) {
                return false;
            }
        }
        return true;
    }

    private double[] outline(DicomDataset contour, int region) throws InputException {
        String type = contour.string(Tag.CONTOUR_GEOMETRIC_TYPE);
        if (!"CLOSED_PLANAR".equals(type) && !"CLOSEDPLANAR_XOR".equals(type)) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_FORMAT,
                    "A region has contours that enclose nothing; only closed planar ones are voxels.",
                    "Contour Geometric Type " + shown(type) + " in region " + region,
                    "CLOSED_PLANAR or CLOSEDPLANAR_XOR");
        }
        double[] offset = contour.decimals(Tag.CONTOUR_OFFSET_VECTOR, 3);
        if (offset != null && (offset[0] != 0 || offset[1] != 0 || offset[2] != 0)) {
            throw Refusal.geometry(
                    "A contour has a Contour Offset Vector (3006,0045), which is retired.",
                    "an offset in region " + region,
                    "contours at their place");
        }
        double[] points = contour.manyDecimals(Tag.CONTOUR_DATA);
        OptionalInt declared = contour.integer(Tag.NUMBER_OF_CONTOUR_POINTS);
        if (points.length == 0
                || points.length % 3 != 0
                || declared.isPresent() && declared.getAsInt() != points.length / 3) {
            throw Refusal.malformed(
                    "Contour Data (3006,0050) is not three numbers for each contour point.",
                    points.length + " numbers for "
                            + (declared.isPresent() ? declared.getAsInt() + " points" : "a contour") + " in region "
                            + region,
                    "x, y, z of each point");
        }
        for (double p : points) {
            if (Math.abs(p) > FARTHEST) {
                throw Refusal.geometry(
                        "A contour lies farther away than a patient can be.",
                        p + " mm",
                        "less than " + FARTHEST + " mm");
            }
        }
        return points;
    }

    /** A type that is none of the standard's is not repeated. */
    private static String shown(@Nullable String type) {
        return switch (type == null ? "" : type) {
            case "POINT" -> "POINT";
            case "OPEN_PLANAR" -> "OPEN_PLANAR";
            case "OPEN_NONPLANAR" -> "OPEN_NONPLANAR";
            case "" -> "that is missing";
            default -> "that is unknown";
        };
    }

    private Segment segment(int number, DicomDataset region, @Nullable DicomDataset observation) throws InputException {
        String name = region.text(Tag.ROI_NAME, characterSet, MAXIMUM_NAME);
        String type = observation == null ? null : observation.string(Tag.RT_ROI_INTERPRETED_TYPE);
        if (type != null && type.matches("[A-Z_]{1,16}")) {
            interpreted.add(number + " " + type);
        }
        Segment.Algorithm.Type made =
                switch (Objects.requireNonNullElse(region.string(Tag.ROI_GENERATION_ALGORITHM), "")) {
                    case "AUTOMATIC" -> Segment.Algorithm.Type.AUTOMATIC;
                    case "SEMIAUTOMATIC" -> Segment.Algorithm.Type.SEMIAUTOMATIC;
                    case "MANUAL" -> Segment.Algorithm.Type.MANUAL;
                    default -> Segment.Algorithm.Type.UNKNOWN;
                };
        return new Segment(
                number,
                name == null ? Integer.toString(number) : name,
                observation == null
                        ? null
                        : Codes.concept(observation, Tag.RT_ROI_IDENTIFICATION_CODE_SEQUENCE, characterSet),
                made == Segment.Algorithm.Type.UNKNOWN ? null : new Segment.Algorithm(made, null, null),
                null,
                null);
    }

    /** For messages. */
    static InputException withoutGrid() {
        return new InputException(
                InputProblem.UNSUPPORTED_SOP_CLASS,
                "The DICOM object is an RT Structure Set. Its contours become voxels on the grid of the other side,"
                        + " which must be a NIfTI file, a DICOM Segmentation or a Label Map Segmentation.",
                SOP_CLASS,
                "a side with a grid");
    }
}
