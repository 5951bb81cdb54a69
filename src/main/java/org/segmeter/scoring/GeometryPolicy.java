package org.segmeter.scoring;

/** What a protocol does with grids that are not the same lattice. */
public enum GeometryPolicy {
    /** Refused from 0.1 voxel on. */
    STRICT,
    /** Refused from 0.5 voxel on. */
    LENIENT,
    /** As lenient; beyond that the prediction is resampled onto the reference's grid. */
    RESAMPLE
}
