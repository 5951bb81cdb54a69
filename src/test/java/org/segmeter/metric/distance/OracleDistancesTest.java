package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.ExplainedDifferences;
import org.segmeter.metric.OracleCase;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;

/** What other tools print for the same masks, each reproduced by naming its convention, or the difference explained. */
class OracleDistancesTest {

    private static final Set<String> DISTANCES = Set.of(
            "hd",
            "hd_percentile",
            "hd_directed_pred_to_ref",
            "hd_directed_ref_to_pred",
            "hd_regions",
            "hd_pointset",
            "average_hd_regions",
            "hd_percentile_regions",
            "asd_pred_to_ref",
            "asd_ref_to_pred",
            "asd_pred_to_ref_regions",
            "asd_ref_to_pred_regions",
            "assd",
            "masd",
            "max_directed_asd",
            "nsd",
            "surface_overlap_pred",
            "surface_overlap_ref",
            "surface_area_pred_mm2",
            "surface_area_ref_mm2",
            "boundary_iou");

    @Test
    void everyPeersDistancesOnTheCasesKeptHereAreReproducedOrExplained() {
        Tally tally = compare(OracleCase.kept());
        assertThat(tally.unexplained).isEmpty();
        assertThat(tally.compared).isGreaterThan(400);
    }

    @Test
    void everyPeersDistancesOnAllCasesAreReproducedOrExplained() {
        Tally tally = compare(OracleCase.all());
        assertThat(tally.unexplained).isEmpty();
        assertThat(tally.compared).isGreaterThan(1700);
        ExplainedDifferences.assertDocumented(OracleDistancesTest.class, tally.explained);
    }

    private static final class Tally {
        int compared;
        int raised;
        int leftToProtocols;
        final Map<String, Integer> explained = new TreeMap<>();
        final List<String> unexplained = new ArrayList<>();
    }

    private static Tally compare(List<OracleCase> cases) {
        Tally tally = new Tally();
        for (OracleCase c : cases) {
            Map<Integer, Measured> byLabel = new HashMap<>();
            for (JsonNode row : c.results()) {
                if (!DISTANCES.contains(row.get("metric").asString())
                        || !row.get("label").isNumber()) {
                    continue;
                }
                Measured m = byLabel.computeIfAbsent(
                        row.get("label").asInt(), l -> new Measured(c.prediction(l), c.reference(l), c.spacing()));
                compare(c, row, m, tally);
            }
        }
        System.out.println("distances of other tools: " + tally.compared + " values agree, " + tally.leftToProtocols
                + " are compared by ProtocolOracleTest, " + tally.raised + " times the tool raised, "
                + tally.explained.values().stream().mapToInt(i -> i).sum() + " explained " + tally.explained + ", "
                + tally.unexplained.size() + " not explained");
        return tally;
    }

    private static void compare(OracleCase c, JsonNode row, Measured m, Tally tally) {
        String peer = row.get("peer").asString();
        if (row.get("value").isNull()) {
            tally.raised++;
            return;
        }
        if (ofProtocols(peer, row, m)) {
            tally.leftToProtocols++;
            return;
        }
        if (m.empty()) {
            // No distance: then the tool has no finite one either.
            if (row.get("value").isNumber() && row.get("value").asDouble() < 1e38) {
                tally.unexplained.add(c.name() + " " + row + " but here an empty mask has no distance");
            } else {
                tally.compared++;
            }
            return;
        }
        if (peer.equals("panoptica")
                && !row.get("value").isNumber()
                && m.prediction.intersectionCount(m.reference) == 0) {
            tally.explained.merge(
                    "panoptica assd: masks without a common voxel are not measured; here the distance is given",
                    1,
                    Integer::sum);
            return;
        }
        OptionalDouble ours = m.value(row);
        double theirs = row.get("value").isNumber() ? row.get("value").asDouble() : Double.NaN;
        double tolerance = peer.equals("plastimatch") ? 2e-3 : peer.equals("monai") ? 1e-5 : 1e-6;
        if (ours.isPresent() && Math.abs(ours.getAsDouble() - theirs) <= tolerance * Math.max(Math.abs(theirs), 1e-3)) {
            tally.compared++;
        } else if (peer.equals("plastimatch") && m.touchesBorder()) {
            tally.explained.merge(
                    "plastimatch max_directed_asd: voxels at the image's border are no boundary there, and its distance map is off near them",
                    1,
                    Integer::sum);
        } else {
            tally.unexplained.add(
                    c.name() + " " + row + " but here " + (ours.isPresent() ? ours.getAsDouble() : "nothing"));
        }
    }

    /** What follows the rule of a protocol, not of a metric alone, is compared through the protocol. */
    private static boolean ofProtocols(String peer, JsonNode row, Measured m) {
        return peer.equals("boundary-iou-authors")
                || (peer.equals("plastimatch") && !row.get("metric").asString().equals("max_directed_asd"))
                || (m.empty()
                        && row.get("value").isNumber()
                        && !Set.of("panoptica/nsd", "plastimatch/max_directed_asd")
                                .contains(peer + "/" + row.get("metric").asString())
                        && !(peer.equals("monai")
                                && row.path("params")
                                        .path("spacing")
                                        .asString("")
                                        .equals("ignored")));
    }

