package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Voxels;

/** What must not change a scorecard, and definitions written down a second time, voxel by voxel. */
class ScorecardProperties {

    private static final List<String> ALL =
            Protocols.builtIn().all().stream().map(Protocol::id).toList();

    @Property(tries = 150, shrinking = ShrinkingMode.OFF)
    void countsAndRatiosAreThoseOfALoopOverVoxels(@ForAll @LongRange(min = 0, max = 1_000_000_000) long seed)
            throws Exception {
        Random random = new Random(seed);
        Grid grid = Synthetic.grid(1 + random.nextInt(9), 1 + random.nextInt(7), 1 + random.nextInt(6), 0.7, 1, 2.5);
        BitMask a = Synthetic.noise(grid.box(), random.nextDouble(), random);
        BitMask b = Synthetic.noise(grid.box(), random.nextDouble(), random);
        long[] counts = new long[4];
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = 0; y < grid.ny(); y++) {
                for (int x = 0; x < grid.nx(); x++) {
                    counts[(a.contains(x, y, z) ? 2 : 0) + (b.contains(x, y, z) ? 1 : 0)]++;
                }
            }
        }
        Map<String, List<MetricValue>> m = score(
                        Synthetic.of(grid, a), Synthetic.of(grid, b), List.of("textbook@1"), null)
                .segments()
                .getFirst()
                .metrics();
        double tp = counts[3];
        double fp = counts[2];
        double fn = counts[1];
        double tn = counts[0];
        double n = tp + fp + fn + tn;
        expect(m, "tp", tp);
        expect(m, "tn", tn);
        expect(m, "dice", 2 * tp / (2 * tp + fp + fn));
        expect(m, "jaccard", tp / (tp + fp + fn));
        expect(m, "precision", tp / (tp + fp));
        expect(m, "sensitivity", tp / (tp + fn));
        expect(m, "specificity", tn / (tn + fp));
        expect(m, "accuracy", (tp + tn) / n);
        expect(m, "volume_prediction_ml", (tp + fp) * 0.7 * 2.5 / 1000);
        expect(m, "relative_volume_difference", (fp - fn) / (tp + fn));
        expect(m, "mcc", (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)));
    }

    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void swappingTheSidesSwapsWhatIsDirectedAndKeepsTheRest(@ForAll @LongRange(min = 0, max = 1_000_000_000) long seed)
            throws Exception {
        Random random = new Random(seed);
        Grid grid = Synthetic.grid(20, 12, 9, 0.7, 1, 2.5);
        Segmentation a = Synthetic.of(grid, Synthetic.noise(new Box(2, 2, 2, 18, 10, 8), 0.4, random));
        Segmentation b = Synthetic.of(grid, Synthetic.noise(new Box(1, 3, 1, 17, 12, 7), 0.4, random));
        Map<String, List<MetricValue>> ab =
                score(a, b, List.of("segmeter@1"), null).segments().getFirst().metrics();
        Map<String, List<MetricValue>> ba =
                score(b, a, List.of("segmeter@1"), null).segments().getFirst().metrics();
        for (String symmetric :
                List.of("tp", "tn", "dice", "jaccard", "mcc", "kappa", "hd", "hd95", "assd", "masd", "nsd", "pq")) {
            assertThat(number(ab, symmetric)).as(symmetric).isCloseTo(number(ba, symmetric), within(1e-12));
        }
        assertThat(number(ab, "precision")).isEqualTo(number(ba, "sensitivity"));
        assertThat(number(ab, "fp")).isEqualTo(number(ba, "fn"));
        assertThat(number(ab, "asd_prediction_to_reference")).isEqualTo(number(ba, "asd_reference_to_prediction"));
    }

    @Test
    void theScorecardHasTheSameBytesForAnyNumberOfThreads() throws Exception {
        Random random = new Random(20261123);
        Grid grid = Synthetic.grid(100, 75, 75, 0.7, 0.7, 2.5);
        BitMask[] predictions = new BitMask[3];
        BitMask[] references = new BitMask[3];
        ProbabilityVolume[] soft = new ProbabilityVolume[3];
        for (int i = 0; i < 2; i++) {
            Box box = new Box(50 * i, 2, 2, 50 * i + 20, 14, 10);
            predictions[i] = Synthetic.noise(box, 0.5, random);
            references[i] = Synthetic.noise(new Box(50 * i + 3, 2, 2, 50 * i + 23, 14, 10), 0.5, random);
            soft[i] = probabilities(box, random);
        }
        // Thin, but of more rows and triangles than one thread takes at a time.
        predictions[2] = plate(2);
        references[2] = plate(4);
        soft[2] = probabilities(new Box(0, 20, 20, 40, 30, 30), random);
        for (Segmentation prediction : List.of(Synthetic.of(grid, predictions), Synthetic.of(grid, soft))) {
            Segmentation reference = Synthetic.of(grid, references);
            String alone = ScorecardJson.write(score(prediction, reference, ALL, null));
            for (int threads : new int[] {1, 2, 3, 7, 16}) {
                try (ForkJoinPool pool = new ForkJoinPool(threads)) {
                    assertThat(ScorecardJson.write(score(prediction, reference, ALL, pool)))
                            .as("%d threads", threads)
                            .isEqualTo(alone);
                }
            }
        }
    }

    private static ProbabilityVolume probabilities(Box box, Random random) {
        float[] values = new float[(int) box.voxelCount()];
        for (int v = 0; v < values.length; v++) {
            values[v] = random.nextFloat();
        }
        return new ProbabilityVolume(box, values);
    }

    /** A slanted plate of one voxel's thickness across 70 x 70 rows. */
    private static BitMask plate(int x) {
        BitMask mask = new BitMask(new Box(0, 2, 2, 100, 72, 72));
        for (int z = 2; z < 72; z++) {
            for (int y = 2; y < 72; y++) {
                int at = x + (y + z) / 4;
                mask.setRun(y, z, at, at + 1);
            }
        }
        return mask;
    }

    @Test
    void missesAndHallucinationsAreCountedAndPenalised() throws Exception {
        Grid grid = Synthetic.grid(30, 30, 30, 1, 1, 1);
        BitMask empty = new BitMask(Box.EMPTY);
        Segmentation prediction =
                Synthetic.of(grid, Synthetic.box(1, 1, 1, 5, 5, 5), empty, Synthetic.box(9, 9, 9, 12, 12, 12), empty);
        Segmentation reference = Synthetic.of(
                grid, Synthetic.box(1, 1, 1, 5, 5, 5), Synthetic.box(20, 20, 20, 25, 25, 25), empty, empty);
        Scorecard.Overall overall =
                score(prediction, reference, List.of("segmeter@1"), null).overall();
        assertThat(List.of(overall.detected(), overall.missed(), overall.hallucinated(), overall.agreedAbsent()))
                .containsExactly(1, 1, 1, 1);
        Scorecard.Mean dice = Objects.requireNonNull(overall.mean().get("dice")).getFirst();
        assertThat(dice.detected()).isEqualTo(1.0);
        assertThat(dice.penalised()).isCloseTo(1 / 3.0, within(1e-15));
        Scorecard.Mean hd95 = Objects.requireNonNull(overall.mean().get("hd95")).getFirst();
        assertThat(hd95.detected()).isEqualTo(0.0);
        assertThat(hd95.penalised()).isCloseTo(2 * Math.sqrt(2700) / 3, within(1e-12));
    }

    @Test
    void whatHasNoCounterpartIsListedAndScoredAgainstEmpty() throws Exception {
        Grid grid = Synthetic.grid(30, 30, 30, 1, 1, 1);
        Scorecard card = score(
                Synthetic.of(grid, Synthetic.box(1, 1, 1, 5, 5, 5), Synthetic.box(9, 9, 9, 12, 12, 12)),
                Synthetic.of(grid, Synthetic.box(1, 1, 1, 5, 5, 5)),
                List.of("segmeter@1"),
                null);
        assertThat(card.segments()).hasSize(2);
        assertThat(card.unmatched()).hasSize(1);
        assertThat(card.unmatched().getFirst().side()).isEqualTo("prediction");
        assertThat(card.unmatched().getFirst().voxels()).isEqualTo(27);
        assertThat(Objects.requireNonNull(card.segments().get(1).metrics().get("dice"))
                        .getFirst())
                .isEqualTo(MetricValue.ruled(0, "1", MetricValue.State.REFERENCE_EMPTY));
    }

    @Test
    void thousandsOfLabelsScatteredOverTheVolumeCostLittleAndSayWhatWasLeftOut() throws Exception {
        Grid grid = Synthetic.grid(200, 200, 100, 1, 1, 1);
        Voxels[] labels = new Voxels[2000];
        for (int i = 0; i < labels.length; i++) {
            // Two voxels in opposite corners: the box is the volume.
            int last = 200 * 200 * 99 + 200 * 199 + 199 - (i % 199);
            labels[i] = new PointMask(grid.box(), new int[] {i, last - 200 * (i / 199)});
        }
        Scorecard card = score(Synthetic.of(grid, labels), Synthetic.of(grid, labels), List.of("segmeter@1"), null);
        assertThat(number(card.segments().get(7).metrics(), "dice")).isEqualTo(1.0);
        assertThat(Objects.requireNonNull(card.segments().get(7).metrics().get("hd95"))
                        .getFirst()
                        .state())
                .isEqualTo(MetricValue.State.NOT_SCORED);
        assertThat(card.notices()).anyMatch(n -> n.contains("scattered"));
    }

    private static void expect(Map<String, List<MetricValue>> metrics, String name, double expected) {
        Number value =
                Objects.requireNonNull(metrics.get(name), name).getFirst().value();
        if (!Double.isFinite(expected)) {
            assertThat(value).as(name).isNull();
        } else {
            assertThat(Objects.requireNonNull(value, name).doubleValue())
                    .as(name)
                    .isCloseTo(expected, within(1e-12));
        }
    }

    private static double number(Map<String, List<MetricValue>> metrics, String name) {
        return Objects.requireNonNull(
                        Objects.requireNonNull(metrics.get(name), name)
                                .getFirst()
                                .value(),
                        name)
                .doubleValue();
    }

    private static Scorecard score(
            Segmentation prediction, Segmentation reference, List<String> protocols, @Nullable ForkJoinPool pool)
            throws InputException {
        Scorer scorer = pool == null ? Scorer.standard() : Scorer.standard().withPool(pool);
        return scorer.score(
                prediction,
                reference,
                // Regions that protocols declare would be measured under all of them.
                ScoringOptions.defaults().withProtocols(protocols).withScope(new Scope(null, null, List.of())),
                CancelSignal.none());
    }
}
