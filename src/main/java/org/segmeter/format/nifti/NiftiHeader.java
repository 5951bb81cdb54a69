package org.segmeter.format.nifti;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * The fields of a NIfTI-1 or NIfTI-2 header that matter for a segmentation (nifti1.h, nifti2.h), checked.
 *
 * @param version 1 or 2
 * @param single true for one file with header and voxels (magic n+1, n+2), false for a pair (ni1, ni2)
 * @param nx voxels along the first axis, at least 1
 * @param packed true if the file holds a bit for each voxel, which is handed on as {@link NiftiType#UINT8}
 * @param components product of dimensions 4 to 7: 1 for a plain volume
 * @param axes number of axes of space that the header declares, at most 3
 * @param offset where the voxels begin in their file
 * @param slope 0 if no scaling applies
 * @param intent intent code
 * @param exactLength true if no padding may follow the voxels, because only the length proves what the data type says
 * @param geometry what places the voxels in space
 * @param notices what was accepted with a remark
 */
record NiftiHeader(
        int version,
        boolean single,
        boolean bigEndian,
        int nx,
        int ny,
        int nz,
        int components,
        int axes,
        NiftiType type,
        boolean packed,
        long offset,
        double slope,
        double intercept,
        int intent,
        boolean exactLength,
        NiftiGeometry geometry,
        List<String> notices) {

    static final int BYTES_1 = 348;
    static final int BYTES_2 = 540;

    NiftiHeader {
        notices = List.copyOf(notices);
    }

    /** Bytes of the header without the four of the extension flag. */
    int headerBytes() {
        return version == 1 ? BYTES_1 : BYTES_2;
    }

    String format() {
        return "nifti-" + version;
    }

    long voxels() {
        return (long) nx * ny * nz;
    }

    /** Bytes of all voxels of all components; cannot overflow, see {@link #parse}. */
    long voxelBytes() {
        return voxels() * components * type.width();
    }

    /** Bytes that the voxels take in the file. */
    long storedBytes() {
        return packed ? PackedBits.bytes(voxels() * components) : voxelBytes();
    }

    boolean scaled() {
        return slope != 0 && (slope != 1 || intercept != 0);
    }

    /** Version of the header that begins with these bytes: 1, 2, or 0 for no NIfTI and no Analyze header. */
    static int version(byte[] start) {
        if (start.length < 4) {
            return 0;
        }
        int size = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
        if (size == BYTES_1 || size == Integer.reverseBytes(BYTES_1)) {
            return 1;
        }
        return size == BYTES_2 || size == Integer.reverseBytes(BYTES_2) ? 2 : 0;
    }

    /** True if these bytes are the header file of a pair. */
    static boolean isPairHeader(byte[] start) {
        return hasMagic(start, 'i');
    }

    /** True if these bytes begin a file that holds header and voxels. */
    static boolean isSingle(byte[] start) {
        return hasMagic(start, '+');
    }

    private static boolean hasMagic(byte[] start, char kind) {
        int version = version(start);
        int at = version == 1 ? 344 : 4;
        return version != 0
                && start.length >= at + 4
                && start[at] == 'n'
                && start[at + 1] == kind
                && start[at + 2] == '0' + version
                && start[at + 3] == 0;
    }

    /** @param start the beginning of the header file, {@value #BYTES_2} bytes or all there is */
    static NiftiHeader parse(byte[] start) throws InputException {
        int version = version(start);
        if (version == 0) {
            throw new InputException(
                    InputProblem.UNRECOGNISED_FORMAT,
                    "The content is no NIfTI file: it does not begin with the size of a NIfTI header.",
                    "another beginning",
                    "348 (NIfTI-1) or 540 (NIfTI-2) in the first four bytes");
        }
        int size = version == 1 ? BYTES_1 : BYTES_2;
        if (start.length < size) {
            throw new InputException(
                    InputProblem.TRUNCATED,
                    "The NIfTI file ends inside its header.",
                    start.length + " bytes",
                    size + " bytes of header");
        }
        ByteBuffer b = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
        boolean bigEndian = b.getInt(0) != size;
        if (bigEndian) {
            b.order(ByteOrder.BIG_ENDIAN);
        }
        boolean single = checkMagic(b, version);
        List<String> notices = new ArrayList<>();
        int[] dim = dimensions(b, version, notices);
        int intent = version == 1 ? b.getShort(68) : b.getInt(504);
        refuseCifti(version, intent);
        int code = version == 1 ? b.getShort(70) & 0xffff : b.getShort(12) & 0xffff;
        boolean packed = code == PackedBits.DATA_TYPE;
        NiftiType type = packed ? NiftiType.UINT8 : NiftiType.of(code);
        int bits = version == 1 ? b.getShort(72) : b.getShort(14);
        if (packed) {
            PackedBits.check(bits, dim);
        } else if (bits != type.bits) {
            notices.add("bitpix is " + bits + " instead of " + type.bits + "; the data type decides.");
        }
        int components = 1;
        long all = 1;
        try {
            for (int i = 1; i <= 7; i++) {
                all = Math.multiplyExact(all, dim[i]);
                if (i > 3) {
                    components = Math.multiplyExact(components, dim[i]);
                }
            }
            all = Math.multiplyExact(all, type.width());
        } catch (ArithmeticException e) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The NIfTI header declares more voxels than can be counted.",
                    "dimensions whose product overflows",
                    "a volume that fits into memory");
        }
        long offset = offset(b, version, single, notices);
        double slope = version == 1 ? b.getFloat(112) : b.getDouble(176);
        double intercept = version == 1 ? b.getFloat(116) : b.getDouble(184);
        if (!Double.isFinite(slope)) {
            slope = 0;
        }
        if (!Double.isFinite(intercept)) {
            intercept = 0;
        }
        return new NiftiHeader(
                version,
                single,
                bigEndian,
                dim[1],
                dim[2],
                dim[3],
                components,
                Math.min(3, dim[0]),
                type,
                packed,
                offset,
                slope,
                slope == 0 ? 0 : intercept,
                intent,
                packed || bits != type.bits,
                NiftiGeometry.parse(b, version),
                notices);
    }

    private static boolean checkMagic(ByteBuffer b, int version) throws InputException {
        int at = version == 1 ? 344 : 4;
        byte n = b.get(at);
        byte kind = b.get(at + 1);
        byte digit = b.get(at + 2);
        if (version == 1 && n != 'n') {
            throw new InputException(
                    InputProblem.UNSUPPORTED_FORMAT,
                    "This is an Analyze 7.5 header (or a NIfTI header without its magic): it does not say where the"
                            + " voxels are in space. Convert it to NIfTI.",
                    "Analyze 7.5",
                    "NIfTI-1 or NIfTI-2");
        }
        if (n != 'n' || kind != '+' && kind != 'i' || digit != '0' + version || b.get(at + 3) != 0) {
            throw new InputException(
                    InputProblem.MALFORMED_HEADER,
                    "The NIfTI header has no valid magic.",
                    "%02x %02x %02x %02x".formatted(n, kind, digit, b.get(at + 3)),
                    "n+" + version + " or ni" + version);
        }
        if (version == 2 && (b.get(8) != 0x0d || b.get(9) != 0x0a || b.get(10) != 0x1a || b.get(11) != 0x0a)) {
            throw new InputException(
                    InputProblem.MALFORMED_HEADER,
                    "The NIfTI-2 magic was changed, as by a transfer in text mode. Send the file in binary mode.",
                    "%02x %02x %02x %02x".formatted(b.get(8), b.get(9), b.get(10), b.get(11)),
                    "0d 0a 1a 0a");
        }
        return kind == '+';
    }

    /** dim[0..7], each at least 1 and an int. */
    private static int[] dimensions(ByteBuffer b, int version, List<String> notices) throws InputException {
        long rank = version == 1 ? b.getShort(40) : b.getLong(16);
        if (rank < 1 || rank > 7) {
            throw new InputException(
                    InputProblem.MALFORMED_HEADER,
                    "The NIfTI header declares a number of dimensions that does not exist.",
                    "dim[0] = " + rank,
                    "1 to 7");
        }
        int[] dim = new int[8];
        dim[0] = (int) rank;
        for (int i = 1; i <= 7; i++) {
            long n = i > rank ? 1 : version == 1 ? b.getShort(40 + 2 * i) : b.getLong(16 + 8 * i);
            if (n == 0 && i > 3) {
                notices.add("dim[" + i + "] is 0 and was taken as 1.");
                n = 1;
            }
            if (n < 1) {
                throw new InputException(
                        InputProblem.MALFORMED_HEADER,
                        "A dimension of the NIfTI header is not positive.",
                        "dim[" + i + "] = " + n,
                        "at least 1");
            }
            if (n > Integer.MAX_VALUE) {
                throw new InputException(
                        InputProblem.TOO_LARGE,
                        "A dimension of the NIfTI header is too large.",
                        "dim[" + i + "] = " + n,
                        "less than 2^31");
            }
            dim[i] = (int) n;
        }
        return dim;
    }

    private static void refuseCifti(int version, int intent) throws InputException {
        if (version == 2 && intent >= 3000 && intent <= 3099) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_FORMAT,
                    "This is a CIFTI-2 file: a matrix over surface vertices and voxels, not a volume.",
                    "CIFTI-2, intent code " + intent,
                    "a NIfTI volume");
        }
    }

    private static long offset(ByteBuffer b, int version, boolean single, List<String> notices) throws InputException {
        long offset;
        if (version == 1) {
            float stored = b.getFloat(108);
            if (!(stored >= 0) || stored > Long.MAX_VALUE || stored != Math.rint(stored)) {
                throw new InputException(
                        InputProblem.MALFORMED_HEADER,
                        "The NIfTI header does not say where the voxels begin.",
                        "vox_offset = " + stored,
                        "a whole number");
            }
            offset = (long) stored;
        } else {
            offset = b.getLong(168);
        }
        long least = single ? (version == 1 ? BYTES_1 : BYTES_2) + 4L : 0;
        if (single && offset == 0) {
            notices.add("vox_offset is 0; the voxels were read from byte " + least + ", right after the header.");
            return least;
        }
        if (offset < least) {
            throw new InputException(
                    InputProblem.MALFORMED_HEADER,
                    "The NIfTI header says that the voxels begin inside the header.",
                    "vox_offset = " + offset,
                    "at least " + least);
        }
        return offset;
    }
}
