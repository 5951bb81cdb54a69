package org.segmeter.format.dicom.jpeg2000;

import java.util.Arrays;
import org.segmeter.volume.InputException;

/** Decodes the coefficients of code-blocks, bit plane by bit plane in three passes each (T.800 annex D). */
final class CodeBlockDecoder {

    /** So that magnitudes fit an int. */
    static final int MOST_PLANES = 31;

    // What is known of a coefficient: which of its neighbours are significant, the signs of four of them, and itself.
    private static final int NORTH = 1;
    private static final int EAST = 1 << 1;
    private static final int SOUTH = 1 << 2;
    private static final int WEST = 1 << 3;
    private static final int NORTH_EAST = 1 << 4;
    private static final int SOUTH_EAST = 1 << 5;
    private static final int SOUTH_WEST = 1 << 6;
    private static final int NORTH_WEST = 1 << 7;
    private static final int NEIGHBOURS = 0xFF;
    private static final int NEGATIVE_SHIFT = 8;
    private static final int SIGNIFICANT = 1 << 12;
    private static final int VISITED = 1 << 13;
    private static final int REFINED = 1 << 14;
    private static final int NEGATIVE = 1 << 15;

    private static final int SIGN_CONTEXTS = 9;
    private static final int REFINEMENT_CONTEXTS = 14;

    /** Table D.1 for LL and LH, for HL and for HH: the context of a coefficient by its significant neighbours. */
    private static final byte[][] ZERO_CODING = new byte[3][NEIGHBOURS + 1];

    /** Table D.3 by four bits of neighbours and four of their signs: the context, and in bit 7 whether the sign is inverted. */
    private static final int[] SIGN_CODING = new int[256];

    static {
        for (int f = 0; f <= NEIGHBOURS; f++) {
            int h = count(f, EAST | WEST);
            int v = count(f, NORTH | SOUTH);
            int d = count(f, NORTH_EAST | SOUTH_EAST | SOUTH_WEST | NORTH_WEST);
            ZERO_CODING[0][f] = (byte) zeroCoding(h, v, d);
            ZERO_CODING[1][f] = (byte) zeroCoding(v, h, d);
            ZERO_CODING[2][f] = (byte) zeroCodingDiagonal(h + v, d);
            int horizontal = contribution(f, EAST) + contribution(f, WEST);
            int vertical = contribution(f, NORTH) + contribution(f, SOUTH);
            SIGN_CODING[f] = signCoding(Integer.signum(horizontal), Integer.signum(vertical));
        }
    }

    private final BlockStyle style;
    private final int regionShift;
    private final MqDecoder mq = new MqDecoder();
    private final RawBits raw = new RawBits();

    private byte[] segments = new byte[256];
    private int[] magnitudes = new int[0];
    private int[] flags = new int[0];
    private byte[] zeroCoding = ZERO_CODING[0];
    private int width;
    private int height;
    private int stride;
    private int plane;
    private boolean lastPassSkipsRefinement;

    CodeBlockDecoder(BlockStyle style, int regionShift) {
        this.style = style;
        this.regionShift = regionShift;
    }

    private static int count(int flags, int which) {
        return Integer.bitCount(flags & which);
    }

    private static int zeroCoding(int h, int v, int d) {
        if (h == 2) {
            return 8;
        }
        if (h == 1) {
            if (v > 0) {
                return 7;
            }
            return d > 0 ? 6 : 5;
        }
        return v > 0 ? 2 + v : Math.min(d, 2);
    }

    private static int zeroCodingDiagonal(int hv, int d) {
        if (d >= 3) {
            return 8;
        }
        if (d == 2) {
            return hv > 0 ? 7 : 6;
        }
        return (d == 1 ? 3 : 0) + Math.min(hv, 2);
    }

    private static int contribution(int signFlags, int neighbour) {
        if ((signFlags & neighbour) == 0) {
            return 0;
        }
        return (signFlags & neighbour << 4) == 0 ? 1 : -1;
    }

    private static int signCoding(int horizontal, int vertical) {
        int invert = horizontal < 0 || horizontal == 0 && vertical < 0 ? 1 : 0;
        int h = Math.abs(horizontal);
        int v = invert == 1 ? -vertical : vertical;
        return (h == 0 ? SIGN_CONTEXTS + v : SIGN_CONTEXTS + 3 + v) | invert << 7;
    }

