package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    @Test
    void everyNumberOfTheTablesIsRecomputed() throws IOException {
        Map<String, List<MetricValue>> losses = report().channels().getFirst().losses();
        Set<String> documented = new LinkedHashSet<>();
        for (String line : Files.readAllLines(Path.of("docs/losses.md"))) {
            Matcher row = ROW_OF_TABLE.matcher(line);
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
        assertThat(documented).containsExactlyInAnyOrderElementsOf(losses.keySet());
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
        SoftFacts facts = channel.facts();
        assertThat(facts).isNotNull();
        for (String number : List.of(
                fixed(linear.onReference()),
                fixed(linear.elsewhere()),
                fixed(linear.norm()),
                fixed(linear.shareOnReference()),
                fixed(linear.logitNorm()),
                fixed(dice.norm()),
                fixed(facts.softDice()),
                fixed(facts.hardDice()),
                fixed(facts.softHardGap()),
                fixed(facts.leak()))) {
            assertThat(page).contains(number);
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
        LossReport.OfChannel c = report().channels().getFirst();
        System.out.println(c.facts());
        System.out.println(c.facts().softHardGap());
        System.out.println(GradientFacts.of(RegionLoss.Dice.linear(0), c.statistics()));
        System.out.println(c.gradients().get("vnet_dice_loss"));
    }
}
