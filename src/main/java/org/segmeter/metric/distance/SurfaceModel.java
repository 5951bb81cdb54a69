package org.segmeter.metric.distance;

/** Which points stand for the surface of a mask, and how much each weighs. What lies outside the volume is background. */
public enum SurfaceModel {
    /**
     * The corners of voxels whose eight voxels are not all alike, each weighing the area of the surface that marching cubes puts
     * into the cube between the eight centres ({@link SurfaceElements}). Distances are between such corners. The convention of
     * Nikolov et al., "Clinically applicable segmentation of head and neck anatomy for radiotherapy", J Med Internet Res 23(7) 2021.
     */
    AREA_WEIGHTED,
    /**
     * A net of quadrilaterals, one for each face between a voxel inside and one outside, whose vertices have moved twice towards
     * the mean of their neighbours, so that the steps between voxels are less deep ({@link SurfaceNet}): from the middle of each, weighing
     * its area, to the nearest point of the other net, and of that the mean over the faces around each. The reference for accuracy; slower
     * than the others.
     */
    TRIANGLE_MESH,
    /**
     * The faces between voxels inside and outside, each as two triangles: from the centre of each, weighing its area, to the nearest
     * point of the other mask's faces. The mesh of MeshMetrics (Podobnik and Vrtovec, arXiv 2509.05670): SurfaceNets without smoothing.
     */
    VOXEL_FACES,
    /** The centres of voxels with a face neighbour outside the mask, weighing 1 each. */
    BOUNDARY_6,
    /** The centres of voxels with a face or edge neighbour outside the mask, weighing 1 each. */
    BOUNDARY_18,
    /** The centres of voxels with any of 26 neighbours outside the mask, weighing 1 each. */
    BOUNDARY_26,
    /** From the centres of {@link #BOUNDARY_6} voxels to the nearest voxel of the other mask, its inside included. */
    BOUNDARY_6_TO_REGION,
    /** All voxels of both masks: the distance is 0 where they overlap. No surface at all, but what some tools print. */
    REGION;

    /** True if the surface is made of triangles and not of points of a lattice. */
    boolean isMesh() {
        return this == TRIANGLE_MESH || this == VOXEL_FACES;
    }
}
