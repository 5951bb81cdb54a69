package org.segmeter.volume;

import java.util.List;
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

    public SegmentConcept {
        typeModifiers = List.copyOf(typeModifiers);
        regionModifiers = List.copyOf(regionModifiers);
    }
}
