package org.segmeter.metric;

import static org.segmeter.metric.MetricDefinition.Direction.HIGHER;
import static org.segmeter.metric.MetricDefinition.Direction.LOWER;
import static org.segmeter.metric.MetricDefinition.Direction.NONE;
import static org.segmeter.metric.MetricDefinition.Direction.ZERO;
import static org.segmeter.metric.MetricDefinition.Group.CALIBRATION;
import static org.segmeter.metric.MetricDefinition.Group.COUNT;
import static org.segmeter.metric.MetricDefinition.Group.DISTANCE;
import static org.segmeter.metric.MetricDefinition.Group.INFORMATION;
import static org.segmeter.metric.MetricDefinition.Group.INSTANCE;
import static org.segmeter.metric.MetricDefinition.Group.LOSS;
import static org.segmeter.metric.MetricDefinition.Group.OVERLAP;
import static org.segmeter.metric.MetricDefinition.Group.POSITION;
import static org.segmeter.metric.MetricDefinition.Group.SLICE;
import static org.segmeter.metric.MetricDefinition.Group.TOPOLOGY;
import static org.segmeter.metric.MetricDefinition.Group.VOLUME;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricDefinition.NumberParameter;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** Every metric that can be computed, by name. A = prediction, B = reference, N = voxels of the evaluation grid. */
public final class MetricCatalogue {

    private static final String TAHA = "Taha and Hanbury, BMC Medical Imaging 15:29 (2015)";
    private static final String RELOADED = "Maier-Hein et al., Nature Methods 21:195 (2024)";

    private static final List<String> AXES = List.of("z", "y", "x");
    private static final List<String> PERCENTILE_RULES =
            List.of("area-step", "linear-larger", "linear-pooled", "linear-mean", "rank-mean");

    private static final Map<String, MetricDefinition> BY_NAME = byName();

    private MetricCatalogue() {}

    /** All definitions, in the order of the documentation. */
    public static List<MetricDefinition> definitions() {
        return List.copyOf(BY_NAME.values());
    }

    public static Optional<MetricDefinition> find(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /** @throws IllegalArgumentException if there is none of this name */
    public static MetricDefinition require(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException("no metric is called " + name));
    }

