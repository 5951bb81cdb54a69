package org.segmeter.metric.distance;

import java.util.Arrays;

/**
 * The distances in mm from the points of one surface to another: distinct values, ascending, with how many points and how much
 * weight (mm2, or points where each weighs 1) lie at each.
 */
public final class DistanceDistribution {

    /** How far, relatively, a distance may exceed a tolerance and still count as within: rounding, never a voxel. */
    private static final double ROUNDING = 1e-9;

    private final double[] distances;
    private final double[] weights;
    private final long[] counts;
    private final double totalWeight;
    private final long totalCount;

    DistanceDistribution(double[] distances, double[] weights, long[] counts) {
        if (distances.length == 0) {
            throw new IllegalArgumentException("a surface has at least one point");
        }
        this.distances = distances;
        this.weights = weights;
        this.counts = counts;
        totalWeight = new Sum().addAll(weights).value();
        totalCount = Arrays.stream(counts).sum();
    }

    /** Points from which no other surface is known: at an infinite distance. */
    static DistanceDistribution unreachable(double weight, long points) {
        return new DistanceDistribution(
                new double[] {Double.POSITIVE_INFINITY}, new double[] {weight}, new long[] {points});
    }

    /** Both directions as one. */
    DistanceDistribution pooledWith(DistanceDistribution other) {
        int n = distances.length + other.distances.length;
        double[] d = new double[n];
        double[] w = new double[n];
        long[] c = new long[n];
        int used = 0;
        int i = 0;
        int j = 0;
        while (i < distances.length || j < other.distances.length) {
            boolean mine = j == other.distances.length || i < distances.length && distances[i] <= other.distances[j];
            double next = mine ? distances[i] : other.distances[j];
            if (used == 0 || d[used - 1] != next) {
                d[used++] = next;
            }
            w[used - 1] += mine ? weights[i] : other.weights[j];
            c[used - 1] += mine ? counts[i++] : other.counts[j++];
        }
        return new DistanceDistribution(Arrays.copyOf(d, used), Arrays.copyOf(w, used), Arrays.copyOf(c, used));
    }

    /** Number of points. */
    public long count() {
        return totalCount;
    }

    /** Sum of the weights: the area in mm2, or the number of points. */
    public double weight() {
        return totalWeight;
    }

    /** The directed Hausdorff distance. */
    public double max() {
        return distances[distances.length - 1];
    }

    /** The weighted mean. */
    public double mean() {
        return weightedSum() / totalWeight;
    }

    /** The square root of the weighted mean of the squares. */
    public double rms() {
        return Math.sqrt(weightedSumOfSquares() / totalWeight);
    }

    double weightedSum() {
        Sum sum = new Sum();
        for (int i = 0; i < distances.length; i++) {
            sum.add(weights[i] * distances[i]);
        }
        return sum.value();
    }

    double weightedSumOfSquares() {
        Sum sum = new Sum();
        for (int i = 0; i < distances.length; i++) {
            sum.add(weights[i] * distances[i] * distances[i]);
        }
        return sum.value();
    }

    /** The weighted standard deviation (of the whole, not of a sample). */
    public double standardDeviation() {
        double mean = mean();
        Sum sum = new Sum();
        for (int i = 0; i < distances.length; i++) {
            sum.add(weights[i] * (distances[i] - mean) * (distances[i] - mean));
        }
        return Math.sqrt(sum.value() / totalWeight);
    }

    /** The weight of the points at most this many mm away. */
    public double weightWithin(double toleranceMm) {
        double limit = toleranceMm + Math.abs(toleranceMm) * ROUNDING;
        Sum sum = new Sum();
        for (int i = 0; i < distances.length && distances[i] <= limit; i++) {
            sum.add(weights[i]);
        }
        return sum.value();
    }

    /** The share, 0 to 1, of the weight at most this many mm away. */
    public double fractionWithin(double toleranceMm) {
        return weightWithin(toleranceMm) / totalWeight;
    }

    /**
     * The smallest distance within which a share of the weight lies.
     *
     * @param percent above 0, at most 100
     */
    public double weightedPercentile(double percent) {
        double wanted = share(percent) * totalWeight * (1 - 1e-12);
        Sum sum = new Sum();
        for (int i = 0; i < distances.length; i++) {
            sum.add(weights[i]);
            if (sum.value() >= wanted) {
                return distances[i];
            }
        }
        return max();
    }

    /**
     * The percentile of the points, weights ignored, interpolated linearly between the two nearest ranks.
     *
     * @param percent above 0, at most 100
     */
    public double linearPercentile(double percent) {
        double rank = share(percent) * (totalCount - 1);
        long below = (long) Math.floor(rank);
        double low = atRank(below);
        double high = atRank(Math.min(below + 1, totalCount - 1));
        return low + (high - low) * (rank - below);
    }

    /** The distance at rank floor(p n), but at least the first, of the n ascending distances, weights ignored. */
    double rankPercentile(double percent) {
        return atRank(Math.max((long) Math.floor(share(percent) * totalCount) - 1, 0));
    }

    private static double share(double percent) {
        if (!(percent > 0 && percent <= 100)) {
            throw new IllegalArgumentException("a percentile is above 0 and at most 100, not " + percent);
        }
        return percent / 100;
    }

    private double atRank(long rank) {
        long seen = 0;
        for (int i = 0; i < distances.length; i++) {
            seen += counts[i];
            if (rank < seen) {
                return distances[i];
            }
        }
        return max();
    }

    /** The distinct distances in mm, ascending. A copy. */
    public double[] distances() {
        return distances.clone();
    }

    /** The weight at each of {@link #distances()}. A copy. */
    public double[] weights() {
        return weights.clone();
    }

    /** The number of points at each of {@link #distances()}. A copy. */
    public long[] counts() {
        return counts.clone();
    }

    /** A sum that keeps what rounding loses (Neumaier); always in the order given. */
    private static final class Sum {
        private double sum;
        private double lost;

        void add(double v) {
            double t = sum + v;
            lost += Math.abs(sum) >= Math.abs(v) ? sum - t + v : v - t + sum;
            sum = t;
        }

        Sum addAll(double[] values) {
            for (double v : values) {
                add(v);
            }
            return this;
        }

        double value() {
            return sum + lost;
        }
    }
}
