package org.segmeter.metric.loss;

import org.segmeter.volume.Box;

/** Losses that weigh each voxel by distances. They hold a few doubles for each voxel of the box. */
public final class DistanceLosses {

    private static final double[] VOXELS = {1, 1, 1};

    private final DenseField p;
    private final DenseField g;
    /** Of the box that means are over; the fields may be smaller, all is 0 beyond them. */
    private final long voxels;

    private DistanceLosses(DenseField p, DenseField g, long voxels) {
        this.p = p;
        this.g = g;
        this.voxels = voxels;
    }

    /** @throws IllegalArgumentException if the box that holds both sides has more than 2^24 voxels */
    public static DistanceLosses of(Channel channel, Box box) {
        Box support = Support.of(channel, box);
        if (support.voxelCount() > Support.LARGEST) {
            throw new IllegalArgumentException("too many voxels for a dense field: " + support.voxelCount());
        }
        return new DistanceLosses(
                DenseField.of(channel.prediction(), support),
                DenseField.of(channel.reference(), support),
                box.voxelCount());
    }

    /**
     * Hausdorff distance-transform loss (Karimi and Salcudean 2019): mean((p - g)^2 (d_p^alpha + d_g^alpha)), d the distance
     * in voxels to the boundary of the side hardened at p &gt; 0.5, inside and outside; 0 everywhere for a side that is empty
     * or full. Measured in voxels by every implementation known, and so here.
     */
    public double hausdorffDistanceTransform(double alpha) {
        double[] dp = boundaryDistance(p);
        double[] dg = boundaryDistance(g);
        double[] terms = new double[p.values.length];
        for (int i = 0; i < terms.length; i++) {
            double e = p.values[i] - g.values[i];
            terms[i] = e * e * (Math.pow(dp[i], alpha) + Math.pow(dg[i], alpha));
        }
        return p.withValues(terms).sum() / voxels;
    }

    /** log(1 + Hausdorff distance-transform loss). */
    public double logHausdorffDistanceTransform(double alpha) {
        return Math.log1p(hausdorffDistanceTransform(alpha));
    }

    /** The neighbours that a soft erosion averages, each with weight 1/7. */
    public enum Cross {
        /** The voxel and its six neighbours. */
        SEVEN,
        /**
         * The voxel and its four neighbours along y and z, with sum 5/7: what the published code computes for 3D volumes,
         * because its kernel lies across the channel axis.
         */
        PUBLISHED
    }

    /**
     * Hausdorff erosion loss (Karimi and Salcudean 2019): the squared error is eroded again and again with a soft cross; what
     * survives the k-th erosion is weighted by k^alpha. Each erosion is rescaled to 0..1 as in the published code.
     */
    public double hausdorffErosion(double alpha, int erosions, Cross cross) {
        double[] error = new double[p.values.length];
        for (int i = 0; i < error.length; i++) {
            double e = p.values[i] - g.values[i];
            error[i] = e * e;
        }
        double[] total = new double[error.length];
        for (int k = 1; k <= erosions; k++) {
            double least = Double.POSITIVE_INFINITY;
            double most = 0;
            double[] eroded = new double[error.length];
            for (int i = 0; i < error.length; i++) {
                eroded[i] = Math.max(0, around(error, i, cross) / 7 - 0.5);
                least = Math.min(least, eroded[i]);
                most = Math.max(most, eroded[i]);
            }
            double weight = Math.pow(k, alpha);
            for (int i = 0; i < error.length; i++) {
                error[i] = most > least ? (eroded[i] - least) / (most - least) : eroded[i];
                total[i] += weight * error[i];
            }
        }
        return p.withValues(total).sum() / voxels;
    }

    private double around(double[] v, int i, Cross cross) {
        int nx = p.nx;
        int plane = nx * p.ny;
        int x = i % nx;
        int y = i / nx % p.ny;
        int z = i / plane;
        double sum = v[i];
        if (cross == Cross.SEVEN) {
            sum += x > 0 ? v[i - 1] : 0;
            sum += x < nx - 1 ? v[i + 1] : 0;
        }
        sum += y > 0 ? v[i - nx] : 0;
        sum += y < p.ny - 1 ? v[i + nx] : 0;
        sum += z > 0 ? v[i - plane] : 0;
        sum += z < p.nz - 1 ? v[i + plane] : 0;
        return sum;
    }

    /**
     * Boundary loss (Kervadec et al. 2019): mean(phi p) with the signed distance phi of the reference boundary, positive outside.
     * Inside it is -(d - s), d the distance to the nearest voxel outside and s the smallest spacing, so that the voxels next to
     * the boundary are at 0; the authors' code subtracts 1, the same for distances in voxels. Unbounded below 0; 0 if the reference is empty.
     *
     * @param spacing mm per axis, or ones for voxels
     */
    public double boundary(double[] spacing) {
        boolean[] inside = hard(g);
        boolean[] outside = not(inside);
        if (!any(inside)) {
            return 0;
        }
        double[] toReference = DenseField.distance(g.nx, g.ny, g.nz, inside, spacing);
        double[] toBackground = DenseField.distance(g.nx, g.ny, g.nz, outside, spacing);
        boolean full = !any(outside);
        double step = Math.min(spacing[0], Math.min(spacing[1], spacing[2]));
        double[] terms = new double[p.values.length];
        for (int i = 0; i < terms.length; i++) {
            double phi = inside[i] ? full ? 0 : step - toBackground[i] : toReference[i];
            terms[i] = phi * p.values[i];
        }
        return p.withValues(terms).sum() / voxels;
    }

    private static double[] boundaryDistance(DenseField f) {
        boolean[] inside = hard(f);
        boolean[] outside = not(inside);
        if (!any(inside) || !any(outside)) {
            return new double[inside.length];
        }
        double[] field = DenseField.distance(f.nx, f.ny, f.nz, inside, VOXELS);
        double[] inner = DenseField.distance(f.nx, f.ny, f.nz, outside, VOXELS);
        for (int i = 0; i < field.length; i++) {
            field[i] += inner[i];
        }
        return field;
    }

    private static boolean[] hard(DenseField f) {
        boolean[] hard = new boolean[f.values.length];
        for (int i = 0; i < hard.length; i++) {
            hard[i] = f.values[i] > 0.5;
        }
        return hard;
    }

    private static boolean[] not(boolean[] set) {
        boolean[] not = new boolean[set.length];
        for (int i = 0; i < not.length; i++) {
            not[i] = !set[i];
        }
        return not;
    }

    private static boolean any(boolean[] set) {
        for (boolean b : set) {
            if (b) {
                return true;
            }
        }
        return false;
    }
}
