package org.segmeter.volume;

/** What one side says about where structures are: voxels on a grid of its own, or contours that need the grid of the other side. */
public sealed interface Delineation permits Segmentation, ContourSet {}
