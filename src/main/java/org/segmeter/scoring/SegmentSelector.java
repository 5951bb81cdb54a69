package org.segmeter.scoring;

import java.util.Locale;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;

/** Names a segment of one side in an explicit mapping. */
public sealed interface SegmentSelector {

    /**
     * By DICOM Segment Number or NIfTI label value.
     *
     * @param number unique within a side
     */
    record ByNumber(int number) implements SegmentSelector {}

    /**
     * By its label.
     *
     * @param label compared without regard to case and outer white space; must name one segment only
     */
    record ByLabel(String label) implements SegmentSelector {}

    /**
     * By the code of its Segmented Property Type.
     *
     * @param scheme Coding Scheme Designator, for example {@code SCT}
     * @param value Code Value; must name one segment only
     */
    record ByCode(String scheme, String value) implements SegmentSelector {}

    /** True if it names this segment. */
    default boolean names(Segment segment) {
        return switch (this) {
            case ByNumber n -> segment.number() == n.number();
            case ByLabel l -> normalised(segment.label()).equals(normalised(l.label()));
            case ByCode c -> {
                SegmentConcept concept = segment.concept();
                yield concept != null
                        && concept.type().scheme().equals(c.scheme())
                        && concept.type().value().equals(c.value());
            }
        };
    }

    /** A label as it is compared. */
    static String normalised(String label) {
        return label.strip().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads the short form: a whole number is a number, {@code SCHEME:VALUE} in parentheses such as {@code (SCT:64033007)} a code,
     * everything else a label.
     */
    static SegmentSelector of(String text) {
        String trimmed = text.strip();
        if (trimmed.matches("[+-]?\\d{1,9}")) {
            return new ByNumber(Integer.parseInt(trimmed));
        }
        if (trimmed.matches("\\([^():]+:[^():]+\\)")) {
            int colon = trimmed.indexOf(':');
            return new ByCode(
                    trimmed.substring(1, colon).strip(),
                    trimmed.substring(colon + 1, trimmed.length() - 1).strip());
        }
        return new ByLabel(trimmed);
    }
}
