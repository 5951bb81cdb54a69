package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.metric.ExplainedDifferences;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Voxels;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * What each peer printed for a pair of masks against what the protocol that bears its name gives, through the whole scorer. A value that
 * differs is in {@link #EXPLAINED} with the reason, or the test fails.
 */
class ProtocolOracleTest {

    /** The oracles have single labels; regions that protocols declare would be measured under all of them. */
    private static final Scope NO_REGIONS = new Scope(null, null, List.of());

    private static final Path SHARED = Path.of("../shared/oracles");
    private static final List<Path> COPIES =
            List.of(Path.of("src/test/resources/loss-oracles"), Path.of("src/test/resources/oracles"));

    /** Where a peer's metric is found in our scorecards. */
    private record Claim(String protocol, String metric, Map<String, Object> parameters, DoubleUnaryOperator convert) {}

    /**
     * A difference that is known, and why.
     *
     * @param peer that differs
     * @param metric of the peer; null for all of them
     * @param cases that differ; empty for all
     * @param kind which differences are meant
     */
    private record Explained(String peer, @Nullable String metric, List<String> cases, Kind kind, String reason) {}

    private enum Kind {
        NUMBERS_DIFFER,
        ABSENT_HERE,
        ABSENT_THERE
    }

    private static final String AREA_ALONE = "an area without its counterpart is no comparison: absent here";
    private static final String NO_CENTRELINE_SHARED =
            "0/0 where neither centreline meets the other side; the harmonic mean of two zeros is 0 here";
    private static final String PLASTIMATCH_SINGLE =
            "0 where there is a single distance, which has no rank floor(0.95 n)";
    private static final String MATCHED_ONLY = "compares matched instances only; a case without a match has none";

    private static final List<Explained> EXPLAINED = List.of(
            new Explained(
                    "metrics-reloaded",
                    "cohen_kappa",
                    List.of(),
                    Kind.NUMBERS_DIFFER,
                    "adds a small number to numerator and denominator, which shows where agreement is near that of"
                            + " chance"),
            new Explained("panoptica", "relative_volume_difference", List.of(), Kind.ABSENT_THERE, MATCHED_ONLY),
            new Explained("panoptica", "relative_absolute_volume_error", List.of(), Kind.ABSENT_THERE, MATCHED_ONLY),
            new Explained(
                    "plastimatch",
                    null,
                    List.of(
                            "s10-border",
                            "s11-multilabel",
                            "s14-full-ref",
                            "s16-blobs",
                            "s20-softmax",
                            "s21-logit",
                            "s22-slice"),
                    Kind.NUMBERS_DIFFER,
                    "voxels at the image's border are no boundary there, and its distance map is off near them"),
            new Explained(
                    "plastimatch",
                    "hd_percentile",
                    List.of("s06-voxel-apart"),
                    Kind.NUMBERS_DIFFER,
                    PLASTIMATCH_SINGLE),
            new Explained("metrics-reloaded", "cl_dice", List.of(), Kind.ABSENT_THERE, NO_CENTRELINE_SHARED),
            new Explained("cldice-authors", "cl_dice", List.of(), Kind.ABSENT_THERE, NO_CENTRELINE_SHARED),
            new Explained(
                    "panoptica",
                    "assd",
                    List.of(),
                    Kind.ABSENT_THERE,
                    "masks without a common voxel are not measured; here the distance is given"),
            new Explained(
                    "plastimatch",
                    "hd_percentile_regions",
                    List.of("s06-voxel-apart"),
                    Kind.NUMBERS_DIFFER,
                    PLASTIMATCH_SINGLE),
            new Explained(
                    "plastimatch",
                    "hd_regions",
                    List.of("s12-shell"),
                    Kind.NUMBERS_DIFFER,
                    "12.1655 for a hollow object where the exact distance, which ITK gives, is 12.0104"),
            new Explained(
                    "sklearn",
                    "normalized_mutual_information",
                    List.of("s23-disjoint"),
                    Kind.NUMBERS_DIFFER,
                    "loses digits to cancellation; in 50 digits it is 3.5640097954732e-5"),
            new Explained(
                    "miseval",
                    "hd",
                    List.of(),
                    Kind.ABSENT_HERE,
                    "an empty mask has no distance; the peer gives that to a corner of the image"),
            new Explained("deepmind", "surface_area_pred_mm2", List.of(), Kind.ABSENT_HERE, AREA_ALONE),
            new Explained("deepmind", "surface_area_ref_mm2", List.of(), Kind.ABSENT_HERE, AREA_ALONE));

    @Test
    void everyProtocolGivesWhatItsPeerPrints() throws Exception {
        List<Path> cases = new ArrayList<>();
        for (Path root : COPIES) {
            cases.addAll(casesOf(root));
        }
        Tally tally = run(cases);
        assertThat(tally.unexplained).isEmpty();
        assertThat(tally.compared).isGreaterThan(1_000);
    }

    @Test
    void alsoOnAllSharedCases() throws Exception {
        assumeTrue(
                Files.isDirectory(SHARED),
                "../shared/oracles is not here: only the copies in src/test/resources were compared, not all cases");
        Tally tally = run(casesOf(SHARED));
        System.out.printf(
                "protocols against peers: %d values compared, %d explained differences, %d rows where the peer raised,"
                        + " %d rows of metrics no protocol claims%n",
                tally.compared,
                tally.explained,
                tally.raised,
                tally.notClaimed.values().stream().mapToInt(Integer::intValue).sum());
        tally.explainedBy.forEach((reason, n) -> System.out.println("  explained " + n + ": " + reason));
        System.out.println("  not claimed: " + tally.notClaimed);
        assertThat(tally.unexplained).isEmpty();
        assertThat(tally.compared).isGreaterThan(7_800);
        // The other distances and objects that no protocol claims are compared by OracleDistancesTest and
        // OracleInstancesTest.
        assertThat(tally.notClaimed.keySet())
                .filteredOn(row ->
                        row.matches(".*(hd|asd|assd|masd|nsd|surface|boundary|instance|object|lesion|pq|rq|sq_).*")
                                && !row.endsWith("_loss"))
                .containsExactlyInAnyOrder(
                        "monai/hd", "panoptica/nsd", "panoptica/sq_nsd", "plastimatch/max_directed_asd");
        ExplainedDifferences.assertDocumented(ProtocolOracleTest.class, tally.explainedBy);
    }

    private static final class Tally {
        int compared;
        int explained;
        int raised;
        final Map<String, Integer> explainedBy = new TreeMap<>();
        final Map<String, Integer> notClaimed = new TreeMap<>();
        final List<String> unexplained = new ArrayList<>();
    }

    private static List<Path> casesOf(Path root) throws IOException {
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(f -> Files.exists(f.resolve("oracle.json")))
                    .sorted()
                    .toList();
        }
    }

    private static Tally run(List<Path> cases) throws Exception {
        Tally tally = new Tally();
        for (Path folder : cases) {
            JsonNode oracle = JsonDocument.read(Files.readString(folder.resolve("oracle.json")));
            Map<String, Map<String, Map<String, List<MetricValue>>>> byLabel = score(folder, oracle);
            for (JsonNode row : oracle.get("results")) {
                compare(folder.getFileName().toString(), row, byLabel, tally);
            }
        }
        return tally;
    }

    private static void compare(
            String name, JsonNode row, Map<String, Map<String, Map<String, List<MetricValue>>>> byLabel, Tally tally) {
        String peer = row.get("peer").stringValue();
        String metric = row.get("metric").stringValue();
        JsonNode params = row.has("params") ? row.get("params") : JsonNodeFactory.instance.objectNode();
        String label = row.get("label").asString();
        Claim claim = label.equals("all") ? ofAllLabels(peer, metric, params) : claim(peer, metric, params);
        Map<String, Map<String, List<MetricValue>>> scores = byLabel.get(label);
        if (claim == null || scores == null) {
            tally.notClaimed.merge(peer + "/" + metric, 1, Integer::sum);
            return;
        }
        JsonNode value = row.get("value");
        if (value.isNull()) {
            tally.raised++;
            return;
        }
        Double theirs = value.isNumber() ? value.doubleValue() : null;
        if (theirs != null && theirs > 1e38) {
            // The largest number of a type stands for infinity.
            theirs = null;
        }
        Double ours = ours(claim, scores);
        // MONAI and the ratios of MetricsReloaded are float32; plastimatch prints six digits and is inexact; spacing
        // comes from the
        // float32 of a NIfTI header, which the peers were told with more digits.
        boolean float32 = peer.equals("monai") || peer.equals("metrics-reloaded");
        // The multi-class values are counts' ratios all; one of them, the expected cost, is in no catalogue.
        boolean length = !label.equals("all") && isLength(MetricCatalogue.require(claim.metric()));
        double relative = float32 ? 1e-5 : peer.equals("plastimatch") ? 2e-3 : length ? 1e-6 : 1e-9;
        boolean same = theirs == null || ours == null
                ? theirs == null && ours == null
                : Math.abs(theirs - ours) <= relative * Math.max(Math.abs(theirs), float32 ? 1e-2 : 1e-6);
        if (same) {
            tally.compared++;
            return;
        }
        for (Explained e : EXPLAINED) {
            Kind kind = ours == null ? Kind.ABSENT_HERE : theirs == null ? Kind.ABSENT_THERE : Kind.NUMBERS_DIFFER;
            if (e.peer().equals(peer)
                    && e.kind() == kind
                    && (e.metric() == null || e.metric().equals(metric))
                    && (e.cases().isEmpty() || e.cases().contains(name))) {
                tally.explained++;
                tally.explainedBy.merge(
                        peer + " " + (e.metric() == null ? "distances" : e.metric()) + ": " + e.reason(),
                        1,
                        Integer::sum);
                return;
            }
        }
        tally.unexplained.add(
                "%s label %s %s %s %s: %s, ours %s".formatted(name, label, peer, metric, params, value, ours));
    }

    private static boolean isLength(MetricDefinition definition) {
        return !definition.unit().equals("1") && !definition.unit().equals("nat")
                || definition.group() == MetricDefinition.Group.DISTANCE;
    }

    private static @Nullable Double ours(Claim claim, Map<String, Map<String, List<MetricValue>>> scores) {
        List<MetricValue> values =
                scores.getOrDefault(claim.protocol(), Map.of()).get(claim.metric());
        if (values == null) {
            throw new IllegalStateException(claim.protocol() + " has no " + claim.metric());
        }
        for (MetricValue v : values) {
            if (claim.parameters().entrySet().stream()
                    .allMatch(p -> p.getValue().equals(v.parameters().get(p.getKey())))) {
                return v.value() == null
                        ? null
                        : (Double) claim.convert().applyAsDouble(v.value().doubleValue());
            }
        }
        throw new IllegalStateException(claim.protocol() + " has no " + claim.metric() + " with " + claim.parameters());
    }

    /** Label to protocol to metrics. */
    private static Map<String, Map<String, Map<String, List<MetricValue>>>> score(Path folder, JsonNode oracle)
            throws Exception {
        String kind = oracle.get("kind").stringValue();
        ReadOptions.Values values = switch (kind) {
            case "probability", "softmax" -> ReadOptions.Values.PROBABILITIES;
            case "logit" -> ReadOptions.Values.LOGITS;
            default -> ReadOptions.Values.LABELS;
        };
        SegmentationReader reader = SegmentationReader.standard();
        Segmentation prediction = reader.readFiles(
                List.of(folder.resolve("prediction.nii.gz")),
                ReadOptions.defaults().withValues(values, OptionalDouble.empty()));
        Segmentation reference = reader.readFiles(List.of(folder.resolve("reference.nii.gz")), ReadOptions.defaults());
        List<String> ids = Protocols.builtIn().all().stream().map(Protocol::id).toList();
        Map<String, Map<String, Map<String, List<MetricValue>>>> result = new HashMap<>();
        for (JsonNode labelNode : oracle.get("labels")) {
            int label = labelNode.intValue();
            Grid grid = reference.grid();
            Segmentation p = only(label, grid, hard(prediction, kind, label));
            Segmentation r = only(label, grid, hard(reference, "mask", label));
            Scorecard card = Scorer.standard()
                    .score(
                            p,
                            r,
                            ScoringOptions.defaults().withProtocols(ids).withScope(NO_REGIONS),
                            CancelSignal.none());
            Map<String, Map<String, List<MetricValue>>> byProtocol = new HashMap<>();
            byProtocol.put(card.protocol().id(), card.segments().getFirst().metrics());
            for (Scorecard.ProtocolScores scores : card.byProtocol()) {
                byProtocol.put(scores.protocol().id(), scores.segments().getFirst());
            }
            result.put(Integer.toString(label), byProtocol);
        }
        if (oracle.get("labels").size() > 1) {
            result.put("all", allLabels(prediction, reference, kind, oracle.get("labels"), ids));
        }
        return result;
    }

    /** The multi-class values of each protocol. */
    private static Map<String, Map<String, List<MetricValue>>> allLabels(
            Segmentation prediction, Segmentation reference, String kind, JsonNode labels, List<String> ids)
            throws Exception {
        List<Segmentation.SegmentVoxels> p = new ArrayList<>();
        List<Segmentation.SegmentVoxels> r = new ArrayList<>();
        for (JsonNode node : labels) {
            int label = node.intValue();
            Segment segment = Segment.ofLabelValue(label);
            p.add(new Segmentation.SegmentVoxels(segment, hard(prediction, kind, label)));
            r.add(new Segmentation.SegmentVoxels(segment, hard(reference, "mask", label)));
        }
        Scorecard card = Scorer.standard()
                .score(
                        several(prediction.grid(), p),
                        several(reference.grid(), r),
                        ScoringOptions.defaults().withProtocols(ids).withScope(NO_REGIONS),
                        CancelSignal.none());
        Map<String, Map<String, List<MetricValue>>> byProtocol = new HashMap<>();
        byProtocol.put(card.protocol().id(), card.overall().multiclass());
        for (Scorecard.ProtocolScores scores : card.byProtocol()) {
            byProtocol.put(scores.protocol().id(), scores.multiclass());
        }
        return byProtocol;
    }

    private static Segmentation several(Grid grid, List<Segmentation.SegmentVoxels> segments) {
        return new Segmentation(
                grid,
                Segmentation.Encoding.LABELMAP,
                segments,
                new Segmentation.Source("oracle", null, true, List.of()));
    }

    private static Segmentation only(int label, Grid grid, Mask mask) {
        return new Segmentation(
                grid,
                Segmentation.Encoding.BINARY,
                List.of(new Segmentation.SegmentVoxels(Segment.ofLabelValue(label), mask)),
                new Segmentation.Source("oracle", null, true, List.of()));
    }

    /** The oracles' rule: the label; p above 0.5, z above 0; the largest of the classes. */
    private static Mask hard(Segmentation segmentation, String kind, int label) {
        if (kind.equals("softmax")) {
            return largest(segmentation, label);
        }
        for (Segmentation.SegmentVoxels s : segmentation.segments()) {
            Voxels voxels = s.voxels();
            if (voxels instanceof ProbabilityVolume p) {
                return p.atLeast(Math.nextUp(0.5f));
            }
            if (s.segment().number() == label && voxels instanceof Mask m) {
                return m;
            }
        }
        return new BitMask(Box.EMPTY);
    }

    private static Mask largest(Segmentation softmax, int label) {
        BitMask mask = new BitMask(softmax.grid().box());
        Map<Integer, ProbabilityVolume> classes = new LinkedHashMap<>();
        for (Segmentation.SegmentVoxels s : softmax.segments()) {
            // Components are numbered from 1; that of the oracles' class 0, the background, is the first.
            classes.put(s.segment().number() - 1, (ProbabilityVolume) s.voxels());
        }
        Grid g = softmax.grid();
        for (int z = 0; z < g.nz(); z++) {
            for (int y = 0; y < g.ny(); y++) {
                for (int x = 0; x < g.nx(); x++) {
                    float best = 0;
                    int winner = 0;
                    for (Map.Entry<Integer, ProbabilityVolume> c : classes.entrySet()) {
                        float p = at(c.getValue(), x, y, z);
                        if (p > best) {
                            best = p;
                            winner = c.getKey();
                        }
                    }
                    if (winner == label) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    private static float at(ProbabilityVolume v, int x, int y, int z) {
        Box b = v.box();
        return b.contains(x, y, z) ? v.values()[((z - b.z0()) * b.ny() + (y - b.y0())) * b.nx() + x - b.x0()] : 0;
    }

    private static final DoubleUnaryOperator AS_IS = x -> x;
    private static final DoubleUnaryOperator MM3 = ml -> ml * 1000;

    private static final Map<String, String> NAMES = names();

    private static Map<String, String> names() {
        Map<String, String> n = new HashMap<>();
        for (String same : List.of(
                "tp",
                "fp",
                "fn",
                "tn",
                "dice",
                "precision",
                "specificity",
                "sensitivity",
                "accuracy",
                "mcc",
                "informedness",
                "markedness",
                "fowlkes_mallows",
                "adjusted_rand_index",
                "rand_index",
                "mutual_information",
                "volumetric_similarity",
                "relative_volume_difference",
                "volume_similarity_signed",
                "net_benefit",
                "normalised_expected_cost",
                "masd",
                "positive_likelihood_ratio",
                "balanced_accuracy")) {
            n.put(same, same);
        }
        n.put("f1", "dice");
        n.put("iou", "jaccard");
        n.put("recall", "sensitivity");
        n.put("intersection_over_reference", "sensitivity");
        n.put("intersection_over_minimum", "overlap_coefficient");
        n.put("cohen_kappa", "kappa");
        n.put("negative_predictive_value", "npv");
        n.put("false_positive_rate", "fpr");
        n.put("false_negative_rate", "fnr");
        n.put("false_negative_error", "fnr");
        n.put("false_discovery_rate", "fdr");
        n.put("youden_index", "informedness");
        n.put("absolute_volume_difference_ratio", "absolute_relative_volume_difference");
        n.put("centre_of_mass_distance_mm", "centroid_distance");
        n.put("auc_trapezoid", "auc_single_threshold");
        n.put("normalized_mutual_information", "normalised_mutual_information");
        n.put("asd_pred_to_ref", "asd_prediction_to_reference");
        n.put("asd_ref_to_pred", "asd_reference_to_prediction");
        n.put("hd_directed_pred_to_ref", "hd_prediction_to_reference");
        n.put("hd_directed_ref_to_pred", "hd_reference_to_prediction");
        n.put("surface_overlap_pred", "surface_overlap_prediction");
        n.put("surface_overlap_ref", "surface_overlap_reference");
        n.put("surface_area_pred_mm2", "surface_area_prediction_mm2");
        n.put("surface_area_ref_mm2", "surface_area_reference_mm2");
        n.put("nsd", "nsd");
        n.put("hd", "hd");
        n.put("assd", "assd");
        return n;
    }

    /** The protocol and metric that claim to reproduce a row; null if none does. */
    private static @Nullable Claim claim(String peer, String metric, JsonNode p) {
        String surface = text(p, "surface");
        if (p.has("classes") && !metric.equals("generalized_dice")) {
            return null;
        }
        String protocol = switch (peer) {
            case "formula" -> "textbook@1";
            case "monai" ->
                metric.equals("nsd") && surface.startsWith("surfel")
                        ? "monai-subvoxels@1"
                        : p.has("ignore_empty") && !p.get("ignore_empty").booleanValue()
                                ? "monai-keep-empty@1"
                                : "monai@1";
            case "deepmind" -> "deepmind@1";
            case "metrics-reloaded" -> "metrics-reloaded@1";
            case "medpy" -> {
                boolean corners =
                        surface.endsWith("-26") || text(p, "connectivity").equals("26");
                yield surface.endsWith("-18") ? "medpy-18@1" : corners ? "medpy-26@1" : "medpy@1";
            }
            case "miseval" -> "miseval@1";
            case "sklearn" -> "scikit-learn@1";
            case "skimage" -> "scikit-image@1";
            case "itk" -> "itk@1";
            case "plastimatch" -> "plastimatch@1";
            case "panoptica" -> "panoptica@1";
            case "brats2023" -> text(p, "challenge").equals("BraTS-MET") ? "brats-2023-met@1" : "brats-2023-gli@1";
            case "cldice-authors" -> "cldice@1";
            case "boundary-iou-authors" -> "boundary-iou@1";
            default -> null;
        };
        if (protocol == null) {
            return null;
        }
        Claim special = special(protocol, peer, metric, p, surface);
        if (special != null) {
            return special;
        }
        String name = NAMES.get(metric);
        if (name == null || !has(protocol, name)) {
            return null;
        }
        if ((metric.equals("hd") && peer.equals("monai") && text(p, "spacing").equals("ignored"))
                || (metric.equals("nsd") && peer.equals("panoptica"))
                || p.has("average")
                || p.has("weights")
                || p.has("note") && peer.equals("sklearn")
                || p.has("input_is")) {
            return null;
        }
        Map<String, Object> parameters = p.has("tolerance_mm")
                ? Map.of("toleranceMm", p.get("tolerance_mm").doubleValue())
                : Map.of();
        return new Claim(protocol, name, parameters, AS_IS);
    }

    /** Where a peer's value over all labels is found among the multi-class values. */
    private static @Nullable Claim ofAllLabels(String peer, String metric, JsonNode p) {
        String protocol = switch (peer) {
            case "sklearn" -> "scikit-learn@1";
            case "metrics-reloaded" -> "metrics-reloaded@1";
            case "monai" ->
                p.has("ignore_empty") && !p.get("ignore_empty").booleanValue() ? "monai-keep-empty@1" : "monai@1";
            default -> null;
        };
        if (protocol == null) {
            return null;
        }
        String background =
                p.has("include_background") && p.get("include_background").booleanValue() ? "include" : "exclude";
        return switch (metric) {
            case "accuracy", "mcc", "expected_cost", "normalised_expected_cost" ->
                new Claim(protocol, metric, Map.of(), AS_IS);
            // MetricsReloaded divides by the classes of the table, also by those that the reference lacks.
            case "balanced_accuracy" ->
                peer.equals("sklearn")
                        ? new Claim(protocol, metric, Map.of(), AS_IS)
                        : new Claim(protocol, "expected_cost", Map.of(), cost -> 1 - cost);
            case "cohen_kappa", "weighted_cohen_kappa" ->
                new Claim(
                        protocol,
                        "kappa",
                        Map.of("weights", text(p, "weights").isEmpty() ? "none" : text(p, "weights")),
                        AS_IS);
            case "generalized_dice" ->
                new Claim(protocol, metric, Map.of("weight", text(p, "weight"), "background", background), AS_IS);
            case "dice", "iou" ->
                new Claim(
                        protocol,
                        metric.equals("iou") ? "jaccard" : metric,
                        Map.of(
                                "average",
                                peer.equals("monai") ? "macro" : text(p, "average"),
                                "background",
                                background),
                        AS_IS);
            default -> null;
        };
    }

    /** Names of metrics of objects, all of which are told apart by their connectivity. */
    private static final Map<String, String> OBJECTS = Map.ofEntries(
            Map.entry("instances_pred", "instances_prediction"),
            Map.entry("instances_ref", "instances_reference"),
            Map.entry("instances_tp", "instances_tp"),
            Map.entry("instances_fp", "instances_fp"),
            Map.entry("instances_fn", "instances_fn"),
            Map.entry("instances_precision", "instances_precision"),
            Map.entry("instances_recall", "instances_recall"),
            Map.entry("rq", "rq"),
            Map.entry("sq", "sq"),
            Map.entry("pq", "pq"),
            Map.entry("pq_dice", "pq_dice"),
            Map.entry("sq_dice", "instance_dice"),
            Map.entry("sq_assd", "instance_masd"),
            Map.entry("sq_hd", "instance_hd"),
            Map.entry("sq_hd95", "instance_hd95"),
            Map.entry("sq_centre_distance", "instance_centroid_distance"),
            Map.entry("sq_rvd", "instance_relative_volume_difference"));

    private static @Nullable Claim special(String protocol, String peer, String metric, JsonNode p, String surface) {
        if (OBJECTS.containsKey(metric)) {
            return new Claim(
                    protocol,
                    OBJECTS.get(metric),
                    Map.of(
                            "connectivity",
                            Integer.parseInt(p.get("connectivity").asString())),
                    AS_IS);
        }
        if (peer.equals("plastimatch")) {
            String model = metric.endsWith("_regions") ? "region" : "boundary-6";
            String ours = switch (metric) {
                case "hd", "hd_regions" -> "hd";
                case "hd_percentile", "hd_percentile_regions" -> "hd95";
                case "assd", "average_hd_regions" -> "masd";
                default -> null;
            };
            if (ours != null) {
                return new Claim(protocol, ours, Map.of("surface", model), AS_IS);
            }
        }
        return switch (metric) {
            case "lesion_tp", "lesion_fp", "lesion_fn", "lesion_wise_dice", "lesion_wise_hd95" ->
                new Claim(protocol, metric, Map.of(), AS_IS);
            case "object_tpr", "object_fpr", "object_assd" -> new Claim(protocol, metric, Map.of(), AS_IS);
            case "cl_dice" -> new Claim(protocol, "cldice", Map.of(), AS_IS);
            case "topology_precision", "topology_sensitivity" -> new Claim(protocol, metric, Map.of(), AS_IS);
            case "skeleton_voxels_pred" -> new Claim(protocol, "skeleton_voxels_prediction", Map.of(), AS_IS);
            case "skeleton_voxels_ref" -> new Claim(protocol, "skeleton_voxels_reference", Map.of(), AS_IS);
            case "hd_pointset" -> new Claim(protocol, "hd", Map.of(), AS_IS);
            case "assd" -> peer.equals("panoptica") ? new Claim(protocol, "masd", Map.of(), AS_IS) : null;
            case "max_directed_asd" -> null;
            case "f1" -> peer.equals("monai") ? new Claim(protocol, "f_beta", Map.of("beta", 1.0), AS_IS) : null;
            case "f_beta" ->
                new Claim(protocol, "f_beta", Map.of("beta", p.get("beta").doubleValue()), AS_IS);
            case "hd_percentile" ->
                switch (peer) {
                    case "monai", "deepmind", "metrics-reloaded" ->
                        new Claim(
                                protocol,
                                "hd_percentile",
                                Map.of("percent", p.get("percentile").doubleValue()),
                                AS_IS);
                    default -> new Claim(protocol, "hd95", Map.of(), AS_IS);
                };
            case "generalized_dice" ->
                p.has("classes")
                        ? new Claim(
                                protocol,
                                "generalized_dice",
                                Map.of(
                                        "weight",
                                        p.get("weight").stringValue(),
                                        "background",
                                        p.get("include_background").booleanValue() ? "include" : "exclude"),
                                AS_IS)
                        : null;
            case "boundary_iou" ->
                p.has("distance_voxels")
                        ? new Claim(
                                protocol,
                                "boundary_iou_voxels",
                                Map.of(
                                        "distanceVoxels",
                                        p.get("distance_voxels").doubleValue()),
                                AS_IS)
                        : peer.equals("boundary-iou-authors")
                                ? new Claim(
                                        protocol,
                                        "boundary_iou_2d",
                                        Map.of(
                                                "diagonalFraction",
                                                p.get("dilation_ratio").doubleValue()),
                                        AS_IS)
                                : null;
            case "volume_pred_mm3" -> new Claim(protocol, "volume_prediction_ml", Map.of(), MM3);
            case "volume_ref_mm3" -> new Claim(protocol, "volume_reference_ml", Map.of(), MM3);
            case "volume_difference_mm3" -> new Claim(protocol, "volume_difference_ml", Map.of(), MM3);
            case "relative_volume_difference" ->
                peer.equals("panoptica")
                        ? new Claim("textbook@1", "relative_volume_difference", Map.of(), AS_IS)
                        : null;
            case "relative_absolute_volume_error" ->
                new Claim("textbook@1", "absolute_relative_volume_difference", Map.of(), AS_IS);
            case "mcc_absolute" -> new Claim(protocol, "mcc", Map.of(), Math::abs);
            case "mcc_normalized" -> new Claim(protocol, "mcc", Map.of(), x -> (x + 1) / 2);
            // The rows are named the other way round: with an empty prediction nothing of it is left to know, yet the
            // row
            // named after the prediction given the reference is the one that is not 0.
            case "variation_of_information_pred_given_ref" ->
                new Claim(protocol, "voi_reference_given_prediction", Map.of(), x -> x / Math.log(2));
            case "variation_of_information_ref_given_pred" ->
                new Claim(protocol, "voi_prediction_given_reference", Map.of(), x -> x / Math.log(2));
            case "hd_regions" -> peer.equals("itk") ? new Claim(protocol, "hd", Map.of(), AS_IS) : null;
            case "average_hd_regions" -> peer.equals("itk") ? new Claim(protocol, "masd", Map.of(), AS_IS) : null;
            case "asd_pred_to_ref_regions" -> new Claim(protocol, "asd_prediction_to_reference", Map.of(), AS_IS);
            case "asd_ref_to_pred_regions" -> new Claim(protocol, "asd_reference_to_prediction", Map.of(), AS_IS);
            case "nsd" ->
                peer.equals("panoptica") && surface.equals("erosion-6") && p.has("tolerance")
                        ? new Claim(protocol, "nsd_mean_of_sides", Map.of("toleranceMm", 0.5), AS_IS)
                        : null;
            default -> null;
        };
    }

    private static boolean has(String protocol, String metric) {
        Protocol p = Protocols.builtIn().find(protocol);
        return p != null && p.metrics().stream().anyMatch(m -> m.name().equals(metric));
    }

    private static String text(JsonNode params, String name) {
        JsonNode node = params.get(name);
        return node == null || !node.isString() ? "" : node.stringValue();
    }
}
