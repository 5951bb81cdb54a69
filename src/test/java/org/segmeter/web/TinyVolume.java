package org.segmeter.web;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Label maps of 12 x 12 x 12 voxels of 1 mm as NIfTI-1, for tests that need many cases and no size. */
final class TinyVolume {

    private static final int SIZE = 12;

    private TinyVolume() {}

    /** A cube of the label 1 with its lowest corner at (x, y, z). */
    static byte[] cube(int x, int y, int z, int edge) {
        ByteBuffer file = ByteBuffer.allocate(352 + SIZE * SIZE * SIZE).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {3, SIZE, SIZE, SIZE, 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, 1);
        }
        file.putShort(70, (short) 2).putShort(72, (short) 8).putFloat(108, 352);
        file.put(123, (byte) 2).putShort(254, (short) 1);
        for (int axis = 0; axis < 3; axis++) {
            file.putFloat(280 + 20 * axis, 1);
        }
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        for (int k = z; k < z + edge; k++) {
            for (int j = y; j < y + edge; j++) {
                for (int i = x; i < x + edge; i++) {
                    file.put(352 + (k * SIZE + j) * SIZE + i, (byte) 1);
                }
            }
        }
        return file.array();
    }
}
