package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.metric.loss.RegionLoss.FocalTversky;
import org.segmeter.metric.loss.RegionLoss.Jaccard;
import org.segmeter.metric.loss.RegionLoss.LogCoshDice;
import org.segmeter.metric.loss.RegionLoss.Mcc;
import org.segmeter.metric.loss.RegionLoss.NegatedScore;
import org.segmeter.metric.loss.RegionLoss.SemimetricDice;
import org.segmeter.metric.loss.RegionLoss.SensitivitySpecificity;
import org.segmeter.metric.loss.RegionLoss.Tversky;
import org.segmeter.metric.loss.RegionLoss.VoxelSquaredDice;

class RegionLossTest {

    /** All voxels of the object have probability p, all others leak q. */
    private static SoftSums uniform(long object, long voxels, double p, double q) {
        double b = object;
        double o = voxels - object;
        return new SoftSums(
                voxels,
                b * p,
                o * q,
                b * (1 - p),
                o * (1 - q),
                b * p * p,
                o * q * q,
                b * (1 - p) * (1 - p),
                o * (1 - q) * (1 - q),
                b * p * p + o * q * q,
                b,
                b * (1 - p) + o * q,
                b * (1 - p) * (1 - p) + o * q * q);
    }

    @Test
    void theKerasFormIsExactlyItsFormula() {
        for (long[] c : new long[][] {{80, 10, 12, 1000}, {0, 0, 0, 10}, {0, 3, 0, 9}, {0, 0, 7, 1}, {5, 0, 0, 0}}) {
            SoftSums s = SoftSums.ofCounts(c[0], c[1], c[2], c[3]);
            double expected = 1 - (2.0 * c[0] + 1) / ((c[0] + c[2]) + (c[0] + c[1]) + 1.0);
            assertThat(Dice.keras().of(s)).isCloseTo(expected, within(1e-15));
        }
    }

    @Test
    void smoothingGoesWhereItIsPlaced() {
        SoftSums s = SoftSums.ofCounts(80, 10, 12, 1000);
        assertThat(new Dice(false, 0, 1, 0).of(s)).isCloseTo(1 - 160.0 / 183, within(1e-15));
        assertThat(new Dice(false, 1, 0, 0).of(s)).isCloseTo(1 - 161.0 / 182, within(1e-15));
        assertThat(new Dice(false, 1, 1, 0).of(s)).isCloseTo(1 - 161.0 / 183, within(1e-15));
        assertThat(new Dice(false, 0, 0, 1000).of(s)).isCloseTo(1 - 160.0 / 1000, within(1e-15));
        assertThat(Jaccard.smooth(1).of(s)).isCloseTo(1 - 81.0 / 103, within(1e-15));
        assertThat(NegatedScore.nnUNet(1e-5).of(s)).isCloseTo(-(160 + 1e-5) / (182 + 1e-5), within(1e-15));
    }

    @Test
    void softDiceIsFarFromHardDiceWhenTheBackgroundLeaks() {
        assertThat(1 - Dice.linear(0).of(uniform(1000, 100_000, 0.9, 0.01))).isCloseTo(0.623, within(5e-4));
        assertThat(1 - Dice.vnet().of(uniform(1000, 100_000, 0.9, 0.01))).isCloseTo(0.989, within(5e-4));
        assertThat(1 - Dice.linear(0).of(uniform(1000, 100_000, 0.6, 0.01))).isCloseTo(0.463, within(5e-4));
        assertThat(1 - Dice.vnet().of(uniform(1000, 100_000, 0.6, 0.01))).isCloseTo(0.876, within(5e-4));
    }

    /** The object is 1 % of the volume; targets are 1 - e/2 inside and e/2 outside. */
    private static SoftSums smoothed(double e, boolean predictionSmoothedToo) {
        double in = 1 - e / 2;
        double out = e / 2;
        double pIn = predictionSmoothedToo ? in : 1;
        double pOut = predictionSmoothedToo ? out : 0;
        double b = 1000;
        double o = 99_000;
        double tp = b * pIn * in + o * pOut * out;
        double sumP = b * pIn + o * pOut;
        double sumG = b * in + o * out;
        double l1 = b * Math.abs(pIn - in) + o * Math.abs(pOut - out);
        return new SoftSums(
                100_000,
                tp,
                sumP - tp,
                sumG - tp,
                100_000 - sumP - sumG + tp,
                0,
                0,
                0,
                0,
                b * pIn * pIn + o * pOut * pOut,
                b * in * in + o * out * out,
                l1,
                0);
    }

    @Test
    void aSmoothedTargetDoesNotMinimiseTheDiceLossButTheSemimetric() {
        assertThat(1 - Dice.linear(0).of(smoothed(0.05, false))).isCloseTo(0.438, within(5e-4));
        assertThat(1 - Dice.linear(0).of(smoothed(0.1, false))).isCloseTo(0.275, within(5e-4));
        assertThat(1 - Dice.linear(0).of(smoothed(0.05, true))).isCloseTo(0.294, within(1e-3));
        assertThat(1 - Dice.linear(0).of(smoothed(0.1, true))).isCloseTo(0.195, within(1e-3));
        assertThat(new SemimetricDice(0).of(smoothed(0.1, true))).isZero();
        assertThat(new SemimetricDice(0).of(smoothed(0.1, false))).isPositive();
    }

