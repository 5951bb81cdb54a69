package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;

/**
 * What QCD and QCC say of a component (T.800 A.6.4): for each subband, LL first, exponent and mantissa of its step.
 *
 * @param style 0 none, 1 derived from LL, 2 each subband of its own
 * @param steps as in table A.30, exponent in the upper five of 16 bits
 */
record Quantisation(int style, int guardBits, int[] steps) {

    static Quantisation read(Codestream in) throws InputException {
        int style = in.u8();
        int kind = style & 31;
        if (kind > 2) {
            throw Codestream.malformed("its quantisation is of no known style", "style " + kind);
        }
        int size = kind == 0 ? 1 : 2;
        int count = in.remaining() / size;
        if (count == 0 || in.remaining() != count * size || kind == 1 && count != 1) {
            throw Codestream.malformed("its quantisation has the wrong length", in.remaining() + " bytes");
        }
        int[] steps = new int[count];
        for (int i = 0; i < count; i++) {
            steps[i] = kind == 0 ? in.u8() >> 3 << 11 : in.u16();
        }
        return new Quantisation(kind, style >> 5, steps);
    }

    /**
     * The exponent of a subband (E.1.1).
     *
     * @param index of the subband: 0 for LL, then three for each resolution
     * @param above resolutions between the subband's own level and LL's
     */
    int exponent(int index, int above) throws InputException {
        if (style == 1) {
            int exponent = (steps[0] >> 11) - above;
            if (exponent < 0) {
                throw Codestream.malformed("its quantisation does not suit its decomposition", "exponent " + exponent);
            }
            return exponent;
        }
        if (index >= steps.length) {
            throw Codestream.malformed("its quantisation lacks subbands", steps.length + " subbands");
        }
        return steps[index] >> 11;
    }

    /** 1 plus the mantissa, the factor of equation E-3. */
    double factor(int index) {
        int step = style == 1 ? steps[0] : steps[index];
        return 1 + (step & 0x7FF) / 2048.0;
    }
}
