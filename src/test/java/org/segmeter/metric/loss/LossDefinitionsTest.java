package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.segmeter.metric.LaboratoryCatalogue;
import org.segmeter.metric.LaboratoryCatalogue.Document;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.loss.LossSettings.Reduction;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/**
 * Every loss of the laboratory against its definition, written here once more in doubles, voxel by voxel, with nothing shared; and
 * what has to hold for all of them. {@code -Dsegmeter.tries=N} draws N volumes.
 */
class LossDefinitionsTest {

    private static final int NX = 7;
    private static final int NY = 5;
    private static final int NZ = 4;
    private static final int N = NX * NY * NZ;
    private static final Box BOX = new Box(0, 0, 0, NX, NY, NZ);
    private static final double[] SPACING = {0.8, 1.25, 2};

    static LongStream seeds() {
        long first = Long.getLong("segmeter.seed", 7_000);
        return LongStream.range(first, first + Integer.getInteger("segmeter.tries", 6));
    }

    /** A structure and the settings by which its losses are asked for. */
    private record Case(float[] p, boolean[] g, LossSettings settings) {
        static Case of(long seed) {
            Random random = new Random(seed);
            float[] p = new float[N];
            boolean[] g = new boolean[N];
            for (int i = 0; i < N; i++) {
                p[i] = switch (random.nextInt(8)) {
                    case 0 -> 0;
                    case 1 -> 1;
                    case 2 -> 1e-6f * random.nextFloat();
                    case 3 -> 1 - 1e-6f * random.nextFloat();
                    default -> random.nextFloat();
                };
                g[i] = i % 20 == 3 || i % 20 != 4 && random.nextInt(3) == 0;
            }
            LossSettings settings = new LossSettings(
                    random.nextBoolean() ? 1e-5 : random.nextDouble(),
                    random.nextDouble(),
                    random.nextInt(4) + 0.5 * random.nextInt(2),
                    random.nextDouble(),
                    1 + random.nextInt(100),
                    0.5 * random.nextDouble(),
                    0.1 + 0.8 * random.nextDouble(),
                    random.nextInt(5),
                    List.of(random.nextDouble(), 0.1 + random.nextDouble()),
                    Reduction.MEAN,
                    true,
                    true);
            return new Case(p, g, settings);
        }

        BitMask mask() {
            BitMask mask = new BitMask(BOX);
            for (int i = 0; i < N; i++) {
                if (g[i]) {
                    mask.set(i % NX, i / NX % NY, i / (NX * NY));
                }
            }
            return mask;
        }

        Map<String, List<MetricValue>> measured() {
            return measure(Channel.of(new ProbabilityVolume(BOX, p), mask()), settings);
        }
    }

    private static Map<String, List<MetricValue>> measure(Channel channel, LossSettings settings) {
        return LossLaboratory.measure(List.of(channel), Region.of(BOX), SPACING, settings, CancelSignal.none())
                .channels()
                .getFirst()
                .losses();
    }

    private interface Definition {
        double of(Parameters parameters);
    }

    private record Parameters(Map<String, Object> all) {
        double number(String name) {
            return ((Number) Objects.requireNonNull(all.get(name), name)).doubleValue();
        }

        double number(String name, double other) {
            return all.containsKey(name) ? number(name) : other;
        }

        boolean is(String name, Object value) {
            return value.equals(all.get(name));
        }
    }

    /** Sums over voxels, in doubles. */
    private static final class Sums {
        private final double[] p;
        private final double[] g;

        Sums(double[] p, double[] g) {
            this.p = p;
            this.g = g;
        }

        interface OfVoxel {
            double at(double p, double g);
        }

        double sum(OfVoxel f) {
            double sum = 0;
            for (int i = 0; i < p.length; i++) {
                sum += f.at(p[i], g[i]);
            }
            return sum;
        }

        double mean(OfVoxel f) {
            return sum(f) / p.length;
        }

        double tp() {
            return sum((p, g) -> p * g);
        }

        double fp() {
            return sum((p, g) -> p * (1 - g));
        }

        double fn() {
            return sum((p, g) -> (1 - p) * g);
        }

        double tn() {
            return sum((p, g) -> (1 - p) * (1 - g));
        }

        Sums rest() {
            DoubleUnaryOperator rest = v -> 1 - v;
            return new Sums(
                    Arrays.stream(p).map(rest).toArray(),
                    Arrays.stream(g).map(rest).toArray());
        }

        Sums clipped(double clip) {
            return new Sums(
                    Arrays.stream(p)
                            .map(v -> Math.min(1 - clip, Math.max(clip, v)))
                            .toArray(),
                    g);
        }

        double dice(boolean squared, double above, double below, double floor) {
            double size = squared ? sum((p, g) -> p * p + g * g) : sum((p, g) -> p + g);
            return 1 - (2 * tp() + above) / Math.max(size + below, floor);
        }

        double tversky(double alpha, double beta, double smooth) {
            return 1 - (tp() + smooth) / (tp() + alpha * fp() + beta * fn() + smooth);
        }
    }

