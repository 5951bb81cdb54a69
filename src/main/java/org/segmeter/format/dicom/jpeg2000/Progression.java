package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;

/**
 * An order of packets (T.800 B.12), and the resolutions and layers that it covers.
 *
 * @param order as in table A.16
 * @param firstResolution inclusive; {@code endResolution} and {@code endLayer} are exclusive
 */
record Progression(int order, int firstResolution, int endResolution, int endLayer) {

    static final int LAYER_RESOLUTION = 0;
    static final int RESOLUTION_LAYER = 1;
    static final int RESOLUTION_POSITION = 2;

    static int order(int code) throws InputException {
        if (code > 4) {
            throw Codestream.malformed("its progression order is none of the five", "order " + code);
        }
        return code;
    }

    /** One entry of a POC marker segment (A.6.6) of a stream with less than 257 components. */
    static Progression read(Codestream in) throws InputException {
        int firstResolution = in.u8();
        int firstComponent = in.u8();
        int endLayer = in.u16();
        int endResolution = in.u8();
        in.u8();
        int order = order(in.u8());
        return new Progression(order, firstResolution, firstComponent == 0 ? endResolution : 0, endLayer);
    }
}