    @Test
    void smoothingDecidesWhatAnEmptyReferenceCosts() {
        SoftSums tenFalsePositives = SoftSums.ofCounts(0, 10, 0, 990);
        assertThat(new Dice(false, 1, 1, 0).of(tenFalsePositives)).isCloseTo(1 - 1.0 / 11, within(1e-12));
        assertThat(Dice.linear(1e-5).of(tenFalsePositives)).isGreaterThan(0.999998);
        assertThat(new RegionLoss.ZeroWithoutReference(Dice.linear(1)).of(tenFalsePositives))
                .isZero();
    }

    @Test
    void bothNotationsOfFocalTverskyAreOneNumber() {
        SoftSums s = SoftSums.ofCounts(80, 10, 12, 1000);
        FocalTversky loss = new FocalTversky(Tversky.of(0.3, 0.7, 0), 0.75);
        assertThat(loss.of(s)).isCloseTo(Math.pow(1 - 80 / (80 + 3 + 8.4), 0.75), within(1e-14));
        assertThat(loss.parameters()).containsEntry("exponent", 0.75).containsEntry("gammaOfAbraham", 4.0 / 3);
    }

    private static final List<RegionLoss> ALL = List.of(
            Dice.linear(1),
            Dice.linear(0),
            Dice.keras(),
            Dice.vnet(),
            Jaccard.smooth(1e-5),
            Tversky.of(0.3, 0.7, 1),
            new FocalTversky(Tversky.of(0.3, 0.7, 1), 0.75),
            new LogCoshDice(Dice.linear(1)),
            new SensitivitySpecificity(0.1, 1e-5),
            new SemimetricDice(1),
            new VoxelSquaredDice(1),
            new Mcc(1e-5));

    @Test
    void lossesLieBetweenZeroAndOneAndFallWhenAnErrorIsMended() {
        Random random = new Random(3);
        for (int i = 0; i < 300; i++) {
            long tp = 1 + random.nextInt(50);
            long fp = 1 + random.nextInt(50);
            long fn = 1 + random.nextInt(50);
            long tn = 200 + random.nextInt(500);
            for (RegionLoss loss : ALL) {
                double value = loss.of(SoftSums.ofCounts(tp, fp, fn, tn));
                assertThat(value).as(loss.name()).isBetween(0.0, loss instanceof Mcc ? 2.0 : 1.0);
                assertThat(loss.of(SoftSums.ofCounts(tp, fp - 1, fn, tn + 1)))
                        .as(loss.name())
                        .isLessThan(value);
                assertThat(loss.of(SoftSums.ofCounts(tp + 1, fp, fn - 1, tn)))
                        .as(loss.name())
                        .isLessThan(value);
            }
        }
    }

    @Test
    void theDiceFamilyDoesNotCareWhichSideIsTheReference() {
        SoftSums s = SoftSums.ofCounts(80, 10, 12, 1000);
        SoftSums t = SoftSums.ofCounts(80, 12, 10, 1000);
        for (RegionLoss loss : List.of(Dice.linear(1), Dice.keras(), Jaccard.smooth(1), new Mcc(1e-5))) {
            assertThat(loss.of(s)).isCloseTo(loss.of(t), within(1e-14));
        }
        assertThat(Tversky.of(0.3, 0.7, 0).of(s))
                .isNotEqualTo(Tversky.of(0.3, 0.7, 0).of(t));
    }

    @Test
    void partialsAreTheSlopesOfTheLoss() {
        Random random = new Random(5);
        for (int i = 0; i < 50; i++) {
            double[] v = random.doubles(8, 5, 50).toArray();
            for (RegionLoss loss : ALL) {
                if (loss instanceof SensitivitySpecificity) {
                    // Its denominators hold g, which a change of p leaves alone: see the gradients by central
                    // differences.
                    continue;
                }
                RegionLoss.Partials d = loss.partials(sums(v));
                double[] slopes = {d.tp(), d.fp(), d.fn(), d.tn(), d.tp2(), d.fp2(), d.fn2(), d.pp()};
                for (int k = 0; k < v.length; k++) {
                    double h = 1e-4;
                    double[] up = v.clone();
                    up[k] += h;
                    double[] down = v.clone();
                    down[k] -= h;
                    double difference = (loss.of(sums(up)) - loss.of(sums(down))) / (2 * h);
                    assertThat(slopes[k]).as(loss.name() + " by " + k).isCloseTo(difference, within(1e-8));
                }
            }
        }
    }

    /** Sums whose dependent parts follow: pp by itself, gg = g, l1 = fp + fn, l2 = pp + gg - 2 tp. */
    private static SoftSums sums(double[] v) {
        return new SoftSums(
                1000,
                v[0],
                v[1],
                v[2],
                v[3],
                v[4],
                v[5],
                v[6],
                0,
                v[7] + 200,
                60,
                v[1] + v[2],
                v[7] + 200 + 60 - 2 * v[0]);
    }
}
