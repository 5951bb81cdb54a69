package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.Rounds;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;

/**
 * Protocols of challenges against what their published evaluation scripts compute, written down here from their formulas: autoPET III,
 * FLARE22, TotalSegmentator. Their surface Dice is that of DeepMind's functions, which the oracles hold, so that here only what the
 * scripts do with it counts.
 */
class ChallengeScriptsTest {

    private static final int ROUNDS = Rounds.count(200);

    private static final Protocols WITH_SURFACE_DICE = surfaceDice();

    private static Protocols surfaceDice() {
        try {
            return Protocols.builtIn()
                    .with(List.of(Protocol.parse("{\"id\": \"dice\", \"version\": 1, \"title\": \"surface Dice\","
                            + " \"metrics\": [{\"name\": \"dice\"}, {\"name\": \"nsd\","
                            + " \"surface\": \"area-weighted\", \"toleranceMm\": [2, 3, 5,"
                            + " 7]}]}")));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private record Volumes(BitMask prediction, BitMask reference, Grid grid) {

        static Volumes next(Random random) {
            Grid grid = Synthetic.grid(
                    4 + random.nextInt(9),
                    4 + random.nextInt(9),
                    4 + random.nextInt(6),
                    0.8,
                    0.8,
                    random.nextBoolean() ? 2.5 : 1);
            double density = random.nextInt(5) == 0 ? 0 : random.nextDouble() * 0.3;
            BitMask r = Synthetic.noise(grid.box(), random.nextInt(8) == 0 ? 0 : 0.2 * random.nextDouble(), random);
            BitMask p = new BitMask(grid.box());
            for (int z = 0; z < grid.nz(); z++) {
                for (int y = 0; y < grid.ny(); y++) {
                    for (int x = 0; x < grid.nx(); x++) {
                        if (r.contains(x, y, z) != (random.nextDouble() < density)) {
                            p.set(x, y, z);
                        }
                    }
                }
            }
            return new Volumes(p, r, grid);
        }

        /** Slices from..to - 1, as a volume of their own. */
        Volumes slices(int from, int to) {
            Grid cut = Synthetic.grid(grid.nx(), grid.ny(), to - from, 0.8, 0.8, grid.spacing(2));
            return new Volumes(cut(prediction, from, cut), cut(reference, from, cut), cut);
        }

        private static BitMask cut(BitMask mask, int from, Grid cut) {
            BitMask out = new BitMask(cut.box());
            for (int z = 0; z < cut.nz(); z++) {
                for (int y = 0; y < cut.ny(); y++) {
                    for (int x = 0; x < cut.nx(); x++) {
                        if (mask.contains(x, y, from + z)) {
                            out.set(x, y, z);
                        }
                    }
                }
            }
            return out;
        }

        Scorecard score(String protocol) {
            try {
                return Scorer.standard()
                        .withProtocols(WITH_SURFACE_DICE)
                        .score(
                                Synthetic.of(grid, prediction),
                                Synthetic.of(grid, reference),
                                ScoringOptions.defaults().withProtocols(List.of(protocol)),
                                CancelSignal.none());
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        double dice() {
            return 2.0 * prediction.intersectionCount(reference) / (prediction.count() + reference.count());
        }
    }

    private static List<MetricValue> metric(Scorecard card, String name) {
        return Objects.requireNonNull(card.segments().getFirst().metrics().get(name), name);
    }

    private static double only(Scorecard card, String name) {
        Number value = metric(card, name).getFirst().value();
        return value == null ? Double.NaN : value.doubleValue();
    }

    private static double at(Scorecard card, double tolerance) {
        for (MetricValue v : metric(card, "nsd")) {
            if (Objects.equals(v.parameters().get("toleranceMm"), tolerance)) {
                return v.value() == null ? Double.NaN : v.value().doubleValue();
            }
        }
        throw new AssertionError("no surface Dice at " + tolerance);
    }

    /** Components of 18 neighbours of one side that share no voxel with the other, their volume in ml; Dice NaN without a lesion. */
    @Test
    void autopetCountsTheVolumeOfComponentsThatTouchNothing() {
        Rounds.each(20261205L, ROUNDS, (random, which) -> {
            Volumes v = Volumes.next(random);
            Scorecard card = v.score("autopet3@1");
            double ml = 0.8 * 0.8 * v.grid.spacing(2) / 1000;
            assertThat(only(card, "false_positive_volume_ml"))
                    .as(which)
                    .isCloseTo(alone(v.prediction, v.reference, v.grid) * ml, within(1e-12));
            assertThat(only(card, "false_negative_volume_ml"))
                    .as(which)
                    .isCloseTo(alone(v.reference, v.prediction, v.grid) * ml, within(1e-12));
            double dice = v.reference.isEmpty() ? Double.NaN : v.dice();
            same(only(card, "dice"), dice, which);
        });
    }

    private static void same(double found, double expected, String which) {
        if (found != expected && !(Double.isNaN(found) && Double.isNaN(expected))) {
            throw new AssertionError(which + ": " + found + ", not " + expected);
        }
    }

    private static long alone(BitMask of, BitMask other, Grid grid) {
        Set<List<Integer>> seen = new HashSet<>();
        long voxels = 0;
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = 0; y < grid.ny(); y++) {
                for (int x = 0; x < grid.nx(); x++) {
                    if (!of.contains(x, y, z) || !seen.add(List.of(x, y, z))) {
                        continue;
                    }
                    long size = 0;
                    boolean touches = false;
                    Deque<List<Integer>> open = new ArrayDeque<>(List.of(List.of(x, y, z)));
                    while (!open.isEmpty()) {
                        List<Integer> at = open.remove();
                        size++;
                        touches |= other.contains(at.get(0), at.get(1), at.get(2));
                        for (int n = 0; n < 27; n++) {
                            int dx = n % 3 - 1;
                            int dy = n / 3 % 3 - 1;
                            int dz = n / 9 - 1;
                            List<Integer> to = List.of(at.get(0) + dx, at.get(1) + dy, at.get(2) + dz);
                            if (Math.abs(dx) + Math.abs(dy) + Math.abs(dz) <= 2
                                    && of.contains(to.get(0), to.get(1), to.get(2))
                                    && seen.add(to)) {
                                open.add(to);
                            }
                        }
                    }
                    voxels += touches ? 0 : size;
                }
            }
        }
        return voxels;
    }

    /** Every voxel is taken for a cube of 1.5 mm, whatever the header says; nothing is said of an empty reference. */
    @Test
    void totalSegmentatorMeasuresInCubesOfOneAndAHalfMillimetres() {
        Rounds.each(20261206L, ROUNDS, (random, which) -> {
            Volumes v = Volumes.next(random);
            Scorecard card = v.score("totalsegmentator@1");
            Volumes cubes = new Volumes(
                    v.prediction, v.reference, Synthetic.grid(v.grid.nx(), v.grid.ny(), v.grid.nz(), 1.5, 1.5, 1.5));
            boolean empty = v.reference.isEmpty();
            same(only(card, "dice"), empty ? Double.NaN : v.dice(), which);
            same(at(card, 3), empty ? Double.NaN : at(cubes.score("dice@1"), 3), which);
        });
    }

    /** Organ 5, the aorta: from the first labelled slice to before the last, rounded, and no surface Dice below a Dice of 0.2. */
    @Test
    void flareLeavesOutTheLastSliceAndRounds() {
        Rounds.each(20261207L, ROUNDS, (random, which) -> {
            Volumes v = Volumes.next(random);
            Volumes fifth = new Volumes(v.prediction, v.reference, v.grid);
            Scorecard card = asFifth(fifth);
            double dice;
            double surface;
            if (v.reference.isEmpty()) {
                dice = v.prediction.isEmpty() ? 1 : 0;
                surface = dice;
            } else {
                int first = v.grid.nz();
                int last = -1;
                for (int z = 0; z < v.grid.nz(); z++) {
                    if (v.slices(z, z + 1).reference.count() > 0) {
                        first = Math.min(first, z);
                        last = z;
                    }
                }
                if (first == last) {
                    return;
                }
                Volumes cut = v.slices(first, last);
                dice = cut.dice();
                surface = dice < 0.2 ? 0 : at(cut.score("dice@1"), 2);
            }
            Scorecard.SegmentScore aorta = card.segments().stream()
                    .filter(s -> s.segment().number() == 5)
                    .findFirst()
                    .orElseThrow();
            MetricValue foundDice =
                    Objects.requireNonNull(aorta.metrics().get("dice")).getFirst();
            List<MetricValue> nsd = Objects.requireNonNull(aorta.metrics().get("nsd"));
            assertThat(foundDice.value()).as(which).isEqualTo(rounded(dice));
            assertThat(nsd).hasSize(1);
            assertThat(nsd.getFirst().parameters()).containsEntry("toleranceMm", 2.0);
            assertThat(nsd.getFirst().value()).as(which).isEqualTo(rounded(surface));
        });
    }

    private static Scorecard asFifth(Volumes v) {
        BitMask none = new BitMask(Box.EMPTY);
        try {
            return Scorer.standard()
                    .score(
                            Synthetic.of(v.grid, none, none, none, none, v.prediction),
                            Synthetic.of(v.grid, none, none, none, none, v.reference),
                            ScoringOptions.defaults().withProtocols(List.of("flare22@1")),
                            CancelSignal.none());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** As Python's round(value, 4). */
    private static double rounded(double value) {
        return new BigDecimal(value).setScale(4, RoundingMode.HALF_EVEN).doubleValue();
    }
}
