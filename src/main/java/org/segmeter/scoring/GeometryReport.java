package org.segmeter.scoring;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.Box;

/**
 * How the two grids were brought together, and how far apart they were.
 *
 * @param verdict what was decided
 * @param gridsEqual true if dimensions agree and every corner lies within 0.01 voxel without a permutation, flip or shift
 * @param cornerDisplacementVoxels largest displacement of the eight corners of the smaller grid after the exact re-indexing,
 *     divided by the smallest spacing of the reference
 * @param spacingRatio spacing of the prediction divided by that of the reference along the reference's x, y, z
 * @param orientationAngleDeg largest angle between corresponding axes, degrees
 * @param axes which axis of the prediction runs along x, y, z of the reference, for example {@code +x +y +z} or {@code -y +x +z}
 * @param offset where the prediction's grid begins in the reference's, whole voxels along x, y, z
 * @param frameOfReference {@code same}, {@code different} (the request ignores it) or {@code unknown} (a side has none)
 * @param policy of the protocol: {@code strict}, {@code lenient} or {@code resample}
 * @param pixelUnits true if a side has no patient geometry and lengths are in pixels
 * @param evaluationGrid size of the grid that was evaluated, the union of both; voxels along x, y, z
 * @param spacingMm of the evaluation grid
 * @param voxelVolumeMm3 of the evaluation grid
 * @param predictionCovered fraction of the evaluation grid that the prediction's grid covers, 0 to 1
 * @param referenceCovered likewise for the reference
 * @param missingSlices slices of the reference's grid (along its z) that the prediction's grid does not reach
 * @param resampledVoxelsFraction voxels of the prediction that were interpolated: 0 unless resampled, then 1
 * @param volumeChangeByResampling foreground volume after divided by that before; null unless resampled
 * @param diceUnderHalfVoxelShift Dice of the reference's foreground with itself, moved by half a voxel along the axis where that
 *     costs most: the part of a difference that the grid alone can explain; null if the reference is empty
 * @param scoredVoxels of the evaluation grid: all, or those that an ignore label and the extents of all segments leave
 * @param scoredBox the smallest box with them, of the evaluation grid
 */
public record GeometryReport(
        Verdict verdict,
        boolean gridsEqual,
        double cornerDisplacementVoxels,
        List<Double> spacingRatio,
        double orientationAngleDeg,
        String axes,
        List<Integer> offset,
        String frameOfReference,
        String policy,
        boolean pixelUnits,
        List<Integer> evaluationGrid,
        List<Double> spacingMm,
        double voxelVolumeMm3,
        double predictionCovered,
        double referenceCovered,
        int missingSlices,
        double resampledVoxelsFraction,
        @Nullable Double volumeChangeByResampling,
        @Nullable Double diceUnderHalfVoxelShift,
        long scoredVoxels,
        Box scoredBox) {

    /** What was decided about the two grids. */
    public enum Verdict {
        /** At most 0.01 voxel apart: the same lattice. */
        IDENTICAL,
        /** At most 0.1 voxel apart, as rounding of header values leaves them: accepted with a warning. */
        ROUNDING,
        /** At most 0.5 voxel apart: accepted because the protocol is lenient. */
        LENIENT,
        /** Another lattice: the prediction was resampled because the protocol allows it. */
        RESAMPLED
    }

    public GeometryReport {
        spacingRatio = List.copyOf(spacingRatio);
        offset = List.copyOf(offset);
        evaluationGrid = List.copyOf(evaluationGrid);
        spacingMm = List.copyOf(spacingMm);
    }
}
