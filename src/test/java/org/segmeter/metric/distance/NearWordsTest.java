package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.segmeter.metric.Rounds;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Near points found a word of columns at a time, far ones by whichever way, and all searched for one by one give the same bits. */
class NearWordsTest {

    private static final long SEED = 20261128L;
    private static final int ROUNDS = Rounds.count(60);

    private static final Spacing[] SPACINGS = {
        Spacing.VOXELS,
        new Spacing(0.8, 0.8, 1.5),
        new Spacing(0.7, 0.7, 5),
        new Spacing(3, 0.9, 0.4),
        new Spacing(0.1, 1, 1),
        new Spacing(1, 9, 1)
    };

    /** How many points of a pair lie near the other surface, within some steps along each axis, and how many farther away. */
    private record Seen(long near, long far) {
        Seen plus(Seen more) {
            return new Seen(near + more.near, far + more.far);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AREA_WEIGHTED", "BOUNDARY_6", "BOUNDARY_6_TO_REGION"})
    void smallBodiesAllOverAVolumeOfAnyShapeAreAsFarAsASearchForEachPointSays(SurfaceModel model) {
        long seed = SEED + model.ordinal();
        Random random = new Random(seed);
        Seen seen = new Seen(0, 0);
        for (int round = 0; round < ROUNDS; round++) {
            Box grid = grid(random);
            BitMask p = new BitMask(grid);
            BitMask r = new BitMask(grid);
            int bodies = 1 + random.nextInt(8);
            for (int body = 0; body < bodies; body++) {
                int x = grid.x0() + random.nextInt(grid.nx());
                int y = grid.y0() + random.nextInt(grid.ny());
                int z = grid.z0() + random.nextInt(grid.nz());
                int radius = random.nextInt(5);
                int there = body == 0 ? 2 : random.nextInt(4);
                if (there != 0) {
                    ball(p, x, y, z, radius);
                }
                if (there != 1) {
                    ball(r, x + random.nextInt(4), y + random.nextInt(3), z + random.nextInt(2), radius);
                }
            }
            Spacing spacing = random.nextInt(4) == 0
                    ? new Spacing(
                            0.3 + random.nextDouble(), 0.3 + 2 * random.nextDouble(), 0.3 + 4 * random.nextDouble())
                    : SPACINGS[random.nextInt(SPACINGS.length)];
            if (!p.isEmpty() && !r.isEmpty()) {
                seen = seen.plus(same(p, r, spacing, model, "seed " + seed + ", round " + round));
            }
        }
        System.out.println(model + ": " + ROUNDS + " pairs, seed " + seed + ", " + seen);
        assertThat(seen.near).isGreaterThan(100);
        assertThat(seen.far).isGreaterThan(100);
    }

    /** Often without a second voxel along an axis, or wider than a word. */
    private static Box grid(Random random) {
        int[] most = {200, 150, 50};
        int[] first = new int[3];
        int[] size = new int[3];
        for (int axis = 0; axis < 3; axis++) {
            first[axis] = random.nextInt(70);
            size[axis] = random.nextInt(4) == 0 ? 1 + random.nextInt(2) : 1 + random.nextInt(most[axis]);
        }
        return new Box(first[0], first[1], first[2], first[0] + size[0], first[1] + size[1], first[2] + size[2]);
    }

    private static void ball(BitMask mask, int cx, int cy, int cz, int radius) {
        Box box = mask.stored();
        for (int z = Math.max(box.z0(), cz - radius); z < Math.min(box.z1(), cz + radius + 1); z++) {
            for (int y = Math.max(box.y0(), cy - radius); y < Math.min(box.y1(), cy + radius + 1); y++) {
                for (int x = Math.max(box.x0(), cx - radius); x < Math.min(box.x1(), cx + radius + 1); x++) {
                    if ((x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz) <= radius * radius) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
    }

    @Test
    void slicesOfMoreRowsThanAreLookedAtTogetherAreMeasuredToTheEnd() {
        Random random = new Random(SEED);
        Box grid = new Box(60, 5, 3, 70, 9005, 5);
        BitMask p = new BitMask(grid);
        BitMask r = new BitMask(grid);
        for (int y = grid.y0(); y < grid.y1(); y++) {
            p.set(60 + random.nextInt(10), y, 3);
            r.set(60 + random.nextInt(10), y, 4);
        }
        Seen seen = same(p, r, new Spacing(0.8, 0.8, 1.5), SurfaceModel.REGION, "tall, seed " + SEED);
        assertThat(seen.near).isEqualTo(18_000);
    }

    private static Seen same(BitMask p, BitMask r, Spacing spacing, SurfaceModel model, String which) {
        SurfaceDistances d = SurfaceDistances.between(p, r, spacing, model, CancelSignal.none());
        Surface ps = Surface.of(p, model, spacing);
        Surface rs = Surface.of(r, model, spacing);
        boolean region = model == SurfaceModel.BOUNDARY_6_TO_REGION;
        PointSet toReference = region ? PointSet.voxels(r, r.box(), false) : rs.points();
        PointSet toPrediction = region ? PointSet.voxels(p, p.box(), false) : ps.points();
        return same(d.predictionToReference(), ps, toReference, spacing, which + ", forth")
                .plus(same(d.referenceToPrediction(), rs, toPrediction, spacing, which + ", back"));
    }

    private static Seen same(DistanceDistribution found, Surface from, PointSet to, Spacing spacing, String which) {
        PointSet q = from.points();
        NearestPoint.Search search = new NearestPoint(to, q.box(), spacing, 0).search();
        DistanceCounts counts = new DistanceCounts();
        double limit = NearSteps.of(spacing).squares[NearSteps.of(spacing).squares.length - 1];
        long near = 0;
        long far = 0;
        for (int z = q.z0; z < q.z0 + q.nz; z++) {
            for (int y = q.y0; y < q.y0 + q.ny; y++) {
                for (int i = 0; i < q.stride; i++) {
                    int wordX = q.wordX0 + i;
                    Surface.Neighbourhood around = from.around(wordX, y, z);
                    for (long left = q.word(wordX, y, z); left != 0; left &= left - 1) {
                        int bit = Long.numberOfTrailingZeros(left);
                        double square = search.squared((wordX << 6) + bit, y, z);
                        counts.add(square, around == null ? 0 : from.classAt(around, bit), 1);
                        near += square <= limit ? 1 : 0;
                        far += square > limit ? 1 : 0;
                    }
                }
            }
        }
        DistanceDistribution expected = counts.distribution(from.weights());
        assertThat(found.distances()).as(which).isEqualTo(expected.distances());
        assertThat(found.weights()).as(which).isEqualTo(expected.weights());
        assertThat(found.counts()).as(which).isEqualTo(expected.counts());
        return new Seen(near, far);
    }
}
