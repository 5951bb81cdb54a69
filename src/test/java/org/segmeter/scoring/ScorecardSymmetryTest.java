package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Voxels;

/**
 * What must not change any number of a scorecard under any built-in protocol: the direction and the order of the axes, where in the
 * volume the structures lie, which numbers they bear, how much of the volume a file stores. Where a published definition does depend
 * on one of them, it stands here by name with the reason.
 */
class ScorecardSymmetryTest {

    /** MedPy gives objects away in the order of their labels, which scipy counts from one corner of the volume. */
    private static final Set<String> IN_THE_ORDER_OF_LABELS = Set.of("object_tpr", "object_fpr", "object_assd");

    /** Thinning takes away the six sides of an object one after another. */
    private static final Set<String> THINNED = Set.of(
            "cldice",
            "topology_precision",
            "topology_sensitivity",
            "skeleton_voxels_prediction",
            "skeleton_voxels_reference");

    private static final List<String> ALL =
            Protocols.builtIn().all().stream().map(Protocol::id).toList();

    /** The regions that protocols declare are made of segments by their numbers, and would cost as much again. */
    private static final Scope NO_REGIONS = new Scope(null, null, List.of());

    private static final int[] SIZE = {70, 24, 18};
    private static final double[] SPACING = {0.7, 1, 2.5};

    /** Where each voxel comes from. */
    private interface Move {
        int[] from(int[] at);
    }

    /** Volumes of values, x fastest; hard ones hold 0 and 1. */
    private record Pair(int[] size, double[] spacing, List<float[]> predictions, List<float[]> references) {

        static Pair random(Random random, boolean soft) {
            List<float[]> predictions = new ArrayList<>();
            List<float[]> references = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                float[] r = ball(20 + 14 * i, 11, 9, 4 + i, random, 0.02);
                float[] p = ball(21 + 14 * i, 12, 8 + i % 2, 4 + i, random, 0.02);
                if (soft) {
                    for (int v = 0; v < p.length; v++) {
                        p[v] = p[v] > 0
                                ? 0.5f + random.nextFloat() / 2
                                : random.nextInt(9) == 0 ? random.nextFloat() / 2 : 0;
                    }
                    clearMargin(p);
                }
                predictions.add(p);
                references.add(r);
            }
            return new Pair(SIZE, SPACING, predictions, references);
        }

        /** A ball with loose voxels around it, far from the volume's border. */
        private static float[] ball(double cx, double cy, double cz, double radius, Random random, double noise) {
            float[] values = new float[SIZE[0] * SIZE[1] * SIZE[2]];
            for (int z = 0; z < SIZE[2]; z++) {
                for (int y = 0; y < SIZE[1]; y++) {
                    for (int x = 0; x < SIZE[0]; x++) {
                        double d = Math.hypot(Math.hypot(x - cx, y - cy), 2 * (z - cz));
                        boolean in = d <= radius || d < radius + 4 && random.nextDouble() < noise;
                        values[(z * SIZE[1] + y) * SIZE[0] + x] = in ? 1 : 0;
                    }
                }
            }
            clearMargin(values);
            return values;
        }

        private static void clearMargin(float[] values) {
            for (int i = 0; i < values.length; i++) {
                int x = i % SIZE[0];
                int y = i / SIZE[0] % SIZE[1];
                int z = i / SIZE[0] / SIZE[1];
                if (x < 5 || x >= SIZE[0] - 5 || y < 3 || y >= SIZE[1] - 3 || z < 3 || z >= SIZE[2] - 3) {
                    values[i] = 0;
                }
            }
        }

        Pair moved(int[] newSize, double[] newSpacing, Move move) {
            return new Pair(
                    newSize,
                    newSpacing,
                    predictions.stream().map(v -> moved(v, newSize, move)).toList(),
                    references.stream().map(v -> moved(v, newSize, move)).toList());
        }

        private float[] moved(float[] values, int[] newSize, Move move) {
            float[] out = new float[values.length];
            for (int z = 0; z < newSize[2]; z++) {
                for (int y = 0; y < newSize[1]; y++) {
                    for (int x = 0; x < newSize[0]; x++) {
                        int[] f = move.from(new int[] {x, y, z});
                        out[(z * newSize[1] + y) * newSize[0] + x] = values[(f[2] * size[1] + f[1]) * size[0] + f[0]];
                    }
                }
            }
            return out;
        }

        Pair flipped(int axis) {
            return moved(size, spacing, at -> {
                at[axis] = size[axis] - 1 - at[axis];
                return at;
            });
        }

        /** Axis a of the result is axis order[a] of this. */
        Pair permuted(int[] order) {
            int[] newSize = {size[order[0]], size[order[1]], size[order[2]]};
            double[] newSpacing = {spacing[order[0]], spacing[order[1]], spacing[order[2]]};
            return moved(newSize, newSpacing, at -> {
                int[] from = new int[3];
                for (int a = 0; a < 3; a++) {
                    from[order[a]] = at[a];
                }
                return from;
            });
        }

