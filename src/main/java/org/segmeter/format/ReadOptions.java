package org.segmeter.format;

import java.util.OptionalDouble;
import org.segmeter.volume.CancelSignal;

/**
 * What a caller declares about an input, and what a reader may spend on it.
 *
 * @param values what the voxel values of a NIfTI file mean
 * @param threshold from which value on a voxel belongs to the segment, where values are no labels
 * @param allowPixelUnits true if an input without patient geometry is to be scored in pixel units instead of being refused
 * @param keepLogits true to have the logits beside the probabilities made from them, at twice the memory
 * @param limits never exceeded, whatever the header says
 * @param cancel given when the work is to stop
 * @param bulk how larger pieces of the content are brought into arrays
 */
public record ReadOptions(
        Values values,
        OptionalDouble threshold,
        boolean allowPixelUnits,
        boolean keepLogits,
        ReadLimits limits,
        CancelSignal cancel,
        BulkCopy bulk) {

    /** What voxel values mean. DICOM says it itself; for NIfTI the caller may. */
    public enum Values {
        /** Not declared: whole numbers are labels, anything else is refused with the reason. */
        UNDECLARED,
        /** Labels; a value that is no whole number is refused. */
        LABELS,
        /** Probabilities in [0, 1], one component per segment. */
        PROBABILITIES,
        /** Real numbers to which the sigmoid (one component) or softmax (several) is applied. */
        LOGITS,
        /** Real numbers to which the sigmoid is applied, each component for itself: segments may overlap. */
        SIGMOID_LOGITS
    }

    public static ReadOptions defaults() {
        return new ReadOptions(
                Values.UNDECLARED,
                OptionalDouble.empty(),
                false,
                false,
                ReadLimits.DEFAULT,
                CancelSignal.none(),
                BulkCopy.IN_MEMORY);
    }

    public ReadOptions withCancel(CancelSignal signal) {
        return new ReadOptions(values, threshold, allowPixelUnits, keepLogits, limits, signal, bulk);
    }

    public ReadOptions withLimits(ReadLimits newLimits) {
        return new ReadOptions(values, threshold, allowPixelUnits, keepLogits, newLimits, cancel, bulk);
    }

    public ReadOptions withValues(Values meaning, OptionalDouble newThreshold) {
        return new ReadOptions(meaning, newThreshold, allowPixelUnits, keepLogits, limits, cancel, bulk);
    }

    public ReadOptions withPixelUnits(boolean allowed) {
        return new ReadOptions(values, threshold, allowed, keepLogits, limits, cancel, bulk);
    }

    public ReadOptions withKeptLogits(boolean keep) {
        return new ReadOptions(values, threshold, allowPixelUnits, keep, limits, cancel, bulk);
    }

    ReadOptions withBulkCopy(BulkCopy copy) {
        return new ReadOptions(values, threshold, allowPixelUnits, keepLogits, limits, cancel, copy);
    }
}
