package org.segmeter.format.nifti;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.segmeter.format.gzip.ByteSource;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** The extensions between header and voxels (nifti1.h): walked over, never interpreted; they may hold anything of a patient. */
final class Extensions {

    /** Extension code of CIFTI-2. */
    private static final int CIFTI = 32;

    private static final int SIZE_AND_CODE = 8;

    private Extensions() {}

    /**
     * @param source stands after the header
     * @param room bytes up to the voxels; in a header file of a pair, up to its end
     */
    static void check(ByteSource source, NiftiHeader header, long room) throws InputException {
        byte[] bytes = new byte[SIZE_AND_CODE];
        long left = room - source.read(bytes, 0, (int) Math.min(4, room));
        if (left < 0 || bytes[0] == 0) {
            skipUpTo(source, left);
            return;
        }
        while (left >= SIZE_AND_CODE) {
            if (source.read(bytes, 0, SIZE_AND_CODE) < SIZE_AND_CODE) {
                return;
            }
            ByteBuffer b =
                    ByteBuffer.wrap(bytes).order(header.bigEndian() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            int size = b.getInt(0);
            if (size == 0) {
                // Zeros up to the voxels: padding.
                skipUpTo(source, left - SIZE_AND_CODE);
                return;
            }
            if (size < SIZE_AND_CODE || size > left) {
                throw new InputException(
                        InputProblem.MALFORMED_HEADER,
                        "A header extension has an impossible size.",
                        size + " bytes",
                        "8 to " + left + " bytes");
            }
            if (b.getInt(4) == CIFTI && header.version() == 2) {
                throw new InputException(
                        InputProblem.UNSUPPORTED_FORMAT,
                        "This is a CIFTI-2 file: a matrix over surface vertices and voxels, not a volume.",
                        "CIFTI-2 extension",
                        "a NIfTI volume");
            }
            skipUpTo(source, size - SIZE_AND_CODE);
            left -= size;
        }
        skipUpTo(source, left);
    }

    /** Passes over bytes that must be there. */
    static void skip(ByteSource source, long bytes) throws InputException {
        if (skipUpTo(source, bytes) < bytes) {
            throw new InputException(
                    InputProblem.TRUNCATED,
                    "The NIfTI file ends before its voxels begin.",
                    "fewer bytes",
                    bytes + " bytes before the voxels");
        }
    }

    private static long skipUpTo(ByteSource source, long bytes) throws InputException {
        byte[] passed = new byte[(int) Math.min(Math.max(bytes, 0), 1 << 14)];
        long n = 0;
        while (n < bytes) {
            int more = source.read(passed, 0, (int) Math.min(passed.length, bytes - n));
            if (more == 0) {
                break;
            }
            n += more;
        }
        return n;
    }
}
