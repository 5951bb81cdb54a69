package org.segmeter.format.nifti;

import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** Data types of nifti1.h that can be a mask, with their code and size. */
enum NiftiType {
    UINT8(2, 8),
    INT16(4, 16),
    INT32(8, 32),
    FLOAT32(16, 32),
    FLOAT64(64, 64),
    INT8(256, 8),
    UINT16(512, 16),
    UINT32(768, 32),
    INT64(1024, 64),
    UINT64(1280, 64);

    final int code;
    final int bits;

    NiftiType(int code, int bits) {
        this.code = code;
        this.bits = bits;
    }

    /** Bytes of a voxel. */
    int width() {
        return bits / 8;
    }

    boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }

    static NiftiType of(int code) throws InputException {
        for (NiftiType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        String name = switch (code) {
            case 32 -> "complex64";
            case 128 -> "RGB";
            case 1536 -> "float128";
            case 1792 -> "complex128";
            case 2048 -> "complex256";
            case 2304 -> "RGBA";
            default -> null;
        };
        throw new InputException(
                InputProblem.UNSUPPORTED_DATATYPE,
                name == null
                        ? "The NIfTI data type " + code + " does not exist."
                        : "Voxels of type " + name + " cannot be a segmentation.",
                name == null ? "data type " + code : name,
                "one bit, an integer type, float32 or float64");
    }

    /**
     * The value of an element as a whole number.
     *
     * @param bits the element in native meaning (already swapped), low bytes, not sign-extended
     */
    long asLong(long bits) {
        return switch (this) {
            case UINT8, UINT16, UINT32, UINT64 -> bits;
            case INT8 -> (byte) bits;
            case INT16 -> (short) bits;
            case INT32 -> (int) bits;
            case INT64 -> bits;
            case FLOAT32, FLOAT64 -> (long) asDouble(bits);
        };
    }

    double asDouble(long bits) {
        return switch (this) {
            case FLOAT32 -> Float.intBitsToFloat((int) bits);
            case FLOAT64 -> Double.longBitsToDouble(bits);
            case UINT64 -> bits >= 0 ? bits : (bits >>> 1) * 2.0;
            default -> asLong(bits);
        };
    }
}
