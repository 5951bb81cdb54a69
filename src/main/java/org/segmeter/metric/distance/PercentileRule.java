package org.segmeter.metric.distance;

/** How the two lists of directed distances become one percentile. Two tools that print "HD95" rarely mean the same. */
public enum PercentileRule {
    /**
     * The larger of the two directed percentiles, each the smallest distance within which that share of the surface area lies. A
     * share met to within 1e-12 is met.
     */
    AREA_STEP_LARGER,
    /** The larger of the two directed percentiles, each interpolated linearly between the points' distances (NumPy's rule). */
    LINEAR_LARGER,
    /** The percentile of the distances of both directions together, interpolated linearly. */
    LINEAR_POOLED,
    /** The mean of the two directed percentiles, each interpolated linearly. */
    LINEAR_MEAN,
    /**
     * The mean of the two directed percentiles, each the distance at rank floor(p n) of the n ascending distances, the first being
     * of rank 1 and the least that is taken: plastimatch's.
     */
    RANK_MEAN
}