    /** Everything measured once per pair, model and spacing. */
    private static final class Measured {
        private final BitMask prediction;
        private final BitMask reference;
        private final Spacing spacing;
        private final Map<SurfaceModel, SurfaceDistances> inMm = new EnumMap<>(SurfaceModel.class);
        private final Map<SurfaceModel, SurfaceDistances> inVoxels = new EnumMap<>(SurfaceModel.class);

        Measured(BitMask prediction, BitMask reference, Spacing spacing) {
            this.prediction = prediction;
            this.reference = reference;
            this.spacing = spacing;
        }

        /** Whether a mask reaches the first or last voxel of an axis. */
        boolean touchesBorder() {
            Box all = prediction.stored();
            return Stream.of(prediction.box(), reference.box())
                    .anyMatch(b -> b.x0() == all.x0()
                            || b.x1() == all.x1()
                            || b.y0() == all.y0()
                            || b.y1() == all.y1()
                            || b.z0() == all.z0()
                            || b.z1() == all.z1());
        }

        boolean empty() {
            return prediction.isEmpty() || reference.isEmpty();
        }

        OptionalDouble value(JsonNode row) {
            String peer = row.get("peer").asString();
            JsonNode p = row.path("params");
            boolean voxels = p.path("spacing").asString("").startsWith("ignored");
            String surface = p.path("surface").asString("");
            SurfaceModel model = switch (peer) {
                case "deepmind", "brats2023" -> SurfaceModel.AREA_WEIGHTED;
                case "itk", "skimage" -> SurfaceModel.REGION;
                case "miseval" -> SurfaceModel.BOUNDARY_6_TO_REGION;
                default ->
                    surface.startsWith("surfel")
                            ? SurfaceModel.AREA_WEIGHTED
                            : surface.startsWith("erosion-18")
                                    ? SurfaceModel.BOUNDARY_18
                                    : surface.startsWith("erosion-26")
                                            ? SurfaceModel.BOUNDARY_26
                                            : SurfaceModel.BOUNDARY_6;
            };
            SurfaceDistances d = (voxels ? inVoxels : inMm)
                    .computeIfAbsent(
                            model,
                            k -> SurfaceDistances.between(
                                    prediction, reference, voxels ? Spacing.VOXELS : spacing, k, CancelSignal.none()));
            double tau = p.path("tolerance_mm").asDouble(0.5);
            double percent = p.path("percentile").asDouble(100);
            return switch (row.get("metric").asString()) {
                case "hd", "hd_regions", "hd_pointset" -> OptionalDouble.of(d.hausdorff());
                case "hd_directed_pred_to_ref" ->
                    OptionalDouble.of(d.predictionToReference().max());
                case "hd_directed_ref_to_pred" ->
                    OptionalDouble.of(d.referenceToPrediction().max());
                case "hd_percentile" ->
                    OptionalDouble.of(d.percentile(
                            percent,
                            switch (peer) {
                                case "deepmind", "brats2023" -> PercentileRule.AREA_STEP_LARGER;
                                case "medpy", "panoptica" -> PercentileRule.LINEAR_POOLED;
                                default -> PercentileRule.LINEAR_LARGER;
                            }));
                case "asd_pred_to_ref", "asd_pred_to_ref_regions" ->
                    OptionalDouble.of(d.predictionToReference().mean());
                case "asd_ref_to_pred", "asd_ref_to_pred_regions" ->
                    OptionalDouble.of(d.referenceToPrediction().mean());
                case "masd", "average_hd_regions" -> OptionalDouble.of(d.masd());
                case "assd" -> OptionalDouble.of(p.path("pooled").asBoolean() ? d.assd() : d.masd());
                case "max_directed_asd" ->
                    OptionalDouble.of(Math.max(
                            d.predictionToReference().mean(),
                            d.referenceToPrediction().mean()));
                case "nsd" -> OptionalDouble.of(peer.equals("panoptica") ? d.nsdMeanOfSides(tau) : d.nsd(tau));
                case "surface_overlap_pred" ->
                    OptionalDouble.of(d.predictionToReference().fractionWithin(tau));
                case "surface_overlap_ref" ->
                    OptionalDouble.of(d.referenceToPrediction().fractionWithin(tau));
                case "surface_area_pred_mm2" ->
                    OptionalDouble.of(d.predictionToReference().weight());
                case "surface_area_ref_mm2" ->
                    OptionalDouble.of(d.referenceToPrediction().weight());
                case "boundary_iou" ->
                    OptionalDouble.of(BoundaryIou.inVoxels(
                            prediction, reference, p.get("distance_voxels").asDouble(), CancelSignal.none()));
                default -> OptionalDouble.empty();
            };
        }
    }
}
