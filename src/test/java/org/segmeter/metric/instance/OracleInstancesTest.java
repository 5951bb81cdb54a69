package org.segmeter.metric.instance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.OracleCase;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;

/** Objects and lesions as panoptica, MONAI and the BraTS scripts count and score them. */
class OracleInstancesTest {

    @Test
    void objectsOnTheCasesKeptHereAreCountedAsOtherToolsCountThem() {
        compare(OracleCase.kept(), 650);
    }

    @Test
    void objectsOnAllCasesAreCountedAsOtherToolsCountThem() {
        compare(OracleCase.all(), 1500);
    }

    private static void compare(List<OracleCase> cases, int atLeast) {
        int compared = 0;
        int raised = 0;
        int leftToProtocols = 0;
        List<String> unexplained = new ArrayList<>();
        for (OracleCase c : cases) {
            Map<String, Objects> measured = new HashMap<>();
            for (JsonNode row : c.results()) {
                String peer = row.get("peer").asString();
                String connectivity = row.path("params").path("connectivity").asString("");
                if (connectivity.isEmpty() || !row.get("label").isNumber() || ignored(row)) {
                    continue;
                }
                if (row.get("value").isNull()) {
                    raised++;
                    continue;
                }
                int label = row.get("label").asInt();
                Objects o = measured.computeIfAbsent(
                        label
                                + peer
                                + connectivity
                                + row.get("params").path("challenge").asString(""),
                        k -> new Objects(c, row, c.prediction(label), c.reference(label)));
                double ours = o.value(row);
                double theirs = row.get("value").isNumber() ? row.get("value").asDouble() : Double.NaN;
                if (Double.isNaN(ours) && Double.isNaN(theirs)) {
                    compared++;
                    continue;
                }
                if (Double.isNaN(ours) && theirs == 0 && peer.equals("panoptica")) {
                    // What stands where there is nothing to average is the protocol's rule.
                    leftToProtocols++;
                    continue;
                }
                double tolerance = peer.equals("monai") ? 1e-5 : 1e-6;
                if (Math.abs(ours - theirs) <= tolerance * Math.max(1e-3, Math.abs(theirs))) {
                    compared++;
                } else {
                    unexplained.add(c.name() + " " + row + " but here " + ours);
                }
            }
        }
        System.out.println("objects of other tools: " + compared + " values agree, " + leftToProtocols
                + " are compared by ProtocolOracleTest, " + raised + " times the tool raised, "
                + unexplained.size() + " not explained");
        assertThat(unexplained).isEmpty();
        assertThat(compared).isGreaterThan(atLeast);
    }

    /** Rows of the whole mask, compared elsewhere. */
    private static boolean ignored(JsonNode row) {
        return row.get("peer").asString().equals("brats2023")
                && !row.get("metric").asString().startsWith("lesion");
    }

    private static final class Objects {
        private final Spacing spacing;
        private final Components prediction;
        private final Components reference;
        private final InstanceMatching matching;
        private final LesionScores scores;
        private final MedpyObjects medpy;
        private final Connectivity joined;
        private final BratsLesions lesions;

        Objects(OracleCase c, JsonNode row, BitMask p, BitMask r) {
            spacing = c.spacing();
            String connectivity = row.path("params").path("connectivity").asString();
            joined = connectivity.equals("6") ? Connectivity.FACES : Connectivity.CORNERS;
            prediction = Components.of(p, joined);
            reference = Components.of(r, joined);
            boolean above = row.get("peer").asString().equals("monai");
            matching = InstanceMatching.of(prediction, reference, new MatchRule(0.5, above));
            medpy = MedpyObjects.of(prediction, reference);
            scores = LesionScores.of(
                    prediction, reference, matching, spacing, SurfaceModel.BOUNDARY_6, CancelSignal.none());
            BratsLesions.Rules rules =
                    row.path("params").path("challenge").asString("").equals("BraTS-MET")
                            ? BratsLesions.Rules.MET
                            : BratsLesions.Rules.GLI;
            lesions = BratsLesions.of(
                    p, r, p.stored(), spacing, spacing.x() * spacing.y() * spacing.z(), rules, CancelSignal.none());
        }

        double value(JsonNode row) {
            boolean monai = row.get("peer").asString().equals("monai");
            // MONAI adds a smooth term of 1e-6 to both denominators, so that nothing over nothing is 0.
            double iou = matching.matches().stream()
                    .mapToDouble(InstanceMatching.Match::iou)
                    .sum();
            double pairs = (prediction.count() + reference.count()) / 2.0 + 1e-6;
            return switch (row.get("metric").asString()) {
                case "instances_pred" -> prediction.count();
                case "instances_ref" -> reference.count();
                case "instances_tp" -> matching.truePositives();
                case "instances_fp" -> matching.falsePositives();
                case "instances_fn" -> matching.falseNegatives();
                case "instances_precision" -> matching.precision().orElse(Double.NaN);
                case "instances_recall" -> matching.recall().orElse(Double.NaN);
                case "rq" ->
                    monai
                            ? matching.truePositives() / pairs
                            : matching.recognitionQuality().orElse(Double.NaN);
                case "sq" ->
                    monai
                            ? iou / (matching.truePositives() + 1e-6)
                            : matching.segmentationQuality().orElse(Double.NaN);
                case "pq" ->
                    monai
                            ? iou / (matching.truePositives() + 1e-6) * (matching.truePositives() / pairs)
                            : matching.segmentationQuality().isEmpty()
                                    ? Double.NaN
                                    : matching.panopticQuality().orElse(Double.NaN);
                case "object_tpr" -> medpy.truePositiveRate();
                case "object_fpr" -> medpy.falsePositiveRate();
                case "object_assd" -> medpy.averageSymmetricDistance(spacing, joined, CancelSignal.none());
                case "sq_dice" -> scores.mean(LesionScores.Pair::dice);
                case "pq_dice" ->
                    scores.mean(LesionScores.Pair::dice)
                            * matching.recognitionQuality().orElse(Double.NaN);
                case "sq_assd" -> scores.mean(p -> p.distances().masd());
                case "sq_hd" -> scores.mean(p -> p.distances().hausdorff());
                case "sq_hd95" -> scores.mean(p -> p.distances().percentile(95, PercentileRule.LINEAR_POOLED));
                case "sq_nsd" -> scores.mean(p -> p.distances().nsdMeanOfSides(spacing.smallest()));
                case "sq_centre_distance" -> scores.mean(LesionScores.Pair::centreDistanceMm);
                case "sq_rvd" ->
                    scores.mean(p -> (double) prediction.size(p.match().prediction())
                                    / reference.size(p.match().reference())
                            - 1);
                case "lesion_tp" -> lesions.truePositives();
                case "lesion_fp" -> lesions.falsePositives();
                case "lesion_fn" -> lesions.falseNegatives();
                case "lesion_wise_dice" -> lesions.dice();
                case "lesion_wise_hd95" -> lesions.hd95();
                default -> throw new IllegalArgumentException(row.toString());
            };
        }
    }
}
