package org.segmeter.metric;

import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;

/**
 * First and second moments of the voxel indices of a mask, exact integers as long as they fit: sums do not depend on any order.
 */
public final class Moments {

    private final long n;
    private final double[] mean;
    private final double[][] covariance;

    private Moments(long n, double[] mean, double[][] covariance) {
        this.n = n;
        this.mean = mean;
        this.covariance = covariance;
    }

    /** Moments about the first voxel of the mask's box, so that the sums stay exact below 2^53. */
    public static Moments of(Mask mask) {
        Box box = mask.box();
        double[] sums = new double[10];
        switch (mask) {
            case PointMask points -> points.forEach((x, y, z) -> add(sums, x - box.x0(), y - box.y0(), z - box.z0()));
            case BitMask bits -> {
                long[] words = bits.words();
                for (int z = box.z0(); z < box.z1(); z++) {
                    for (int y = box.y0(); y < box.y1(); y++) {
                        row(sums, words, bits, y, z, box);
                    }
                }
            }
        }
        double count = sums[0];
        double[] mean = {sums[1] / count, sums[2] / count, sums[3] / count};
        double[][] covariance = new double[3][3];
        int at = 4;
        for (int i = 0; i < 3; i++) {
            for (int j = i; j < 3; j++) {
                covariance[i][j] = sums[at++] / count - mean[i] * mean[j];
                covariance[j][i] = covariance[i][j];
            }
        }
        return new Moments(
                (long) count, new double[] {mean[0] + box.x0(), mean[1] + box.y0(), mean[2] + box.z0()}, covariance);
    }

    private static void row(double[] sums, long[] words, BitMask bits, int y, int z, Box box) {
        int start = bits.rowStart(y, z);
        long count = 0;
        long sumX = 0;
        long sumXX = 0;
        for (int w = 0; w < bits.wordsPerRow(); w++) {
            long word = words[start + w];
            int base = (bits.wordX0() + w << 6) - box.x0();
            while (word != 0) {
                // A run of set bits at once.
                int from = Long.numberOfTrailingZeros(word);
                int length = Long.numberOfTrailingZeros(~(word >>> from));
                length = Math.min(length, 64 - from);
                long a = base + from;
                long b = a + length - 1;
                count += length;
                sumX += (a + b) * length / 2;
                sumXX += squares(b) - squares(a - 1);
                word = from + length == 64 ? 0 : word & -1L << (from + length);
            }
        }
        if (count == 0) {
            return;
        }
        double dy = y - box.y0();
        double dz = z - box.z0();
        sums[0] += count;
        sums[1] += sumX;
        sums[2] += count * dy;
        sums[3] += count * dz;
        sums[4] += sumXX;
        sums[5] += sumX * dy;
        sums[6] += sumX * dz;
        sums[7] += count * dy * dy;
        sums[8] += count * dy * dz;
        sums[9] += count * dz * dz;
    }

    /** 0 + 1 + 4 + ... + k^2; also right for k = -1. */
    private static long squares(long k) {
        return k * (k + 1) * (2 * k + 1) / 6;
    }

    private static void add(double[] sums, double x, double y, double z) {
        sums[0] += 1;
        sums[1] += x;
        sums[2] += y;
        sums[3] += z;
        sums[4] += x * x;
        sums[5] += x * y;
        sums[6] += x * z;
        sums[7] += y * y;
        sums[8] += y * z;
        sums[9] += z * z;
    }

    /** Number of voxels. */
    public long count() {
        return n;
    }

    /** Mean voxel index along x, y, z; NaN for the empty mask. */
    public double[] mean() {
        return mean.clone();
    }

    /** Distance of the two centres of mass in patient space, mm; both masks have voxels. */
    public static double centroidDistance(Moments a, Moments b, Affine indexToPatient) {
        double[] p = indexToPatient.apply(a.mean[0], a.mean[1], a.mean[2]);
        double[] q = indexToPatient.apply(b.mean[0], b.mean[1], b.mean[2]);
        return Math.sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) + (p[2] - q[2]) * (p[2] - q[2]));
    }

    /**
     * sqrt((mA - mB)' S^-1 (mA - mB)) with the pooled covariance S = (nA SA + nB SB) / (nA + nB) (Taha and Hanbury 2015). Does not depend
     * on spacing or orientation: an affine map of both sets leaves it as it is.
     *
     * @return NaN if S is singular (both masks flat along one direction)
     */
    public static double mahalanobis(Moments a, Moments b) {
        double total = (double) a.n + b.n;
        double[][] s = new double[3][3];
        double[] d = new double[3];
        for (int i = 0; i < 3; i++) {
            d[i] = a.mean[i] - b.mean[i];
            for (int j = 0; j < 3; j++) {
                s[i][j] = (a.n * a.covariance[i][j] + b.n * b.covariance[i][j]) / total;
            }
        }
        double c00 = s[1][1] * s[2][2] - s[1][2] * s[2][1];
        double c01 = s[1][2] * s[2][0] - s[1][0] * s[2][2];
        double c02 = s[1][0] * s[2][1] - s[1][1] * s[2][0];
        double det = s[0][0] * c00 + s[0][1] * c01 + s[0][2] * c02;
        double scale = Math.abs(s[0][0]) * Math.abs(s[1][1]) * Math.abs(s[2][2]);
        if (!(det > 1e-12 * scale) || scale == 0) {
            return Double.NaN;
        }
        double c11 = s[0][0] * s[2][2] - s[0][2] * s[2][0];
        double c12 = s[0][1] * s[2][0] - s[0][0] * s[2][1];
        double c22 = s[0][0] * s[1][1] - s[0][1] * s[1][0];
        double q = d[0] * d[0] * c00
                + d[1] * d[1] * c11
                + d[2] * d[2] * c22
                + 2 * (d[0] * d[1] * c01 + d[0] * d[2] * c02 + d[1] * d[2] * c12);
        return Math.sqrt(Math.max(0, q / det));
    }
}
