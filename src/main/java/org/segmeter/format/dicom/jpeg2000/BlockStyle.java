package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;

/**
 * What COD and COC say of a component (T.800 table A.20).
 *
 * @param levels of decomposition, 0 to 32
 * @param widthExponent of a code-block, 2 to 10; {@code heightExponent} likewise, together at most 12
 * @param modes flags of table A.19
 * @param reversible 5/3 if true, else 9/7
 * @param precincts of each resolution, lowest first: the exponent of the width in the low, of the height in the high four bits
 */
record BlockStyle(int levels, int widthExponent, int heightExponent, int modes, boolean reversible, byte[] precincts) {

    static final int BYPASS = 1;
    static final int RESET = 2;
    static final int TERMINATE_ALL = 4;
    static final int VERTICALLY_CAUSAL = 8;
    static final int SEGMENTATION_SYMBOLS = 32;

    /** Passes before the first one that may bypass the arithmetic coder (table D.9). */
    static final int PASSES_BEFORE_BYPASS = 10;

    static BlockStyle read(Codestream in, boolean precinctsFollow) throws InputException {
        int levels = in.u8();
        if (levels > 32) {
            throw Codestream.malformed("it has more decomposition levels than there can be", levels + " levels");
        }
        int width = in.u8() + 2;
        int height = in.u8() + 2;
        if (width > 10 || height > 10 || width + height > 12) {
            throw Codestream.malformed(
                    "its code-blocks are larger than they may be", "exponents %d and %d".formatted(width, height));
        }
        int modes = in.u8();
        if ((modes & 0xC0) != 0) {
            throw Codestream.unsupported("a code-block style of a later part of the standard", "style " + modes);
        }
        int transformation = in.u8();
        if (transformation > 1) {
            throw Codestream.unsupported("another wavelet than 5/3 and 9/7", "transformation " + transformation);
        }
        byte[] precincts = new byte[levels + 1];
        for (int r = 0; r <= levels; r++) {
            int exponents = precinctsFollow ? in.u8() : 0xFF;
            if (r > 0 && ((exponents & 15) == 0 || exponents >> 4 == 0)) {
                throw Codestream.malformed("its precincts are smaller than they may be", "exponents " + exponents);
            }
            precincts[r] = (byte) exponents;
        }
        if (in.remaining() != 0) {
            throw Codestream.malformed("a coding style has the wrong length", in.remaining() + " bytes too many");
        }
        return new BlockStyle(levels, width, height, modes, transformation == 1, precincts);
    }

    boolean has(int mode) {
        return (modes & mode) != 0;
    }

    int precinctWidthExponent(int resolution) {
        return precincts[resolution] & 15;
    }

    int precinctHeightExponent(int resolution) {
        return precincts[resolution] >> 4 & 15;
    }

    /** The pass, counted from 0 in its code-block, with which the codeword segment ends that contains {@code pass} (D.4.2, D.6). */
    int lastPassOfSegment(int pass) {
        if (has(TERMINATE_ALL)) {
            return pass;
        }
        if (!has(BYPASS)) {
            return Integer.MAX_VALUE;
        }
        if (pass < PASSES_BEFORE_BYPASS) {
            return PASSES_BEFORE_BYPASS - 1;
        }
        return pass % 3 == 1 ? pass + 1 : pass;
    }

    boolean bypasses(int pass) {
        return has(BYPASS) && pass >= PASSES_BEFORE_BYPASS && pass % 3 != 0;
    }
}
