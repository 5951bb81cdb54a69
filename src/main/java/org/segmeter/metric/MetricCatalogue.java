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
        all.add(distance(
                "nsd",
                "normalised surface distance (surface Dice)",
                "share of both surfaces together within the tolerance of the other",
                "1",
                tolerance,
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
    }

    private static MetricDefinition distance(
            String name,
            String title,
            String formula,
            String unit,
            Map<String, NumberParameter> numbers,
            boolean percentile) {
        Map<String, List<String>> choices = new LinkedHashMap<>();
        choices.put(
                "surface",
                List.of("area-weighted", "boundary-6", "boundary-18", "boundary-26", "boundary-6-to-region", "region"));
        choices.put("spacing", List.of("mm", "voxels"));
        if (percentile) {
            choices.put(
                    "percentileRule",
                    List.of("area-step", "linear-larger", "linear-pooled", "linear-mean", "rank-mean"));
        }
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
                choices,
                "Nikolov et al., JMIR 23:e26151 (2021); " + RELOADED);
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
        all.add(instance(
                "rq", "recognition quality", "TP / (TP + FP/2 + FN/2), the F1 of objects", HIGHER, 1.0, kirillov));
        all.add(instance("sq", "segmentation quality", "mean IoU of matched objects", HIGHER, 1.0, kirillov));
        all.add(instance("pq", "panoptic quality", "rq sq", HIGHER, 1.0, kirillov));
    }

    private static MetricDefinition instance(
            String name,
            String title,
            String formula,
            MetricDefinition.Direction direction,
            @Nullable Double most,
            String source) {
        Map<String, List<String>> choices = new LinkedHashMap<>();
        choices.put("connectivity", List.of("26", "18", "6"));
        choices.put("matchRule", List.of("above", "at-least"));
        return new MetricDefinition(
                name,
                List.of(),
                title,
                formula,
                "1",
                direction,
                0.0,
                most,
                INSTANCE,
                Map.of("matchIou", new NumberParameter(0, 1, List.of(0.5), false, "IoU that a match needs")),
                choices,
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
