package org.segmeter.format.nifti;

import org.segmeter.format.gzip.ByteSource;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * Voxels of one bit (data type 1 of nifti1.h, DT_BINARY), as bytes of 0 and 1.
 *
 * <p>nifti1.h does not say how the bits lie. The two programs known to read and write them agree that the first voxel is the most
 * significant bit; MRtrix lets the bits go on without a gap, VTK's Analyze reader begins each slice with a new byte. Gapless
 * files are read. A file that could be either is refused, and so is one of any other length than the gapless one.
 */
final class PackedBits implements ByteSource {

    static final int DATA_TYPE = 1;

    private final ByteSource packed;
    private final byte[] chunk = new byte[1 << 12];
    private int bits;
    private int next;

    /** @param packed stands at the first voxel; each chunk is read in whole bytes, so nothing else may read from it meanwhile */
    PackedBits(ByteSource packed) {
        this.packed = packed;
    }

    /** Bytes that so many bits take. */
    static long bytes(long bits) {
        return bits / 8 + (bits % 8 == 0 ? 0 : 1);
    }

    /** @throws InputException if the header does not say beyond doubt how the bits lie */
    static void check(int bitpix, int[] dim) throws InputException {
        if (bitpix != 1) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_DATATYPE,
                    "The NIfTI header contradicts itself: its voxels are declared as single bits of another size.",
                    "data type 1 (one bit) with bitpix " + bitpix,
                    "bitpix 1, or the data type that the voxels have");
        }
        double slice = (double) dim[1] * dim[2];
        double slices = (double) dim[3] * dim[4] * dim[5] * dim[6] * dim[7];
        if (slices > 1 && slice % 8 != 0 && Math.ceil(slice / 8) * slices == Math.ceil(slice * slices / 8)) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_DATATYPE,
                    "The voxels are single bits, and it cannot be told whether each slice begins with a new byte. Send"
                            + " them as bytes (uint8).",
                    "one-bit slices of " + dim[1] + " x " + dim[2] + " voxels",
                    "uint8, or slices whose voxels fill whole bytes");
        }
    }

    @Override
    public int read(byte[] into, int offset, int length) throws InputException {
        int n = 0;
        while (n < length) {
            if (next == bits) {
                bits = 8 * packed.read(chunk, 0, (int) Math.min(chunk.length, bytes(length - n)));
                next = 0;
                if (bits == 0) {
                    break;
                }
            }
            int end = Math.min(bits, next + length - n);
            for (; next < end; next++) {
                into[offset + n++] = (byte) (chunk[next >> 3] >> (~next & 7) & 1);
            }
        }
        return n;
    }

    @Override
    public long atMost() {
        return packed.atMost() > Long.MAX_VALUE / 8 ? Long.MAX_VALUE : 8 * packed.atMost();
    }

    @Override
    public String notice() {
        return packed.notice();
    }
}
