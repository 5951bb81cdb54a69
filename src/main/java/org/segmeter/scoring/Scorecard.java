package org.segmeter.scoring;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.volume.Box;
import org.segmeter.volume.Segment;

/**
 * An evaluation's result. Depends on nothing but the two inputs, the options and the engine: the same inputs give the same
 * scorecard to the last bit, whatever the machine and the number of threads. {@link ScorecardJson} writes it.
 *
 * @param protocol of the main values
 * @param prediction what was scored
 * @param reference what it was scored against
 * @param mask of which only the voxels were scored; null where none was given
 * @param geometry how the two grids were brought together
 * @param segments one entry for each pair, and for each segment without a counterpart, scored against empty; in the order of
 *     the reference, then the unmatched of the prediction
 * @param overall all foreground together
 * @param confusion which segment was taken for which; null where there is only one segment on each side
 * @param unmatched segments without a counterpart
 * @param byProtocol values under every further protocol that was asked for; empty if only one was
 * @param spread where several protocols give one metric: from its least to its largest value
 * @param notices what a reader of the scorecard should know, each a sentence without patient data
 * @param engine what computed it
 */
public record Scorecard(
        ProtocolReference protocol,
        Side prediction,
        Side reference,
        @Nullable Side mask,
        GeometryReport geometry,
        List<SegmentScore> segments,
        Overall overall,
        @Nullable ConfusionMatrix confusion,
        List<Unmatched> unmatched,
        List<ProtocolScores> byProtocol,
        List<Spread> spread,
        List<String> notices,
        Engine engine) {

    public Scorecard {
        segments = List.copyOf(segments);
        unmatched = List.copyOf(unmatched);
        byProtocol = List.copyOf(byProtocol);
        spread = List.copyOf(spread);
        notices = List.copyOf(notices);
    }

    /**
     * A protocol and the digest of its canonical document.
     *
     * @param id for example {@code segmeter@1}
     * @param sha256 lower-case hexadecimal
     * @param overrides parameters that the request put in place of the protocol's, by metric and parameter; empty if none
     */
    public record ProtocolReference(String id, String sha256, Map<String, Map<String, List<Double>>> overrides) {}

    /**
     * One side, or the mask.
     *
     * @param sha256 of each file as received
     * @param format as in {@link org.segmeter.volume.Segmentation.Source#format}
     * @param encoding binary, labelmap or probability
     * @param segments how many the side declares
     * @param threshold that probabilities were hardened with; null where there were none
     */
    public record Side(
            List<String> sha256,
            String format,
            String encoding,
            int segments,
            @Nullable Double threshold) {
        public Side {
            sha256 = List.copyOf(sha256);
        }
    }

    /** How a pair was found. */
    public enum MatchRule {
        /** The request said so. */
        EXPLICIT,
        /** Category, type, region, modifiers and laterality agree. */
        CONCEPT,
        /** The labels agree but for case and outer white space. */
        LABEL,
        /** Segment Number or label value agree. */
        NUMBER,
        /** Each side has only one segment. */
        ONLY_ONE,
        /** A set of segments that the request or the protocol declares. */
        REGION,
        /** No counterpart: scored against empty. */
        UNMATCHED
    }

    /**
     * A pair of segments, or a segment scored against empty.
     *
     * @param segment who it is: the reference's number, the label and codes of the side that has them
     * @param predictionNumber number of the prediction's segment; null if it has none
     * @param referenceNumber number of the reference's segment; null if it has none
     * @param match how the pair was found
     * @param metrics by name, in the order of the protocol; several values where a parameter runs over a list
     * @param loss the loss statistics, by name
     * @param fragility how much the Dice can bear; null where both sides are empty
     * @param scored null if the whole volume was
     */
    public record SegmentScore(
            Segment segment,
            @Nullable Integer predictionNumber,
            @Nullable Integer referenceNumber,
            MatchRule match,
            Map<String, List<MetricValue>> metrics,
            Map<String, List<MetricValue>> loss,
            @Nullable Fragility fragility,
            @Nullable Scored scored) {}

    /**
     * What was scored of a segment where an ignore label or an extent leaves voxels out.
     *
     * @param voxels that were scored
     * @param box the smallest one with them, of the evaluation grid
     * @param slices of the evaluation grid in which contours were compared; empty unless single slices were scored
     * @param predictionVoxelsOutside of the segment that were not
     * @param referenceVoxelsOutside of the segment that were not
     * @param predictionSurfaceOutsideMm2 area of its surface that touches what was not, and so takes part in no distance; null where
     *     only contours in slices were scored, or the axes are not at right angles
     * @param referenceSurfaceOutsideMm2 likewise
     */
    public record Scored(
            long voxels,
            Box box,
            List<Integer> slices,
            long predictionVoxelsOutside,
            long referenceVoxelsOutside,
            @Nullable Double predictionSurfaceOutsideMm2,
            @Nullable Double referenceSurfaceOutsideMm2) {}

    /**
     * All foreground together.
     *
     * @param metrics of the union of all segments of a side, as one mask
     * @param pooled counts summed over the pairs, and the ratios of these sums (micro average)
     * @param mean over segments, for each metric of the protocol
     * @param loss of the union
     * @param multiclass of the segments and the background as the classes of one labelling; empty where there is only one segment on
     *     each side, or too many for the confusion matrix
     * @param detected segments with voxels on both sides
     * @param missed segments of the reference with voxels, of which the prediction has none
     * @param hallucinated segments of the prediction with voxels, of which the reference has none
     * @param agreedAbsent segments without a voxel on either side
     */
    public record Overall(
            Map<String, List<MetricValue>> metrics,
            Map<String, List<MetricValue>> pooled,
            Map<String, List<Mean>> mean,
            Map<String, List<MetricValue>> loss,
            Map<String, List<MetricValue>> multiclass,
            int detected,
            int missed,
            int hallucinated,
            int agreedAbsent) {}

    /**
     * A metric over the segments. Misses and hallucinations never drop out in silence.
     *
     * @param parameters of the values, as in {@link MetricValue#parameters}
     * @param unit of the means
     * @param detected mean over segments with voxels on both sides; null if there is none
     * @param penalised mean over segments with voxels on either side, where those without a value count with the penalty; null
     *     if there is none, or the protocol declares no penalty and one is needed
     * @param detectedCount segments in the first mean
     * @param penalisedCount segments in the second mean
     * @param notScored segments that have voxels, but neither a value nor a penalty
     */
    public record Mean(
            Map<String, Object> parameters,
            String unit,
            @Nullable Double detected,
            @Nullable Double penalised,
            int detectedCount,
            int penalisedCount,
            int notScored) {}

    /**
     * Which segment was taken for which.
     *
     * @param cells pairs that share voxels, by reference and prediction number
     * @param complete false if there are too many segments for every pair to be looked at; then only matched pairs are there
     */
    public record ConfusionMatrix(List<Cell> cells, boolean complete) {
        public ConfusionMatrix {
            cells = List.copyOf(cells);
        }

        /**
         * Two segments that share voxels.
         *
         * @param reference number of the reference's segment
         * @param prediction number of the prediction's segment
         * @param voxels that both have
         */
        public record Cell(int reference, int prediction, long voxels) {}
    }

    /**
     * A segment without a counterpart.
     *
     * @param side {@code prediction} or {@code reference}
     * @param segment who it is
     * @param voxels how many it has
     */
    public record Unmatched(String side, Segment segment, long voxels) {}

    /**
     * The values under a further protocol.
     *
     * @param protocol which
     * @param segments metrics of each segment, in the order of {@link Scorecard#segments}
     * @param overall of the union
     * @param multiclass as in {@link Overall#multiclass}
     */
    public record ProtocolScores(
            ProtocolReference protocol,
            List<Map<String, List<MetricValue>>> segments,
            Map<String, List<MetricValue>> overall,
            Map<String, List<MetricValue>> multiclass) {}

    /**
     * One metric of one segment under all protocols.
     *
     * @param index of the segment in {@link Scorecard#segments}; null for the union
     * @param metric its name
     * @param parameters that the values have in common
     * @param values by protocol id; null where the protocol gives none
     * @param least smallest value
     * @param largest largest value
     */
    public record Spread(
            @Nullable Integer index,
            String metric,
            Map<String, Object> parameters,
            Map<String, @Nullable Double> values,
            double least,
            double largest) {}

    /**
     * What computed it.
     *
     * @param version of the product
     * @param commit abbreviated commit of the sources; {@code unknown} for a build without git
     * @param vector how the loops over voxels were run: {@code scalar}, plain Java on 64-bit words, which the just-in-time compiler turns
     *     into vector instructions where it can
     */
    public record Engine(String version, String commit, String vector) {}
}