    /** -log p, at most 100. */
    private static double cost(double p) {
        return p == 0 ? 100 : Math.min(100, -Math.log(p));
    }

    /** -log(1 - p), at most 100. */
    private static double costOfRest(double p) {
        return p == 1 ? 100 : -Math.log1p(-p);
    }

    private static double crossEntropy(double p, double g) {
        return g * cost(p) + (1 - g) * costOfRest(p);
    }

    private static double generalized(List<Sums> classes, Parameters q) {
        double[] w = new double[classes.size()];
        for (int c = 0; c < w.length; c++) {
            double n = classes.get(c).sum((p, g) -> g);
            w[c] = q.is("weighting", "1/n^2") ? 1 / (n * n) : q.is("weighting", "1/n") ? 1 / n : 1;
        }
        double both = 0;
        double size = 0;
        for (int c = 0; c < w.length; c++) {
            both += w[c] * classes.get(c).tp();
            size += w[c] * classes.get(c).sum((p, g) -> p + g);
        }
        return 1 - (2 * both + q.number("smoothNumerator")) / (size + q.number("smoothDenominator"));
    }

    private static double asymmetric(Sums s, Parameters q, double delta, double gamma, boolean symmetric) {
        Sums c = s.clipped(q.number("clip"));
        return c.mean((p, g) -> delta * g * (symmetric ? Math.pow(1 - p, gamma) : 1) * -Math.log(p)
                + (1 - delta) * (1 - g) * Math.pow(p, gamma) * -Math.log(1 - p));
    }

    private static double asymmetricTversky(Sums s, Parameters q, double delta, double gamma, boolean symmetric) {
        double clip = q.number("clip");
        double structure = s.clipped(clip).tversky(1 - delta, delta, clip);
        double background = s.rest().clipped(clip).tversky(1 - delta, delta, clip);
        return (Math.pow(background, symmetric ? 1 - gamma : 1) + Math.pow(structure, 1 - gamma)) / 2;
    }

    /** The mean over the largest values. */
    private static double top(double[] values, double percent) {
        double[] sorted = Arrays.stream(values)
                .boxed()
                .sorted(Comparator.reverseOrder())
                .mapToDouble(v -> v)
                .toArray();
        int k = Math.max(1, (int) Math.floor(values.length * percent / 100));
        return Arrays.stream(sorted).limit(k).average().orElseThrow();
    }

