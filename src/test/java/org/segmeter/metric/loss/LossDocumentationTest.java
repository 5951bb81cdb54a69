package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.calibration.ThresholdSweep;
import org.segmeter.metric.fragility.DiceAnatomy;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/** The numbers of docs/losses.md are what the program computes for the example that the page gives. */
class LossDocumentationTest {

    private static final Box ROW = new Box(0, 0, 0, 8, 1, 1);
    private static final float[] P = {0.9f, 0.8f, 0.6f, 0.2f, 0.4f, 0.1f, 0, 0};

    /** {@code | `name` | parameters | formula | value |} with more columns behind. */
    private static final Pattern ROW_OF_TABLE =
            Pattern.compile("^\\| `([a-z0-9_]+)` \\| ([^|]*) \\| ([^|]*) \\| (-?[0-9.]+) \\|.*");

    private static BitMask reference() {
        BitMask g = new BitMask(ROW);
        g.setRun(0, 0, 0, 4);
        return g;
    }

    private static LossReport report() {
        return LossLaboratory.measure(
                List.of(Channel.of(new ProbabilityVolume(ROW, P), reference())),
                Region.of(ROW),
                new double[] {1, 1, 1},
                LossSettings.defaults(),
                CancelSignal.none());
    }

    /** Four voxels of three classes, the first the background. */
    private static final float[][] CLASSES = {
        {0.8f, 0.5f, 0.2f, 0.1f}, {0.1f, 0.3f, 0.6f, 0.2f}, {0.1f, 0.2f, 0.2f, 0.7f}
    };

    private static final int[] LABEL = {0, 0, 1, 2};

    private static LossReport ofClasses() {
        Box row = new Box(0, 0, 0, 4, 1, 1);
        List<Channel> channels = new ArrayList<>();
        for (int k = 0; k < 3; k++) {
            BitMask g = new BitMask(row);
            for (int x = 0; x < 4; x++) {
                if (LABEL[x] == k) {
                    g.set(x, 0, 0);
                }
            }
            channels.add(Channel.of(new ProbabilityVolume(row, CLASSES[k]), g));
        }
        return LossLaboratory.measure(
                channels, Region.of(row), new double[] {1, 1, 1}, LossSettings.defaults(), CancelSignal.none());
    }

    private static Map<String, List<MetricValue>> classes() {
        LossReport report = ofClasses();
        Map<String, List<MetricValue>> values = new LinkedHashMap<>(report.overall());
        CrossMoments moments = Objects.requireNonNull(report.moments());
        put(
                values,
                "top_label_ece",
                Calibration.of(moments.confidence(), 15, Calibration.Closed.UPPER, true)
                        .expectedError());
        put(
                values,
                "classwise_ece",
                report.channels().stream()
                        .mapToDouble(c -> Calibration.of(c.statistics().cells(), 15, Calibration.Closed.UPPER, true)
                                .expectedError())
                        .average()
                        .orElseThrow());
        return values;
    }

    private static Map<String, List<MetricValue>> calibration() {
        LossReport.OfChannel c = report().channels().getFirst();
        ChannelStatistics s = c.statistics();
        Calibration table = Calibration.of(s.cells(), 15, Calibration.Closed.UPPER, true);
        RankedLosses ranked = Objects.requireNonNull(c.ranked());
        ThresholdSweep sweep = ThresholdSweep.of(s);
        Map<String, List<MetricValue>> values = new LinkedHashMap<>();
        put(values, "brier", s.sums().l2() / s.sums().voxels());
        put(values, "nll", s.mean(new VoxelTerm.ClippedCrossEntropy(1e-7)));
        put(values, "ece", table.expectedError());
        put(values, "mce", table.maximumError());
        put(values, "adaptive_ece", ranked.adaptiveCalibrationError(4));
        put(values, "auroc", ranked.auroc());
        put(values, "average_precision", ranked.averagePrecision());
        put(values, "threshold", sweep.best().threshold());
        put(values, "dice", sweep.best().dice());
        put(values, "precision", sweep.best().precision());
        put(values, "recall", sweep.best().recall());
        return values;
    }

    private static Map<String, List<MetricValue>> fragility() {
        DiceAnatomy a = new DiceAnatomy(80, 10, 12, 1000);
        Map<String, List<MetricValue>> values = new LinkedHashMap<>();
        put(values, "dice", a.dice());
        put(values, "false_positive_part", a.falsePositivePart());
        put(values, "false_negative_part", a.falseNegativePart());
        put(values, "volume_part", a.volumePart());
        put(values, "placement_part", a.placementPart());
        put(values, "dice_ceiling_by_volume", a.ceiling());
        put(values, "dice_by_chance", a.byChance());
        put(values, "dice_above_chance", a.aboveChance());
        put(values, "dice_by_one_more_false_positive", a.byOneMoreFalsePositive());
        put(values, "dice_by_one_false_positive_removed", a.byOneFalsePositiveRemoved());
        put(values, "dice_by_one_miss_found", a.byOneMissFound());
        put(values, "dice_by_one_more_miss", a.byOneMoreMiss());
        put(values, "voxels_to_reach_dice", a.voxelsToReach(0.9));
        return values;
    }

    private static void put(Map<String, List<MetricValue>> values, String name, double value) {
        values.put(name, List.of(MetricValue.ok(value, "1")));
    }

