package org.segmeter.metric;

import static org.segmeter.metric.MetricDefinition.Direction.HIGHER;
import static org.segmeter.metric.MetricDefinition.Direction.LOWER;
import static org.segmeter.metric.MetricDefinition.Direction.NONE;
import static org.segmeter.metric.MetricDefinition.Direction.ZERO;
import static org.segmeter.metric.MetricDefinition.Group.COUNT;
import static org.segmeter.metric.MetricDefinition.Group.INFORMATION;
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
            if (!(value >= declared.least() && value <= declared.most())) {
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "The parameter " + parameter + " of " + metric + " is out of range.",
                        Double.toString(value),
                        declared.least() + " to " + declared.most());
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
        all.add(ratio("balanced_accuracy", "balanced accuracy", "(sensitivity + specificity) / 2", RELOADED));
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
