package org.segmeter.format.dicom.jpeg2000;

import java.util.Arrays;

/** The arithmetic decoder (T.800 annex C, the names of its variables are kept) with the contexts of annex D. */
final class MqDecoder {

    static final int RUN_LENGTH = 17;
    static final int UNIFORM = 18;
    private static final int CONTEXTS = 19;

    /** Table C.2: for each state Qe, next state after MPS, next state after LPS, and 1 where the sense of the MPS switches. */
    private static final int[][] STATES = {
        {0x5601, 1, 1, 1}, {0x3401, 2, 6, 0}, {0x1801, 3, 9, 0}, {0x0AC1, 4, 12, 0},
        {0x0521, 5, 29, 0}, {0x0221, 38, 33, 0}, {0x5601, 7, 6, 1}, {0x5401, 8, 14, 0},
        {0x4801, 9, 14, 0}, {0x3801, 10, 14, 0}, {0x3001, 11, 17, 0}, {0x2401, 12, 18, 0},
        {0x1C01, 13, 20, 0}, {0x1601, 29, 21, 0}, {0x5601, 15, 14, 1}, {0x5401, 16, 14, 0},
        {0x5101, 17, 15, 0}, {0x4801, 18, 16, 0}, {0x3801, 19, 17, 0}, {0x3401, 20, 18, 0},
        {0x3001, 21, 19, 0}, {0x2801, 22, 19, 0}, {0x2401, 23, 20, 0}, {0x2201, 24, 21, 0},
        {0x1C01, 25, 22, 0}, {0x1801, 26, 23, 0}, {0x1601, 27, 24, 0}, {0x1401, 28, 25, 0},
        {0x1201, 29, 26, 0}, {0x1101, 30, 27, 0}, {0x0AC1, 31, 28, 0}, {0x09C1, 32, 29, 0},
        {0x08A1, 33, 30, 0}, {0x0521, 34, 31, 0}, {0x0441, 35, 32, 0}, {0x02A1, 36, 33, 0},
        {0x0221, 37, 34, 0}, {0x0141, 38, 35, 0}, {0x0111, 39, 36, 0}, {0x0085, 40, 37, 0},
        {0x0049, 41, 38, 0}, {0x0025, 42, 39, 0}, {0x0015, 43, 40, 0}, {0x0009, 44, 41, 0},
        {0x0005, 45, 42, 0}, {0x0001, 45, 43, 0}, {0x5601, 46, 46, 0}
    };

    // The table again with the MPS as the lowest bit of the state.
    private static final int[] QE = new int[2 * STATES.length];
    private static final byte[] AFTER_MPS = new byte[2 * STATES.length];
    private static final byte[] AFTER_LPS = new byte[2 * STATES.length];

    static {
        for (int i = 0; i < STATES.length; i++) {
            for (int mps = 0; mps < 2; mps++) {
                QE[2 * i + mps] = STATES[i][0];
                AFTER_MPS[2 * i + mps] = (byte) (2 * STATES[i][1] + mps);
                AFTER_LPS[2 * i + mps] = (byte) (2 * STATES[i][2] + (mps ^ STATES[i][3]));
            }
        }
    }

    private final byte[] states = new byte[CONTEXTS];
    private byte[] data = new byte[0];
    private int bp;
    private int end;
    private int a;
    private int c;
    private int ct;

    /** Table D.7. */
    void resetContexts() {
        Arrays.fill(states, (byte) 0);
        states[0] = 2 * 4;
        states[RUN_LENGTH] = 2 * 3;
        states[UNIFORM] = 2 * 46;
    }

    /** Begins a codeword segment (C.3.5). Behind its end the decoder sees bytes FF (D.4.1). */
    void begin(byte[] segments, int from, int to) {
        data = segments;
        bp = from;
        end = to;
        c = current() << 16;
        byteIn();
        c <<= 7;
        ct -= 7;
        a = 0x8000;
    }

    private int current() {
        return bp < end ? data[bp] & 0xFF : 0xFF;
    }

    private void byteIn() {
        int next = bp + 1 < end ? data[bp + 1] & 0xFF : 0xFF;
        if (current() == 0xFF) {
            if (next > 0x8F) {
                c += 0xFF00;
                ct = 8;
            } else {
                bp++;
                c += next << 9;
                ct = 7;
            }
        } else {
            bp++;
            c += next << 8;
            ct = 8;
        }
    }

    int decode(int context) {
        int state = states[context];
        int qe = QE[state];
        int d = state & 1;
        a -= qe;
        if (c >>> 16 < qe) {
            if (a < qe) {
                states[context] = AFTER_MPS[state];
            } else {
                d ^= 1;
                states[context] = AFTER_LPS[state];
            }
            a = qe;
        } else {
            c -= qe << 16;
            if ((a & 0x8000) != 0) {
                return d;
            }
            if (a < qe) {
                d ^= 1;
                states[context] = AFTER_LPS[state];
            } else {
                states[context] = AFTER_MPS[state];
            }
        }
        do {
            if (ct == 0) {
                byteIn();
            }
            a <<= 1;
            c <<= 1;
            ct--;
        } while ((a & 0x8000) == 0);
        return d;
    }
}