        Pair translated(int dx, int dy, int dz) {
            return moved(size, spacing, at -> new int[] {
                Math.floorMod(at[0] - dx, size[0]),
                Math.floorMod(at[1] - dy, size[1]),
                Math.floorMod(at[2] - dz, size[2])
            });
        }

        Pair relabelled(int[] order) {
            return new Pair(
                    size,
                    spacing,
                    List.of(predictions.get(order[0]), predictions.get(order[1]), predictions.get(order[2])),
                    List.of(references.get(order[0]), references.get(order[1]), references.get(order[2])));
        }

        /** @param margin how much more than what is not 0 is stored */
        Scorecard score(boolean soft, int margin) throws Exception {
            Grid grid = Synthetic.grid(size[0], size[1], size[2], spacing[0], spacing[1], spacing[2]);
            return Scorer.standard()
                    .score(
                            Synthetic.of(grid, stored(predictions, soft, margin)),
                            Synthetic.of(grid, stored(references, false, margin)),
                            ScoringOptions.defaults().withProtocols(ALL).withScope(NO_REGIONS),
                            CancelSignal.none());
        }

        private Voxels[] stored(List<float[]> volumes, boolean soft, int margin) {
            Voxels[] voxels = new Voxels[volumes.size()];
            for (int i = 0; i < voxels.length; i++) {
                Box box =
                        around(volumes.get(i)).grown(margin).intersection(new Box(0, 0, 0, size[0], size[1], size[2]));
                BitMask mask = new BitMask(box);
                float[] values = new float[(int) box.voxelCount()];
                int n = 0;
                for (int z = box.z0(); z < box.z1(); z++) {
                    for (int y = box.y0(); y < box.y1(); y++) {
                        for (int x = box.x0(); x < box.x1(); x++) {
                            values[n] = volumes.get(i)[(z * size[1] + y) * size[0] + x];
                            if (values[n++] > 0) {
                                mask.set(x, y, z);
                            }
                        }
                    }
                }
                voxels[i] = soft ? new ProbabilityVolume(box, values) : mask;
            }
            return voxels;
        }