    /** Decodes one code-block; the result stays here until the next one. */
    void decode(CodeBlock block, byte[] packets, int blockWidth, int blockHeight, Subband band) throws InputException {
        width = blockWidth;
        height = blockHeight;
        stride = width + 2;
        flags = zeros(flags, stride * (height + 2));
        magnitudes = zeros(magnitudes, width * height);
        zeroCoding = ZERO_CODING[band.highX() == 0 ? 0 : 1 + band.highY()];
        gather(block, packets);
        decodePasses(block);
    }

    private static int[] zeros(int[] array, int length) {
        if (array.length < length) {
            return new int[length];
        }
        Arrays.fill(array, 0, length, 0);
        return array;
    }

    private void gather(CodeBlock block, byte[] packets) {
        int length = 0;
        for (int i = 0; i < block.chunkCount(); i++) {
            length += block.chunkBytes(i);
        }
        if (segments.length < length) {
            segments = new byte[length];
        }
        int at = 0;
        for (int i = 0; i < block.chunkCount(); i++) {
            System.arraycopy(packets, block.chunkOffset(i), segments, at, block.chunkBytes(i));
            at += block.chunkBytes(i);
        }
    }

    private void decodePasses(CodeBlock block) throws InputException {
        mq.resetContexts();
        int chunk = 0;
        int from = 0;
        int endOfSegment = 0;
        for (int pass = 0; pass < block.passes(); pass++) {
            boolean bypass = style.bypasses(pass);
            if (pass == endOfSegment) {
                long last = style.lastPassOfSegment(pass);
                int to = from;
                while (chunk < block.chunkCount() && endOfSegment <= last) {
                    to += block.chunkBytes(chunk);
                    endOfSegment += block.chunkPasses(chunk);
                    chunk++;
                }
                if (bypass) {
                    raw.begin(segments, from, to);
                } else {
                    mq.begin(segments, from, to);
                }
                from = to;
            }
            plane = block.planes() - 1 - (pass + 2) / 3;
            switch (pass % 3) {
                case 0 -> cleanUp(pass == block.passes() - 1);
                case 1 -> propagateSignificance(bypass);
                default -> refine(bypass);
            }
            if (style.has(BlockStyle.RESET)) {
                mq.resetContexts();
            }
        }
        lastPassSkipsRefinement = block.passes() % 3 == 2;
    }

    private void propagateSignificance(boolean bypass) {
        for (int top = 0; top < height; top += 4) {
            int bottom = Math.min(top + 4, height);
            for (int x = 0; x < width; x++) {
                int at = (top + 1) * stride + x + 1;
                for (int y = top; y < bottom; y++) {
                    int f = flags[at];
                    if ((f & SIGNIFICANT) == 0 && (f & NEIGHBOURS) != 0) {
                        flags[at] = f | VISITED;
                        if (bypass) {
                            if (raw.bit() == 1) {
                                becomeSignificant(at, x, y, raw.bit());
                            }
                        } else if (mq.decode(zeroCoding[f & NEIGHBOURS]) == 1) {
                            becomeSignificant(at, x, y, decodeSign(f));
                        }
                    }
                    at += stride;
                }
            }
        }
    }

    private void refine(boolean bypass) {
        for (int top = 0; top < height; top += 4) {
            int bottom = Math.min(top + 4, height);
            for (int x = 0; x < width; x++) {
                int at = (top + 1) * stride + x + 1;
                for (int y = top; y < bottom; y++) {
                    int f = flags[at];
                    if ((f & (SIGNIFICANT | VISITED)) == SIGNIFICANT) {
                        int bit;
                        if (bypass) {
                            bit = raw.bit();
                        } else if ((f & REFINED) != 0) {
                            bit = mq.decode(REFINEMENT_CONTEXTS + 2);
                        } else {
                            bit = mq.decode(REFINEMENT_CONTEXTS + ((f & NEIGHBOURS) == 0 ? 0 : 1));
                        }
                        flags[at] = f | REFINED;
                        magnitudes[y * width + x] |= bit << plane;
                    }
                    at += stride;
                }
            }
        }
    }

