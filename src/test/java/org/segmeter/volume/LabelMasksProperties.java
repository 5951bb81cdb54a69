package org.segmeter.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Masks from labels agree with looking at every voxel. */
class LabelMasksProperties {

    @Property(tries = 300)
    void everyLabelGetsExactlyItsVoxels(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 150) int nx,
            @ForAll @IntRange(min = 1, max = 12) int ny,
            @ForAll @IntRange(min = 1, max = 9) int nz,
            @ForAll @IntRange(min = 0, max = 4) int kind)
            throws InputException {
        int[] labels = labels(new Random(seed), nx * ny * nz, kind);
        LabelMasks builder = new LabelMasks(nx, ny, nz, 65_535);
        builder.addInts(0, labels, 0, labels.length);
        assertSame(builder.masks(), labels, nx, ny, nz);
    }

    @Property(tries = 200)
    void theOrderAndSizeOfThePiecesDoNotMatter(@ForAll long seed, @ForAll @IntRange(min = 0, max = 4) int kind)
            throws InputException {
        Random random = new Random(seed);
        int nx = 1 + random.nextInt(140);
        int ny = 1 + random.nextInt(70);
        int nz = 1 + random.nextInt(5);
        int[] labels = labels(random, nx * ny * nz, kind);
        int piece = 1 + random.nextInt(labels.length);
        Integer[] order = new Integer[(labels.length + piece - 1) / piece];
        Arrays.setAll(order, i -> i);
        Collections.shuffle(Arrays.asList(order), random);
        LabelMasks builder = new LabelMasks(nx, ny, nz, 65_535);
        for (int p : order) {
            int from = p * piece;
            builder.addInts(from, labels, from, Math.min(piece, labels.length - from));
        }
        assertSame(builder.masks(), labels, nx, ny, nz);
    }

    @Property(tries = 200)
    void bytesAndShortsSayTheSameAsInts(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int kind)
            throws InputException {
        Random random = new Random(seed);
        int nx = 1 + random.nextInt(40);
        int ny = 1 + random.nextInt(40);
        int nz = 1 + random.nextInt(4);
        int[] labels = labels(random, nx * ny * nz, kind);
        int shift = random.nextInt(9);
        byte[] bytes = new byte[labels.length + shift];
        byte[] shorts = new byte[labels.length * 2 + shift];
        for (int i = 0; i < labels.length; i++) {
            labels[i] &= 0xff;
            bytes[shift + i] = (byte) labels[i];
            shorts[shift + 2 * i] = (byte) labels[i];
        }
        LabelMasks fromBytes = new LabelMasks(nx, ny, nz, 65_535);
        fromBytes.addUint8(0, bytes, shift, labels.length);
        assertSame(fromBytes.masks(), labels, nx, ny, nz);
        for (int i = 0; i < labels.length; i++) {
            shorts[shift + 2 * i + 1] = (byte) (labels[i] == 0 ? 0 : 3);
            labels[i] += labels[i] == 0 ? 0 : 768;
        }
        LabelMasks fromShorts = new LabelMasks(nx, ny, nz, 65_535);
        fromShorts.addUint16(0, shorts, shift, labels.length);
        assertSame(fromShorts.masks(), labels, nx, ny, nz);
    }

    @Example
    void sixtyFiveThousandLabelsOfNoiseCostASmallMultipleOfTheVolume() throws InputException {
        Random random = new Random(5);
        int n = 128;
        int[] labels = new int[n * n * n];
        Arrays.setAll(labels, i -> random.nextInt(65_536));
        LabelMasks builder = new LabelMasks(n, n, n, 65_535);
        builder.addInts(0, labels, 0, labels.length);
        SortedMap<Integer, Mask> masks = builder.masks();
        long voxels = 0;
        long bytes = 0;
        for (Mask mask : masks.values()) {
            voxels += mask.count();
            bytes += mask instanceof BitMask b ? 8L * b.words().length : 4 * mask.count();
        }
        assertThat(voxels).isEqualTo(Arrays.stream(labels).filter(v -> v != 0).count());
        assertThat(bytes).isLessThan(8L * labels.length);
        assertThat(masks.get(77)).isInstanceOf(PointMask.class);
    }

    @Example
    void moreLabelsThanTheLimitAreRefused() throws InputException {
        LabelMasks builder = new LabelMasks(10, 1, 1, 3);
        builder.addInts(0, new int[] {1, 2, -3, 1, 2}, 0, 5);
        assertThatThrownBy(() -> builder.add(4, 5, 6))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.TOO_LARGE));
    }

    @Example
    void aVolumeThatIsAllOneLabelIsOneFullMask() throws InputException {
        LabelMasks builder = new LabelMasks(130, 7, 3, 10);
        builder.add(-5, 0, 130 * 7 * 3);
        Mask mask = Objects.requireNonNull(builder.masks().get(-5));
        assertThat(mask.count()).isEqualTo(130 * 7 * 3);
        assertThat(mask.box()).isEqualTo(new Box(0, 0, 0, 130, 7, 3));
    }

    /** 0: few labels in blobs, 1: noise of few labels, 2: sparse points, 3: long runs, 4: any int as a label. */
    private static int[] labels(Random random, int n, int kind) {
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = switch (kind) {
                case 0 -> i / 37 % 3;
                case 1 -> random.nextInt(3);
                case 2 -> random.nextInt(200) == 0 ? 1 + random.nextInt(300) : 0;
                case 3 -> i > 0 && random.nextInt(50) != 0 ? labels[i - 1] : random.nextInt(4);
                default -> random.nextInt(4) == 0 ? random.nextInt() : 0;
            };
        }
        return labels;
    }

    private static void assertSame(SortedMap<Integer, Mask> masks, int[] labels, int nx, int ny, int nz) {
        Map<Integer, Integer> counts = new TreeMap<>();
        for (int label : labels) {
            if (label != 0) {
                counts.merge(label, 1, Integer::sum);
            }
        }
        assertThat(masks.keySet()).isEqualTo(counts.keySet());
        masks.forEach((label, mask) -> {
            assertThat(mask.count()).isEqualTo((long) counts.getOrDefault(label, 0));
            assertThat(new Box(0, 0, 0, nx, ny, nz).union(mask.box())).isEqualTo(new Box(0, 0, 0, nx, ny, nz));
        });
        int i = 0;
        for (int z = 0; z < nz; z++) {
            for (int y = 0; y < ny; y++) {
                for (int x = 0; x < nx; x++, i++) {
                    if (labels[i] != 0) {
                        assertThat(Objects.requireNonNull(masks.get(labels[i])).contains(x, y, z))
                                .isTrue();
                    }
                }
            }
        }
    }
}
