package org.segmeter.format;

/**
 * What the header says, before a voxel is decoded: the base for admission.
 *
 * @param format as in {@link org.segmeter.volume.Segmentation.Source#format}
 * @param voxels voxels of the grid; 0 for contours, which have no grid of their own
 * @param declaredVoxelBytes bytes of the decoded voxel data as the header declares them, all segments and components together;
 *     for contours of their points
 * @param segments declared segments; 0 if only the voxels tell (a NIfTI label map)
 */
public record Inspection(String format, long voxels, long declaredVoxelBytes, int segments) {}