    private void cleanUp(boolean last) throws InputException {
        for (int top = 0; top < height; top += 4) {
            int bottom = Math.min(top + 4, height);
            for (int x = 0; x < width; x++) {
                int y = top;
                int at = (top + 1) * stride + x + 1;
                if (bottom - top == 4 && nothingIsKnown(at)) {
                    if (mq.decode(MqDecoder.RUN_LENGTH) == 0) {
                        continue;
                    }
                    int zeros = mq.decode(MqDecoder.UNIFORM) << 1;
                    zeros |= mq.decode(MqDecoder.UNIFORM);
                    y += zeros;
                    at += zeros * stride;
                    becomeSignificant(at, x, y, decodeSign(flags[at]));
                    y++;
                    at += stride;
                }
                for (; y < bottom; y++) {
                    int f = flags[at];
                    if ((f & (SIGNIFICANT | VISITED)) == 0 && mq.decode(zeroCoding[f & NEIGHBOURS]) == 1) {
                        becomeSignificant(at, x, y, decodeSign(f));
                    }
                    flags[at] &= ~VISITED;
                    at += stride;
                }
            }
        }
        if (style.has(BlockStyle.SEGMENTATION_SYMBOLS)) {
            int symbol = 0;
            for (int i = 0; i < 4; i++) {
                symbol = symbol << 1 | mq.decode(MqDecoder.UNIFORM);
            }
            // Where an encoder cut a code-block to save bytes, it may have cut them too close for the symbol at the
            // end.
            if (symbol != 0b1010 && !(last && plane > 0)) {
                throw Codestream.malformed("a segmentation symbol is wrong", "symbol " + symbol);
            }
        }
    }

    /** Whether four coefficients from one on down are insignificant without significant neighbours, and to be coded. */
    private boolean nothingIsKnown(int at) {
        int f = flags[at] | flags[at + stride] | flags[at + 2 * stride] | flags[at + 3 * stride];
        return (f & (NEIGHBOURS | SIGNIFICANT | VISITED)) == 0;
    }

    private int decodeSign(int f) {
        int coding = SIGN_CODING[f & 0xF | f >> NEGATIVE_SHIFT - 4 & 0xF0];
        return mq.decode(coding & 0x7F) ^ coding >> 7;
    }

    private void becomeSignificant(int at, int x, int y, int negative) {
        magnitudes[y * width + x] = 1 << plane;
        flags[at] |= SIGNIFICANT | negative * NEGATIVE;
        int sign = negative << NEGATIVE_SHIFT;
        flags[at - 1] |= EAST | sign * EAST;
        flags[at + 1] |= WEST | sign * WEST;
        int south = at + stride;
        flags[south - 1] |= NORTH_EAST;
        flags[south] |= NORTH | sign * NORTH;
        flags[south + 1] |= NORTH_WEST;
        // Vertically causal contexts (D.7) know nothing of the stripe below.
        if ((y & 3) != 0 || !style.has(BlockStyle.VERTICALLY_CAUSAL)) {
            int north = at - stride;
            flags[north - 1] |= SOUTH_EAST;
            flags[north] |= SOUTH | sign * SOUTH;
            flags[north + 1] |= SOUTH_WEST;
        }
    }

    /** The lowest bit plane of which a coefficient's bit is known. */
    private int lastPlane(int x, int y) {
        boolean skipped = lastPassSkipsRefinement && (flags[(y + 1) * stride + x + 1] & VISITED) == 0;
        return skipped ? plane + 1 : plane;
    }

    private boolean isNegative(int x, int y) {
        return (flags[(y + 1) * stride + x + 1] & NEGATIVE) != 0;
    }

    /** Copies the coefficients; those whose lowest bits are missing as the middle of what they may be (E.1.2). */
    void copyReversible(int[] to, int origin, int toStride) {
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int magnitude = magnitudes[y * width + x];
                if (magnitude != 0) {
                    int shift = regionShift(magnitude);
                    int missing = Math.max(0, lastPlane(x, y) - shift);
                    int value = (magnitude >> shift) + (1 << missing >> 1);
                    to[origin + y * toStride + x] = isNegative(x, y) ? -value : value;
                }
            }
        }
    }

    /** Copies the coefficients times the step of the quantiser, each as the middle of what it may be (E.1.1). */
    void copyIrreversible(float[] to, int origin, int toStride, float step) {
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int magnitude = magnitudes[y * width + x];
                if (magnitude != 0) {
                    int shift = regionShift(magnitude);
                    int missing = Math.max(0, lastPlane(x, y) - shift);
                    float value = ((magnitude >> shift) + Math.scalb(0.5f, missing)) * step;
                    to[origin + y * toStride + x] = isNegative(x, y) ? -value : value;
                }
            }
        }
    }

    /** Coefficients of a region of interest are larger than all others and are scaled back (H.1). */
    private int regionShift(int magnitude) {
        return regionShift > 0 && regionShift < 31 && magnitude >> regionShift != 0 ? regionShift : 0;
    }
}
