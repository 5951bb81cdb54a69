package org.segmeter.format.nifti;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * What an element's bits mean as a label, a member of a threshold mask or a probability. Called once for each run of equal
 * elements.
 */
final class LabelReading {

    /**
     * How far a scaled or floating-point value may be from a whole number and still be that label. Scaling by a float32 slope errs
     * by at most 2^-23 of the value (0.1f * 10 = 1.0000000149); resampling tools leave a few 1e-5. A label
     * map that was interpolated has values far from whole numbers at every border and is refused.
     */
    static final double ABSOLUTE_TOLERANCE = 1e-4;

    static final double RELATIVE_TOLERANCE = 0x1p-22;

    private final NiftiType type;
    private final boolean swap;
    private final boolean scaled;
    private final double slope;
    private final double intercept;
    private final int swapShift;
    private long lastBits;
    private int lastLabel;
    private boolean known;

    private @Nullable Double notALabel;

    LabelReading(NiftiHeader header) {
        type = header.type();
        swap = header.bigEndian() && type.width() > 1;
        swapShift = 64 - 8 * type.width();
        scaled = header.scaled();
        slope = header.slope();
        intercept = header.intercept();
    }

    /** The scaled value; NaN if it is. */
    double value(long littleEndianBits) {
        long bits = swap ? Long.reverseBytes(littleEndianBits) >>> swapShift : littleEndianBits;
        double raw = type.asDouble(bits);
        return scaled ? raw * slope + intercept : raw;
    }

    /** True if every element is a whole number without looking. */
    boolean exact() {
        return !scaled && !type.isFloat();
    }

    /**
     * The label. NaN is background; {@link #notALabel} tells when the value is none, and then 0 is returned.
     *
     * @throws InputException if the value is infinite or a whole number that is too large for a label
     */
    int label(long littleEndianBits) throws InputException {
        if (known && littleEndianBits == lastBits) {
            return lastLabel;
        }
        int label = compute(littleEndianBits);
        lastBits = littleEndianBits;
        lastLabel = label;
        known = notALabel == null;
        return label;
    }

    private int compute(long littleEndianBits) throws InputException {
        if (exact()) {
            long bits = swap ? Long.reverseBytes(littleEndianBits) >>> swapShift : littleEndianBits;
            long n = type.asLong(bits);
            if (n != (int) n || type == NiftiType.UINT64 && bits < 0) {
                throw tooLarge(type.asDouble(bits));
            }
            return (int) n;
        }
        double value = value(littleEndianBits);
        if (Double.isNaN(value)) {
            return 0;
        }
        double n = Math.rint(value);
        if (Math.abs(n) > Integer.MAX_VALUE) {
            throw tooLarge(value);
        }
        if (Math.abs(value - n) > ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(value)) {
            notALabel = value;
            return 0;
        }
        return (int) n;
    }

    /** The first value that is no whole number, or null. */
    @Nullable
    Double notALabel() {
        return notALabel;
    }

    private static InputException tooLarge(double value) {
        return new InputException(
                InputProblem.NOT_A_LABEL_MAP,
                "A voxel has a value that is too large for a label.",
                "value " + value,
                "whole numbers from -2147483647 to 2147483647");
    }
}
