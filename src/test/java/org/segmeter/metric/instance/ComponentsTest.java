package org.segmeter.metric.instance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.RandomMasks;
import org.segmeter.metric.instance.InstanceMatching.Match;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

class ComponentsTest {

    @ParameterizedTest
    @EnumSource(Connectivity.class)
    void areWhatFillingFromEachVoxelFinds(Connectivity connectivity) {
        Random random = new Random(42);
        for (int i = 0; i < 3000; i++) {
            Box grid = RandomMasks.grid(random);
            BitMask mask = RandomMasks.next(random, grid);
            List<TreeSet<Integer>> expected = filled(mask, grid, connectivity);
            Components found = Components.of(mask, connectivity);
            assertThat(found.count()).as("round %d of seed 42", i).isEqualTo(expected.size());
            for (int c = 0; c < found.count(); c++) {
                BitMask one = found.mask(c);
                assertThat(voxels(one, grid)).isEqualTo(expected.get(c));
                assertThat(found.size(c)).isEqualTo(expected.get(c).size());
                assertThat(found.box(c)).isEqualTo(one.box());
            }
        }
    }

    private static TreeSet<Integer> voxels(BitMask mask, Box grid) {
        TreeSet<Integer> set = new TreeSet<>();
        for (int z = grid.z0(); z < grid.z1(); z++) {
            for (int y = grid.y0(); y < grid.y1(); y++) {
                for (int x = grid.x0(); x < grid.x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        set.add((z * 1000 + y) * 1000 + x);
                    }
                }
            }
        }
        return set;
    }

    private static List<TreeSet<Integer>> filled(BitMask mask, Box grid, Connectivity connectivity) {
        TreeSet<Integer> left = voxels(mask, grid);
        List<TreeSet<Integer>> components = new ArrayList<>();
        while (!left.isEmpty()) {
            TreeSet<Integer> one = new TreeSet<>();
            ArrayDeque<Integer> open = new ArrayDeque<>();
            open.add(left.pollFirst());
            while (!open.isEmpty()) {
                int v = open.poll();
                one.add(v);
                for (int dz = -1; dz <= 1; dz++) {
                    for (int dy = -1; dy <= 1; dy++) {
                        for (int dx = -1; dx <= 1; dx++) {
                            int w = v + (dz * 1000 + dy) * 1000 + dx;
                            if (connectivity.joins(dx, dy, dz) && left.remove(w)) {
                                open.add(w);
                            }
                        }
                    }
                }
            }
            components.add(one);
        }
        return components;
    }

    @Test
    void theMatchingHasTheLargestTotalOverlapOfAllMatchings() {
        Random random = new Random(9);
        int contested = 0;
        for (int i = 0; i < 3000; i++) {
            Box grid = RandomMasks.grid(random);
            Components p = Components.of(RandomMasks.next(random, grid), Connectivity.FACES);
            Components r = Components.of(RandomMasks.next(random, grid), Connectivity.FACES);
            if (p.count() > 7 || r.count() > 7) {
                continue;
            }
            MatchRule rule = new MatchRule(random.nextInt(3) * 0.1, true);
            InstanceMatching m = InstanceMatching.of(p, r, rule);
            double total = m.matches().stream().mapToDouble(Match::iou).sum();
            double best = best(p, r, p.overlapsWith(r), rule, 0, new boolean[r.count()]);
            assertThat(total)
                    .as("round %d of seed 9", i)
                    .isCloseTo(best, org.assertj.core.api.Assertions.within(1e-12));
            assertThat(m.matches().stream().map(Match::prediction)).doesNotHaveDuplicates();
            assertThat(m.matches().stream().map(Match::reference)).doesNotHaveDuplicates();
            contested += m.truePositives() > 1 ? 1 : 0;
        }
        assertThat(contested).isGreaterThan(10);
    }

    /** Tries every matching. */
    private static double best(Components p, Components r, Overlaps o, MatchRule rule, int at, boolean[] taken) {
        if (at == p.count()) {
            return 0;
        }
        double best = best(p, r, o, rule, at + 1, taken);
        for (int j : o.touching(at)) {
            long both = o.voxels(at, j);
            double iou = (double) both / (p.size(at) + r.size(j) - both);
            if (!taken[j] && rule.admits(iou)) {
                taken[j] = true;
                best = Math.max(best, iou + best(p, r, o, rule, at + 1, taken));
                taken[j] = false;
            }
        }
        return best;
    }

    @Test
    void whatWasMissedAndMadeUpIsToldByVolume() {
        BitMask p = new BitMask(new Box(0, 0, 0, 30, 1, 1));
        BitMask r = new BitMask(new Box(0, 0, 0, 30, 1, 1));
        p.setRun(0, 0, 0, 2);
        r.setRun(0, 0, 1, 4);
        p.setRun(0, 0, 10, 15);
        r.setRun(0, 0, 20, 21);
        r.setRun(0, 0, 25, 29);
        Components pc = Components.of(p, Connectivity.CORNERS);
        Components rc = Components.of(r, Connectivity.CORNERS);
        InstanceMatching m = InstanceMatching.of(pc, rc, MatchRule.ANY_OVERLAP);
        assertThat(m.truePositives()).isEqualTo(1);
        assertThat(m.falsePositives()).isEqualTo(1);
        assertThat(m.falseNegatives()).isEqualTo(2);
        assertThat(m.recall()).hasValue(1 / 3.0);
        assertThat(m.precision()).hasValue(1 / 2.0);
        assertThat(m.recognitionQuality()).hasValue(2 / 5.0);
        assertThat(m.panopticQuality()).hasValue(2 * 0.25 / 5);
        Detection d = Detection.of(pc, rc, m, 1000, List.of(2.0, 4.0));
        assertThat(d.falsePositiveVoxels()).isEqualTo(5);
        assertThat(d.falseNegativeVoxels()).isEqualTo(5);
        assertThat(d.largestSpurious()).isEqualTo(5);
        assertThat(d.largestMissed()).isEqualTo(4);
        assertThat(d.bySize())
                .containsExactly(
                        new Detection.SizeClass(0, 2, 1, 0),
                        new Detection.SizeClass(2, 4, 1, 1),
                        new Detection.SizeClass(4, Double.POSITIVE_INFINITY, 1, 0));
    }

    @Test
    void anEmptyMaskHasNoComponents() {
        Components none = Components.of(new BitMask(new Box(0, 0, 0, 5, 5, 5)), Connectivity.FACES);
        assertThat(none.count()).isZero();
        InstanceMatching m = InstanceMatching.of(none, none, MatchRule.ANY_OVERLAP);
        assertThat(m.panopticQuality()).isEmpty();
        assertThat(m.recall()).isEmpty();
    }
}
