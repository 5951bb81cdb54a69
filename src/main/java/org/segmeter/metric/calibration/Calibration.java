package org.segmeter.metric.calibration;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.metric.loss.ProbabilityCells;

/**
 * Reliability of probabilities: what share of the voxels that were given a probability near p belongs to the reference. The
 * probability is that of the segment, not the confidence of the harder class.
 *
 * @param bins the reliability table, by rising probability; bins without voxels are in it
 * @param voxels of all bins
 */
public record Calibration(List<Bin> bins, long voxels) {

    /** Which end of a bin belongs to it. */
    public enum Closed {
        /** (low, high], the first bin [0, high]: Guo et al. 2017, and what most code does. */
        UPPER,
        /** [low, high), the last bin [low, 1]. */
        LOWER
    }

    /**
     * A row of the reliability table.
     *
     * @param low end, in [0, 1]
     * @param high end, in [0, 1]
     * @param voxels in the bin
     * @param sumP sum of their probabilities
     * @param sumG how many of them are reference voxels
     */
    public record Bin(double low, double high, long voxels, double sumP, double sumG) {
        /** Mean probability; NaN without voxels. */
        public double confidence() {
            return sumP / voxels;
        }

        /** Share of reference voxels; NaN without voxels. */
        public double share() {
            return sumG / voxels;
        }

        /** |mean probability - share of reference voxels|; 0 without voxels. */
        public double gap() {
            return voxels == 0 ? 0 : Math.abs(sumP - sumG) / voxels;
        }
    }

    public Calibration {
        bins = List.copyOf(bins);
    }

    /**
     * Equal-width bins.
     *
     * @param bins that divide 300: 10, 15, 20, 25, 30 ...
     * @param withZero false leaves out voxels with p = 0 exactly, as MetricsReloaded does
     */
    public static Calibration of(ProbabilityCells cells, int bins, Closed closed, boolean withZero) {
        List<Bin> rows = new ArrayList<>();
        long voxels = 0;
        int last = 2 * ProbabilityCells.INTERVALS + 1;
        for (int k = 0; k < bins; k++) {
            int from = ProbabilityCells.edgeCell(k, bins);
            int to = ProbabilityCells.edgeCell(k + 1, bins);
            if (closed == Closed.UPPER) {
                from = k == 0 && withZero ? 0 : from + 1;
                to++;
            } else {
                from = k == 0 && !withZero ? 1 : from;
                to = k == bins - 1 ? last : to;
            }
            long n = cells.count(from, to);
            voxels += n;
            rows.add(
                    new Bin(k / (double) bins, (k + 1) / (double) bins, n, cells.sumP(from, to), cells.sumG(from, to)));
        }
        return new Calibration(rows, voxels);
    }

    /** Expected calibration error: the gaps weighted by voxels; NaN without voxels. */
    public double expectedError() {
        double sum = 0;
        for (Bin bin : bins) {
            sum += Math.abs(bin.sumP() - bin.sumG());
        }
        return sum / voxels;
    }

    /** Maximum calibration error: the largest gap of a bin with voxels; NaN without voxels. */
    public double maximumError() {
        return voxels == 0
                ? Double.NaN
                : bins.stream().mapToDouble(Bin::gap).max().orElse(Double.NaN);
    }
}
