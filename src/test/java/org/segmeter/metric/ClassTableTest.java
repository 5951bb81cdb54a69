package org.segmeter.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Multi-class measures against their definitions written down voxel by voxel, and against the binary formulas for one segment. */
class ClassTableTest {

    private static final Offset<Double> CLOSE = within(1e-9);

    @Test
    void oneSegmentGivesTheBinaryValues() {
        Random random = new Random(1);
        for (int round = 0; round < 500; round++) {
            ConfusionCounts c = new ConfusionCounts(
                    1 + random.nextInt(50), random.nextInt(50), random.nextInt(50), 1 + random.nextInt(500));
            ClassTable t = ClassTable.of(
                    List.of(new ClassTable.Cell(1, 1, c.tp())),
                    new long[] {c.reference()},
                    new long[] {c.prediction()},
                    c.total());
            assertThat(t.counts(1)).isEqualTo(c);
            assertThat(t.accuracy()).isCloseTo(Overlap.accuracy(c), CLOSE);
            same(t.balancedAccuracy(), Overlap.balancedAccuracy(c));
            same(t.normalisedExpectedCost(), Overlap.normalisedExpectedCost(c));
            for (ClassTable.Disagreement weights : ClassTable.Disagreement.values()) {
                same(t.kappa(weights), Overlap.kappa(c));
            }
            same(t.matthews(), Overlap.matthews(c));
            same(t.generalizedDice(ClassTable.Weight.SQUARE, true), Overlap.generalizedDice(c, "square", true));
            same(t.generalizedDice(ClassTable.Weight.SIMPLE, true), Overlap.generalizedDice(c, "simple", true));
            same(t.generalizedDice(ClassTable.Weight.UNIFORM, false), Overlap.dice(c));
            same(t.randIndex(), Overlap.randIndex(c));
            same(t.adjustedRandIndex(), Overlap.adjustedRandIndex(c));
            same(t.mutualInformation(), Overlap.mutualInformation(c));
            same(t.normalisedMutualInformation(), Overlap.normalisedMutualInformation(c));
            same(t.variationOfInformation(), Overlap.variationOfInformation(c));
            same(t.predictionGivenReferenceEntropy(), Overlap.predictionGivenReferenceEntropy(c));
            same(t.referenceGivenPredictionEntropy(), Overlap.referenceGivenPredictionEntropy(c));
            same(t.globalConsistencyError(), Overlap.globalConsistencyError(c));
        }
    }

    private static void same(double ours, double formula) {
        if (Double.isNaN(formula)) {
            assertThat(ours).isNaN();
        } else {
            assertThat(ours).isCloseTo(formula, CLOSE);
        }
    }

