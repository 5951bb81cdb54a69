package org.segmeter.metric.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.ChannelPass;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.RankedLosses;
import org.segmeter.metric.loss.Region;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

class CalibrationTest {

    private static final Box BOX = new Box(0, 0, 0, 50, 20, 6);

    /** Probabilities on and between the edges of bins, and a reference drawn from them where calibrated. */
    private record Drawn(float[] p, boolean[] g, Channel channel) {
        static Drawn with(Random random, boolean calibrated) {
            float[] p = new float[(int) BOX.voxelCount()];
            boolean[] g = new boolean[p.length];
            BitMask mask = new BitMask(BOX);
            for (int i = 0; i < p.length; i++) {
                p[i] = random.nextInt(4) == 0 ? random.nextInt(21) / 20f : random.nextFloat();
                g[i] = random.nextDouble() < (calibrated ? p[i] : p[i] * p[i]);
                if (g[i]) {
                    mask.set(i % 50, i / 50 % 20, i / 1000);
                }
            }
            return new Drawn(p, g, Channel.of(new ProbabilityVolume(BOX, p), mask));
        }

        ChannelStatistics statistics() {
            return ChannelPass.of(channel, Region.of(BOX), List.of(), CancelSignal.none());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 15, 20})
    void theTableIsThatOfAVoxelLoop(int bins) {
        Drawn drawn = Drawn.with(new Random(bins), false);
        for (Calibration.Closed closed : Calibration.Closed.values()) {
            Calibration c = Calibration.of(drawn.statistics().cells(), bins, closed, true);
            assertThat(c.voxels()).isEqualTo(BOX.voxelCount());
            for (int k = 0; k < bins; k++) {
                double low = k / (double) bins;
                double high = (k + 1) / (double) bins;
                long n = 0;
                double sumP = 0;
                double sumG = 0;
                for (int i = 0; i < drawn.p.length; i++) {
                    double p = drawn.p[i];
                    boolean in = closed == Calibration.Closed.UPPER
                            ? p > low && p <= high || k == 0 && p == 0
                            : p >= low && p < high || k == bins - 1 && p == 1;
                    if (in) {
                        n++;
                        sumP += p;
                        sumG += drawn.g[i] ? 1 : 0;
                    }
                }
                assertThat(c.bins().get(k).voxels()).isEqualTo(n);
                assertThat(c.bins().get(k).sumP()).isCloseTo(sumP, within(1e-9));
                assertThat(c.bins().get(k).sumG()).isEqualTo(sumG);
            }
        }
    }

    @Test
    void probabilitiesThatMeanWhatTheySayAreBetterCalibratedThanOverconfidentOnes() {
        Calibration honest = Calibration.of(
                Drawn.with(new Random(5), true).statistics().cells(), 10, Calibration.Closed.UPPER, true);
        Calibration boastful = Calibration.of(
                Drawn.with(new Random(5), false).statistics().cells(), 10, Calibration.Closed.UPPER, true);
        assertThat(honest.expectedError()).isLessThan(0.03);
        assertThat(boastful.expectedError()).isGreaterThan(0.1);
        assertThat(boastful.maximumError()).isGreaterThanOrEqualTo(boastful.expectedError());
    }

    @Test
    void theSweepCountsAsHardeningAtEachThresholdDoes() {
        Drawn drawn = Drawn.with(new Random(6), false);
        ThresholdSweep sweep = ThresholdSweep.of(drawn.statistics());
        assertThat(sweep.points()).hasSize(101);
        for (ThresholdSweep.Point point : sweep.points()) {
            long tp = 0;
            long fp = 0;
            for (int i = 0; i < drawn.p.length; i++) {
                if (drawn.p[i] >= point.threshold()) {
                    tp += drawn.g[i] ? 1 : 0;
                    fp += drawn.g[i] ? 0 : 1;
                }
            }
            assertThat(point.tp()).isEqualTo(tp);
            assertThat(point.fp()).isEqualTo(fp);
            assertThat(point.tp() + point.fp() + point.fn() + point.tn()).isEqualTo(BOX.voxelCount());
            assertThat(point.dice()).isLessThanOrEqualTo(sweep.best().dice());
        }
    }

    @Test
    void areasOfTheHistogramEncloseTheExactOnes() {
        for (long seed = 1; seed <= 10; seed++) {
            Drawn drawn = Drawn.with(new Random(seed), true);
            ThresholdSweep sweep = ThresholdSweep.of(drawn.statistics());
            RankedLosses exact = RankedLosses.of(drawn.channel, Region.of(BOX), CancelSignal.none());
            assertThat(sweep.auroc().value())
                    .isCloseTo(exact.auroc(), within(sweep.auroc().errorAtMost() + 1e-12));
            assertThat(sweep.averagePrecision().value())
                    .isCloseTo(
                            exact.averagePrecision(),
                            within(sweep.averagePrecision().errorAtMost() + 1e-12));
            assertThat(sweep.auroc().errorAtMost()).isLessThan(0.01);
        }
    }

    @Test
    void theRocAreaIsTheShareOfPairsInOrder() {
        Drawn drawn = Drawn.with(new Random(8), false);
        double pairs = 0;
        double inOrder = 0;
        for (int i = 0; i < drawn.p.length; i++) {
            for (int j = 0; drawn.g[i] && j < drawn.p.length; j++) {
                if (!drawn.g[j]) {
                    pairs++;
                    inOrder += drawn.p[i] > drawn.p[j] ? 1 : drawn.p[i] == drawn.p[j] ? 0.5 : 0;
                }
            }
        }
        RankedLosses ranked = RankedLosses.of(drawn.channel, Region.of(BOX), CancelSignal.none());
        assertThat(ranked.auroc()).isCloseTo(inOrder / pairs, within(1e-12));
    }

    @Test
    void binsOfEqualSizeNeedNoOrderAmongTies() {
        Drawn drawn = Drawn.with(new Random(9), false);
        RankedLosses ranked = RankedLosses.of(drawn.channel, Region.of(BOX), CancelSignal.none());
        // One bin: the difference of the means.
        double mean = 0;
        double share = 0;
        for (int i = 0; i < drawn.p.length; i++) {
            mean += drawn.p[i];
            share += drawn.g[i] ? 1 : 0;
        }
        assertThat(ranked.adaptiveCalibrationError(1))
                .isCloseTo(Math.abs(mean - share) / drawn.p.length, within(1e-12));
        assertThat(ranked.adaptiveCalibrationError(15))
                .isGreaterThanOrEqualTo(ranked.adaptiveCalibrationError(1) - 1e-12)
                .isLessThan(0.5);
    }
}
