package org.segmeter.format;

/**
 * Absolute bounds. There is no bound on the compression ratio: an honest sparse mask reaches 1,022:1.
 *
 * @param voxels voxels of the grid that a header may declare; the default lets 1024 x 1024 x 950 pass
 * @param voxelBytes voxel bytes that a header may declare (rows x columns x frames or slices x bytes per voxel), both packed
 *     and unpacked; above either: {@link org.segmeter.volume.InputProblem#TOO_LARGE}
 * @param segments segments of one side
 * @param nesting depth of DICOM sequences
 * @param archiveEntries entries of a zip or tar
 */
public record ReadLimits(long voxels, long voxelBytes, int segments, int nesting, int archiveEntries) {
    public static final ReadLimits DEFAULT = new ReadLimits(1_000_000_000L, 8L << 30, 65_535, 32, 4_096);
}
