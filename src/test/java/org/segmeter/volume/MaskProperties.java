package org.segmeter.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** Masks against a plain array of booleans, on random boxes that begin and end anywhere within a word. */
class MaskProperties {

    private record Twin(Box box, boolean[] set) {

        static Twin random(Random random, double density) {
            int x0 = random.nextInt(140);
            int y0 = random.nextInt(4);
            int z0 = random.nextInt(4);
            Box box = new Box(
                    x0, y0, z0, x0 + 1 + random.nextInt(150), y0 + 1 + random.nextInt(4), z0 + 1 + random.nextInt(4));
            boolean[] set = new boolean[(int) box.voxelCount()];
            for (int i = 0; i < set.length; i++) {
                set[i] = random.nextDouble() < density;
            }
            return new Twin(box, set);
        }

        boolean contains(int x, int y, int z) {
            return box.contains(x, y, z) && set[((z - box.z0()) * box.ny() + y - box.y0()) * box.nx() + x - box.x0()];
        }

        BitMask bits() {
            BitMask mask = new BitMask(box);
            forEach(mask::set);
            return mask;
        }

        PointMask points() {
            Box tight = bits().box();
            int[] n = new int[1];
            int[] offsets = new int[set.length];
            forEach((x, y, z) ->
                    offsets[n[0]++] = ((z - tight.z0()) * tight.ny() + y - tight.y0()) * tight.nx() + x - tight.x0());
            return new PointMask(tight, Arrays.copyOf(offsets, n[0]));
        }

        void forEach(PointMask.VoxelConsumer consumer) {
            for (int z = box.z0(); z < box.z1(); z++) {
                for (int y = box.y0(); y < box.y1(); y++) {
                    for (int x = box.x0(); x < box.x1(); x++) {
                        if (contains(x, y, z)) {
                            consumer.accept(x, y, z);
                        }
                    }
                }
            }
        }

        long count() {
            long[] n = new long[1];
            forEach((x, y, z) -> n[0]++);
            return n[0];
        }

        long shared(Twin other) {
            long[] n = new long[1];
            forEach((x, y, z) -> n[0] += other.contains(x, y, z) ? 1 : 0);
            return n[0];
        }

        Box tightBox() {
            int[] b = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, -1, -1, -1};
            forEach((x, y, z) -> {
                b[0] = Math.min(b[0], x);
                b[1] = Math.min(b[1], y);
                b[2] = Math.min(b[2], z);
                b[3] = Math.max(b[3], x + 1);
                b[4] = Math.max(b[4], y + 1);
                b[5] = Math.max(b[5], z + 1);
            });
            return b[3] < 0 ? Box.EMPTY : new Box(b[0], b[1], b[2], b[3], b[4], b[5]);
        }
    }

    @Property(tries = 500)
    void countBoxAndMembershipAreThoseOfTheSet(@ForAll long seed, @ForAll @DoubleRange(max = 1) double density) {
        Random random = new Random(seed);
        Twin twin = Twin.random(random, density * density);
        for (Mask mask : new Mask[] {twin.bits(), twin.points()}) {
            assertThat(mask.count()).isEqualTo(twin.count());
            assertThat(mask.box()).isEqualTo(twin.tightBox());
            assertThat(mask.isEmpty()).isEqualTo(twin.count() == 0);
            assertThat(mask.toBitMask()).isEqualTo(twin.bits());
            for (int i = 0; i < 200; i++) {
                int x = random.nextInt(400);
                int y = random.nextInt(10);
                int z = random.nextInt(10);
                assertThat(mask.contains(x, y, z)).isEqualTo(twin.contains(x, y, z));
            }
        }
    }

    @Property(tries = 500)
    void intersectionCountsTheSharedVoxelsWhateverTheBoxesAndKinds(@ForAll long seed) {
        Random random = new Random(seed);
        Twin a = Twin.random(random, 0.5);
        Twin b = Twin.random(random, 0.3);
        long expected = a.shared(b);
        for (Mask left : new Mask[] {a.bits(), a.points()}) {
            for (Mask right : new Mask[] {b.bits(), b.points()}) {
                assertThat(left.intersectionCount(right)).isEqualTo(expected);
                assertThat(right.intersectionCount(left)).isEqualTo(expected);
            }
        }
    }

    @Property(tries = 500)
    void aRunIsTheVoxelsFromItsBeginningToItsEnd(
            @ForAll @IntRange(max = 130) int from, @ForAll @IntRange(max = 200) int length) {
        BitMask byRun = new BitMask(new Box(0, 0, 0, 400, 2, 1));
        byRun.setRun(1, 0, from, from + length);
        BitMask byVoxel = new BitMask(new Box(0, 0, 0, 400, 2, 1));
        for (int x = from; x < from + length; x++) {
            byVoxel.set(x, 1, 0);
        }
        assertThat(byRun.words()).isEqualTo(byVoxel.words());
    }

    @Property(tries = 200)
    void equalMasksHaveEqualHashCodesWhateverTheyStore(@ForAll long seed) {
        Twin twin = Twin.random(new Random(seed), 0.2);
        BitMask tight = twin.points().toBitMask();
        BitMask wide = new BitMask(twin.box().union(new Box(0, 0, 0, 300, 9, 9)));
        twin.forEach(wide::set);
        assertThat(tight).isEqualTo(wide).hasSameHashCodeAs(wide);
        assertThat(twin.points()).isEqualTo(twin.points()).hasSameHashCodeAs(twin.points());
        wide.set(299, 8, 8);
        assertThat(wide.equals(tight)).isEqualTo(twin.contains(299, 8, 8));
    }
}
