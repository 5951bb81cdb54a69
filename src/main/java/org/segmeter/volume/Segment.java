package org.segmeter.volume;

import org.jspecify.annotations.Nullable;

/**
 * Who a segment is; what it covers is its {@link Voxels}.
 *
 * @param number DICOM Segment Number or NIfTI label value; unique within a segmentation. NIfTI may use any integer but 0
 * @param label free text: Segment Label; for NIfTI the number in decimal
 * @param concept coded identity, if the source gives one
 * @param algorithm how it was made, if the source says so
 * @param trackingId Tracking ID, if given
 * @param trackingUid Tracking UID, if given
 */
public record Segment(
        int number,
        String label,
        @Nullable SegmentConcept concept,
        @Nullable Algorithm algorithm,
        @Nullable String trackingId,
        @Nullable String trackingUid) {

    /**
     * How a segment was made.
     *
     * @param type Segment Algorithm Type
     * @param name Segment Algorithm Name or Algorithm Name of the identification sequence
     * @param version Algorithm Version
     */
    public record Algorithm(
            Type type, @Nullable String name, @Nullable String version) {
        /** Segment Algorithm Type (0062,0008). */
        public enum Type {
            AUTOMATIC,
            SEMIAUTOMATIC,
            MANUAL,
            UNKNOWN
        }
    }

    /** A segment known by its label value alone. */
    public static Segment ofLabelValue(int value) {
        return new Segment(value, Integer.toString(value), null, null, null, null);
    }
}
