package org.segmeter.volume;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a segment is, in codes (DICOM PS3.3 C.8.20.4, Segment Description Macro).
 *
 * @param category Segmented Property Category, for example (123037004, SCT, "Anatomical Structure")
 * @param type Segmented Property Type, for example (64033007, SCT, "Kidney")
 * @param typeModifiers Segmented Property Type Modifiers but for laterality
 * @param region Anatomic Region, if given
 * @param regionModifiers Anatomic Region Modifiers but for laterality
 * @param laterality from a modifier of type or region, or from a pre-coordinated code
 */
public record SegmentConcept(
        CodedConcept category,
        CodedConcept type,
        List<CodedConcept> typeModifiers,
        @Nullable CodedConcept region,
        List<CodedConcept> regionModifiers,
        Laterality laterality) {

    /** Side of the body. */
    public enum Laterality {
        LEFT,
        RIGHT,
        BILATERAL,
        UNSPECIFIED
    }

    /**
     * The same for two segments that are the same structure of the same side, whoever coded them: category, type, modifiers in
     * any order, region and laterality; never the type alone, because left and right often share it.
     */
    public String key() {
        return String.join(
                "|",
                code(category),
                code(type),
                codes(typeModifiers),
                region == null ? "" : code(region),
                codes(regionModifiers),
                laterality.name());
    }

    private static String codes(List<CodedConcept> concepts) {
        return concepts.stream().map(SegmentConcept::code).sorted().collect(Collectors.joining(","));
    }

    private static String code(CodedConcept concept) {
        return escaped(concept.scheme()) + ":" + escaped(concept.value());
    }

    /** A sender's text cannot look like the marks between the parts. */
    private static String escaped(String text) {
        return text.replace("%", "%25").replace("|", "%7C").replace(",", "%2C").replace(":", "%3A");
    }

    public SegmentConcept {
        typeModifiers = List.copyOf(typeModifiers);
        regionModifiers = List.copyOf(regionModifiers);
    }
}