    /** What the tables below a heading are about. */
    private static Map<String, List<MetricValue>> below(String heading) {
        return switch (heading) {
            case "### Classes" -> classes();
            case "### Calibration and thresholds of the example" -> calibration();
            case "### An example of fragility" -> fragility();
            default -> report().channels().getFirst().losses();
        };
    }

    @Test
    void everyNumberOfTheTablesIsRecomputed() throws IOException {
        Map<String, List<MetricValue>> losses = below("");
        Map<String, Set<String>> perTable = new LinkedHashMap<>();
        Set<String> documented = new LinkedHashSet<>();
        for (String line : Files.readAllLines(Path.of("docs/losses.md"))) {
            Matcher row = ROW_OF_TABLE.matcher(line);
            if (line.startsWith("#")) {
                losses = below(line.strip());
                documented = perTable.computeIfAbsent(
                        line.startsWith("### Cl") || line.startsWith("### Cal") || line.startsWith("### An")
                                ? line.strip()
                                : "",
                        l -> new LinkedHashSet<>());
            }
            if (row.matches()) {
                String name = row.group(1);
                assertThat(losses).as(line).containsKey(name);
                MetricValue value = losses.get(name).stream()
                        .filter(v -> parameters(v).equals(row.group(2).strip()))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("no value with the parameters of: " + line));
                assertThat(rounded(value)).as(line).isEqualTo(row.group(4));
                documented.add(name);
            }
        }
        for (String heading : List.of(
                "", "### Classes", "### Calibration and thresholds of the example", "### An example of fragility")) {
            assertThat(perTable.get(heading))
                    .as(heading)
                    .containsExactlyInAnyOrderElementsOf(below(heading).keySet());
        }
    }

    private static String parameters(MetricValue value) {
        Map<String, Object> sorted = new LinkedHashMap<>(value.parameters());
        return String.join(
                ", ",
                sorted.entrySet().stream()
                        .map(e -> e.getKey() + " " + (e.getValue() instanceof Double d ? trimmed(d) : e.getValue()))
                        .toList());
    }

    private static String trimmed(double d) {
        return d == Math.rint(d) ? Long.toString((long) d) : d == 4.0 / 3 ? "4/3" : Double.toString(d);
    }

    private static String rounded(MetricValue value) {
        return String.format(
                Locale.ROOT, "%.6f", Objects.requireNonNull(value.value()).doubleValue());
    }

    @Test
    void theFactsOfThePageAreRecomputed() throws IOException {
        String page = Files.readString(Path.of("docs/losses.md"));
        LossReport.OfChannel channel = report().channels().getFirst();
        GradientFacts dice = channel.gradients().get("vnet_dice_loss");
        ChannelStatistics s = channel.statistics();
        GradientFacts linear = GradientFacts.of(RegionLoss.Dice.linear(0), s);
        GradientFacts generalized = Objects.requireNonNull(channel.gradients().get("generalized_dice_loss"));
        GradientFacts diceCe = Objects.requireNonNull(channel.gradients().get("dice_ce_loss"));
        WassersteinGradient wasserstein =
                Objects.requireNonNull(ofClasses().wasserstein().get("generalized_wasserstein_dice_loss"));
        assertThat(wasserstein.perError().get(1))
                .isEqualTo(wasserstein.perError().get(2));
        SoftFacts facts = channel.facts();
        assertThat(facts).isNotNull();
        for (String number : List.of(
                fixed(linear.onReference()),
                fixed(linear.elsewhere()),
                fixed(linear.norm()),
                fixed(linear.shareOnReference()),
                fixed(linear.logitNorm()),
                fixed(dice.norm()),
                fixed(generalized.onReference()),
                fixed(generalized.elsewhere()),
                fixed(generalized.norm()),
                fixed(generalized.logitNorm()),
                fixed(diceCe.norm()),
                fixed(diceCe.logitNorm()),
                fixed(Objects.requireNonNull(diceCe.parts()).regionLogitNorm()),
                fixed(diceCe.parts().voxelLogitNorm()),
                fixed(wasserstein.perError().get(0)),
                fixed(wasserstein.perError().get(1)),
                fixed(wasserstein.norm()),
                fixed(wasserstein.softmaxNorm()),
                fixed(facts.softDice()),
                fixed(facts.hardDice()),
                fixed(facts.softHardGap()),
                fixed(facts.leak()))) {
            assertThat(page).as(number).contains(number);
        }
    }

    private static String fixed(double value) {
        return String.format(Locale.ROOT, "%.6f", value);
    }

    /** Prints the rows as the page must have them; a person adds formula and meaning. */
    static void main() {
        report().channels()
                .getFirst()
                .losses()
                .forEach((name, values) -> values.forEach(
                        v -> System.out.println("| `" + name + "` | " + parameters(v) + " | | " + rounded(v) + " |")));
        for (String heading : List.of(
                "### Classes", "### Calibration and thresholds of the example", "### An example of fragility")) {
            System.out.println(heading);
            below(heading)
                    .forEach((name, values) -> values.forEach(v ->
                            System.out.println("| `" + name + "` | " + parameters(v) + " | | " + rounded(v) + " |")));
        }
        LossReport.OfChannel c = report().channels().getFirst();
        System.out.println(c.facts());
        System.out.println(c.facts().softHardGap());
        System.out.println(GradientFacts.of(RegionLoss.Dice.linear(0), c.statistics()));
        System.out.println(c.gradients().get("vnet_dice_loss"));
        System.out.println(c.gradients().get("dice_ce_loss"));
    }
}