    @Test
    void randomLabellingsGiveWhatTheDefinitionsGive() {
        Random random = new Random(2);
        for (int round = 0; round < 1000; round++) {
            int classes = 2 + random.nextInt(5);
            int n = 20 + random.nextInt(40);
            int[] r = new int[n];
            int[] p = new int[n];
            for (int i = 0; i < n; i++) {
                r[i] = random.nextInt(classes);
                p[i] = random.nextInt(3) == 0 ? random.nextInt(classes) : r[i];
            }
            ClassTable t = table(r, p, classes);
            int size = n;
            assertThat(t.accuracy()).isCloseTo(mean(n, i -> r[i] == p[i] ? 1 : 0), CLOSE);
            same(t.kappa(ClassTable.Disagreement.NONE), kappa(r, p, d -> d == 0 ? 0 : 1));
            same(t.kappa(ClassTable.Disagreement.LINEAR), kappa(r, p, d -> d));
            same(t.kappa(ClassTable.Disagreement.QUADRATIC), kappa(r, p, d -> d * d));
            // Gorodkin: the covariance of the indicator vectors, summed over classes.
            double rp = covariance(r, p, classes);
            same(t.matthews(), rp / Math.sqrt(covariance(r, r, classes) * covariance(p, p, classes)));
            long agree = 0;
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < i; j++) {
                    agree += (r[i] == r[j]) == (p[i] == p[j]) ? 1 : 0;
                }
            }
            assertThat(t.randIndex()).isCloseTo(agree / (n * (n - 1) / 2.0), CLOSE);
            // Each voxel's surprise, averaged over voxels.
            assertThat(t.mutualInformation())
                    .isCloseTo(
                            mean(
                                    n,
                                    i -> Math.log(share(size, j -> r[j] == r[i] && p[j] == p[i])
                                            / (share(size, j -> r[j] == r[i]) * share(size, j -> p[j] == p[i])))),
                            CLOSE);
            assertThat(t.variationOfInformation())
                    .isCloseTo(
                            mean(
                                    n,
                                    i -> 2 * -Math.log(share(size, j -> r[j] == r[i] && p[j] == p[i]))
                                            + Math.log(share(size, j -> r[j] == r[i]))
                                            + Math.log(share(size, j -> p[j] == p[i]))),
                            CLOSE);
            double left =
                    mean(n, i -> 1 - share(size, j -> r[j] == r[i] && p[j] == p[i]) / share(size, j -> r[j] == r[i]));
            double right =
                    mean(n, i -> 1 - share(size, j -> r[j] == r[i] && p[j] == p[i]) / share(size, j -> p[j] == p[i]));
            assertThat(t.globalConsistencyError()).isCloseTo(Math.min(left, right), CLOSE);
        }
    }

    @Test
    void adjustedRandIndexIsZeroOnAverageOverShuffledLabels() {
        Random random = new Random(3);
        double sum = 0;
        int rounds = 4000;
        for (int round = 0; round < rounds; round++) {
            int[] r = random.ints(60, 0, 4).toArray();
            int[] p = random.ints(60, 0, 3).toArray();
            sum += table(r, p, 4).adjustedRandIndex();
        }
        assertThat(sum / rounds).isCloseTo(0, within(0.005));
        int[] same = random.ints(60, 0, 4).toArray();
        assertThat(table(same, same, 4).adjustedRandIndex()).isEqualTo(1);
    }

    @Test
    void generalisedDiceOfThreeClassesByHand() {
        // Reference 4, 2 and 0 voxels; 3 and 1 of them found; 2 invented of the third; 1 of the first taken for the
        // second.
        ClassTable t = ClassTable.of(
                List.of(new ClassTable.Cell(1, 1, 3), new ClassTable.Cell(1, 2, 1), new ClassTable.Cell(2, 2, 1)),
                new long[] {4, 2, 0},
                new long[] {3, 2, 2},
                100);
        double square = 2 * (3 / 16.0 + 1 / 4.0) / (7 / 16.0 + 4 / 4.0 + 2 / 4.0);
        assertThat(t.generalizedDice(ClassTable.Weight.SQUARE, false)).isCloseTo(square, CLOSE);
        double simple = 2 * (3 / 4.0 + 1 / 2.0) / (7 / 4.0 + 4 / 2.0 + 2 / 2.0);
        assertThat(t.generalizedDice(ClassTable.Weight.SIMPLE, false)).isCloseTo(simple, CLOSE);
        assertThat(t.generalizedDice(ClassTable.Weight.UNIFORM, false)).isCloseTo(8 / 13.0, CLOSE);
        assertThat(t.balancedAccuracy()).isCloseTo((92 / 94.0 + 3 / 4.0 + 1 / 2.0) / 3, CLOSE);
        assertThat(t.expectedCost()).isNaN();
    }

    @Test
    void countsBeyondTheRangeOfIntegersAreExact() {
        long n = 3_000_000_000L;
        ClassTable t = ClassTable.of(
                List.of(new ClassTable.Cell(1, 1, n), new ClassTable.Cell(2, 2, n)),
                new long[] {n, n},
                new long[] {n, n},
                3 * n);
        assertThat(t.matthews()).isEqualTo(1);
        assertThat(t.accuracy()).isEqualTo(1);
        assertThat(t.kappa(ClassTable.Disagreement.LINEAR)).isEqualTo(1);
    }

    @Test
    void overlappingSegmentsAreNoClasses() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClassTable.of(
                        List.of(new ClassTable.Cell(1, 1, 2), new ClassTable.Cell(2, 1, 2)),
                        new long[] {2, 2},
                        new long[] {2, 0},
                        10));
    }

    private static ClassTable table(int[] r, int[] p, int classes) {
        long[][] counts = new long[classes][classes];
        long[] reference = new long[classes - 1];
        long[] prediction = new long[classes - 1];
        for (int i = 0; i < r.length; i++) {
            counts[r[i]][p[i]]++;
            if (r[i] > 0) {
                reference[r[i] - 1]++;
            }
            if (p[i] > 0) {
                prediction[p[i] - 1]++;
            }
        }
        List<ClassTable.Cell> overlaps = new ArrayList<>();
        for (int i = 1; i < classes; i++) {
            for (int j = 1; j < classes; j++) {
                if (counts[i][j] > 0) {
                    overlaps.add(new ClassTable.Cell(i, j, counts[i][j]));
                }
            }
        }
        return ClassTable.of(overlaps, reference, prediction, r.length);
    }

    private static double mean(int n, ToDoubleFunction<Integer> value) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += value.applyAsDouble(i);
        }
        return sum / n;
    }

    private static double share(int n, IntPredicate of) {
        return mean(n, i -> of.test(i) ? 1 : 0);
    }

    /** One minus the mean disagreement of a voxel with itself over that of any voxel with any other. */
    private static double kappa(int[] r, int[] p, IntToDoubleFunction weight) {
        double expected = mean(r.length, i -> mean(r.length, j -> weight.applyAsDouble(Math.abs(r[i] - p[j]))));
        return 1 - mean(r.length, i -> weight.applyAsDouble(Math.abs(r[i] - p[i]))) / expected;
    }

    private static double covariance(int[] a, int[] b, int classes) {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            int k = c;
            double both = mean(a.length, i -> a[i] == k && b[i] == k ? 1 : 0);
            sum += both - mean(a.length, i -> a[i] == k ? 1 : 0) * mean(a.length, i -> b[i] == k ? 1 : 0);
        }
        return sum;
    }
}