        private Box around(float[] values) {
            Box box = Box.EMPTY;
            for (int i = 0; i < values.length; i++) {
                if (values[i] > 0) {
                    int x = i % size[0];
                    int y = i / size[0] % size[1];
                    int z = i / size[0] / size[1];
                    box = box.union(new Box(x, y, z, x + 1, y + 1, z + 1));
                }
            }
            return box;
        }
    }

    /** Every value by protocol, segment, metric and parameters; one that is not there is NaN. */
    private static Map<String, Double> values(Scorecard card, int[] segments) {
        Map<String, Double> all = new TreeMap<>();
        List<Map<String, List<MetricValue>>> own = new ArrayList<>();
        for (Scorecard.SegmentScore s : card.segments()) {
            Map<String, List<MetricValue>> both = new LinkedHashMap<>(s.metrics());
            both.putAll(s.loss());
            own.add(both);
        }
        add(
                all,
                card.protocol().id(),
                own,
                segments,
                card.overall().metrics(),
                card.overall().multiclass());
        add(
                all,
                card.protocol().id() + " loss",
                List.of(),
                segments,
                card.overall().loss(),
                Map.of());
        for (Scorecard.ProtocolScores p : card.byProtocol()) {
            add(all, p.protocol().id(), p.segments(), segments, p.overall(), p.multiclass());
        }
        return all;
    }

    private static void add(
            Map<String, Double> all,
            String protocol,
            List<Map<String, List<MetricValue>>> own,
            int[] segments,
            Map<String, List<MetricValue>> union,
            Map<String, List<MetricValue>> classes) {
        for (int i = 0; i < own.size(); i++) {
            add(all, protocol + " segment " + segments[i], own.get(i));
        }
        add(all, protocol + " union", union);
        add(all, protocol + " classes", classes);
    }

    private static void add(Map<String, Double> all, String where, Map<String, List<MetricValue>> metrics) {
        metrics.forEach((name, values) -> {
            for (MetricValue v : values) {
                Number value = v.value();
                all.put(where + " " + name + " " + v.parameters(), value == null ? Double.NaN : value.doubleValue());
            }
        });
    }

    private static final int[] IN_ORDER = {0, 1, 2};

    private static void assertSame(
            Map<String, Double> expected, Map<String, Double> found, String what, BiPredicate<String, String> differs) {
        int same = 0;
        List<String> other = new ArrayList<>();
        for (Map.Entry<String, Double> e : expected.entrySet()) {
            String[] words = e.getKey().split(" ");
            String metric = words[1].equals("segment") ? words[3] : words[1].equals("loss") ? words[3] : words[2];
            if (differs.test(words[0], metric)) {
                continue;
            }
            double a = e.getValue();
            Double b = found.get(e.getKey());
            assertThat(b).as("%s after %s", e.getKey(), what).isNotNull();
            same++;
            if (Double.isNaN(a) != Double.isNaN(b) || Math.abs(a - b) > 1e-9 * Math.max(1, Math.abs(a))) {
                other.add(e.getKey() + ": " + a + ", after " + what + " " + b);
            }
        }
        assertThat(other).isEmpty();
        System.out.println(what + ": " + same + " values are the same");
        assertThat(same).isGreaterThan(1500);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void flippingAnAxisChangesNoNumber(int axis) throws Exception {
        long seed = 20261128L + axis;
        for (boolean soft : new boolean[] {false, true}) {
            Pair pair = Pair.random(new Random(seed), soft);
            Map<String, Double> before = values(pair.score(soft, 1), IN_ORDER);
            Map<String, Double> after = values(pair.flipped(axis).score(soft, 1), IN_ORDER);
            assertSame(
                    before,
                    after,
                    "a flip of axis " + axis + ", seed " + seed,
                    (protocol, metric) -> IN_THE_ORDER_OF_LABELS.contains(metric)
                            || THINNED.contains(metric)
                            || metric.equals("worst_slice_index")
                            // Of the labelled slices the last is left out, whichever it is.
                            || protocol.equals("flare22@1") && axis == 2
                            // The published mesh cuts each voxel face along one of its diagonals.
                            || protocol.equals("meshmetrics@1"));
        }
    }

    @Test
    void theOrderOfTheAxesChangesNoNumber() throws Exception {
        long seed = 20261129L;
        Pair pair = Pair.random(new Random(seed), false);
        Map<String, Double> before = values(pair.score(false, 1), IN_ORDER);
        for (int[] order : new int[][] {{1, 2, 0}, {2, 1, 0}}) {
            Map<String, Double> after = new TreeMap<>();
            values(pair.permuted(order).score(false, 1), IN_ORDER).forEach((key, value) -> {
                int at = key.indexOf("axis=");
                String named = at < 0
                        ? key
                        : key.substring(0, at + 5)
                                + "xyz".charAt(order["xyz".indexOf(key.charAt(at + 5))])
                                + key.substring(at + 6);
                after.put(named, value);
            });
            assertSame(
                    before,
                    after,
                    "axes in the order " + order[0] + order[1] + order[2] + ", seed " + seed,
                    (protocol, metric) -> IN_THE_ORDER_OF_LABELS.contains(metric)
                            || THINNED.contains(metric)
                            || metric.equals("worst_slice_index")
                            // Slices of every axis are in this protocol, those of z in the others.
                            || !protocol.equals("segmeter-slices@1")
                                    && (metric.contains("slice") || metric.startsWith("added_path"))
                            || Set.of("flare22@1", "boundary-iou@1", "meshmetrics@1")
                                    .contains(protocol));
        }
    }

    @Test
    void movingTheStructuresInTheVolumeChangesNoNumber() throws Exception {
        long seed = 20261130L;
        for (boolean soft : new boolean[] {false, true}) {
            Pair pair = Pair.random(new Random(seed), soft);
            Map<String, Double> before = values(pair.score(soft, 0), IN_ORDER);
            for (int[] by : new int[][] {{5, -2, 1}, {-4, 3, -3}}) {
                assertSame(
                        before,
                        values(pair.translated(by[0], by[1], by[2]).score(soft, 0), IN_ORDER),
                        "moving by " + by[0] + ", " + by[1] + ", " + by[2] + ", seed " + seed,
                        (protocol, metric) -> metric.equals("worst_slice_index"));
            }
        }
    }

    @Test
    void theNumbersOfTheSegmentsChangeNoNumber() throws Exception {
        long seed = 20261201L;
        Pair pair = Pair.random(new Random(seed), false);
        int[] order = {2, 0, 1};
        assertSame(
                values(pair.score(false, 1), IN_ORDER),
                values(pair.relabelled(order).score(false, 1), order),
                "other numbers of the segments, seed " + seed,
                // FLARE22's organs are known by their numbers; weighted kappa counts how far apart numbers are.
                (protocol, metric) -> protocol.equals("flare22@1") || metric.equals("kappa"));
    }

    @Test
    void howMuchOfTheVolumeIsStoredChangesNoNumber() throws Exception {
        long seed = 20261202L;
        for (boolean soft : new boolean[] {false, true}) {
            Pair pair = Pair.random(new Random(seed), soft);
            assertSame(
                    values(pair.score(soft, 0), IN_ORDER),
                    values(pair.score(soft, 9), IN_ORDER),
                    "a larger stored box, seed " + seed,
                    (protocol, metric) -> false);
        }
    }
}