    /** Berman's algorithm: errors in falling order with the gradient of the Jaccard loss. */
    private static double lovasz(double[] errors, double[] g) {
        Integer[] order = IntStream.range(0, errors.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> errors[i]).reversed())
                .toArray(Integer[]::new);
        double total = Arrays.stream(g).sum();
        double loss = 0;
        double before = 0;
        double in = 0;
        for (int k = 0; k < order.length; k++) {
            in += g[order[k]];
            double jaccard = 1 - (total - in) / (total + k + 1 - in);
            loss += errors[order[k]] * (jaccard - before);
            before = jaccard;
        }
        return loss;
    }

    /** The least (or largest) value among neighbours; what lies outside does not count. */
    private static double[] extreme(double[] v, boolean least, boolean cross) {
        double[] out = new double[N];
        for (int i = 0; i < N; i++) {
            double best = v[i];
            for (int dz = -1; dz <= 1; dz++) {
                for (int dy = -1; dy <= 1; dy++) {
                    for (int dx = -1; dx <= 1; dx++) {
                        int x = i % NX + dx;
                        int y = i / NX % NY + dy;
                        int z = i / (NX * NY) + dz;
                        boolean inside = x >= 0 && x < NX && y >= 0 && y < NY && z >= 0 && z < NZ;
                        boolean counts = !cross || Math.abs(dx) + Math.abs(dy) + Math.abs(dz) <= 1;
                        if (inside && counts) {
                            double other = v[(z * NY + y) * NX + x];
                            best = least ? Math.min(best, other) : Math.max(best, other);
                        }
                    }
                }
            }
            out[i] = best;
        }
        return out;
    }

    private static double[] skeleton(double[] image, int iterations) {
        double[] now = image;
        double[] skeleton = new double[N];
        for (int j = 0; j <= iterations; j++) {
            double[] eroded = extreme(now, true, true);
            double[] opened = extreme(eroded, false, false);
            for (int i = 0; i < N; i++) {
                double delta = Math.max(0, now[i] - opened[i]);
                skeleton[i] = j == 0 ? delta : skeleton[i] + Math.max(0, delta - skeleton[i] * delta);
            }
            now = eroded;
        }
        return skeleton;
    }

    private static double share(double[] skeleton, double[] in, double smooth) {
        double both =
                IntStream.range(0, N).mapToDouble(i -> skeleton[i] * in[i]).sum();
        return (both + smooth) / (Arrays.stream(skeleton).sum() + smooth);
    }

    private static double clDice(Sums s, Parameters q) {
        int iterations = (int) q.number("iterations");
        double precision = share(skeleton(s.p, iterations), s.g, q.number("smooth"));
        double sensitivity = share(skeleton(s.g, iterations), s.p, q.number("smooth"));
        return 1 - 2 * precision * sensitivity / (precision + sensitivity);
    }

    /** The distance of every voxel to the nearest one of a set. */
    private static double[] distance(boolean[] set, double[] spacing) {
        double[] d = new double[N];
        for (int i = 0; i < N; i++) {
            double best = Double.POSITIVE_INFINITY;
            for (int j = 0; j < N; j++) {
                if (set[j]) {
                    best = Math.min(
                            best,
                            Math.hypot(
                                    Math.hypot(
                                            (i % NX - j % NX) * spacing[0], (i / NX % NY - j / NX % NY) * spacing[1]),
                                    (i / (NX * NY) - j / (NX * NY)) * spacing[2]));
                }
            }
            d[i] = best;
        }
        return d;
    }

    private static boolean[] set(double[] values, boolean inside) {
        boolean[] set = new boolean[N];
        for (int i = 0; i < N; i++) {
            set[i] = values[i] > 0.5 == inside;
        }
        return set;
    }

    private static double hausdorff(Sums s, double alpha) {
        double[] one = {1, 1, 1};
        double[] pIn = distance(set(s.p, false), one);
        double[] pOut = distance(set(s.p, true), one);
        double[] gIn = distance(set(s.g, false), one);
        double[] gOut = distance(set(s.g, true), one);
        double sum = 0;
        for (int i = 0; i < N; i++) {
            sum += Math.pow(s.p[i] - s.g[i], 2)
                    * (Math.pow(Math.max(pIn[i], pOut[i]), alpha) + Math.pow(Math.max(gIn[i], gOut[i]), alpha));
        }
        return sum / N;
    }

    private static double boundary(Sums s) {
        double[] in = distance(set(s.g, false), SPACING);
        double[] out = distance(set(s.g, true), SPACING);
        double sum = 0;
        for (int i = 0; i < N; i++) {
            sum += s.p[i] * (s.g[i] == 1 ? 0.8 - in[i] : out[i]);
        }
        return sum / N;
    }

    private static Map<String, Definition> definitions(Sums s) {
        Map<String, Definition> d = new LinkedHashMap<>();
        double share = s.mean((p, g) -> g);
        Definition dice = q -> s.dice(
                q.is("denominator", "squared"),
                q.number("smoothNumerator"),
                q.number("smoothDenominator"),
                q.number("denominatorFloor", 0));
        d.put("dice_loss", dice);
        d.put("dice_loss_squared", dice);
        d.put("keras_dice_loss", q -> 1 - (2 * s.tp() + 1) / (s.sum((p, g) -> g * g) + s.sum((p, g) -> p * p) + 1));
        d.put("vnet_dice_loss", q -> 1 - 2 * s.tp() / (s.sum((p, g) -> g * g) + s.sum((p, g) -> p * p)));
        d.put("nnunet_dice_loss", q -> -(2 * s.tp() + 1e-5) / Math.max(s.sum((p, g) -> p + g) + 1e-5, 1e-8));
        d.put(
                "jaccard_loss",
                q -> 1
                        - (s.tp() + q.number("smoothNumerator"))
                                / (s.sum((p, g) -> p + g - p * g) + q.number("smoothDenominator")));
        Definition tversky =
                q -> s.tversky(q.number("alphaFalsePositive"), q.number("betaFalseNegative"), q.number("smooth"));
        d.put("tversky_loss", tversky);
        d.put("focal_tversky_loss", q -> Math.pow(tversky.of(q), 1 / q.number("gammaOfAbraham")));
        d.put("log_cosh_dice_loss", q -> Math.log(Math.cosh(dice.of(q))));
        d.put(
                "sensitivity_specificity_loss",
                q -> q.number("r") * s.sum((p, g) -> (p - g) * (p - g) * g) / (s.sum((p, g) -> g) + q.number("smooth"))
                        + (1 - q.number("r"))
                                * s.sum((p, g) -> (p - g) * (p - g) * (1 - g))
                                / (s.sum((p, g) -> 1 - g) + q.number("smooth")));
        d.put(
                "dice_semimetric_loss",
                q -> 1
                        - (s.sum((p, g) -> p + g - Math.abs(p - g)) + q.number("smooth"))
                                / (s.sum((p, g) -> p + g) + q.number("smooth")));
        d.put("mcc_loss", q -> {
            double e = q.number("epsilon");
            double tp = s.tp() + e;
            double fp = s.fp() + e;
            double fn = s.fn() + e;
            double tn = s.tn() + e;
            return 1 - (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
        });
        Definition generalized = q -> generalized(List.of(s.rest(), s), q);
        d.put("generalized_dice_loss", generalized);
        d.put("bce", q -> {
            if (q.all().containsKey("clip")) {
                return s.clipped(q.number("clip"))
                        .mean((p, g) -> g == 1 ? -Math.log(p) : p < 0.5 ? -Math.log1p(-p) : -Math.log(1 - p));
            }
            double smoothing = q.number("labelSmoothing", 0);
            double own = q.number("weightOnReference", 1);
            double other = q.number("weightElsewhere", 1);
            return s.mean((p, g) -> {
                double target = g * (1 - smoothing) + smoothing / 2;
                return own * target * cost(p) + other * (1 - target) * costOfRest(p);
            });
        });
        d.put("balanced_bce", q -> s.mean((p, g) -> (1 - share) * g * cost(p) + share * (1 - g) * costOfRest(p)));
        Definition focal = q -> s.mean((p, g) -> {
            double weight = q.all().containsKey("alpha") ? g == 1 ? q.number("alpha") : 1 - q.number("alpha") : 1;
            return weight * Math.pow(Math.abs(p - g), q.number("gamma")) * crossEntropy(p, g);
        });
        d.put("focal_loss", focal);
        d.put("poly1_loss", q -> s.mean((p, g) -> crossEntropy(p, g) + q.number("epsilon") * (g == 1 ? 1 - p : p)));
        d.put("hinge", q -> s.mean((p, g) -> Math.max(0, 1 - (2 * g - 1) * (2 * p - 1))));
        d.put("squared_hinge", q -> s.mean((p, g) -> Math.pow(Math.max(0, 1 - (2 * g - 1) * (2 * p - 1)), 2)));
        d.put("l1", q -> s.mean((p, g) -> Math.abs(p - g)));
        d.put("mse", q -> s.mean((p, g) -> (p - g) * (p - g)));
        d.put("huber", q -> s.mean((p, g) -> huber(Math.abs(p - g), q.number("delta"))));
        d.put("smooth_l1", q -> s.mean((p, g) -> huber(Math.abs(p - g), q.number("beta")) / q.number("beta")));
        d.put("log_cosh", q -> s.mean((p, g) -> Math.log(Math.cosh(p - g))));
        // For a hard reference the entropy of the reference is 0.
        d.put("kl_divergence", q -> s.mean(LossDefinitionsTest::crossEntropy));
        d.put(
                "dice_ce_loss",
                q -> s.dice(false, q.number("smooth"), q.number("smooth"), 0)
                        + s.mean(LossDefinitionsTest::crossEntropy));
        d.put("dice_focal_loss", q -> s.dice(false, q.number("smooth"), q.number("smooth"), 0) + focal.of(q));
        d.put(
                "generalized_dice_focal_loss",
                q -> generalized.of(new Parameters(Map.of(
                                "weighting",
                                "1/n^2",
                                "smoothNumerator",
                                q.number("smooth"),
                                "smoothDenominator",
                                q.number("smooth"))))
                        + focal.of(q));
        d.put("combo_loss", q -> {
            double beta = q.number("beta");
            double entropy = s.mean((p, g) -> beta * g * cost(p) + (1 - beta) * (1 - g) * costOfRest(p));
            return q.number("alpha") * entropy
                    - (1 - q.number("alpha")) * (1 - s.dice(false, q.number("smooth"), q.number("smooth"), 0));
        });
        d.put("exponential_logarithmic_loss", q -> {
            double smooth = q.number("smooth");
            double gamma = q.number("gamma");
            double dices = (Math.pow(-Math.log(1 - s.dice(false, smooth, smooth, 0)), gamma)
                            + Math.pow(-Math.log(1 - s.rest().dice(false, smooth, smooth, 0)), gamma))
                    / 2;
            double crosses = s.mean((p, g) -> g == 1
                    ? Math.sqrt(1 / share) * Math.pow(cost(p), gamma)
                    : Math.sqrt(1 / (1 - share)) * Math.pow(costOfRest(p), gamma));
            return q.number("weightDice") * dices + q.number("weightCrossEntropy") * crosses;
        });
        for (boolean symmetric : new boolean[] {false, true}) {
            String prefix = symmetric ? "symmetric_" : "asymmetric_";
            d.put(prefix + "focal_loss", q -> asymmetric(s, q, q.number("delta"), q.number("gamma"), symmetric));
            d.put(
                    prefix + "focal_tversky_loss",
                    q -> asymmetricTversky(s, q, q.number("delta"), q.number("gamma"), symmetric));
            d.put(
                    prefix + "unified_focal_loss",
                    q -> q.number("weight") * asymmetric(s, q, q.number("delta"), q.number("gamma"), symmetric)
                            + (1 - q.number("weight"))
                                    * asymmetricTversky(s, q, q.number("delta"), q.number("gamma"), symmetric));
        }
        d.put("lovasz_softmax_loss", q -> lovasz(errors(s, 1), s.g));
        d.put("lovasz_hinge_loss", q -> lovasz(errors(s, 2), s.g));
        d.put(
                "top_k_loss",
                q -> top(
                        IntStream.range(0, s.p.length)
                                .mapToDouble(i -> crossEntropy(s.p[i], s.g[i]))
                                .toArray(),
                        q.number("percent")));
        d.put("soft_cl_dice_loss", q -> clDice(s, q));
        d.put(
                "dice_cl_dice_loss",
                q -> (1 - q.number("alpha")) * s.dice(false, 1, 1, 0) + q.number("alpha") * clDice(s, q));
        d.put("boundary_loss", q -> boundary(s));
        d.put("hausdorff_dt_loss", q -> hausdorff(s, q.number("alpha")));
        d.put("log_hausdorff_dt_loss", q -> Math.log(1 + hausdorff(s, q.number("alpha"))));
        return d;
    }

    private static double[] errors(Sums s, double scale) {
        return IntStream.range(0, s.p.length)
                .mapToDouble(i -> scale * Math.abs(s.p[i] - s.g[i]))
                .toArray();
    }

    private static double huber(double e, double delta) {
        return e <= delta ? e * e / 2 : delta * (e - delta / 2);
    }

    private static Sums sums(Case c) {
        return new Sums(
                IntStream.range(0, N).mapToDouble(i -> c.p()[i]).toArray(),
                IntStream.range(0, N).mapToDouble(i -> c.g()[i] ? 1 : 0).toArray());
    }

    private static double number(MetricValue value) {
        assertThat(value.state()).as(value.toString()).isEqualTo(MetricValue.State.OK);
        return Objects.requireNonNull(value.value()).doubleValue();
    }

    private static void assertClose(String name, double actual, double expected) {
        assertThat(actual).as(name).isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyLossOfAStructureIsItsDefinition(long seed) {
        Case c = Case.of(seed);
        Map<String, Definition> definitions = definitions(sums(c));
        Map<String, List<MetricValue>> measured = c.measured();
        assertThat(measured.keySet()).containsExactlyInAnyOrderElementsOf(definitions.keySet());
        measured.forEach((name, values) -> {
            for (MetricValue value : values) {
                Definition definition = Objects.requireNonNull(definitions.get(name), name);
                assertClose(
                        name + " " + value.parameters() + ", seed " + seed,
                        number(value),
                        definition.of(new Parameters(value.parameters())));
            }
        });
    }

    /** Three exclusive classes by a softmax, the first the background. */
    private record Classes(List<float[]> logits, List<float[]> p, int[] label, LossSettings settings) {
        static Classes of(long seed) {
            Random random = new Random(seed);
            List<float[]> logits = List.of(new float[N], new float[N], new float[N]);
            List<float[]> p = List.of(new float[N], new float[N], new float[N]);
            int[] label = new int[N];
            for (int i = 0; i < N; i++) {
                label[i] = i < 3 ? i : random.nextInt(3);
                double sum = 0;
                for (float[] z : logits) {
                    z[i] = (float) (2 * random.nextGaussian());
                    sum += Math.exp(z[i]);
                }
                for (int k = 0; k < 3; k++) {
                    p.get(k)[i] = (float) (Math.exp(logits.get(k)[i]) / sum);
                }
            }
            LossSettings settings = new LossSettings(
                    random.nextDouble(),
                    random.nextDouble(),
                    1 + random.nextInt(3),
                    0.25,
                    1 + random.nextInt(100),
                    0.4 * random.nextDouble(),
                    0.5,
                    3,
                    random.nextBoolean() ? List.of() : List.of(random.nextDouble(), 1.5, random.nextDouble()),
                    random.nextBoolean() ? Reduction.MEAN : Reduction.SUM,
                    true,
                    false);
            return new Classes(logits, p, label, settings);
        }

        List<Channel> channels(boolean fromLogits) {
            List<Channel> channels = new ArrayList<>();
            for (int k = 0; k < 3; k++) {
                BitMask mask = new BitMask(BOX);
                for (int i = 0; i < N; i++) {
                    if (label[i] == k) {
                        mask.set(i % NX, i / NX % NY, i / (NX * NY));
                    }
                }
                Side side = fromLogits
                        ? new Side.SoftmaxLogit(BOX, logits, k)
                        : new Side.Probability(new ProbabilityVolume(BOX, p.get(k)));
                channels.add(new Channel(side, new Side.Hard(mask)));
            }
            return channels;
        }

        Map<String, List<MetricValue>> measured(boolean fromLogits) {
            return LossLaboratory.measure(channels(fromLogits), Region.of(BOX), SPACING, settings, CancelSignal.none())
                    .overall();
        }

        List<Sums> sums() {
            List<Sums> sums = new ArrayList<>();
            for (int k = 0; k < 3; k++) {
                int own = k;
                sums.add(new Sums(
                        IntStream.range(0, N).mapToDouble(i -> p.get(own)[i]).toArray(),
                        IntStream.range(0, N)
                                .mapToDouble(i -> label[i] == own ? 1 : 0)
                                .toArray()));
            }
            return sums;
        }
    }

    private interface OfClass {
        double of(Sums s);
    }

    private static Map<String, Definition> definitions(Classes c) {
        List<Sums> all = c.sums();
        List<Double> given = c.settings().classWeights();
        double[] w = IntStream.range(0, 3)
                .mapToDouble(k -> given.isEmpty() ? 1 : given.get(k))
                .toArray();
        double[] cross = new double[N];
        for (int i = 0; i < N; i++) {
            cross[i] = -Math.log(c.p().get(c.label()[i])[i]);
        }
        double entropy = IntStream.range(0, N)
                        .mapToDouble(i -> w[c.label()[i]] * cross[i])
                        .sum()
                / IntStream.range(0, N).mapToDouble(i -> w[c.label()[i]]).sum();
        double plain = Arrays.stream(cross).average().orElseThrow();
        java.util.function.BiFunction<Parameters, OfClass, Double> reduced = (q, loss) -> {
            int first = q.is("includeBackground", true) ? 0 : 1;
            double sum = 0;
            for (int k = first; k < 3; k++) {
                sum += w[k] * loss.of(all.get(k));
            }
            return q.is("reduction", "sum") ? sum : sum / (3 - first);
        };
        Definition dice = q -> {
            if (q.is("reduction", "voxels of all classes pooled")) {
                int first = q.is("includeBackground", true) ? 0 : 1;
                double both = 0;
                double size = 0;
                for (int k = first; k < 3; k++) {
                    both += all.get(k).tp();
                    size += all.get(k).sum((p, g) -> p + g);
                }
                return 1 - (2 * both + q.number("smooth")) / (size + q.number("smooth"));
            }
            return reduced.apply(q, s -> s.dice(false, q.number("smooth"), q.number("smooth"), 0));
        };
        double gamma = c.settings().focalGamma();
        double focal = all.stream()
                        .mapToDouble(s -> s.mean((p, g) -> g * Math.pow(1 - p, gamma) * cost(p)))
                        .sum()
                / 3;
        Map<String, Definition> d = new LinkedHashMap<>();
        d.put("dice_loss", dice);
        d.put("dice_loss_squared", q -> reduced.apply(q, s -> s.dice(true, q.number("smooth"), q.number("smooth"), 0)));
        d.put(
                "jaccard_loss",
                q -> reduced.apply(
                        q,
                        s -> 1
                                - (s.tp() + q.number("smooth"))
                                        / (s.sum((p, g) -> p + g - p * g) + q.number("smooth"))));
        d.put(
                "tversky_loss",
                q -> reduced.apply(
                        q,
                        s -> s.tversky(
                                q.number("alphaFalsePositive"), q.number("betaFalseNegative"), q.number("smooth"))));
        d.put("dice_ce_loss", q -> dice.of(q) + entropy);
        d.put("dice_focal_loss", q -> dice.of(q) + focal);
        d.put("generalized_dice_loss", q -> generalized(all.subList(q.is("includeBackground", true) ? 0 : 1, 3), q));
        d.put(
                "generalized_dice_focal_loss",
                q -> generalized(
                                all.subList(q.is("includeBackground", true) ? 0 : 1, 3),
                                new Parameters(Map.of(
                                        "weighting",
                                        "1/n^2",
                                        "smoothNumerator",
                                        q.number("smooth"),
                                        "smoothDenominator",
                                        q.number("smooth"))))
                        + focal);
        d.put("cross_entropy", q -> {
            if (!q.all().containsKey("labelSmoothing")) {
                return entropy;
            }
            double smoothing = q.number("labelSmoothing");
            double uniform =
                    all.stream().mapToDouble(s -> s.mean((p, g) -> cost(p))).sum() / 3;
            return (1 - smoothing) * plain + smoothing * uniform;
        });
        d.put("focal_loss", q -> focal);
        d.put(
                "poly1_loss",
                q -> plain
                        + IntStream.range(0, N)
                                        .mapToDouble(i -> 1 - (double) c.p().get(c.label()[i])[i])
                                        .sum()
                                / N);
        d.put("top_k_loss", q -> top(cross, q.number("percent")));
        d.put("generalized_wasserstein_dice_loss", q -> wasserstein(c, q));
        d.put(
                "lovasz_softmax_loss",
                q -> all.stream().mapToDouble(s -> lovasz(errors(s, 1), s.g)).sum() / 3);
        return d;
    }

    /** With a distance of 1 between classes the expected distance of a voxel is 1 - p of its class. */
    private static double wasserstein(Classes c, Parameters q) {
        boolean byVolume = q.is("weighting", "GDL");
        double right = 0;
        double wrong = 0;
        for (int k = 0; k < 3; k++) {
            double volume = 0;
            double distance = 0;
            for (int i = 0; i < N; i++) {
                if (c.label()[i] == k) {
                    double sum = 0;
                    for (int l = 0; l < 3; l++) {
                        sum += c.p().get(l)[i];
                        distance += l == k ? 0 : c.p().get(l)[i];
                    }
                    volume += sum;
                }
            }
            double weight = byVolume ? 1 / (volume + 1) : k == 0 ? 0 : 1;
            right += weight * (volume - distance);
            wrong += byVolume ? weight * distance : distance;
        }
        return 1 - (2 * right + q.number("smooth")) / (2 * right + wrong + q.number("smooth"));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyLossOfClassesIsItsDefinition(long seed) {
        Classes c = Classes.of(seed);
        Map<String, Definition> definitions = definitions(c);
        Map<String, List<MetricValue>> measured = c.measured(false);
        assertThat(measured.keySet()).containsExactlyInAnyOrderElementsOf(definitions.keySet());
        measured.forEach((name, values) -> {
            for (MetricValue value : values) {
                Definition definition = Objects.requireNonNull(definitions.get(name), name);
                assertClose(
                        name + " " + value.parameters() + ", seed " + seed,
                        number(value),
                        definition.of(new Parameters(value.parameters())));
            }
        });
        c.measured(true).forEach((name, values) -> {
            for (int i = 0; i < values.size(); i++) {
                assertThat(number(values.get(i)))
                        .as(name + " from logits, seed " + seed)
                        .isCloseTo(number(measured.get(name).get(i)), within(2e-6));
            }
        });
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aLogitIsItsProbability(long seed) {
        Random random = new Random(seed);
        Case c = Case.of(seed);
        float[] z = new float[N];
        for (int i = 0; i < N; i++) {
            z[i] = (float) (3 * random.nextGaussian());
            c.p()[i] = (float) (1 / (1 + Math.exp(-z[i])));
        }
        Map<String, List<MetricValue>> fromP = c.measured();
        Map<String, List<MetricValue>> fromZ =
                measure(new Channel(new Side.Logit(BOX, z), new Side.Hard(c.mask())), c.settings());
        assertThat(fromZ.keySet()).isEqualTo(fromP.keySet());
        fromP.forEach((name, values) -> {
            for (MetricValue value : values) {
                Map<String, Object> wanted = new LinkedHashMap<>(value.parameters());
                wanted.replace("logFloor", "none");
                MetricValue same = fromZ.get(name).stream()
                        .filter(v -> v.parameters().equals(wanted))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(name + " " + wanted));
                assertThat(number(same))
                        .as(name + " " + wanted + ", seed " + seed)
                        .isCloseTo(number(value), within(1e-5 * Math.max(1, Math.abs(number(value)))));
            }
        });
        double[] signed = new double[N];
        double[] g = sums(c).g;
        for (int i = 0; i < N; i++) {
            signed[i] = Math.max(0, 1 - (2 * g[i] - 1) * z[i]);
        }
        assertClose(
                "hinge",
                ofLogit(fromZ, "hinge"),
                Arrays.stream(signed).average().orElseThrow());
        assertClose(
                "squared_hinge",
                ofLogit(fromZ, "squared_hinge"),
                Arrays.stream(signed).map(v -> v * v).average().orElseThrow());
        assertThat(ofLogit(fromZ, "lovasz_hinge_loss")).isCloseTo(lovasz(signed, g), within(1e-6));
    }

    private static double ofLogit(Map<String, List<MetricValue>> losses, String name) {
        return losses.get(name).stream()
                .filter(v -> "logit".equals(v.parameters().get("decision")))
                .mapToDouble(LossDefinitionsTest::number)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void logitsOfAThousandStayApartAndFinite() {
        Case c = Case.of(1);
        float[] z = new float[N];
        double[] g = sums(c).g;
        double cost = 0;
        double[] hinge = new double[N];
        Random random = new Random(1);
        for (int i = 0; i < N; i++) {
            z[i] = random.nextInt(2001) - 1000;
            cost += g[i] == 1
                    ? Math.log1p(Math.exp(-Math.abs(z[i]))) + Math.max(0, -z[i])
                    : Math.log1p(Math.exp(-Math.abs(z[i]))) + Math.max(0, z[i]);
            hinge[i] = Math.max(0, 1 - (2 * g[i] - 1) * z[i]);
        }
        Map<String, List<MetricValue>> losses =
                measure(new Channel(new Side.Logit(BOX, z), new Side.Hard(c.mask())), c.settings());
        losses.forEach((name, values) ->
                values.forEach(v -> assertThat(number(v)).as(name).isFinite()));
        assertClose("bce", number(losses.get("bce").getFirst()), cost / N);
        assertClose("lovasz", ofLogit(losses, "lovasz_hinge_loss"), lovasz(hinge, g));
        assertClose(
                "hinge",
                ofLogit(losses, "hinge"),
                Arrays.stream(hinge).average().orElseThrow());
        // The smoothed target asks for a little of the opposite everywhere.
        double s = c.settings().labelSmoothing();
        double opposite = 0;
        for (int i = 0; i < N; i++) {
            opposite += Math.log1p(Math.exp(-Math.abs(z[i]))) + Math.max(0, g[i] == 1 ? z[i] : -z[i]);
        }
        MetricValue smoothed = losses.get("bce").stream()
                .filter(v -> v.parameters().containsKey("labelSmoothing"))
                .findFirst()
                .orElseThrow();
        assertClose("smoothed", number(smoothed), ((1 - s / 2) * cost + s / 2 * opposite) / N);
    }

    /** Losses that may rise although a voxel comes nearer to its reference: they look at shapes, or ask for doubt. */
    private static final Set<String> NOT_MONOTONE = Set.of(
            "boundary_loss",
            "hausdorff_dt_loss",
            "log_hausdorff_dt_loss",
            "soft_cl_dice_loss",
            "dice_cl_dice_loss",
            "mcc_loss");

    @ParameterizedTest
    @MethodSource("seeds")
    void noLossRisesWhenAVoxelComesNearerToItsReference(long seed) {
        Case c = Case.of(seed);
        Random random = new Random(seed);
        Map<String, List<MetricValue>> before = c.measured();
        Set<String> fallen = new LinkedHashSet<>();
        for (int i = random.nextInt(3); i < N; i += 3) {
            c.p()[i] = c.g()[i] ? (1 + 2 * c.p()[i]) / 3 : 2 * c.p()[i] / 3;
        }
        Map<String, List<MetricValue>> after = c.measured();
        before.forEach((name, values) -> {
            for (int i = 0; i < values.size() && !NOT_MONOTONE.contains(name); i++) {
                if (!values.get(i).parameters().containsKey("labelSmoothing")) {
                    double now = number(after.get(name).get(i));
                    assertThat(now)
                            .as(name + " " + values.get(i).parameters() + ", seed " + seed)
                            .isLessThanOrEqualTo(number(values.get(i)) + 1e-12);
                    if (now < number(values.get(i))) {
                        fallen.add(name);
                    }
                }
            }
        });
        assertThat(fallen).hasSizeGreaterThan(30);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyLossLiesInTheRangeOfTheCatalogueAndSaysItsParameters(long seed) {
        Case c = Case.of(seed);
        Set<String> seen = new LinkedHashSet<>();
        Classes classes = Classes.of(seed);
        for (Map<String, List<MetricValue>> losses : List.of(c.measured(), classes.measured(false))) {
            losses.forEach((name, values) -> {
                seen.add(name);
                LaboratoryCatalogue.Entry entry = LaboratoryCatalogue.find(Document.LOSS, name)
                        .orElseThrow(() -> new AssertionError("not in the catalogue: " + name));
                for (MetricValue value : values) {
                    // A smoothing of one place alone, a sum or a weight leaves the range.
                    boolean plain = !value.parameters().containsKey("weightOnReference")
                            && !"sum".equals(value.parameters().get("reduction"))
                            && !value.parameters().containsKey("classWeights");
                    if (entry.least() != null && plain) {
                        assertThat(number(value)).as(name).isGreaterThanOrEqualTo(entry.least() - 1e-12);
                    }
                    if (entry.most() != null && plain) {
                        assertThat(number(value)).as(name).isLessThanOrEqualTo(entry.most() + 1e-12);
                    }
                    assertThat(value.unit()).as(name).isEqualTo(entry.unit());
                    assertThat(entry.parameters().stream().map(LaboratoryCatalogue.Parameter::name))
                            .as(name)
                            .containsAll(value.parameters().keySet());
                }
            });
        }
        assertThat(seen).hasSizeGreaterThan(45);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatDoesNotKnowWhichSideIsTheReferenceIsSymmetric(long seed) {
        Random random = new Random(seed);
        ProbabilityVolume a = Volumes.probabilities(BOX, random);
        ProbabilityVolume b = Volumes.probabilities(BOX, random);
        LossSettings settings = Case.of(seed).settings();
        Map<String, List<MetricValue>> there =
                measure(new Channel(new Side.Probability(a), new Side.Probability(b)), settings);
        Map<String, List<MetricValue>> back =
                measure(new Channel(new Side.Probability(b), new Side.Probability(a)), settings);
        for (String name : List.of(
                "dice_loss",
                "dice_loss_squared",
                "keras_dice_loss",
                "vnet_dice_loss",
                "nnunet_dice_loss",
                "jaccard_loss",
                "log_cosh_dice_loss",
                "dice_semimetric_loss",
                "mcc_loss",
                "l1",
                "mse",
                "huber",
                "smooth_l1",
                "log_cosh",
                "soft_cl_dice_loss",
                "hausdorff_dt_loss",
                "log_hausdorff_dt_loss")) {
            for (int i = 0; i < there.get(name).size(); i++) {
                assertClose(
                        name + ", seed " + seed,
                        number(there.get(name).get(i)),
                        number(back.get(name).get(i)));
            }
        }
    }

    @Test
    void certainProbabilitiesLeaveEveryLossFinite() {
        for (int wrong : new int[] {0, 1, N / 2, N}) {
            Case c = Case.of(3);
            for (int i = 0; i < N; i++) {
                c.p()[i] = c.g()[i] == i >= wrong ? 1 : 0;
            }
            c.measured()
                    .forEach((name, values) -> values.forEach(v -> {
                        // With every voxel wrong Dice is 0 and V-Net's and the floor's still defined; nothing divides
                        // by zero here.
                        assertThat(number(v)).as(name + " " + v.parameters()).isFinite();
                    }));
        }
    }
}
