package org.segmeter.scoring;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.calibration.ThresholdSweep;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.metric.loss.CrossMoments;
import org.segmeter.metric.loss.LossReport;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.volume.Segment;

/**
 * Losses, gradients and calibration of a pair.
 *
 * @param options by which it was measured
 * @param prediction digests of the content
 * @param reference digests of the content
 * @param mask digests of the content; empty where there was none
 * @param verdict how the grids lie to one another
 * @param voxels of all that is scored, over which the segments as classes are averaged
 * @param voxelVolumeMm3 of the evaluation grid
 * @param segments every pair of segments, in the scorecard's order
 * @param classes the segments and the background as exclusive classes
 * @param notices what was accepted with a remark
 */
public record LaboratoryReport(
        LaboratoryOptions options,
        List<String> prediction,
        List<String> reference,
        List<String> mask,
        GeometryReport.Verdict verdict,
        long voxels,
        double voxelVolumeMm3,
        List<OfSegment> segments,
        Classes classes,
        List<String> notices) {

    /**
     * One pair of segments.
     *
     * @param emptiness OK, or which side has no voxel at its threshold
     * @param voxels over which is averaged
     * @param input what the prediction was taken for: {@code mask}, {@code probabilities}, {@code logits}
     * @param losses values, gradients, soft facts and sums
     * @param volume calibration over all voxels
     * @param band calibration in the boundary band; null where the reference has no boundary
     * @param sweep over thresholds; null for a soft reference
     * @param fragility of the Dice of both sides at their thresholds
     */
    public record OfSegment(
            Segment segment,
            Scorecard.MatchRule match,
            MetricValue.State emptiness,
            long voxels,
            String input,
            LossReport.OfChannel losses,
            Reliability volume,
            @Nullable Reliability band,
            @Nullable ThresholdSweep sweep,
            OfFragility fragility) {

        /** The sums over voxels that region losses follow from. */
        public SoftSums sums() {
            return losses.statistics().sums();
        }
    }

    /** Why a Dice value is what it is, or why that cannot be said. */
    public sealed interface OfFragility {
        record Measured(Fragility fragility) implements OfFragility {}

        record Absent(MetricValue.State state, String reason) implements OfFragility {}
    }

    /**
     * Calibration over some voxels.
     *
     * @param brier mean squared error
     * @param negativeLogLikelihood binary cross-entropy in nats, p clipped to [1e-7, 1 - 1e-7]
     * @param adaptive expected calibration error in bins of equal size; NaN if the voxels were not sorted
     */
    public record Reliability(double brier, double negativeLogLikelihood, Calibration table, double adaptive) {}

    /** The segments and the background as classes, of which each voxel has one. */
    public sealed interface Classes {

        /**
         * @param background what was measured for the background channel
         * @param report channel 0 is the background
         */
        record Measured(LossReport.OfChannel background, LossReport report, CrossMoments moments) implements Classes {}

        /** @param reason why segments are no classes here, or too many */
        record Absent(String reason) implements Classes {}
    }

    public LaboratoryReport {
        prediction = List.copyOf(prediction);
        reference = List.copyOf(reference);
        segments = List.copyOf(segments);
        notices = List.copyOf(notices);
    }
}
