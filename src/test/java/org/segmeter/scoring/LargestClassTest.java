package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;

/** Channels of which the first is the background are classes: the largest probability decides, not one half. */
class LargestClassTest {

    private static final int CLASSES = 4;

    /** Of voxels in x, y, z order the probabilities of all classes, few digits so that many are equal. */
    private static float[][] softmax(Box box, Random random) {
        float[][] p = new float[CLASSES][(int) box.voxelCount()];
        for (int i = 0; i < p[0].length; i++) {
            int left = 10;
            for (int c = 0; c < CLASSES - 1; c++) {
                int part = random.nextInt(left + 1);
                p[c][i] = part / 10f;
                left -= part;
            }
            p[CLASSES - 1][i] = left / 10f;
        }
        return p;
    }

    private static Segmentation channels(Grid grid, float[][] p) {
        ProbabilityVolume[] volumes = new ProbabilityVolume[CLASSES];
        for (int c = 0; c < CLASSES; c++) {
            volumes[c] = new ProbabilityVolume(grid.box(), p[c]);
        }
        Segmentation made = Synthetic.of(grid, volumes);
        return new Segmentation(
                grid, made.encoding(), made.segments(), new Segmentation.Source("nifti-1", null, true, List.of()));
    }

    private static int largest(float[][] p, int i) {
        int winner = 0;
        for (int c = 1; c < CLASSES; c++) {
            winner = p[c][i] > p[winner][i] ? c : winner;
        }
        return winner;
    }

    /** The reference: segments 1 to 3, and 4 for what is ignored. */
    private static BitMask[] reference(Box box, Random random) {
        BitMask[] masks = new BitMask[CLASSES];
        for (int c = 0; c < CLASSES; c++) {
            masks[c] = new BitMask(box);
        }
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    int label = random.nextInt(CLASSES + 1);
                    if (label > 0) {
                        masks[label - 1].set(x, y, z);
                    }
                }
            }
        }
        return masks;
    }

    private static ScoringOptions options(String request) throws Exception {
        return ScoringOptions.parse(request.replace('\'', '"'));
    }

    private static List<Object> counts(Scorecard card, int segment) {
        List<Object> counts = new ArrayList<>();
        for (String name : List.of("tp", "fp", "fn", "tn")) {
            MetricValue value = card.segments().get(segment).metrics().get(name).getFirst();
            counts.add(value.value() == null ? "none" : value.value().longValue());
        }
        return counts;
    }

    private static List<Object> expected(
            Box box, float[][] p, BitMask[] reference, int segment, double threshold, boolean ignoring) {
        long tp = 0;
        long fp = 0;
        long fn = 0;
        long tn = 0;
        int i = 0;
        for (int z = 0; z < box.z1(); z++) {
            for (int y = 0; y < box.y1(); y++) {
                for (int x = 0; x < box.x1(); x++, i++) {
                    if (ignoring && reference[CLASSES - 1].contains(x, y, z)) {
                        continue;
                    }
                    boolean predicted = threshold > 0 ? p[segment + 1][i] >= threshold : largest(p, i) == segment + 1;
                    boolean there = reference[segment].contains(x, y, z);
                    tp += predicted && there ? 1 : 0;
                    fp += predicted && !there ? 1 : 0;
                    fn += !predicted && there ? 1 : 0;
                    tn += !predicted && !there ? 1 : 0;
                }
            }
        }
        assertThat(new ConfusionCounts(tp, fp, fn, tn).total()).isPositive();
        return List.of(tp, fp, fn, tn);
    }

    @Test
    void theLargestProbabilityDecidesUnlessAThresholdIsGiven() throws Exception {
        long seed = Long.getLong("segmeter.seed", 20261128L);
        System.out.println("LargestClassTest: seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 8; round++) {
            Grid grid = Synthetic.grid(1 + random.nextInt(70), 1 + random.nextInt(6), 1 + random.nextInt(4), 1, 2, 3);
            float[][] p = softmax(grid.box(), random);
            BitMask[] masks = reference(grid.box(), random);
            Segmentation reference = Synthetic.of(grid, masks);
            String first = "'prediction': {'values': 'probabilities', 'background': 'first'";
            for (boolean ignoring : new boolean[] {false, true}) {
                String ignore = ignoring ? "'ignore': 4, " : "";
                Scorecard byClass = Scorer.standard()
                        .score(channels(grid, p), reference, options("{" + ignore + first + "}}"), CancelSignal.none());
                Scorecard byThreshold = Scorer.standard()
                        .score(
                                channels(grid, p),
                                reference,
                                options("{" + ignore + first + ", 'threshold': 0.3}}"),
                                CancelSignal.none());
                for (int segment = 0; segment < CLASSES - 1; segment++) {
                    assertThat(counts(byClass, segment))
                            .isEqualTo(expected(grid.box(), p, masks, segment, 0, ignoring));
                    assertThat(counts(byThreshold, segment))
                            .isEqualTo(expected(grid.box(), p, masks, segment, 0.3f, ignoring));
                }
                assertThat(byClass.prediction().threshold()).isNull();
                assertThat(byThreshold.prediction().threshold()).isEqualTo(0.3);
            }
        }
    }

    /** What other tools print for the softmax of the oracles, through the product's own reading. */
    @Test
    void theOraclesOfASoftmaxAreMetAsSent() throws Exception {
        Path folder = Path.of("src/test/resources/loss-oracles/s20-softmax");
        JsonNode oracle = JsonDocument.read(Files.readString(folder.resolve("oracle.json")));
        ScoringOptions options =
                options("{'protocol': 'textbook@1', 'prediction': {'values': 'probabilities', 'background': 'first'}}");
        SegmentationReader reader = SegmentationReader.standard();
        Scorecard card = Scorer.standard()
                .score(
                        reader.readFiles(
                                List.of(folder.resolve("prediction.nii.gz")),
                                ReadOptions.defaults()
                                        .withValues(ReadOptions.Values.PROBABILITIES, OptionalDouble.empty())),
                        reader.readFiles(List.of(folder.resolve("reference.nii.gz")), ReadOptions.defaults()),
                        options,
                        CancelSignal.none());
        int compared = 0;
        for (JsonNode row : oracle.get("results")) {
            String metric = row.get("metric").asString();
            if (!row.get("peer").asString().equals("formula")
                    || !List.of("tp", "fp", "fn", "tn").contains(metric)) {
                continue;
            }
            int label = row.get("label").asInt();
            Scorecard.SegmentScore scores = card.segments().stream()
                    .filter(s -> s.segment().number() == label)
                    .findFirst()
                    .orElseThrow();
            Number ours = scores.metrics().get(metric).getFirst().value();
            assertThat(ours == null ? -1 : ours.longValue())
                    .as(metric + " of " + label)
                    .isEqualTo(row.get("value").asLong());
            compared++;
        }
        assertThat(compared).isGreaterThanOrEqualTo(4 * oracle.get("labels").size());
    }
}