    /** @throws InputException INVALID_REQUEST if the metric has no such parameter, or a value is outside its range */
    public static void requireParameter(String metric, String parameter, List<Double> values) throws InputException {
        NumberParameter declared =
                find(metric).map(d -> d.numbers().get(parameter)).orElse(null);
        if (declared == null) {
            throw unknown(metric, parameter);
        }
        if (values.isEmpty() || values.size() > (declared.list() ? 16 : 1)) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The parameter " + parameter + " of " + metric + " has too many or too few values.",
                    values.size() + " values",
                    declared.list() ? "1 to 16 values" : "1 value");
        }
        for (double value : values) {
            boolean bins = parameter.equals("bins") && 300 % value != 0;
            if (!(value >= declared.least() && value <= declared.most()) || bins) {
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "The parameter " + parameter + " of " + metric + " is out of range.",
                        Double.toString(value),
                        declared.least() + " to " + declared.most() + (bins ? ", a divisor of 300" : ""));
            }
        }
    }

    /** @throws InputException INVALID_REQUEST if the metric has no such parameter, or not this choice */
    public static void requireChoice(String metric, String parameter, String choice) throws InputException {
        List<String> choices = find(metric).map(d -> d.choices().get(parameter)).orElse(null);
        if (choices == null) {
            throw unknown(metric, parameter);
        }
        if (!choices.contains(choice)) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The parameter " + parameter + " of " + metric + " has no such choice.",
                    "another text",
                    "one of " + String.join(", ", choices));
        }
    }

    private static InputException unknown(String metric, String parameter) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "A metric is given a parameter that it does not have.",
                metric + "." + (parameter.matches("[A-Za-z0-9_]{1,40}") ? parameter : "another name"),
                find(metric)
                        .map(d -> d.numbers().isEmpty() && d.choices().isEmpty()
                                ? "no parameters"
                                : "one of " + String.join(", ", d.numbers().keySet()) + " "
                                        + String.join(", ", d.choices().keySet()))
                        .orElse("a metric of the catalogue"));
    }

    private static Map<String, MetricDefinition> byName() {
        List<MetricDefinition> all = new ArrayList<>();
        overlap(all);
        distance(all);
        instances(all);
        lesions(all);
        topology(all);
        slices(all);
        losses(all);
        Map<String, MetricDefinition> result = new LinkedHashMap<>();
        for (MetricDefinition d : all) {
            if (result.put(d.name(), d) != null) {
                throw new IllegalStateException("the metric " + d.name() + " is defined twice");
            }
        }
        return Collections.unmodifiableMap(result);
    }

    private static void overlap(List<MetricDefinition> all) {
        all.add(plain("tp", "true positives", "|A and B|", "1", NONE, 0.0, null, COUNT, TAHA));
        all.add(plain("fp", "false positives", "|A| - TP", "1", LOWER, 0.0, null, COUNT, TAHA));
        all.add(plain("fn", "false negatives", "|B| - TP", "1", LOWER, 0.0, null, COUNT, TAHA));
        all.add(plain("tn", "true negatives", "N - TP - FP - FN", "1", NONE, 0.0, null, COUNT, TAHA));
        all.add(ratio(
                "dice", "Dice coefficient", "2 TP / (2 TP + FP + FN)", "Dice, Ecology 26:297 (1945)", "dsc", "f1"));
        all.add(ratio("jaccard", "Jaccard index", "TP / (TP + FP + FN)", "Jaccard (1901)", "iou"));
        all.add(ratio("precision", "precision", "TP / (TP + FP)", TAHA, "ppv", "positive predictive value"));
        all.add(ratio("sensitivity", "sensitivity", "TP / (TP + FN)", TAHA, "recall", "tpr"));
        all.add(ratio("specificity", "specificity", "TN / (TN + FP)", TAHA, "tnr"));
        all.add(ratio("npv", "negative predictive value", "TN / (TN + FN)", TAHA));
        all.add(error("fpr", "false positive rate", "FP / (FP + TN)", TAHA, "fallout"));
        all.add(error("fnr", "false negative rate", "FN / (FN + TP)", TAHA, "miss rate"));
        all.add(error("fdr", "false discovery rate", "FP / (FP + TP)", TAHA));
        all.add(ratio("accuracy", "accuracy", "(TP + TN) / N", TAHA, "rand accuracy"));
        all.add(new MetricDefinition(
                "balanced_accuracy",
                List.of(),
                "balanced accuracy",
                "(sensitivity + specificity) / 2",
                "1",
                HIGHER,
                0.0,
                1.0,
                OVERLAP,
                Map.of(),
                Map.of("undefinedRate", List.of("absent", "drop")),
                RELOADED));
        all.add(ratio(
                "auc_single_threshold",
                "area under the ROC curve of one operating point",
                "1 - (FPR + FNR) / 2, a rate without voxels counts 0",
                "Powers (2011); MISeval"));
        all.add(signed(
                "informedness",
                "informedness",
                "sensitivity + specificity - 1",
                "Youden, Cancer 3:32 (1950)",
                "youden"));
        all.add(signed("markedness", "markedness", "precision + npv - 1", "Powers, J. Mach. Learn. Tech. 2:37 (2011)"));
        all.add(signed(
                "mcc",
                "Matthews correlation coefficient",
                "(TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN))",
                "Matthews, BBA 405:442 (1975)",
                "phi"));
        all.add(signed(
                "kappa",
                "Cohen's kappa",
                "(po - pe) / (1 - pe), po accuracy, pe agreement by chance",
                "Cohen, Educ. Psychol. Meas. 20:37 (1960)"));
        all.add(new MetricDefinition(
                "f_beta",
                List.of("f-measure"),
                "F-beta",
                "(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP)",
                "1",
                HIGHER,
                0.0,
                1.0,
                OVERLAP,
                Map.of("beta", new NumberParameter(0.01, 100, List.of(0.5, 2.0), true, "above 1 weighs misses more")),
                Map.of(),
                "van Rijsbergen, Information Retrieval (1979)"));
        all.add(ratio(
                "fowlkes_mallows",
                "Fowlkes-Mallows index",
                "sqrt(precision sensitivity)",
                "Fowlkes and Mallows, JASA 78:553 (1983)"));
        all.add(ratio(
                "overlap_coefficient",
                "overlap coefficient",
                "TP / min(|A|, |B|)",
                "Szymkiewicz (1934), Simpson (1943)"));
        all.add(plain(
                "positive_likelihood_ratio",
                "positive likelihood ratio",
                "sensitivity / (1 - specificity)",
                "1",
                HIGHER,
                0.0,
                null,
                OVERLAP,
                RELOADED));
        all.add(new MetricDefinition(
                "ndsc",
                List.of("normalised Dice", "nDSC"),
                "Dice normalised for the size of the reference",
                "2 TP / (2 TP + k FP + FN), k = (1 - r) |B| / (r (N - |B|))",
                "1",
                HIGHER,
                0.0,
                1.0,
                OVERLAP,
                Map.of(
                        "load",
                        new NumberParameter(1e-9, 0.999, List.of(0.001), true, "r, the expected share of foreground")),
                Map.of(),
                "Raina et al., ISBI (2023)"));
        all.add(ratio(
                "expected_dice",
                "Dice of random masks of these sizes",
                "2 |A| |B| / (N (|A| + |B|))",
                "expectation under independent placement"));
        all.add(plain(
                "chance_corrected_dice",
                "Dice above chance",
                "(Dice - E) / (1 - E), E = expected_dice",
                "1",
                HIGHER,
                null,
                1.0,
                OVERLAP,
                "correction for chance as Cohen (1960)"));
        all.add(plain(
                "volume_prediction_ml",
                "volume of the prediction",
                "|A| v / 1000, v voxel volume in mm3",
                "ml",
                NONE,
                0.0,
                null,
                VOLUME,
                TAHA));
        all.add(plain(
                "volume_reference_ml", "volume of the reference", "|B| v / 1000", "ml", NONE, 0.0, null, VOLUME, TAHA));
        all.add(plain(
                "volume_difference_ml",
                "signed volume difference",
                "(|A| - |B|) v / 1000",
                "ml",
                ZERO,
                null,
                null,
                VOLUME,
                TAHA));
        all.add(plain(
                "absolute_volume_difference_ml",
                "absolute volume difference",
                "||A| - |B|| v / 1000",
                "ml",
                LOWER,
                0.0,
                null,
                VOLUME,
                TAHA,
                "avd"));
        all.add(plain(
                "relative_volume_difference",
                "relative volume difference",
                "(|A| - |B|) / |B|",
                "1",
                ZERO,
                -1.0,
                null,
                VOLUME,
                "MedPy's ravd",
                "rvd",
                "ravd"));
        all.add(plain(
                "absolute_relative_volume_difference",
                "absolute relative volume difference",
                "||A| - |B|| / |B|",
                "1",
                LOWER,
                0.0,
                null,
                VOLUME,
                RELOADED));
        all.add(ratio("volumetric_similarity", "volumetric similarity", "1 - ||A| - |B|| / (|A| + |B|)", TAHA, "vs"));
        all.add(plain(
                "volume_similarity_signed",
                "signed volume similarity",
                "2 (|A| - |B|) / (|A| + |B|)",
                "1",
                ZERO,
                -2.0,
                2.0,
                VOLUME,
                "ITK LabelOverlapMeasures"));
        all.add(plain(
                "rand_index",
                "Rand index",
                "share of voxel pairs on which both labellings agree",
                "1",
                HIGHER,
                0.0,
                1.0,
                INFORMATION,
                "Rand, JASA 66:846 (1971)"));
        all.add(plain(
                "adjusted_rand_index",
                "adjusted Rand index",
                "Rand index corrected for chance",
                "1",
                HIGHER,
                -1.0,
                1.0,
                INFORMATION,
                "Hubert and Arabie, J. Classif. 2:193 (1985)",
                "ari"));
        all.add(plain(
                "mutual_information",
                "mutual information",
                "H(A) + H(B) - H(A,B)",
                "nat",
                HIGHER,
                0.0,
                Math.log(2),
                INFORMATION,
                TAHA,
                "mi"));
        all.add(plain(
                "normalised_mutual_information",
                "normalised mutual information",
                "2 MI / (H(A) + H(B))",
                "1",
                HIGHER,
                0.0,
                1.0,
                INFORMATION,
                "Strehl and Ghosh (2002), arithmetic mean",
                "nmi"));
        all.add(plain(
                "variation_of_information",
                "variation of information",
                "H(A|B) + H(B|A)",
                "nat",
                LOWER,
                0.0,
                2 * Math.log(2),
                INFORMATION,
                "Meila, COLT (2003)",
                "voi"));
        all.add(plain(
                "voi_prediction_given_reference",
                "conditional entropy of the prediction",
                "H(A|B)",
                "nat",
                LOWER,
                0.0,
                Math.log(2),
                INFORMATION,
                "Meila, COLT (2003)"));
        all.add(plain(
                "voi_reference_given_prediction",
                "conditional entropy of the reference",
                "H(B|A)",
                "nat",
                LOWER,
                0.0,
                Math.log(2),
                INFORMATION,
                "Meila, COLT (2003)"));
        all.add(plain(
                "global_consistency_error",
                "global consistency error",
                "the smaller mean refinement error of the two directions",
                "1",
                LOWER,
                0.0,
                1.0,
                INFORMATION,
                "Martin et al., ICCV (2001)",
                "gce"));
        all.add(plain(
                "icc",
                "intraclass correlation",
                "(MSb - MSw) / (MSb + MSw) of the two masks as ratings 0 and 1",
                "1",
                HIGHER,
                -1.0,
                1.0,
                OVERLAP,
                "Shrout and Fleiss, Psychol. Bull. 86:420 (1979), ICC(1,1)"));
        all.add(plain(
                "centroid_distance",
                "distance of the centres of mass",
                "|mean(A) - mean(B)| in patient space",
                "mm",
                LOWER,
                0.0,
                null,
                POSITION,
                RELOADED,
                "centre of mass distance"));
        all.add(plain(
                "mahalanobis",
                "Mahalanobis distance",
                "sqrt((mA - mB)' S^-1 (mA - mB)), S = (|A| SA + |B| SB) / (|A| + |B|)",
                "1",
                LOWER,
                0.0,
                null,
                POSITION,
                TAHA));
        all.add(plain(
                "net_benefit",
                "net benefit",
                "(TP - FP) / N, at the threshold probability 0.5",
                "1",
                HIGHER,
                -1.0,
                1.0,
                OVERLAP,
                "Vickers and Elkin, Med. Decis. Making 26:565 (2006)"));
        all.add(plain(
                "normalised_expected_cost",
                "normalised expected cost",
                "FPR + FNR: equal costs and priors",
                "1",
                LOWER,
                0.0,
                2.0,
                OVERLAP,
                RELOADED));
        Map<String, List<String>> generalized = new LinkedHashMap<>();
        generalized.put("weight", List.of("square", "simple", "uniform"));
        generalized.put("background", List.of("include", "exclude"));
        all.add(new MetricDefinition(
                "generalized_dice",
                List.of("GDSC"),
                "generalised Dice of segment and background",
                "2 sum(w TP) / sum(w (|A| + |B|)), w = 1/|B|^2, 1/|B| or 1",
                "1",
                HIGHER,
                0.0,
                1.0,
                OVERLAP,
                Map.of(),
                generalized,
                "Crum et al., IEEE TMI 25:1451 (2006)"));
    }

    private static void distance(List<MetricDefinition> all) {
        all.add(distance("hd", "Hausdorff distance", "the larger of the two directed maxima", "mm", Map.of(), false));
        all.add(distance(
                "hd95", "95th percentile of the Hausdorff distance", "see percentileRule", "mm", Map.of(), true));
        all.add(distance(
                "hd_percentile",
                "percentile of the Hausdorff distance",
                "see percentileRule",
                "mm",
                Map.of("percent", new NumberParameter(0.001, 100, List.of(95.0), true, "percent, above 0")),
                true));
        all.add(distance(
                "hd_prediction_to_reference",
                "directed Hausdorff distance",
                "max over the prediction's surface of the distance to the reference's",
                "mm",
                Map.of(),
                false));
        all.add(distance(
                "hd_reference_to_prediction",
                "directed Hausdorff distance",
                "the other way round",
                "mm",
                Map.of(),
                false));
        all.add(distance(
                "masd", "mean average surface distance", "the mean of the two directed means", "mm", Map.of(), false));
        all.add(distance(
                "assd",
                "average symmetric surface distance",
                "the mean over both surfaces together",
                "mm",
                Map.of(),
                false));
        all.add(distance(
                "asd_prediction_to_reference",
                "directed average surface distance",
                "mean over the prediction's surface of the distance to the reference's",
                "mm",
                Map.of(),
                false));
        all.add(distance(
                "asd_reference_to_prediction",
                "directed average surface distance",
                "the other way round",
                "mm",
                Map.of(),
                false));
        all.add(distance(
                "rms_surface_distance",
                "root mean square surface distance",
                "sqrt of the mean square over both surfaces together",
                "mm",
                Map.of(),
                false));
        all.add(distance(
                "median_surface_distance",
                "median surface distance",
                "weighted median over both surfaces together",
                "mm",
                Map.of(),
                false));
        Map<String, NumberParameter> tolerance =
                Map.of("toleranceMm", new NumberParameter(0, 1000, List.of(1.0, 2.0), true, "mm"));
        Map<String, NumberParameter> refusing = new LinkedHashMap<>(tolerance);
        refusing.put(
                "zeroBelowDice",
                new NumberParameter(
                        0, 1, List.of(0.0), false, "where the Dice is below this the value is 0 (FLARE22: 0.2)"));
        all.add(distance(
                "nsd",
                "normalised surface distance (surface Dice)",
                "share of both surfaces together within the tolerance of the other",
                "1",
                refusing,
                false));
        all.add(distance(
                "nsd_mean_of_sides",
                "mean of the two surfaces' shares within a tolerance",
                "mean of surface_overlap_prediction and surface_overlap_reference",
                "1",
                tolerance,
                false));
        all.add(distance(
                "surface_overlap_prediction",
                "share of the prediction's surface within a tolerance",
                "area within tolerance / area",
                "1",
                tolerance,
                false));
        all.add(distance(
                "surface_overlap_reference",
                "share of the reference's surface within a tolerance",
                "area within tolerance / area",
                "1",
                tolerance,
                false));
        all.add(distance(
                "surface_area_prediction_mm2",
                "surface of the prediction",
                "sum of the weights of its surface points",
                "mm2",
                Map.of(),
                false));
        all.add(distance(
                "surface_area_reference_mm2",
                "surface of the reference",
                "sum of the weights of its surface points",
                "mm2",
                Map.of(),
                false));
        all.add(new MetricDefinition(
                "boundary_iou",
                List.of("BIoU"),
                "boundary IoU in mm",
                "IoU of the voxels of each mask less than the tolerance from its own boundary",
                "1",
                HIGHER,
                0.0,
                1.0,
                DISTANCE,
                Map.of("toleranceMm", new NumberParameter(0.001, 1000, List.of(2.0), true, "mm")),
                Map.of(),
                "Cheng et al., CVPR (2021)"));
        all.add(new MetricDefinition(
                "boundary_iou_voxels",
                List.of(),
                "boundary IoU in voxels",
                "IoU of the voxels less than a number of voxels from the boundary voxels, spacing ignored",
                "1",
                HIGHER,
                0.0,
                1.0,
                DISTANCE,
                Map.of("distanceVoxels", new NumberParameter(0.001, 1000, List.of(1.0), true, "voxels")),
                Map.of(),
                "MetricsReloaded"));
        all.add(new MetricDefinition(
                "boundary_iou_2d",
                List.of(),
                "boundary IoU of slices",
                "IoU of the voxels that a number of erosions by 3 x 3 pixels take away, slice by slice along z; the"
                        + " number is diagonalFraction times the diagonal of a slice in pixels, rounded, at least 1",
                "1",
                HIGHER,
                0.0,
                1.0,
                DISTANCE,
                Map.of(
                        "diagonalFraction",
                        new NumberParameter(0, 1, List.of(0.02), true, "share of the slice's diagonal")),
                Map.of(),
                "Cheng et al., CVPR (2021)"));
    }

    private static MetricDefinition distance(
            String name,
            String title,
            String formula,
            String unit,
            Map<String, NumberParameter> numbers,
            boolean percentile) {
        boolean share = unit.equals("1");
        boolean size = unit.equals("mm2");
        return new MetricDefinition(
                name,
                List.of(),
                title,
                formula,
                unit,
                size ? NONE : share ? HIGHER : LOWER,
                0.0,
                share ? 1.0 : null,
                DISTANCE,
                numbers,
                surfaceChoices(percentile),
                "Nikolov et al., JMIR 23:e26151 (2021); " + RELOADED);
    }

    private static Map<String, List<String>> surfaceChoices(boolean percentile) {
        Map<String, List<String>> choices = new LinkedHashMap<>();
        choices.put(
                "surface",
                List.of(
                        "area-weighted",
                        "triangle-mesh",
                        "voxel-faces",
                        "boundary-6",
                        "boundary-18",
                        "boundary-26",
                        "boundary-6-to-region",
                        "region"));
        choices.put("spacing", List.of("mm", "voxels", "1.5 mm"));
        if (percentile) {
            choices.put("percentileRule", PERCENTILE_RULES);
        }
        return choices;
    }

    private static void instances(List<MetricDefinition> all) {
        String kirillov = "Kirillov et al., CVPR (2019); " + RELOADED;
        all.add(instance(
                "instances_prediction", "objects of the prediction", "connected components", NONE, null, kirillov));
        all.add(instance(
                "instances_reference", "objects of the reference", "connected components", NONE, null, kirillov));
        all.add(instance("instances_tp", "matched objects", "pairs above the match rule", NONE, null, kirillov));
        all.add(instance(
                "instances_fp",
                "objects without counterpart in the reference",
                "prediction - TP",
                LOWER,
                null,
                kirillov));
        all.add(instance(
                "instances_fn",
                "objects without counterpart in the prediction",
                "reference - TP",
                LOWER,
                null,
                kirillov));
        all.add(instance("instances_precision", "object precision", "TP / (TP + FP)", HIGHER, 1.0, kirillov));
        all.add(instance("instances_recall", "object sensitivity", "TP / (TP + FN)", HIGHER, 1.0, kirillov));
        NumberParameter smooth = new NumberParameter(0, 1, List.of(0.0), false, "added to the denominators");
        all.add(instance(
                "rq",
                "recognition quality",
                "TP / (TP + FP/2 + FN/2), the F1 of objects",
                "1",
                HIGHER,
                1.0,
                Map.of("smooth", smooth),
                Map.of(),
                kirillov));
        all.add(instance(
                "sq",
                "segmentation quality",
                "mean IoU of matched objects",
                "1",
                HIGHER,
                1.0,
                Map.of("smooth", smooth),
                Map.of(),
                kirillov));
        all.add(instance(
                "pq", "panoptic quality", "rq sq", "1", HIGHER, 1.0, Map.of("smooth", smooth), Map.of(), kirillov));
        String panoptica = "Kofler et al., arXiv:2312.02608 (panoptica)";
        all.add(instance(
                "instance_dice", "Dice of matched objects", "mean Dice of matched objects", HIGHER, 1.0, panoptica));
        all.add(instance("pq_dice", "panoptic quality of Dice", "rq instance_dice", HIGHER, 1.0, panoptica));
        Map<String, List<String>> surface = surfaceChoices(false);
        Map<String, List<String>> percentile = surfaceChoices(true);
        all.add(instance(
                "instance_hd",
                "Hausdorff distance of matched objects",
                "mean HD of matched objects",
                "mm",
                LOWER,
                null,
                Map.of(),
                surface,
                panoptica));
        all.add(instance(
                "instance_hd95",
                "95th percentile of the Hausdorff distance of matched objects",
                "mean HD95 of matched objects",
                "mm",
                LOWER,
                null,
                Map.of(),
                percentile,
                panoptica));
        all.add(instance(
                "instance_masd",
                "mean average surface distance of matched objects",
                "mean MASD of matched objects",
                "mm",
                LOWER,
                null,
                Map.of(),
                surface,
                panoptica));
        all.add(instance(
                "instance_assd",
                "average symmetric surface distance of matched objects",
                "mean ASSD of matched objects",
                "mm",
                LOWER,
                null,
                Map.of(),
                surface,
                panoptica));
        Map<String, NumberParameter> tolerance =
                Map.of("toleranceMm", new NumberParameter(0, 1000, List.of(1.0), true, "mm"));
        all.add(instance(
                "instance_nsd",
                "surface Dice of matched objects",
                "mean NSD of matched objects",
                "1",
                HIGHER,
                1.0,
                tolerance,
                surface,
                panoptica));
        all.add(instance(
                "instance_nsd_mean_of_sides",
                "surface Dice of matched objects, each surface counting alike",
                "mean nsd_mean_of_sides of matched objects",
                "1",
                HIGHER,
                1.0,
                tolerance,
                surface,
                panoptica));
        all.add(instance(
                "instance_centroid_distance",
                "centroid distance of matched objects",
                "mean distance of the centres of mass of matched objects",
                "mm",
                LOWER,
                null,
                Map.of(),
                Map.of(),
                panoptica));
        all.add(instance(
                "instance_relative_volume_difference",
                "relative volume difference of matched objects",
                "mean (|a| - |b|) / |b| of matched objects a, b",
                "1",
                ZERO,
                null,
                Map.of(),
                Map.of(),
                panoptica));
    }

    private static MetricDefinition instance(
            String name,
            String title,
            String formula,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            String source) {
        return instance(name, title, formula, "1", direction, most, Map.of(), Map.of(), source);
    }

    private static MetricDefinition instance(
            String name,
            String title,
            String formula,
            String unit,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            Map<String, NumberParameter> moreNumbers,
            Map<String, List<String>> moreChoices,
            String source) {
        Map<String, NumberParameter> numbers = new LinkedHashMap<>();
        numbers.put("matchIou", new NumberParameter(0, 1, List.of(0.5), false, "IoU that a match needs"));
        numbers.putAll(moreNumbers);
        Map<String, List<String>> choices = new LinkedHashMap<>();
        choices.put("connectivity", List.of("26", "18", "6"));
        choices.put("matchRule", List.of("above", "at-least"));
        choices.put("matching", List.of("bipartite", "greedy"));
        choices.putAll(moreChoices);
        return new MetricDefinition(
                name,
                List.of(),
                title,
                formula,
                unit,
                direction,
                direction == ZERO ? (Double) (-1.0) : (Double) 0.0,
                most,
                INSTANCE,
                numbers,
                choices,
                source);
    }

    private static void lesions(List<MetricDefinition> all) {
        String autopet = "Gatidis et al., Scientific Data 9:601 (2022), autoPET";
        all.add(detected(
                "false_positive_volume_ml",
                "volume of objects of the prediction that nothing of the reference accounts for",
                "volume of components of A that are not found in B",
                "ml",
                LOWER,
                false,
                autopet));
        all.add(detected(
                "false_negative_volume_ml",
                "volume of missed objects of the reference",
                "volume of components of B that are not found in A",
                "ml",
                LOWER,
                false,
                autopet));
        all.add(detected(
                "largest_spurious_ml",
                "largest spurious island",
                "volume of the largest component of A that is not found in B",
                "ml",
                LOWER,
                false,
                RELOADED));
        all.add(detected(
                "largest_missed_ml",
                "largest missed component",
                "volume of the largest component of B that is not found in A",
                "ml",
                LOWER,
                false,
                RELOADED));
        all.add(detected(
                "instances_recall_by_size",
                "object sensitivity by size of the reference object",
                "found / all components of B with fromMl <= volume < toMl",
                "1",
                HIGHER,
                true,
                RELOADED));
        all.add(detected(
                "instances_reference_by_size",
                "objects of the reference by size",
                "number of components of B with fromMl <= volume < toMl",
                "1",
                NONE,
                true,
                RELOADED));
        String brats = "Moawad et al., arXiv:2306.00838 (BraTS 2023)";
        all.add(lesion(
                "lesion_tp", "found lesions", "lesions of B that a component of A touches", "1", NONE, null, brats));
        all.add(lesion(
                "lesion_fp", "false lesions", "components of A that touch no lesion of B", "1", LOWER, null, brats));
        all.add(lesion(
                "lesion_fn", "missed lesions", "lesions of B that no component of A touches", "1", LOWER, null, brats));
        all.add(lesion(
                "lesion_wise_dice",
                "lesion-wise Dice",
                "sum of the Dice of found lesions / (found + missed + false lesions)",
                "1",
                HIGHER,
                1.0,
                brats));
        all.add(lesion(
                "lesion_wise_hd95",
                "lesion-wise HD95",
                "mean HD95 of lesions, the penalty for each missed and each false one",
                "mm",
                LOWER,
                null,
                brats));
        all.add(lesion(
                "lesion_wise_nsd",
                "lesion-wise surface Dice",
                "sum of the NSD of found lesions / (found + missed + false lesions)",
                "1",
                HIGHER,
                1.0,
                brats));
        String medpy = "MedPy 0.5.2";
        all.add(object(
                "object_tpr",
                "MedPy's obj_tpr",
                "objects of A taken by an object of B / objects of A",
                "1",
                HIGHER,
                1.0,
                medpy));
        all.add(object(
                "object_fpr",
                "MedPy's obj_fpr",
                "objects of B that take none of A / objects of B",
                "1",
                LOWER,
                1.0,
                medpy));
        all.add(object(
                "object_assd",
                "MedPy's obj_assd",
                "mean over both directions of boundary distances of objects that correspond",
                "mm",
                LOWER,
                null,
                medpy));
    }

    private static MetricDefinition detected(
            String name,
            String title,
            String formula,
            String unit,
            MetricDefinition.Direction direction,
            boolean bySize,
            String source) {
        MetricDefinition matched = instance(name, title, formula, direction, null, source);
        Map<String, NumberParameter> numbers = new LinkedHashMap<>();
        if (bySize) {
            numbers.put(
                    "limitsMl",
                    new NumberParameter(
                            0, 1e6, List.of(0.1, 1.0, 10.0), true, "volumes in ml that divide the classes of size"));
        }
        numbers.putAll(matched.numbers());
        Map<String, List<String>> choices = new LinkedHashMap<>();
        choices.put("foundBy", List.of("touch", "match"));
        choices.putAll(matched.choices());
        return new MetricDefinition(
                name,
                List.of(),
                title,
                formula,
                unit,
                direction,
                0.0,
                bySize && direction == HIGHER ? (Double) 1.0 : null,
                INSTANCE,
                numbers,
                choices,
                source);
    }

    private static MetricDefinition lesion(
            String name,
            String title,
            String formula,
            String unit,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            String source) {
        Map<String, NumberParameter> numbers = new LinkedHashMap<>();
        if (name.equals("lesion_wise_nsd")) {
            numbers.put("toleranceMm", new NumberParameter(0, 1000, List.of(1.0), true, "mm"));
        }
        numbers.put(
                "dilation",
                new NumberParameter(0, 20, List.of(3.0), false, "times that lesions grow by 18 neighbours; whole"));
        numbers.put(
                "ignoredUpToMm3",
                new NumberParameter(0, 1e9, List.of(50.0), false, "mm3; lesions of B no larger are not scored"));
        numbers.put(
                "penaltyMm",
                new NumberParameter(0, 1e6, List.of(374.0), false, "mm; HD95 of a missed and of a false lesion"));
        return new MetricDefinition(
                name, List.of(), title, formula, unit, direction, 0.0, most, INSTANCE, numbers, Map.of(), source);
    }

    private static MetricDefinition object(
            String name,
            String title,
            String formula,
            String unit,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            String source) {
        return new MetricDefinition(
                name,
                List.of(),
                title,
                formula,
                unit,
                direction,
                0.0,
                most,
                INSTANCE,
                Map.of(),
                Map.of("connectivity", List.of("6", "18", "26")),
                source);
    }

    private static void topology(List<MetricDefinition> all) {
        String shit = "Shit et al., CVPR (2021)";
        all.add(centreline(
                "cldice",
                "centreline Dice (clDice)",
                "2 P S / (P + S), P = topology_precision, S = topology_sensitivity",
                HIGHER,
                1.0,
                shit));
        all.add(centreline(
                "topology_precision",
                "topology precision",
                "share of the centreline of A that lies in B",
                HIGHER,
                1.0,
                shit));
        all.add(centreline(
                "topology_sensitivity",
                "topology sensitivity",
                "share of the centreline of B that lies in A",
                HIGHER,
                1.0,
                shit));
        String lee = "Lee, Kashyap and Chu, CVGIP 56:462 (1994)";
        all.add(centreline(
                "skeleton_voxels_prediction",
                "centreline of the prediction",
                "voxels of A's centreline",
                NONE,
                null,
                lee));
        all.add(centreline(
                "skeleton_voxels_reference",
                "centreline of the reference",
                "voxels of B's centreline",
                NONE,
                null,
                lee));
        topology(all, "euler_characteristic", "Euler characteristic", "parts - tunnels + cavities");
        topology(all, "betti_0", "Betti number 0", "connected parts");
        topology(all, "betti_1", "Betti number 1", "tunnels");
        topology(all, "betti_2", "Betti number 2", "cavities");
    }

    private static void topology(List<MetricDefinition> all, String name, String title, String number) {
        String source = "Kong and Rosenfeld, CVGIP 48:357 (1989)";
        boolean signed = name.startsWith("euler");
        Map<String, List<String>> choices = Map.of("connectivity", List.of("26", "6"));
        for (String side : List.of("prediction", "reference")) {
            all.add(new MetricDefinition(
                    name + "_" + side,
                    List.of(),
                    title + " of the " + side,
                    number + " of " + (side.equals("prediction") ? "A" : "B"),
                    "1",
                    NONE,
                    signed ? null : (Double) 0.0,
                    null,
                    TOPOLOGY,
                    Map.of(),
                    choices,
                    source));
        }
        all.add(new MetricDefinition(
                name + "_error",
                List.of(),
                title + " error",
                "|" + number + " of A less those of B|",
                "1",
                LOWER,
                0.0,
                null,
                TOPOLOGY,
                Map.of(),
                choices,
                source));
    }

    private static MetricDefinition centreline(
            String name,
            String title,
            String formula,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            String source) {
        Map<String, List<String>> choices = new LinkedHashMap<>();
        choices.put("dimensions", List.of("3d", "2d"));
        choices.put("axis", AXES);
        choices.put("skeleton", List.of("keeps-topology", "scikit-image"));
        return new MetricDefinition(
                name, List.of(), title, formula, "1", direction, 0.0, most, TOPOLOGY, Map.of(), choices, source);
    }

    private static void slices(List<MetricDefinition> all) {
        all.add(slice(
                "slice_series",
                "slice by slice",
                "slices with a voxel of A or B; series holds TP, FP and FN of each slice",
                "1",
                NONE,
                null,
                Map.of(),
                RELOADED));
        all.add(slice(
                "worst_slice_dice",
                "Dice of the worst slice",
                "least Dice of the slices with a voxel of A or B",
                "1",
                HIGHER,
                1.0,
                Map.of(),
                RELOADED));
        all.add(slice(
                "worst_slice_index",
                "worst slice",
                "index of the first slice of least Dice on the evaluation grid",
                "1",
                NONE,
                null,
                Map.of(),
                RELOADED));
        all.add(slice(
                "differing_slices_fraction",
                "share of slices that differ",
                "slices in which A and B differ by any voxel / slices with a voxel of either",
                "1",
                LOWER,
                1.0,
                Map.of(),
                RELOADED));
        String vaassen = "Vaassen et al., Phys. Imaging Radiat. Oncol. 13:1 (2020)";
        Map<String, NumberParameter> tolerance = Map.of(
                "toleranceMm", new NumberParameter(0, 1000, List.of(0.0), true, "mm, in the plane of the slice"));
        all.add(slice(
                "added_path_length",
                "added path length",
                "contour pixels of B farther than the tolerance from A's contour in their slice, times the slice's"
                        + " mean spacing",
                "mm",
                LOWER,
                null,
                tolerance,
                vaassen));
        all.add(slice(
                "added_path_fraction",
                "added share of the path",
                "added_path_length / the same of all contour pixels of B",
                "1",
                LOWER,
                1.0,
                tolerance,
                vaassen));
        all.add(slice(
                "edited_slices_fraction",
                "share of slices to edit",
                "slices with added path, or with voxels of one side only / slices with a voxel of either",
                "1",
                LOWER,
                1.0,
                tolerance,
                vaassen));
    }

    private static MetricDefinition slice(
            String name,
            String title,
            String formula,
            String unit,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            Map<String, NumberParameter> numbers,
            String source) {
        return new MetricDefinition(
                name,
                List.of(),
                title,
                formula,
                unit,
                direction,
                0.0,
                most,
                SLICE,
                numbers,
                Map.of("axis", AXES),
                source);
    }

    private static void losses(List<MetricDefinition> all) {
        Map<String, NumberParameter> smoothing = new LinkedHashMap<>();
        smoothing.put("smoothNumerator", new NumberParameter(0, 1e6, List.of(0.0), false, "added to the numerator"));
        smoothing.put(
                "smoothDenominator", new NumberParameter(0, 1e6, List.of(0.0), false, "added to the denominator"));
        all.add(new MetricDefinition(
                "dice_loss",
                List.of("soft Dice loss"),
                "Dice loss",
                "1 - (2 sum(p t) + s) / (sum(p^k) + sum(t^k) + e), k = 1 linear or 2 squared",
                "1",
                LOWER,
                null,
                null,
                LOSS,
                smoothing,
                Map.of("denominator", List.of("linear", "squared")),
                "Milletari et al., 3DV (2016); Drozdzal et al., DLMIA (2016)"));
        NumberParameter smooth = new NumberParameter(0, 1e6, List.of(0.0), false, "added to numerator and denominator");
        all.add(loss(
                "jaccard_loss",
                "Jaccard loss",
                "1 - (sum(p t) + s) / (sum(p) + sum(t) - sum(p t) + s)",
                Map.of("smooth", smooth),
                "Rahman and Wang, ISVC (2016)"));
        Map<String, NumberParameter> tversky = new LinkedHashMap<>();
        tversky.put("alpha", new NumberParameter(0, 100, List.of(0.3), false, "weight of false positives"));
        tversky.put("beta", new NumberParameter(0, 100, List.of(0.7), false, "weight of false negatives"));
        tversky.put("smooth", smooth);
        all.add(loss(
                "tversky_loss",
                "Tversky loss",
                "1 - (TP + s) / (TP + alpha FP + beta FN + s)",
                tversky,
                "Salehi et al., MLMI (2017)"));
        Map<String, NumberParameter> focalTversky = new LinkedHashMap<>(tversky);
        focalTversky.put(
                "exponent", new NumberParameter(0.01, 10, List.of(0.75), false, "applied to the Tversky loss"));
        all.add(loss(
                "focal_tversky_loss",
                "focal Tversky loss",
                "tversky_loss ^ exponent",
                focalTversky,
                "Abraham and Khan, ISBI (2019)"));
        all.add(loss(
                "log_cosh_dice_loss",
                "log-cosh Dice loss",
                "log(cosh(dice_loss))",
                Map.of("smooth", smooth),
                "Jadon, CIBCB (2020)"));
        all.add(loss(
                "bce",
                "binary cross-entropy",
                "-mean(t log p + (1 - t) log(1 - p)), each logarithm at least -100",
                Map.of(),
                "torch.nn.BCELoss"));
        Map<String, NumberParameter> focal = new LinkedHashMap<>();
        focal.put("gamma", new NumberParameter(0, 20, List.of(2.0), false, "focusing exponent"));
        focal.put(
                "alpha",
                new NumberParameter(0, 1, List.of(0.25), false, "weight of reference voxels; without it 1 everywhere"));
        all.add(loss("focal_loss", "focal loss", "mean(-(1 - p_t)^gamma log p_t)", focal, "Lin et al., ICCV (2017)"));
        all.add(loss("l1_loss", "mean absolute error", "mean |p - t|", Map.of(), "torch.nn.L1Loss"));
        all.add(loss("l2_loss", "mean squared error", "mean (p - t)^2", Map.of(), "torch.nn.MSELoss"));
        all.add(calibration(
                "brier", "Brier score", "mean (p - t)^2", Map.of(), "Brier, Mon. Weather Rev. 78:1 (1950)"));
        Map<String, NumberParameter> bins =
                Map.of("bins", new NumberParameter(10, 300, List.of(15.0), false, "equal-width bins; must divide 300"));
        all.add(calibration(
                "ece",
                "expected calibration error",
                "sum over bins of |sum p - sum t| / N",
                bins,
                "Guo et al., ICML (2017), over the box of the segment's probabilities"));
        all.add(calibration(
                "mce", "maximum calibration error", "largest gap of a bin", bins, "Guo et al., ICML (2017)"));
    }

    private static MetricDefinition loss(
            String name, String title, String formula, Map<String, NumberParameter> numbers, String source) {
        return new MetricDefinition(
                name, List.of(), title, formula, "1", LOWER, null, null, LOSS, numbers, Map.of(), source);
    }

    private static MetricDefinition calibration(
            String name, String title, String formula, Map<String, NumberParameter> numbers, String source) {
        return new MetricDefinition(
                name, List.of(), title, formula, "1", LOWER, 0.0, 1.0, CALIBRATION, numbers, Map.of(), source);
    }

    private static MetricDefinition ratio(String name, String title, String formula, String source, String... aliases) {
        return plain(name, title, formula, "1", HIGHER, 0.0, 1.0, OVERLAP, source, aliases);
    }

    private static MetricDefinition error(String name, String title, String formula, String source, String... aliases) {
        return plain(name, title, formula, "1", LOWER, 0.0, 1.0, OVERLAP, source, aliases);
    }

    private static MetricDefinition signed(
            String name, String title, String formula, String source, String... aliases) {
        return plain(name, title, formula, "1", HIGHER, -1.0, 1.0, OVERLAP, source, aliases);
    }

    private static MetricDefinition plain(
            String name,
            String title,
            String formula,
            String unit,
            MetricDefinition.Direction direction,
            @Nullable Double least,
            @Nullable Double most,
            MetricDefinition.Group group,
            String source,
            String... aliases) {
        return new MetricDefinition(
                name,
                List.of(aliases),
                title,
                formula,
                unit,
                direction,
                least,
                most,
                group,
                Map.of(),
                Map.of(),
                source);
    }
}
