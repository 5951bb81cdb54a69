package org.segmeter.metric.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.RandomMasks;
import org.segmeter.metric.Rounds;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Objects, their matching and all that is counted of them, against definitions on sets of voxels. */
class InstanceTwinTest {

    private record Voxel(int x, int y, int z) {

        boolean joins(Voxel o, int steps) {
            int dx = Math.abs(x - o.x);
            int dy = Math.abs(y - o.y);
            int dz = Math.abs(z - o.z);
            return Math.max(dx, Math.max(dy, dz)) == 1 && dx + dy + dz <= steps;
        }
    }

    @ParameterizedTest
    @EnumSource
    void objectsAndTheirScoresAgreeWithSetsOfVoxels(Connectivity connectivity) {
        long seed = 20261127L + connectivity.ordinal();
        AtomicInteger contested = new AtomicInteger();
        AtomicInteger exact = new AtomicInteger();
        Rounds.each(seed, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random);
            BitMask p = objects(random, grid);
            BitMask r = random.nextInt(3) == 0 ? changed(random, p, grid) : objects(random, grid);
            Components pc = Components.of(p, connectivity);
            Components rc = Components.of(r, connectivity);
            List<Set<Voxel>> ps = parts(voxels(p, grid), connectivity);
            List<Set<Voxel>> rs = parts(voxels(r, grid), connectivity);
            assertSame(pc, ps, grid, which);
            assertSame(rc, rs, grid, which);
            double threshold = random.nextInt(6) * 0.1;
            MatchRule rule = new MatchRule(threshold, random.nextBoolean());
            InstanceMatching m = InstanceMatching.of(pc, rc, rule);
            double[][] iou = new double[ps.size()][rs.size()];
            for (int i = 0; i < ps.size(); i++) {
                for (int j = 0; j < rs.size(); j++) {
                    double both = common(ps.get(i), rs.get(j)).size();
                    assertThat(pc.overlapsWith(rc).voxels(i, j)).as(which).isEqualTo((long) both);
                    double value = both / (ps.get(i).size() + rs.get(j).size() - both);
                    boolean admitted = both > 0 && (rule.above() ? value > threshold : value >= threshold);
                    iou[i][j] = admitted ? value : 0;
                    exact.addAndGet(both > 0 && value == threshold ? 1 : 0);
                }
            }
            contested.addAndGet(assertBest(m, iou, rs.size(), which) ? 1 : 0);
            assertDetection(m, pc, rc, ps, rs, random, which);
        });
        System.out.println("objects of " + connectivity + ": " + Rounds.COUNT + " pairs agree, " + contested
                + " with rival matches, " + exact + " objects that meet a threshold exactly, seed " + seed);
        assertThat(contested.get()).isGreaterThan(Rounds.COUNT / 100);
        assertThat(exact.get()).isGreaterThan(Rounds.COUNT / 100);
    }

    /** A cluster is assigned by a table or, if it is large, by its pairs alone: the totals are the same. */
    @Test
    void largeClustersAreAssignedAsSmallOnesAre() {
        long seed = 20261203L;
        Rounds.each(seed, 1000, (random, which) -> {
            int ps = 1 + random.nextInt(9);
            int rs = 1 + random.nextInt(9);
            double[][] iou = new double[ps][rs];
            List<InstanceMatching.Match> pairs = new ArrayList<>();
            Set<Integer> usedP = new TreeSet<>();
            Set<Integer> usedR = new TreeSet<>();
            for (int p = 0; p < ps; p++) {
                for (int r = 0; r < rs; r++) {
                    if (random.nextInt(3) == 0) {
                        iou[p][r] = (1 + random.nextInt(8)) / 8.0;
                        pairs.add(new InstanceMatching.Match(p, r, 1, iou[p][r]));
                        usedP.add(p);
                        usedR.add(r);
                    }
                }
            }
            if (pairs.isEmpty()) {
                return;
            }
            List<InstanceMatching.Match> chosen = SparseAssignment.of(
                    pairs,
                    usedP.stream().mapToInt(i -> i).toArray(),
                    usedR.stream().mapToInt(i -> i).toArray());
            Set<Integer> takenP = new HashSet<>();
            Set<Integer> takenR = new HashSet<>();
            double total = 0;
            for (InstanceMatching.Match m : chosen) {
                assertThat(takenP.add(m.prediction()) && takenR.add(m.reference()))
                        .as(which)
                        .isTrue();
                total += m.iou();
            }
            assertThat(total).as(which).isEqualTo(best(iou, rs));
        });
    }

    /** MedPy's choice, as MedPy makes it: sorting everything anew after each one. */
    @Test
    void objectsAreGivenAwayInTheOrderInWhichMedpyDoes() {
        long seed = 20261128L;
        AtomicInteger contested = new AtomicInteger();
        Rounds.each(seed, 2000, (random, which) -> {
            int others = 1 + random.nextInt(12);
            List<Integer> labels = new ArrayList<>();
            for (int i = 1; i <= others; i++) {
                labels.add(i);
            }
            Collections.shuffle(labels, random);
            int[] labelOf = labels.stream().mapToInt(i -> i).toArray();
            List<List<Integer>> touched = new ArrayList<>();
            for (int i = random.nextInt(12); i >= 0; i--) {
                TreeSet<Integer> touches = new TreeSet<>();
                for (int k = random.nextInt(1 + others); k > 0; k--) {
                    touches.add(random.nextInt(others));
                }
                touched.add(List.copyOf(touches));
            }
            Map<Integer, Integer> expected = takenAsMedpyWrites(touched, labelOf);
            assertThat(MedpyObjects.taken(touched, labelOf)).as(which).isEqualTo(expected);
            contested.addAndGet(touched.stream().filter(t -> t.size() > 1).count() > 2 ? 1 : 0);
        });
        assertThat(contested.get()).isGreaterThan(500);
    }

    private static Map<Integer, Integer> takenAsMedpyWrites(List<List<Integer>> touched, int[] labelOf) {
        Map<Integer, Integer> mapping = new HashMap<>();
        Set<Integer> used = new HashSet<>();
        List<Map.Entry<Integer, List<Integer>>> several = new ArrayList<>();
        for (int place = 0; place < touched.size(); place++) {
            if (touched.get(place).size() == 1 && used.add(touched.get(place).getFirst())) {
                mapping.put(place, touched.get(place).getFirst());
            } else if (touched.get(place).size() > 1) {
                several.add(Map.entry(place, touched.get(place)));
            }
        }
        while (true) {
            several = new ArrayList<>(several.stream()
                    .map(e -> Map.entry(
                            e.getKey(),
                            e.getValue().stream().filter(o -> !used.contains(o)).toList()))
                    .filter(e -> !e.getValue().isEmpty())
                    .sorted(Comparator.comparingInt(e -> e.getValue().size()))
                    .toList());
            if (several.isEmpty()) {
                return mapping;
            }
            Map.Entry<Integer, List<Integer>> fewest = several.removeFirst();
            int table =
                    fewest.getValue().size() * 5 < 21 ? 8 : fewest.getValue().size() * 5 < 93 ? 32 : 128;
            int chosen = fewest.getValue().stream()
                    .min(Comparator.<Integer>comparingInt(o -> labelOf[o] % table)
                            .thenComparingInt(o -> labelOf[o]))
                    .orElseThrow();
            mapping.put(fewest.getKey(), chosen);
            used.add(chosen);
        }
    }

    /** Ten thousand objects in a chain, each touching two of the other side: one choice decides the next. */
    @Test
    void aChainOfObjectsIsGivenAwayInTimeThatGrowsWithIt() {
        int n = 20_000;
        List<List<Integer>> touched = new ArrayList<>();
        int[] labelOf = new int[n + 1];
        for (int i = 0; i < n; i++) {
            touched.add(List.of(i, i + 1));
            labelOf[i] = i + 1;
        }
        labelOf[n] = n + 1;
        assertThat(MedpyObjects.taken(touched, labelOf)).hasSize(n);
    }

    /** Ten thousand lesions, found and moved by a voxel, and a plate through ten thousand others. */
    @Test
    void tenThousandObjectsAreMatchedAndScored() {
        BitMask p = new BitMask(new Box(0, 0, 0, 110, 90, 90));
        BitMask r = new BitMask(new Box(0, 0, 0, 110, 90, 90));
        BitMask plates = new BitMask(new Box(0, 0, 0, 110, 90, 90));
        int n = 0;
        for (int z = 2; z < 86; z += 4) {
            for (int y = 2; y < 86; y += 4) {
                for (int x = 2; x + 3 < 110 && n < 10_000; x += 4) {
                    r.setRun(y, z, x, x + 2);
                    p.setRun(y, z, x + 1, x + 3);
                    n++;
                }
                plates.setRun(y, z, 0, 110);
            }
            for (int y = 2; y < 86; y++) {
                plates.setRun(y, z, 0, 1);
            }
        }
        for (int z = 2; z < 86; z++) {
            plates.setRun(2, z, 0, 1);
        }
        assertThat(n).isEqualTo(10_000);
        Components pc = Components.of(p, Connectivity.FACES);
        Components rc = Components.of(r, Connectivity.FACES);
        InstanceMatching moved = InstanceMatching.of(pc, rc, MatchRule.ANY_OVERLAP);
        assertThat(moved.truePositives()).isEqualTo(10_000);
        assertThat(moved.segmentationQuality().orElseThrow()).isCloseTo(1 / 3.0, within(1e-9));
        Components one = Components.of(plates, Connectivity.FACES);
        assertThat(one.count()).isOne();
        InstanceMatching through = InstanceMatching.of(one, rc, MatchRule.ANY_OVERLAP);
        assertThat(through.truePositives()).isOne();
        assertThat(through.falseNegatives()).isEqualTo(9_999);
        assertThat(InstanceMatching.of(rc, one, MatchRule.ANY_OVERLAP).truePositives())
                .isOne();
        BratsLesions lesions = BratsLesions.of(
                p,
                r,
                new Box(0, 0, 0, 110, 90, 90),
                new Spacing(1, 1, 1),
                1,
                new BratsLesions.Rules(0, 0, 374),
                CancelSignal.none());
        assertThat(lesions.truePositives()).isEqualTo(10_000);
        assertThat(lesions.dice()).isCloseTo(0.5, within(1e-9));
        assertThat(lesions.hd95()).isCloseTo(1, within(1e-9));
    }

    private static BitMask objects(Random random, Box grid) {
        BitMask mask = new BitMask(grid);
        double density = 0.05 + 0.5 * random.nextDouble();
        for (Voxel v : lattice(grid)) {
            if (random.nextDouble() < density) {
                mask.set(v.x, v.y, v.z);
            }
        }
        return random.nextInt(4) == 0 ? RandomMasks.next(random, grid) : mask;
    }

    /** A few voxels more or less, so that objects are found again. */
    private static BitMask changed(Random random, BitMask mask, Box grid) {
        BitMask copy = new BitMask(grid);
        for (Voxel v : lattice(grid)) {
            if (mask.contains(v.x, v.y, v.z) != (random.nextInt(12) == 0)) {
                copy.set(v.x, v.y, v.z);
            }
        }
        return copy;
    }

    private static void assertSame(Components found, List<Set<Voxel>> parts, Box grid, String which) {
        assertThat(found.count()).as(which).isEqualTo(parts.size());
        for (int i = 0; i < parts.size(); i++) {
            assertThat(found.size(i)).as(which).isEqualTo(parts.get(i).size());
            assertThat(voxels(found.mask(i), grid)).as(which).isEqualTo(parts.get(i));
        }
    }

    /** No matching has a larger total; true if a component had a choice. */
    private static boolean assertBest(InstanceMatching m, double[][] iou, int references, String which) {
        Set<Integer> ps = new HashSet<>();
        Set<Integer> rs = new HashSet<>();
        double total = 0;
        for (InstanceMatching.Match match : m.matches()) {
            assertThat(ps.add(match.prediction()) && rs.add(match.reference()))
                    .as(which)
                    .isTrue();
            assertThat(match.iou()).as(which).isEqualTo(iou[match.prediction()][match.reference()]);
            assertThat(match.iou()).as(which).isPositive();
            total += match.iou();
        }
        double best = best(iou, references);
        assertThat(Math.abs(total - best)).as(which).isLessThan(1e-9);
        int n = m.matches().size();
        int all = iou.length + references;
        ratio(m.precision(), n, iou.length, which);
        ratio(m.recall(), n, references, which);
        ratio(m.recognitionQuality(), n, n + (iou.length - n) / 2.0 + (references - n) / 2.0, which);
        ratio(m.segmentationQuality(), total, n, which);
        ratio(m.panopticQuality(), total, all / 2.0, which);
        assertThat(m.falsePositives()).as(which).isEqualTo(iou.length - n);
        assertThat(m.falseNegatives()).as(which).isEqualTo(references - n);
        int rivals = 0;
        for (double[] row : iou) {
            rivals = Math.max(rivals, (int)
                    java.util.Arrays.stream(row).filter(v -> v > 0).count());
        }
        return rivals > 1;
    }

    private static void ratio(java.util.OptionalDouble found, double numerator, double denominator, String which) {
        if (denominator == 0) {
            assertThat(found).as(which).isEmpty();
        } else {
            assertThat(Math.abs(found.orElseThrow() - numerator / denominator))
                    .as(which)
                    .isLessThan(1e-12);
        }
    }

    /** Over the sets of references already taken that are within reach: every matching is tried. */
    private static double best(double[][] iou, int references) {
        Map<Set<Integer>, Double> states = new HashMap<>(Map.of(Set.of(), 0.0));
        for (int i = 0; i < iou.length; i++) {
            Map<Set<Integer>, Double> next = new HashMap<>(states);
            for (Map.Entry<Set<Integer>, Double> state : states.entrySet()) {
                for (int j = 0; j < references; j++) {
                    if (iou[i][j] > 0 && !state.getKey().contains(j)) {
                        Set<Integer> taken = new HashSet<>(state.getKey());
                        taken.add(j);
                        next.merge(taken, state.getValue() + iou[i][j], Math::max);
                    }
                }
            }
            states = forgetting(next, iou, i + 1);
        }
        return states.values().stream().mapToDouble(v -> v).max().orElseThrow();
    }

    /** A reference that no later prediction touches need not be remembered. */
    private static Map<Set<Integer>, Double> forgetting(Map<Set<Integer>, Double> states, double[][] iou, int from) {
        Map<Set<Integer>, Double> shorter = new HashMap<>();
        states.forEach((taken, total) -> {
            Set<Integer> kept = new HashSet<>();
            for (int j : taken) {
                for (int i = from; i < iou.length; i++) {
                    if (iou[i][j] > 0) {
                        kept.add(j);
                    }
                }
            }
            shorter.merge(kept, total, Math::max);
        });
        return shorter;
    }

    private static void assertDetection(
            InstanceMatching m,
            Components pc,
            Components rc,
            List<Set<Voxel>> ps,
            List<Set<Voxel>> rs,
            Random random,
            String which) {
        double voxelMm3 = 1 + 4 * random.nextInt(3);
        List<Double> limits = List.of(3 * voxelMm3 / 1000, 10 * voxelMm3 / 1000);
        Detection d = Detection.of(pc, rc, m, voxelMm3, limits);
        Set<Integer> foundP = new HashSet<>();
        Set<Integer> foundR = new HashSet<>();
        m.matches().forEach(x -> foundP.add(x.prediction()));
        m.matches().forEach(x -> foundR.add(x.reference()));
        List<Long> spurious = new ArrayList<>(List.of(0L));
        List<Long> missed = new ArrayList<>(List.of(0L));
        int[][] classes = new int[3][2];
        for (int i = 0; i < ps.size(); i++) {
            if (!foundP.contains(i)) {
                spurious.add((long) ps.get(i).size());
            }
        }
        for (int i = 0; i < rs.size(); i++) {
            int size = rs.get(i).size();
            int c = size < 3 ? 0 : size < 10 ? 1 : 2;
            classes[c][0]++;
            if (foundR.contains(i)) {
                classes[c][1]++;
            } else {
                missed.add((long) size);
            }
        }
        assertThat(d.falsePositiveVoxels())
                .as(which)
                .isEqualTo(spurious.stream().mapToLong(v -> v).sum());
        assertThat(d.falseNegativeVoxels())
                .as(which)
                .isEqualTo(missed.stream().mapToLong(v -> v).sum());
        assertThat(d.largestSpurious()).as(which).isEqualTo(java.util.Collections.max(spurious));
        assertThat(d.largestMissed()).as(which).isEqualTo(java.util.Collections.max(missed));
        for (int c = 0; c < 3; c++) {
            assertThat(d.bySize().get(c).references()).as(which).isEqualTo(classes[c][0]);
            assertThat(d.bySize().get(c).found()).as(which).isEqualTo(classes[c][1]);
        }
    }

    @Test
    void everyLesionIsScoredAsIfItWereAlone() {
        long seed = 20261201L;
        AtomicInteger scored = new AtomicInteger();
        Rounds.each(seed, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random, 5);
            BitMask p = objects(random, grid);
            BitMask r = changed(random, p, grid);
            Spacing s = new Spacing(0.3 + random.nextDouble(), 1, 0.5 + 4 * random.nextDouble());
            Connectivity connectivity = Connectivity.values()[random.nextInt(3)];
            Components pc = Components.of(p, connectivity);
            Components rc = Components.of(r, connectivity);
            InstanceMatching m = InstanceMatching.of(pc, rc, MatchRule.ANY_OVERLAP);
            LesionScores scores = LesionScores.of(pc, rc, m, s, SurfaceModel.AREA_WEIGHTED, CancelSignal.none());
            List<Set<Voxel>> ps = parts(voxels(p, grid), connectivity);
            List<Set<Voxel>> rs = parts(voxels(r, grid), connectivity);
            for (int i = 0; i < scores.pairs().size(); i++) {
                LesionScores.Pair pair = scores.pairs().get(i);
                Set<Voxel> a = ps.get(m.matches().get(i).prediction());
                Set<Voxel> b = rs.get(m.matches().get(i).reference());
                assertThat(pair.dice()).as(which).isEqualTo(2.0 * common(a, b).size() / (a.size() + b.size()));
                double[] ca = centre(a, s);
                double[] cb = centre(b, s);
                double apart =
                        Math.sqrt(Math.pow(ca[0] - cb[0], 2) + Math.pow(ca[1] - cb[1], 2) + Math.pow(ca[2] - cb[2], 2));
                assertThat(Math.abs(pair.centreDistanceMm() - apart)).as(which).isLessThan(1e-9);
                SurfaceDistances alone = between(a, b, s);
                assertThat(LesionScores.hd95(pair))
                        .as(which)
                        .isEqualTo(alone.percentile(95, PercentileRule.AREA_STEP_LARGER));
                assertThat(pair.distances().nsd(1)).as(which).isEqualTo(alone.nsd(1));
                scored.incrementAndGet();
            }
        });
        System.out.println("lesions scored alone: " + scored + " agree, seed " + seed);
        assertThat(scored.get()).isGreaterThan(Rounds.COUNT);
    }

    /** The rules of BraTS 2023 written down on sets of voxels. */
    @Test
    void bratsLesionsAreThoseOfTheRules() {
        long seed = 20261202L;
        AtomicInteger merged = new AtomicInteger();
        Rounds.each(seed, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random, 5);
            BitMask p = sparse(random, grid);
            BitMask r = sparse(random, grid);
            Spacing s = new Spacing(1, 0.8, 2.5);
            BratsLesions.Rules rules = new BratsLesions.Rules(random.nextInt(3), 2.0 * random.nextInt(3), 374);
            BratsLesions found = BratsLesions.of(p, r, grid, s, 2, rules, CancelSignal.none());
            List<Set<Voxel>> predicted = parts(voxels(p, grid), Connectivity.CORNERS);
            Set<Voxel> reference = voxels(r, grid);
            List<Double> dice = new ArrayList<>();
            List<Double> hd95 = new ArrayList<>();
            Set<Integer> finders = new HashSet<>();
            List<Set<Voxel>> grown = parts(grown(reference, rules.dilation(), grid), Connectivity.CORNERS);
            merged.addAndGet(
                    grown.size() < parts(reference, Connectivity.CORNERS).size() ? 1 : 0);
            for (Set<Voxel> region : grown) {
                Set<Voxel> lesion = common(region, reference);
                Set<Voxel> around = grown(lesion, rules.dilation(), grid);
                Set<Voxel> finding = new HashSet<>();
                for (int i = 0; i < predicted.size(); i++) {
                    if (!common(predicted.get(i), around).isEmpty()) {
                        finders.add(i);
                        finding.addAll(predicted.get(i));
                    }
                }
                if (lesion.size() * 2.0 > rules.ignoredUpToMm3()) {
                    boolean missed = finding.isEmpty();
                    dice.add(missed ? 0 : 2.0 * common(finding, lesion).size() / (finding.size() + lesion.size()));
                    hd95.add(
                            missed ? 374 : between(finding, lesion, s).percentile(95, PercentileRule.AREA_STEP_LARGER));
                }
            }
            int spurious = predicted.size() - finders.size();
            assertThat(found.falsePositives()).as(which).isEqualTo(spurious);
            assertThat(found.lesions().stream().map(BratsLesions.Lesion::dice))
                    .as(which)
                    .isEqualTo(dice);
            assertThat(found.lesions().stream().map(BratsLesions.Lesion::hd95Mm))
                    .as(which)
                    .isEqualTo(hd95);
            int n = dice.size() + spurious;
            double sumDice = dice.stream().mapToDouble(v -> v).sum();
            double sumHd95 = hd95.stream().mapToDouble(v -> v).sum();
            assertThat(Math.abs(found.dice() - (n == 0 ? 1 : sumDice / n)))
                    .as(which)
                    .isLessThan(1e-12);
            assertThat(Math.abs(found.hd95() - (n == 0 ? 0 : (sumHd95 + 374.0 * spurious) / n)))
                    .as(which)
                    .isLessThan(1e-9);
        });
        System.out.println("lesions by the rules of BraTS: " + Rounds.COUNT + " pairs agree, " + merged
                + " with lesions that merge, seed " + seed);
        assertThat(merged.get()).isGreaterThan(Rounds.COUNT / 20);
    }

    private static BitMask sparse(Random random, Box grid) {
        BitMask mask = new BitMask(grid);
        double density = 0.15 * random.nextDouble();
        for (Voxel v : lattice(grid)) {
            if (random.nextDouble() < density) {
                mask.set(v.x, v.y, v.z);
            }
        }
        return mask;
    }

    /** Grown by neighbours across faces and edges, inside the grid. */
    private static Set<Voxel> grown(Set<Voxel> set, int times, Box grid) {
        Set<Voxel> now = set;
        for (int i = 0; i < times; i++) {
            Set<Voxel> before = now;
            now = new HashSet<>(before);
            for (Voxel v : lattice(grid)) {
                if (before.stream().anyMatch(o -> v.joins(o, 2))) {
                    now.add(v);
                }
            }
        }
        return now;
    }

    private static SurfaceDistances between(Set<Voxel> a, Set<Voxel> b, Spacing s) {
        return SurfaceDistances.between(mask(a), mask(b), s, SurfaceModel.AREA_WEIGHTED, CancelSignal.none());
    }

    private static BitMask mask(Set<Voxel> set) {
        BitMask mask = new BitMask(new Box(0, 0, 0, 80, 12, 12));
        set.forEach(v -> mask.set(v.x, v.y, v.z));
        return mask;
    }

    private static double[] centre(Set<Voxel> set, Spacing s) {
        return new double[] {
            set.stream().mapToDouble(v -> v.x * s.x()).average().orElseThrow(),
            set.stream().mapToDouble(v -> v.y * s.y()).average().orElseThrow(),
            set.stream().mapToDouble(v -> v.z * s.z()).average().orElseThrow()
        };
    }

    private static Set<Voxel> common(Set<Voxel> a, Set<Voxel> b) {
        Set<Voxel> both = new HashSet<>(a);
        both.retainAll(b);
        return both;
    }

    /** Sets are joined while any two of them have neighbours; in the order of their first voxels. */
    private static List<Set<Voxel>> parts(Set<Voxel> voxels, Connectivity connectivity) {
        int steps = connectivity == Connectivity.FACES ? 1 : connectivity == Connectivity.EDGES ? 2 : 3;
        List<Set<Voxel>> parts = new ArrayList<>();
        for (Voxel v : lattice(voxels)) {
            Set<Voxel> joined = new HashSet<>(Set.of(v));
            parts.removeIf(part -> part.stream().anyMatch(o -> o.joins(v, steps)) && joined.addAll(part));
            parts.add(joined);
        }
        Map<Voxel, Set<Voxel>> byFirst = new LinkedHashMap<>();
        for (Voxel v : lattice(voxels)) {
            for (Set<Voxel> part : parts) {
                if (part.contains(v) && !byFirst.containsValue(part)) {
                    byFirst.put(v, part);
                }
            }
        }
        return List.copyOf(byFirst.values());
    }

    /** x fastest. */
    private static TreeSet<Voxel> lattice(Set<Voxel> voxels) {
        TreeSet<Voxel> ordered = new TreeSet<>(java.util.Comparator.comparingInt(Voxel::z)
                .thenComparingInt(Voxel::y)
                .thenComparingInt(Voxel::x));
        ordered.addAll(voxels);
        return ordered;
    }

    private static List<Voxel> lattice(Box grid) {
        List<Voxel> all = new ArrayList<>();
        for (int z = grid.z0(); z < grid.z1(); z++) {
            for (int y = grid.y0(); y < grid.y1(); y++) {
                for (int x = grid.x0(); x < grid.x1(); x++) {
                    all.add(new Voxel(x, y, z));
                }
            }
        }
        return all;
    }

    private static Set<Voxel> voxels(BitMask mask, Box grid) {
        Set<Voxel> set = new HashSet<>();
        for (Voxel v : lattice(grid)) {
            if (mask.contains(v.x, v.y, v.z)) {
                set.add(v);
            }
        }
        return set;
    }
}
