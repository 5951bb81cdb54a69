package org.segmeter.volume;

/** What a segment consists of: a set of voxels, or a probability per voxel. Indices are those of the segmentation's grid. */
public sealed interface Voxels permits Mask, ProbabilityVolume {}
