package org.segmeter.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * Every overlap metric against its definition written down a second time over the list of voxels: rates by sets, agreement by pairs of
 * voxels, information by the four cells' probabilities, correlations by the two masks as numbers 0 and 1.
 */
class OverlapTwinTest {

    private static final long SEED = 20261124L;

    /** The two masks as one pair of 0 and 1 for each voxel. */
    private record Voxels(int[] a, int[] b) {

        int n() {
            return a.length;
        }

        double count(int inA, int inB) {
            int n = 0;
            for (int i = 0; i < a.length; i++) {
                n += a[i] == inA && b[i] == inB ? 1 : 0;
            }
            return n;
        }

        double size(int[] side) {
            int n = 0;
            for (int v : side) {
                n += v;
            }
            return n;
        }

        Voxels swapped() {
            return new Voxels(b, a);
        }

        Voxels inverted() {
            int[] p = new int[a.length];
            int[] q = new int[a.length];
            for (int i = 0; i < a.length; i++) {
                p[i] = 1 - a[i];
                q[i] = 1 - b[i];
            }
            return new Voxels(p, q);
        }

        double sensitivity() {
            return count(1, 1) / size(b);
        }

        double accuracy() {
            return (count(1, 1) + count(0, 0)) / n();
        }

        double dice() {
            return 2 * count(1, 1) / (size(a) + size(b));
        }
    }

