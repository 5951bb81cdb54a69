package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class AgreementTest {

    private static final double NONE = Double.NaN;

    /** Fourteen raters, ten units, five categories: the worked example that goes with Fleiss' kappa, 0.210. */
    @Test
    void fleissKappaOfTheWorkedExample() {
        int[][] counts = {
            {0, 0, 0, 0, 14}, {0, 2, 6, 4, 2}, {0, 0, 3, 5, 6}, {0, 3, 9, 2, 0}, {2, 2, 8, 1, 1},
            {7, 7, 0, 0, 0}, {3, 2, 6, 3, 0}, {2, 5, 3, 2, 2}, {6, 5, 2, 1, 0}, {0, 2, 2, 3, 7}
        };
        assertThat(Agreement.fleissKappa(counts)).isCloseTo(0.20993070442195522, within(1e-12));
    }

    /** Krippendorff's own example of four observers and twelve units with gaps: 0.743 nominal, 0.849 interval. */
    @Test
    void krippendorffAlphaOfTheWorkedExample() {
        double[][] ratings = {
            {1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE},
            {1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3},
            {NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE},
            {1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE}
        };
        assertThat(Agreement.krippendorffAlpha(ratings, Agreement.Level.NOMINAL))
                .isCloseTo(0.743, within(5e-4));
        assertThat(Agreement.krippendorffAlpha(ratings, Agreement.Level.INTERVAL))
                .isCloseTo(0.849, within(5e-4));
    }

    @Test
    void patternsSayTheSameAsTheVoxelsThemselves() {
        int readers = 4;
        Random random = new Random(12);
        int voxels = 600;
        double[][] ratings = new double[readers][voxels];
        int[][] counts = new int[voxels][2];
        long[] patterns = new long[1 << readers];
        for (int v = 0; v < voxels; v++) {
            boolean truth = v % 3 == 0;
            int pattern = 0;
            for (int r = 0; r < readers; r++) {
                boolean yes = truth ? random.nextDouble() < 0.85 : random.nextDouble() < 0.1;
                ratings[r][v] = yes ? 1 : 0;
                counts[v][yes ? 1 : 0]++;
                pattern |= yes ? 1 << r : 0;
            }
            patterns[pattern]++;
        }
        RaterPatterns all = new RaterPatterns(readers, patterns);
        assertThat(all.voxels()).isEqualTo(voxels);
        assertThat(all.fleissKappa()).isCloseTo(Agreement.fleissKappa(counts), within(1e-12));
        assertThat(all.krippendorffAlpha())
                .isCloseTo(Agreement.krippendorffAlpha(ratings, Agreement.Level.NOMINAL), within(1e-12));
        int both = 0;
        for (int v = 0; v < voxels; v++) {
            both += ratings[0][v] * ratings[2][v] > 0 ? 1 : 0;
        }
        assertThat(all.dice(0, 2)).isEqualTo(2.0 * both / (all.size(0) + all.size(2)));

        RaterPatterns.Staple staple = all.staple();
        double[][] naive = naiveStaple(ratings);
        for (int r = 0; r < readers; r++) {
            assertThat(staple.sensitivity()[r]).isCloseTo(naive[0][r], within(1e-7));
            assertThat(staple.specificity()[r]).isCloseTo(naive[1][r], within(1e-7));
            assertThat(staple.sensitivity()[r]).isBetween(0.75, 0.95);
            assertThat(staple.specificity()[r]).isBetween(0.85, 0.98);
        }
        assertThat(staple.inverted()).isFalse();
    }

    /** The algorithm of Warfield et al., voxel by voxel, for a fixed number of rounds. */
    private static double[][] naiveStaple(double[][] ratings) {
        int readers = ratings.length;
        int voxels = ratings[0].length;
        double[] p = new double[readers];
        double[] q = new double[readers];
        java.util.Arrays.fill(p, 0.99999);
        java.util.Arrays.fill(q, 0.99999);
        double prior = 0;
        for (double[] reader : ratings) {
            for (double v : reader) {
                prior += v / (readers * voxels);
            }
        }
        for (int round = 0; round < 500; round++) {
            double[] w = new double[voxels];
            for (int v = 0; v < voxels; v++) {
                double a = prior;
                double b = 1 - prior;
                for (int r = 0; r < readers; r++) {
                    a *= ratings[r][v] == 1 ? p[r] : 1 - p[r];
                    b *= ratings[r][v] == 0 ? q[r] : 1 - q[r];
                }
                w[v] = a / (a + b);
            }
            for (int r = 0; r < readers; r++) {
                double in = 0;
                double out = 0;
                double hit = 0;
                double rejected = 0;
                for (int v = 0; v < voxels; v++) {
                    in += w[v];
                    out += 1 - w[v];
                    hit += ratings[r][v] * w[v];
                    rejected += (1 - ratings[r][v]) * (1 - w[v]);
                }
                p[r] = hit / in;
                q[r] = rejected / out;
            }
        }
        return new double[][] {p, q};
    }

    @Test
    void aMajorityIsMoreThanHalf() {
        boolean[] two = new RaterPatterns(2, new long[] {10, 1, 1, 5}).majority();
        assertThat(two).containsExactly(false, false, false, true);
        boolean[] three = new RaterPatterns(3, new long[8]).majority();
        assertThat(three).containsExactly(false, false, false, true, false, true, true, true);
    }

    @Test
    void readersWhoAgreeAreAllRight() {
        RaterPatterns.Staple staple = new RaterPatterns(3, new long[] {900, 0, 0, 0, 0, 0, 0, 100}).staple();
        for (int r = 0; r < 3; r++) {
            assertThat(staple.sensitivity()[r]).isCloseTo(1, within(1e-6));
            assertThat(staple.specificity()[r]).isCloseTo(1, within(1e-6));
        }
        assertThat(staple.chosen()[7]).isTrue();
        assertThat(staple.chosen()[0]).isFalse();
    }

    @Test
    void aModelIsInsideTheRangeOfTheReadersIfItAgreesAsTheLeastTwoDo() {
        double[] readers = {0.91, 0.88, 0.93};
        assertThat(ReaderRange.of(readers, new double[] {0.90, 0.89, 0.92}).inside())
                .isTrue();
        assertThat(ReaderRange.of(readers, new double[] {0.86, 0.87, 0.88}).inside())
                .isFalse();
    }
}
