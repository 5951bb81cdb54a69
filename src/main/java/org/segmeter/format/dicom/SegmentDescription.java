package org.segmeter.format.dicom;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;

/**
 * An item of the Segment Sequence (PS3.3 C.8.20.4).
 *
 * @param segment who it is
 * @param background true for the background of a label map, which is no segment
 */
record SegmentDescription(Segment segment, boolean background) {

    /** Segment Label and the other names are LO: 64 characters. */
    private static final int MAXIMUM_NAME = 64;

    static List<SegmentDescription> readAll(
            DicomDataset dataset,
            DicomText characterSet,
            SegObject.Type type,
            int maximumSegments,
            List<String> notices)
            throws InputException {
        List<DicomDataset> items = dataset.items(Tag.SEGMENT_SEQUENCE);
        if (items.isEmpty()) {
            throw Refusal.malformed(
                    "The object declares no segments.", "no items in Segment Sequence (0062,0002)", "at least 1");
        }
        if (items.size() > maximumSegments) {
            throw Refusal.tooLarge(
                    "The object declares more segments than this installation accepts.",
                    items.size() + "",
                    "at most " + maximumSegments);
        }
        Set<Integer> numbers = new HashSet<>();
        List<SegmentDescription> all = new ArrayList<>();
        boolean cut = false;
        for (DicomDataset item : items) {
            int number = item.requiredShort(Tag.SEGMENT_NUMBER, "Segment Number");
            if (number == 0 && type != SegObject.Type.LABELMAP) {
                throw Refusal.malformed("A segment has the number 0.", "0", "1 to 65535");
            }
            if (!numbers.add(number)) {
                throw Refusal.malformed(
                        "A segment is declared twice.", "number " + number + " twice", "each number once");
            }
            cut |= item.length(Tag.SEGMENT_LABEL) > 4 * MAXIMUM_NAME;
            SegmentDescription description = read(item, number, characterSet, type);
            all.add(description);
        }
        if (cut) {
            notices.add("A Segment Label is longer than the 64 characters that DICOM allows and was cut.");
        }
        return all;
    }

    private static SegmentDescription read(DicomDataset item, int number, DicomText characterSet, SegObject.Type type)
            throws InputException {
        String label = item.text(Tag.SEGMENT_LABEL, characterSet, MAXIMUM_NAME);
        SegmentConcept concept = Codes.concept(item, characterSet);
        String trackingUid = item.string(Tag.TRACKING_UID);
        Segment segment = new Segment(
                number,
                label == null ? Integer.toString(number) : label,
                concept,
                algorithm(item, characterSet),
                item.text(Tag.TRACKING_ID, characterSet, MAXIMUM_NAME),
                trackingUid != null && DicomDataset.isUid(trackingUid) ? trackingUid : null);
        return new SegmentDescription(segment, type == SegObject.Type.LABELMAP && isBackground(segment));
    }

    /** (125040, DCM, "Background"), or number 0 under that name. */
    private static boolean isBackground(Segment segment) {
        SegmentConcept concept = segment.concept();
        if (concept != null
                && concept.type().value().equals("125040")
                && concept.type().scheme().equals("DCM")) {
            return true;
        }
        return segment.number() == 0
                && (segment.label().equalsIgnoreCase("background")
                        || concept != null && concept.type().meaning().equalsIgnoreCase("background"));
    }

    private static Segment.@Nullable Algorithm algorithm(DicomDataset item, DicomText characterSet)
            throws InputException {
        String type = item.string(Tag.SEGMENT_ALGORITHM_TYPE);
        DicomDataset identification = item.item(Tag.ALGORITHM_IDENTIFICATION_SEQUENCE);
        String name = item.text(Tag.SEGMENT_ALGORITHM_NAME, characterSet, MAXIMUM_NAME);
        String version = null;
        if (identification != null) {
            if (name == null) {
                name = identification.text(Tag.ALGORITHM_NAME, characterSet, MAXIMUM_NAME);
            }
            version = identification.text(Tag.ALGORITHM_VERSION, characterSet, MAXIMUM_NAME);
        }
        if (type == null && name == null && version == null) {
            return null;
        }
        Segment.Algorithm.Type kind = switch (type == null ? "" : type) {
            case "AUTOMATIC" -> Segment.Algorithm.Type.AUTOMATIC;
            case "SEMIAUTOMATIC" -> Segment.Algorithm.Type.SEMIAUTOMATIC;
            case "MANUAL" -> Segment.Algorithm.Type.MANUAL;
            default -> Segment.Algorithm.Type.UNKNOWN;
        };
        return new Segment.Algorithm(kind, name, version);
    }
}