    @Test
    void everyOverlapMetricAgreesWithItsDefinitionOnSmallRandomMasks() {
        Map<String, Integer> defined = new ConcurrentHashMap<>();
        Map<String, ToDoubleFunction<Voxels>> twins = twins();
        Rounds.each(SEED, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random);
            BitMask p = RandomMasks.next(random, grid);
            BitMask r = RandomMasks.next(random, grid);
            Voxels v = voxels(p, r, grid);
            ConfusionCounts c = ConfusionCounts.of(p, r, grid.voxelCount());
            assertThat(new double[] {c.tp(), c.fp(), c.fn(), c.tn()})
                    .as(which)
                    .containsExactly(v.count(1, 1), v.count(1, 0), v.count(0, 1), v.count(0, 0));
            for (Map.Entry<String, ToDoubleFunction<Voxels>> twin : twins.entrySet()) {
                double expected = twin.getValue().applyAsDouble(v);
                double found = ours(twin.getKey(), c);
                if (Double.isFinite(expected)) {
                    defined.merge(twin.getKey(), 1, Integer::sum);
                    if (!(Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected)))) {
                        throw new AssertionError(
                                twin.getKey() + ", " + which + ": " + found + ", its definition says " + expected);
                    }
                } else if (Double.isFinite(found)) {
                    throw new AssertionError(twin.getKey() + ", " + which + " is undefined, not " + found);
                }
            }
        });
        System.out.println("overlap metrics against their definitions, seed " + SEED + ": " + defined);
        assertThat(defined)
                .hasSameSizeAs(twins())
                .allSatisfy((k, n) -> assertThat(n).as(k).isGreaterThan(Rounds.COUNT / 3));
    }

    private static double ours(String name, ConfusionCounts c) {
        return switch (name) {
            case "dice" -> Overlap.dice(c);
            case "jaccard" -> Overlap.jaccard(c);
            case "precision" -> Overlap.precision(c);
            case "sensitivity" -> Overlap.sensitivity(c);
            case "specificity" -> Overlap.specificity(c);
            case "npv" -> Overlap.negativePredictiveValue(c);
            case "fpr" -> Overlap.falsePositiveRate(c);
            case "fnr" -> Overlap.falseNegativeRate(c);
            case "fdr" -> Overlap.falseDiscoveryRate(c);
            case "accuracy" -> Overlap.accuracy(c);
            case "balanced accuracy" -> Overlap.balancedAccuracy(c);
            case "balanced accuracy of defined" -> Overlap.balancedAccuracyOfDefined(c);
            case "auc" -> Overlap.singleThresholdAuc(c);
            case "generalised dice, square" -> Overlap.generalizedDice(c, "square", true);
            case "generalised dice, simple" -> Overlap.generalizedDice(c, "simple", true);
            case "generalised dice, uniform" -> Overlap.generalizedDice(c, "uniform", true);
            case "generalised dice, no background" -> Overlap.generalizedDice(c, "square", false);
            case "net benefit" -> Overlap.netBenefit(c);
            case "expected cost" -> Overlap.normalisedExpectedCost(c);
            case "informedness" -> Overlap.informedness(c);
            case "markedness" -> Overlap.markedness(c);
            case "fowlkes mallows" -> Overlap.fowlkesMallows(c);
            case "overlap coefficient" -> Overlap.overlapCoefficient(c);
            case "positive likelihood ratio" -> Overlap.positiveLikelihoodRatio(c);
            case "f 0.5" -> Overlap.fBeta(c, 0.5);
            case "f 2" -> Overlap.fBeta(c, 2);
            case "matthews" -> Overlap.matthews(c);
            case "kappa" -> Overlap.kappa(c);
            case "volumetric similarity" -> Overlap.volumetricSimilarity(c);
            case "volume similarity signed" -> Overlap.volumeSimilaritySigned(c);
            case "relative volume difference" -> Overlap.relativeVolumeDifference(c);
            case "absolute relative volume difference" -> Overlap.absoluteRelativeVolumeDifference(c);
            case "ndsc" -> Overlap.normalisedDice(c, 0.01);
            case "expected dice" -> Overlap.expectedDice(c);
            case "chance corrected dice" -> Overlap.chanceCorrectedDice(c);
            case "rand" -> Overlap.randIndex(c);
            case "adjusted rand" -> Overlap.adjustedRandIndex(c);
            case "mutual information" -> Overlap.mutualInformation(c);
            case "normalised mutual information" -> Overlap.normalisedMutualInformation(c);
            case "variation of information" -> Overlap.variationOfInformation(c);
            case "H(A|B)" -> Overlap.predictionGivenReferenceEntropy(c);
            case "H(B|A)" -> Overlap.referenceGivenPredictionEntropy(c);
            case "global consistency error" -> Overlap.globalConsistencyError(c);
            case "icc" -> Overlap.intraclassCorrelation(c);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Map<String, ToDoubleFunction<Voxels>> twins() {
        Map<String, ToDoubleFunction<Voxels>> t = new LinkedHashMap<>();
        t.put("dice", Voxels::dice);
        t.put("jaccard", v -> v.count(1, 1) / (v.n() - v.count(0, 0)));
        t.put("precision", v -> v.swapped().sensitivity());
        t.put("sensitivity", Voxels::sensitivity);
        t.put("specificity", v -> v.inverted().sensitivity());
        t.put("npv", v -> v.inverted().swapped().sensitivity());
        t.put("fpr", v -> v.count(1, 0) / (v.n() - v.size(v.b)));
        t.put("fnr", v -> v.count(0, 1) / v.size(v.b));
        t.put("fdr", v -> v.count(1, 0) / v.size(v.a));
        t.put("accuracy", Voxels::accuracy);
        t.put("balanced accuracy", v -> (v.sensitivity() + v.inverted().sensitivity()) / 2);
        t.put(
                "balanced accuracy of defined",
                v -> meanOfDefined(v.sensitivity(), v.inverted().sensitivity()));
        t.put("auc", OverlapTwinTest::areaUnderOnePoint);
        t.put("generalised dice, square", v -> generalised(v, n -> 1 / (n * n)));
        t.put("generalised dice, simple", v -> generalised(v, n -> 1 / n));
        t.put("generalised dice, uniform", v -> generalised(v, n -> 1));
        t.put("generalised dice, no background", OverlapTwinTest::generalisedAlone);
        t.put("net benefit", v -> (v.count(1, 1) - v.count(1, 0)) / v.n());
        t.put("expected cost", v -> 2 - v.sensitivity() - v.inverted().sensitivity());
        t.put("informedness", v -> v.sensitivity() + v.inverted().sensitivity() - 1);
        t.put(
                "markedness",
                v -> v.swapped().sensitivity() + v.inverted().swapped().sensitivity() - 1);
        t.put("fowlkes mallows", v -> Math.sqrt(v.sensitivity() * v.swapped().sensitivity()));
        t.put("overlap coefficient", v -> v.count(1, 1) / Math.min(v.size(v.a), v.size(v.b)));
        t.put("positive likelihood ratio", v -> v.sensitivity() / (v.count(1, 0) / (v.n() - v.size(v.b))));
        t.put("f 0.5", v -> weightedHarmonic(v, 0.5));
        t.put("f 2", v -> weightedHarmonic(v, 2));
        t.put("matthews", OverlapTwinTest::correlation);
        t.put("kappa", OverlapTwinTest::kappa);
        t.put("volumetric similarity", v -> 1 - Math.abs(v.size(v.a) - v.size(v.b)) / (v.size(v.a) + v.size(v.b)));
        t.put("volume similarity signed", v -> (v.size(v.a) - v.size(v.b)) / ((v.size(v.a) + v.size(v.b)) / 2));
        t.put("relative volume difference", v -> v.size(v.a) / v.size(v.b) - 1);
        t.put("absolute relative volume difference", v -> Math.abs(v.size(v.a) / v.size(v.b) - 1));
        t.put("ndsc", OverlapTwinTest::normalised);
        t.put(
                "expected dice",
                v -> 2 * v.n() * (v.size(v.a) / v.n()) * (v.size(v.b) / v.n()) / (v.size(v.a) + v.size(v.b)));
        t.put("chance corrected dice", v -> {
            double e = 2 * (v.size(v.a) * v.size(v.b) / v.n()) / (v.size(v.a) + v.size(v.b));
            return (v.dice() - e) / (1 - e);
        });
        t.put("rand", v -> pairs(v)[0]);
        t.put("adjusted rand", v -> pairs(v)[1]);
        t.put("mutual information", v -> entropy(v, true, false) + entropy(v, false, true) - entropy(v, true, true));
        t.put("normalised mutual information", v -> {
            double a = entropy(v, true, false);
            double b = entropy(v, false, true);
            return a + b == 0 ? 1 : (a + b - entropy(v, true, true)) / ((a + b) / 2);
        });
        t.put(
                "variation of information",
                v -> 2 * entropy(v, true, true) - entropy(v, true, false) - entropy(v, false, true));
        t.put("H(A|B)", v -> entropy(v, true, true) - entropy(v, false, true));
        t.put("H(B|A)", v -> entropy(v, true, true) - entropy(v, true, false));
        t.put("global consistency error", v -> Math.min(refinement(v.a, v.b), refinement(v.b, v.a)));
        t.put("icc", OverlapTwinTest::varianceRatio);
        return t;
    }

    private static double meanOfDefined(double... values) {
        return java.util.Arrays.stream(values)
                .filter(x -> !Double.isNaN(x))
                .average()
                .orElse(Double.NaN);
    }

    /** The polygon from (0, 0) over the operating point to (1, 1), by trapezia. */
    private static double areaUnderOnePoint(Voxels v) {
        double negatives = v.n() - v.size(v.b);
        double x = negatives == 0 ? 0 : v.count(1, 0) / negatives;
        double y = v.size(v.b) == 0 ? 1 : v.sensitivity();
        return x * y / 2 + (1 - x) * (y + 1) / 2;
    }

    private static double generalised(Voxels v, java.util.function.DoubleUnaryOperator weight) {
        Voxels w = v.inverted();
        double[] weights = {weight.applyAsDouble(v.size(v.b)), weight.applyAsDouble(w.size(w.b))};
        // An absent class takes the weight of the other one.
        if (Double.isInfinite(weights[0])) {
            weights[0] = weights[1];
        }
        if (Double.isInfinite(weights[1])) {
            weights[1] = weights[0];
        }
        return 2
                * (weights[0] * v.count(1, 1) + weights[1] * w.count(1, 1))
                / (weights[0] * (v.size(v.a) + v.size(v.b)) + weights[1] * (w.size(w.a) + w.size(w.b)));
    }

    /** With one class its weight cancels; without a reference nothing has weight. */
    private static double generalisedAlone(Voxels v) {
        return v.size(v.b) > 0 ? v.dice() : v.size(v.a) > 0 ? 0 : 1;
    }

    /** The harmonic mean of precision and sensitivity, the latter weighing b^2; 0 where either is 0. */
    private static double weightedHarmonic(Voxels v, double beta) {
        if (v.size(v.a) + v.size(v.b) == 0) {
            return Double.NaN;
        }
        if (v.count(1, 1) == 0) {
            return 0;
        }
        return (1 + beta * beta) / (1 / v.swapped().sensitivity() + beta * beta / v.sensitivity());
    }

    /** Pearson's correlation of the two masks as numbers. */
    private static double correlation(Voxels v) {
        double ma = v.size(v.a) / v.n();
        double mb = v.size(v.b) / v.n();
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < v.n(); i++) {
            ab += (v.a[i] - ma) * (v.b[i] - mb);
            aa += (v.a[i] - ma) * (v.a[i] - ma);
            bb += (v.b[i] - mb) * (v.b[i] - mb);
        }
        boolean constant = ma == 0 || ma == 1 || mb == 0 || mb == 1;
        return constant ? Double.NaN : ab / Math.sqrt(aa * bb);
    }

    private static double kappa(Voxels v) {
        double ma = v.size(v.a) / v.n();
        double mb = v.size(v.b) / v.n();
        double chance = ma * mb + (1 - ma) * (1 - mb);
        boolean constant = ma == mb && (ma == 0 || ma == 1);
        return constant ? Double.NaN : (v.accuracy() - chance) / (1 - chance);
    }

    /** False positives scaled to the expected load of 1 in 100. */
    private static double normalised(Voxels v) {
        double b = v.size(v.b);
        if (v.size(v.a) + b == 0) {
            return 1;
        }
        double scale = b == 0 || b == v.n() ? 1 : (0.99 / 0.01) / ((v.n() - b) / b);
        return 2 * v.count(1, 1) / (2 * v.count(1, 1) + scale * v.count(1, 0) + v.count(0, 1));
    }

    /** Rand index, and (index - expected) / (largest - expected) of the pairs together in both (Hubert and Arabie 1985). */
    private static double[] pairs(Voxels v) {
        double all = 0;
        double agree = 0;
        double both = 0;
        double inA = 0;
        double inB = 0;
        for (int i = 0; i < v.n(); i++) {
            for (int j = 0; j < i; j++) {
                boolean a = v.a[i] == v.a[j];
                boolean b = v.b[i] == v.b[j];
                all++;
                agree += a == b ? 1 : 0;
                both += a && b ? 1 : 0;
                inA += a ? 1 : 0;
                inB += b ? 1 : 0;
            }
        }
        double expected = inA * inB / all;
        double largest = (inA + inB) / 2;
        double adjusted = agree == all ? 1 : (both - expected) / (largest - expected);
        return new double[] {agree / all, all == 0 ? 1 : adjusted};
    }

    private static double entropy(Voxels v, boolean a, boolean b) {
        double sum = 0;
        for (int x : a ? new int[] {0, 1} : new int[] {0}) {
            for (int y : b ? new int[] {0, 1} : new int[] {0}) {
                double n = 0;
                for (int i = 0; i < v.n(); i++) {
                    n += (!a || v.a[i] == x) && (!b || v.b[i] == y) ? 1 : 0;
                }
                sum -= n == 0 ? 0 : n / v.n() * Math.log(n / v.n());
            }
        }
        return sum;
    }

    /** For each voxel the share of its region in one labelling that is not in its region in the other. */
    private static double refinement(int[] one, int[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            double region = 0;
            double left = 0;
            for (int j = 0; j < one.length; j++) {
                region += one[j] == one[i] ? 1 : 0;
                left += one[j] == one[i] && other[j] != other[i] ? 1 : 0;
            }
            sum += left / region;
        }
        return sum / one.length;
    }

    /** The one-way analysis of variance of N voxels rated twice. */
    private static double varianceRatio(Voxels v) {
        double grand = (v.size(v.a) + v.size(v.b)) / (2 * v.n());
        double between = 0;
        double within = 0;
        for (int i = 0; i < v.n(); i++) {
            double mean = (v.a[i] + v.b[i]) / 2.0;
            between += 2 * (mean - grand) * (mean - grand) / (v.n() - 1);
            within += ((v.a[i] - mean) * (v.a[i] - mean) + (v.b[i] - mean) * (v.b[i] - mean)) / v.n();
        }
        return (between - within) / (between + within);
    }

    @Test
    void centresAndTheirMahalanobisDistanceAreThoseOfTheListOfVoxels() {
        AtomicInteger flat = new AtomicInteger();
        Rounds.each(SEED + 1, (random, which) -> {
            Box grid = RandomMasks.tinyGrid(random);
            BitMask p = RandomMasks.next(random, grid);
            BitMask r = RandomMasks.next(random, grid);
            if (p.isEmpty() || r.isEmpty()) {
                return;
            }
            Affine affine = oblique(random);
            Moments a = Moments.of(p);
            Moments b = Moments.of(r);
            double[][] ps = points(p, grid, affine);
            double[][] rs = points(r, grid, affine);
            double[] d = new double[3];
            double square = 0;
            for (int i = 0; i < 3; i++) {
                d[i] = mean(ps, i) - mean(rs, i);
                square += d[i] * d[i];
            }
            assertThat(Math.abs(Moments.centroidDistance(a, b, affine) - Math.sqrt(square)))
                    .as(which)
                    .isLessThan(1e-9 * (1 + Math.sqrt(square)));
            // In patient space: the distance must not depend on the lattice.
            double[][] s = new double[3][3];
            for (double[][] side : List.of(ps, rs)) {
                for (int i = 0; i < 3; i++) {
                    for (int j = 0; j < 3; j++) {
                        double mi = mean(side, i);
                        double mj = mean(side, j);
                        for (double[] q : side) {
                            s[i][j] += (q[i] - mi) * (q[j] - mj) / (ps.length + rs.length);
                        }
                    }
                }
            }
            double found = Moments.mahalanobis(a, b);
            if (Double.isNaN(found)) {
                flat.incrementAndGet();
                assertThat(Math.abs(determinant(s)))
                        .as(which)
                        .isLessThan(1e-6 * Math.abs(s[0][0] * s[1][1] * s[2][2]) + 1e-9);
            } else {
                double expected = Math.sqrt(Math.max(0, quadratic(s, d)));
                assertThat(Math.abs(found - expected)).as(which).isLessThan(1e-6 * (1 + expected));
            }
        });
        assertThat(flat.get()).isBetween(Rounds.COUNT / 100, Rounds.COUNT / 2);
    }

    private static double determinant(double[][] s) {
        return s[0][0] * (s[1][1] * s[2][2] - s[1][2] * s[2][1])
                - s[0][1] * (s[1][0] * s[2][2] - s[1][2] * s[2][0])
                + s[0][2] * (s[1][0] * s[2][1] - s[1][1] * s[2][0]);
    }

    /** d' S^-1 d by Cramer's rule. */
    private static double quadratic(double[][] s, double[] d) {
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            double[][] t = new double[3][];
            for (int j = 0; j < 3; j++) {
                t[j] = s[j].clone();
                t[j][i] = d[j];
            }
            sum += d[i] * determinant(t) / determinant(s);
        }
        return sum;
    }

    private static double mean(double[][] points, int axis) {
        double sum = 0;
        for (double[] p : points) {
            sum += p[axis];
        }
        return sum / points.length;
    }

    private static double[][] points(BitMask m, Box grid, Affine affine) {
        List<double[]> all = new ArrayList<>();
        for (int z = grid.z0(); z < grid.z1(); z++) {
            for (int y = grid.y0(); y < grid.y1(); y++) {
                for (int x = grid.x0(); x < grid.x1(); x++) {
                    if (m.contains(x, y, z)) {
                        all.add(affine.apply(x, y, z));
                    }
                }
            }
        }
        return all.toArray(double[][]::new);
    }

    /** Any angle, spacings 0.3 to 5 mm. */
    private static Affine oblique(Random random) {
        double t = 2 * Math.PI * random.nextDouble();
        double c = Math.cos(t);
        double s = Math.sin(t);
        double dx = 0.3 + 4.7 * random.nextDouble();
        double dy = 0.3 + 4.7 * random.nextDouble();
        double dz = 0.3 + 4.7 * random.nextDouble();
        return new Affine(
                c * dx,
                -s * dy,
                0,
                -7,
                s * dx * 0.6,
                c * dy * 0.6,
                -0.8 * dz,
                11,
                s * dx * 0.8,
                c * dy * 0.8,
                0.6 * dz,
                3);
    }

    private static Voxels voxels(BitMask p, BitMask r, Box grid) {
        int n = (int) grid.voxelCount();
        int[] a = new int[n];
        int[] b = new int[n];
        int at = 0;
        for (int z = grid.z0(); z < grid.z1(); z++) {
            for (int y = grid.y0(); y < grid.y1(); y++) {
                for (int x = grid.x0(); x < grid.x1(); x++) {
                    a[at] = p.contains(x, y, z) ? 1 : 0;
                    b[at++] = r.contains(x, y, z) ? 1 : 0;
                }
            }
        }
        return new Voxels(a, b);
    }
}
