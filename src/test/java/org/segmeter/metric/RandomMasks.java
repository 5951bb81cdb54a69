package org.segmeter.metric;

import java.util.Random;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/** Small random masks: noise of any density, boxes and balls, rarely empty, often at the border and across words. */
public final class RandomMasks {

    private RandomMasks() {}

    public static BitMask next(Random random, Box grid) {
        BitMask mask = new BitMask(grid);
        int pieces = 1 + random.nextInt(3);
        for (int i = 0; i < pieces; i++) {
            int cx = grid.x0() + random.nextInt(grid.nx());
            int cy = grid.y0() + random.nextInt(grid.ny());
            int cz = grid.z0() + random.nextInt(grid.nz());
            int radius = random.nextInt(5);
            double density = random.nextInt(3) == 0 ? random.nextDouble() : 1;
            boolean ball = random.nextBoolean();
            for (int z = grid.z0(); z < grid.z1(); z++) {
                for (int y = grid.y0(); y < grid.y1(); y++) {
                    for (int x = grid.x0(); x < grid.x1(); x++) {
                        int dx = Math.abs(x - cx);
                        int dy = Math.abs(y - cy);
                        int dz = Math.abs(z - cz);
                        boolean in = ball
                                ? dx * dx + dy * dy + dz * dz <= radius * radius
                                : Math.max(dx, Math.max(dy, dz)) <= radius;
                        if (in && random.nextDouble() < density) {
                            mask.set(x, y, z);
                        }
                    }
                }
            }
        }
        return mask;
    }

    /** A grid of random size whose first voxel may lie anywhere in its word. */
    public static Box grid(Random random) {
        int x0 = random.nextInt(130);
        int y0 = random.nextInt(3);
        int z0 = random.nextInt(3);
        return new Box(x0, y0, z0, x0 + 1 + random.nextInt(14), y0 + 1 + random.nextInt(9), z0 + 1 + random.nextInt(9));
    }

    /** At most 6 x 6 x 6 voxels, anywhere in a word and across two. */
    public static Box tinyGrid(Random random) {
        return tinyGrid(random, 6);
    }

    /** At most so many voxels along each axis. */
    public static Box tinyGrid(Random random, int most) {
        int x0 = random.nextInt(70);
        int y0 = random.nextInt(2);
        int z0 = random.nextInt(2);
        return new Box(
                x0,
                y0,
                z0,
                x0 + 1 + random.nextInt(most),
                y0 + 1 + random.nextInt(most),
                z0 + 1 + random.nextInt(most));
    }
}
