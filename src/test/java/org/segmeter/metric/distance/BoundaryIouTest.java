package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.RandomMasks;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Boundary IoU against its definition, voxel by voxel. */
class BoundaryIouTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void isWhatTheDefinitionSaysForRandomMasks(int seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            Box grid = RandomMasks.grid(random);
            agrees(RandomMasks.next(random, grid), RandomMasks.next(random, grid), random, 8);
        }
    }

    /** So wide a boundary reaches over more rows than are spread one by one. */
    @ParameterizedTest
    @ValueSource(ints = {5, 6})
    void isWhatTheDefinitionSaysForWideBoundaries(int seed) {
        Random random = new Random(seed);
        Box grid = new Box(60, 0, 0, 66, 45, 45);
        BitMask p = new BitMask(grid);
        BitMask r = new BitMask(grid);
        for (int z = 0; z < 45; z++) {
            for (int y = 0; y < 45; y++) {
                p.setRun(y, z, 60, 66 - (random.nextInt(60) == 0 ? 1 : 0));
                r.setRun(y, z, 61, 66);
            }
        }
        agrees(p, r, random, 200);
    }

    private static void agrees(BitMask p, BitMask r, Random random, double widest) {
        if (p.isEmpty() || r.isEmpty()) {
            return;
        }
        Spacing spacing = new Spacing(0.5 + random.nextDouble(), 0.5 + random.nextDouble(), 1 + random.nextDouble());
        double limit = widest * random.nextDouble();
        assertThat(BoundaryIou.inMm(p, r, spacing, limit, CancelSignal.none()))
                .isEqualTo(ratio(hollowInMm(p, spacing, limit), hollowInMm(r, spacing, limit)));
        double voxels = 1 + random.nextInt(4);
        assertThat(BoundaryIou.inVoxels(p, r, voxels, CancelSignal.none()))
                .isEqualTo(ratio(hollowInVoxels(p, voxels), hollowInVoxels(r, voxels)));
    }

    private static double ratio(BitMask p, BitMask r) {
        long both = p.intersectionCount(r);
        long any = p.count() + r.count() - both;
        return any == 0 ? 0 : (double) both / any;
    }

    private static BitMask hollowInMm(BitMask mask, Spacing s, double limit) {
        return hollow(mask, mask.box().grown(1), false, s, 0.5, limit);
    }

    private static BitMask hollowInVoxels(BitMask mask, double voxels) {
        return hollow(mask, mask.box(), true, Spacing.VOXELS, 0, voxels);
    }

    private static BitMask hollow(BitMask mask, Box around, boolean inner, Spacing s, double nearer, double limit) {
        int[] targets = new int[Math.toIntExact(3 * around.voxelCount())];
        int n = 0;
        for (int z = around.z0(); z < around.z1(); z++) {
            for (int y = around.y0(); y < around.y1(); y++) {
                for (int x = around.x0(); x < around.x1(); x++) {
                    if (inner ? in(mask, x, y, z) && atFace(mask, x, y, z) : !in(mask, x, y, z)) {
                        targets[n++] = x;
                        targets[n++] = y;
                        targets[n++] = z;
                    }
                }
            }
        }
        Box box = mask.box();
        BitMask hollow = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        double least = Double.POSITIVE_INFINITY;
                        for (int i = 0; i < n; i += 3) {
                            double dx = step(x - targets[i], nearer) * s.x();
                            double dy = step(y - targets[i + 1], nearer) * s.y();
                            double dz = step(z - targets[i + 2], nearer) * s.z();
                            least = Math.min(least, dy * dy + dz * dz + dx * dx);
                        }
                        if (Math.sqrt(least) < limit * (1 - 1e-9)) {
                            hollow.set(x, y, z);
                        }
                    }
                }
            }
        }
        return hollow;
    }

    private static double step(int steps, double nearer) {
        return steps == 0 ? 0 : Math.abs(steps) - nearer;
    }

    private static boolean atFace(BitMask m, int x, int y, int z) {
        return !(in(m, x - 1, y, z)
                && in(m, x + 1, y, z)
                && in(m, x, y - 1, z)
                && in(m, x, y + 1, z)
                && in(m, x, y, z - 1)
                && in(m, x, y, z + 1));
    }

    private static boolean in(BitMask m, int x, int y, int z) {
        return x >= 0 && y >= 0 && z >= 0 && m.contains(x, y, z);
    }
}
