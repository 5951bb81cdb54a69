package org.segmeter.analytics.statistics;

import java.util.Arrays;

/**
 * What several readers said about many voxels, as counts of patterns: bit r of a pattern is set where reader r has the structure.
 * Agreement and consensus depend on nothing else, so 10^8 voxels of five readers are 32 numbers.
 *
 * @param readers from 2 to {@link #MOST_READERS}
 * @param counts by pattern, 2^readers of them
 */
public record RaterPatterns(int readers, long[] counts) {

    public static final int MOST_READERS = 16;

    private static final int MOST_ROUNDS = 1_000;
    private static final double ENOUGH = 1e-10;

    public RaterPatterns {
        if (readers < 2 || readers > MOST_READERS || counts.length != 1 << readers) {
            throw new IllegalArgumentException("2 to " + MOST_READERS + " readers, and a count for each pattern");
        }
    }

    public long voxels() {
        return Arrays.stream(counts).sum();
    }

    /** Voxels of a reader. */
    public long size(int reader) {
        long size = 0;
        for (int pattern = 0; pattern < counts.length; pattern++) {
            size += (pattern >> reader & 1) == 1 ? counts[pattern] : 0;
        }
        return size;
    }

    /** Dice of two readers; NaN if both are empty. */
    public double dice(int a, int b) {
        long both = 0;
        for (int pattern = 0; pattern < counts.length; pattern++) {
            both += (pattern >> a & pattern >> b & 1) == 1 ? counts[pattern] : 0;
        }
        return 2.0 * both / (size(a) + size(b));
    }

    /** Fleiss' kappa over the voxels. */
    public double fleissKappa() {
        int[][] units = new int[counts.length][];
        double[] weights = new double[counts.length];
        for (int pattern = 0; pattern < counts.length; pattern++) {
            int yes = Integer.bitCount(pattern);
            units[pattern] = new int[] {readers - yes, yes};
            weights[pattern] = counts[pattern];
        }
        return Agreement.fleissKappa(units, weights);
    }

    /** Krippendorff's alpha over the voxels, nominal. */
    public double krippendorffAlpha() {
        double[][] units = new double[counts.length][];
        double[] weights = new double[counts.length];
        for (int pattern = 0; pattern < counts.length; pattern++) {
            int yes = Integer.bitCount(pattern);
            units[pattern] = new double[] {readers - yes, yes};
            weights[pattern] = counts[pattern];
        }
        return Agreement.krippendorffAlpha(new double[] {0, 1}, units, weights, Agreement.Level.NOMINAL);
    }

    /** Patterns in which more than half of the readers have the structure; half of an even number is not enough. */
    public boolean[] majority() {
        boolean[] chosen = new boolean[counts.length];
        for (int pattern = 0; pattern < counts.length; pattern++) {
            chosen[pattern] = 2 * Integer.bitCount(pattern) > readers;
        }
        return chosen;
    }

    /**
     * A consensus by STAPLE.
     *
     * @param foreground by pattern: probability that such a voxel belongs to the structure
     * @param sensitivity by reader
     * @param specificity by reader
     * @param prior share of foreground that was assumed
     * @param rounds until nothing changed any more
     * @param inverted whether a reader's sensitivity and specificity together say that the labels were exchanged: then the result means
     *     nothing
     */
    public record Staple(
            double[] foreground,
            double[] sensitivity,
            double[] specificity,
            double prior,
            int rounds,
            boolean inverted) {

        /** Patterns more likely inside than outside. */
        public boolean[] chosen() {
            boolean[] chosen = new boolean[foreground.length];
            for (int pattern = 0; pattern < foreground.length; pattern++) {
                chosen[pattern] = foreground[pattern] >= 0.5;
            }
            return chosen;
        }
    }

    /**
     * Simultaneous truth and performance level estimation (Warfield, Zou and Wells, IEEE TMI 23:903, 2004): sensitivities and
     * specificities of the readers and the probability of each voxel, by expectation and maximisation from 0.99999 on, the prior the
     * mean share of foreground. The result depends on how much background there is: the patterns should be counted in the box
     * of all masks and a margin, not in the whole image.
     */
    public Staple staple() {
        long voxels = voxels();
        double[] p = new double[readers];
        double[] q = new double[readers];
        Arrays.fill(p, 0.99999);
        Arrays.fill(q, 0.99999);
        double prior = 0;
        for (int r = 0; r < readers; r++) {
            prior += size(r) / ((double) voxels * readers);
        }
        double[] w = new double[counts.length];
        int rounds = 0;
        double change = 1;
        while (change > ENOUGH && rounds < MOST_ROUNDS) {
            rounds++;
            expect(w, p, q, prior);
            change = maximise(w, p, q);
        }
        boolean inverted = false;
        for (int r = 0; r < readers; r++) {
            inverted |= p[r] + q[r] < 1;
        }
        return new Staple(w, p, q, prior, rounds, inverted);
    }

    private void expect(double[] w, double[] p, double[] q, double prior) {
        for (int pattern = 0; pattern < w.length; pattern++) {
            double inside = prior;
            double outside = 1 - prior;
            for (int r = 0; r < readers; r++) {
                boolean yes = (pattern >> r & 1) == 1;
                inside *= yes ? p[r] : 1 - p[r];
                outside *= yes ? 1 - q[r] : q[r];
            }
            w[pattern] = inside + outside == 0 ? 0 : inside / (inside + outside);
        }
    }

    private double maximise(double[] w, double[] p, double[] q) {
        double change = 0;
        double inside = 0;
        double outside = 0;
        for (int pattern = 0; pattern < w.length; pattern++) {
            inside += w[pattern] * counts[pattern];
            outside += (1 - w[pattern]) * counts[pattern];
        }
        for (int r = 0; r < readers; r++) {
            double hit = 0;
            double rejected = 0;
            for (int pattern = 0; pattern < w.length; pattern++) {
                if ((pattern >> r & 1) == 1) {
                    hit += w[pattern] * counts[pattern];
                } else {
                    rejected += (1 - w[pattern]) * counts[pattern];
                }
            }
            double sensitivity = inside == 0 ? p[r] : hit / inside;
            double specificity = outside == 0 ? q[r] : rejected / outside;
            change = Math.max(change, Math.max(Math.abs(sensitivity - p[r]), Math.abs(specificity - q[r])));
            p[r] = sensitivity;
            q[r] = specificity;
        }
        return change;
    }
}
