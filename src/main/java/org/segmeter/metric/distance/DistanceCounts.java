package org.segmeter.metric.distance;

import java.util.Arrays;

/**
 * How many points of each class lie at each squared distance. Counts are whole numbers: merged in any order, they are the same,
 * and so is what is made of them, whatever the number of threads.
 */
final class DistanceCounts {

    private long[] squares = new long[256];
    /** Class plus 1; 0 where the place is free. */
    private int[] classes = new int[256];

    private long[] counts = new long[256];
    private int used;

    void add(double square, int pointClass, long n) {
        add(Double.doubleToRawLongBits(square), pointClass + 1, n);
    }

    private void add(long square, int mark, long n) {
        int mask = squares.length - 1;
        long hash = (square ^ (long) mark << 56) * 0x9E3779B97F4A7C15L;
        int at = (int) (hash >>> 40) & mask;
        while (classes[at] != 0) {
            if (squares[at] == square && classes[at] == mark) {
                counts[at] += n;
                return;
            }
            at = at + 1 & mask;
        }
        squares[at] = square;
        classes[at] = mark;
        counts[at] = n;
        if (++used * 2 > squares.length) {
            grow();
        }
    }

    private void grow() {
        long[] oldSquares = squares;
        int[] oldClasses = classes;
        long[] oldCounts = counts;
        int size = Math.multiplyExact(squares.length, 2);
        squares = new long[size];
        classes = new int[size];
        counts = new long[size];
        used = 0;
        for (int i = 0; i < oldSquares.length; i++) {
            if (oldClasses[i] != 0) {
                add(oldSquares[i], oldClasses[i], oldCounts[i]);
            }
        }
    }

    void addAll(DistanceCounts other) {
        for (int i = 0; i < other.squares.length; i++) {
            if (other.classes[i] != 0) {
                add(other.squares[i], other.classes[i], other.counts[i]);
            }
        }
    }

    /** The distribution; weights are summed class by class, in the order of the classes. */
    DistanceDistribution distribution(double[] weightOfClass) {
        long[] distinct = new long[used];
        int n = 0;
        for (int i = 0; i < squares.length; i++) {
            if (classes[i] != 0) {
                distinct[n++] = squares[i];
            }
        }
        // Bits of doubles that are not negative have the order of the doubles.
        Arrays.sort(distinct);
        n = 0;
        for (int i = 0; i < used; i++) {
            if (i == 0 || distinct[i] != distinct[i - 1]) {
                distinct[n++] = distinct[i];
            }
        }
        int[] start = new int[weightOfClass.length + 1];
        for (int c : classes) {
            if (c != 0) {
                start[c]++;
            }
        }
        for (int c = 1; c < start.length; c++) {
            start[c] += start[c - 1];
        }
        int[] byClass = new int[used];
        int[] next = start.clone();
        for (int i = 0; i < classes.length; i++) {
            if (classes[i] != 0) {
                byClass[next[classes[i] - 1]++] = i;
            }
        }
        double[] weights = new double[n];
        long[] points = new long[n];
        for (int i : byClass) {
            int at = Arrays.binarySearch(distinct, 0, n, squares[i]);
            weights[at] += counts[i] * weightOfClass[classes[i] - 1];
            points[at] += counts[i];
        }
        double[] distances = new double[n];
        for (int i = 0; i < n; i++) {
            distances[i] = Math.sqrt(Double.longBitsToDouble(distinct[i]));
        }
        return new DistanceDistribution(distances, weights, points);
    }
}
