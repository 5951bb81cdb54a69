package org.segmeter.metric;

import static org.segmeter.metric.MetricDefinition.Direction.HIGHER;
import static org.segmeter.metric.MetricDefinition.Direction.LOWER;
import static org.segmeter.metric.MetricDefinition.Direction.NONE;
import static org.segmeter.metric.MetricDefinition.Direction.ZERO;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricDefinition.Direction;

/**
 * What the documents {@code loss}, {@code calibration} and {@code fragility} say, by name. Unlike the metrics of a scorecard these
 * are no part of a protocol: all of them are measured, by the parameters of the request.
 *
 * <p>p is the probability of a voxel and g the reference, both in [0, 1]; e = |p - g|; p_t = p where g = 1 and 1 - p elsewhere; tp,
 * fp, fn, tn are the sums of pg, p(1 - g), (1 - p)g, (1 - p)(1 - g); n is the number of voxels; s is a smoothing.
 */
public final class LaboratoryCatalogue {

    /** Which document says it. */
    public enum Document {
        LOSS,
        CALIBRATION,
        FRAGILITY
    }

    /**
     * A parameter of a value.
     *
     * @param name as beside the value
     * @param meaning what it does
     * @param standard its value or values unless the request has others, as text
     */
    public record Parameter(String name, String meaning, String standard) {}

    /**
     * An entry.
     *
     * @param name as in the document, never changed once released
     * @param definition the formula
     * @param unit UCUM
     * @param least smallest possible value; null if there is no bound
     * @param most largest possible value; null if there is no bound
     * @param parameters in the order of the documentation
     * @param source paper, or the implementation that defines it
     * @param gradients of a loss, their names in the document: several where it is in use with several parameters, none where there is
     *     no closed form
     */
    public record Entry(
            Document document,
            String name,
            String title,
            String definition,
            String unit,
            Direction direction,
            @Nullable Double least,
            @Nullable Double most,
            List<Parameter> parameters,
            String source,
            List<String> gradients) {
        public Entry {
            parameters = List.copyOf(parameters);
            gradients = List.copyOf(gradients);
        }
    }

    private static final Map<String, Parameter> PARAMETERS = parameters();
    private static final Map<String, List<String>> GRADIENTS = gradients();
    private static final List<Entry> ALL = entries();

    private LaboratoryCatalogue() {}

    /** All entries, in the order of the documents. */
    public static List<Entry> entries(Document document) {
        return ALL.stream().filter(entry -> entry.document() == document).toList();
    }

    public static Optional<Entry> find(Document document, String name) {
        return ALL.stream()
                .filter(entry -> entry.document() == document && entry.name().equals(name))
                .findFirst();
    }

    private static Map<String, Parameter> parameters() {
        Map<String, Parameter> all = new LinkedHashMap<>();
        for (String[] p : new String[][] {
            {"smooth", "added to numerator and denominator", "1e-5"},
            {"smoothNumerator", "added to the numerator", "1e-5"},
            {"smoothDenominator", "added to the denominator", "1e-5"},
            {"denominator", "sums of p and g, or of their squares", "linear"},
            {"denominatorFloor", "least denominator", "none"},
            {"value", "whether it is 1 minus the score or minus the score", "1 minus the score"},
            {"alphaFalsePositive", "weight of false positives", "0.3"},
            {"betaFalseNegative", "weight of misses, 1 - alpha", "0.7"},
            {"exponent", "to which the loss is raised", "0.75"},
            {"gammaOfAbraham", "1 / exponent, as Abraham and Khan write it", "4/3"},
            {"r", "weight of the misses", "0.1"},
            {"epsilon", "of the definition", "1 (poly1_loss), 1e-5 (mcc_loss)"},
            {"weighting", "of a class by its reference volume", "1/n^2; also 1/n and 1"},
            {
                "weightOfAnAbsentClass",
                "how the weight of a class without reference stays finite",
                "largest of the others"
            },
            {"logFloor", "least logarithm of a probability; logits have none", "-100"},
            {"clip", "probabilities are kept in [clip, 1 - clip]", "1e-7"},
            {"labelSmoothing", "share of the target that is spread over the classes", "0.1"},
            {"weightOnReference", "of reference voxels; there if the request has two class weights", "none"},
            {"weightElsewhere", "of other voxels; likewise", "none"},
            {"gamma", "focusing exponent", "2"},
            {"alpha", "of the definition", "0.25 (focal_loss), 0.5 (combo and clDice), 1 and 2 (distances)"},
            {"activation", "over which channels a probability is spread", "softmax"},
            {"decision", "what the hinge is of: 2p - 1, or the logit", "2p - 1; also logit for logits"},
            {"delta", "of the definition", "0.5 (huber), 0.7 or 0.6 (focal)"},
            {"beta", "of the definition", "0.5"},
            {"weights", "of the two parts", "1, 1"},
            {"weightDice", "of the Dice part", "0.8"},
            {"weightCrossEntropy", "of the cross-entropy part", "0.2"},
            {"weight", "of the focal part; the other has 1 - weight", "0.5"},
            {"percent", "share of voxels that counts", "10"},
            {"iterations", "of the soft skeleton", "3"},
            {"distance", "in which distances are, or between which classes", "voxels, mm, or 1 between classes"},
            {"includeBackground", "whether the background is one of the classes", "both"},
            {"reduction", "of the classes to one value", "mean"},
            {"classWeights", "one for each class, background first", "1 each"},
            {"bins", "of equal width, closed above; a divisor of 300", "15"},
            {"classes", "number of classes", "those of the pair"},
            {"sumOver", "what is added up", "classes"},
            {"threshold", "from which probability on a voxel belongs to the structure", "0.5"},
            {"target", "Dice to be reached", "0.8, 0.9, 0.95"},
            {"axis", "along which it is shifted", "x, y, z"},
            {"voxels", "by how many voxels", "0.5, 1"},
        }) {
            all.put(p[0], new Parameter(p[0], p[1], p[2]));
        }
        return all;
    }

    /** Collects the entries of one document. */
    private static final class Collector {
        private final List<Entry> all;
        private final Document document;

        Collector(List<Entry> all, Document document) {
            this.all = all;
            this.document = document;
        }

        void add(
                String name,
                String title,
                String definition,
                String unit,
                Direction direction,
                @Nullable Double least,
                @Nullable Double most,
                String source,
                String... parameters) {
            List<Parameter> own = new ArrayList<>();
            for (String parameter : parameters) {
                Parameter known = PARAMETERS.get(parameter);
                if (known == null) {
                    throw new IllegalStateException("no parameter is called " + parameter);
                }
                own.add(known);
            }
            List<String> gradients = document == Document.LOSS ? GRADIENTS.getOrDefault(name, List.of()) : List.of();
            all.add(new Entry(document, name, title, definition, unit, direction, least, most, own, source, gradients));
        }

        /** A loss without bound. */
        void loss(
                String name,
                String title,
                String definition,
                @Nullable Double most,
                String source,
                String... parameters) {
            add(name, title, definition, "1", LOWER, 0.0, most, source, parameters);
        }
    }

    private static Map<String, List<String>> gradients() {
        Map<String, List<String>> all = new LinkedHashMap<>();
        for (String name : List.of(
                "dice_loss_squared",
                "keras_dice_loss",
                "vnet_dice_loss",
                "nnunet_dice_loss",
                "jaccard_loss",
                "tversky_loss",
                "focal_tversky_loss",
                "log_cosh_dice_loss",
                "sensitivity_specificity_loss",
                "dice_semimetric_loss",
                "mcc_loss",
                "dice_ce_loss",
                "dice_focal_loss",
                "generalized_dice_focal_loss",
                "combo_loss",
                "exponential_logarithmic_loss",
                "asymmetric_focal_loss",
                "asymmetric_focal_tversky_loss",
                "symmetric_focal_loss",
                "symmetric_focal_tversky_loss",
                "symmetric_unified_focal_loss")) {
            all.put(name, List.of(name));
        }
        all.put("dice_loss", List.of("dice_loss", "dice_loss_pooled"));
        all.put(
                "generalized_dice_loss",
                List.of(
                        "generalized_dice_loss",
                        "generalized_dice_loss_by_volume",
                        "generalized_dice_loss_unweighted"));
        all.put(
                "generalized_wasserstein_dice_loss",
                List.of("generalized_wasserstein_dice_loss", "generalized_wasserstein_dice_loss_by_volume"));
        all.put(
                "asymmetric_unified_focal_loss",
                List.of("asymmetric_unified_focal_loss", "asymmetric_unified_focal_loss_delta_07"));
        return all;
    }

    private static List<Entry> entries() {
        List<Entry> all = new ArrayList<>();
        losses(new Collector(all, Document.LOSS));
        soft(new Collector(all, Document.LOSS));
        calibration(new Collector(all, Document.CALIBRATION));
        fragility(new Collector(all, Document.FRAGILITY));
        return List.copyOf(all);
    }

    private static void losses(Collector c) {
        c.add(
                "dice_loss",
                "Dice loss",
                "1 - (2 sum(pg) + s) / (sum p + sum g + s)",
                "1",
                LOWER,
                null,
                1.0,
                "Drozdzal et al., DLMIA (2016); MONAI DiceLoss",
                "denominator",
                "smoothNumerator",
                "smoothDenominator",
                "denominatorFloor",
                "includeBackground",
                "smooth",
                "reduction",
                "classWeights");
        c.add(
                "dice_loss_squared",
                "Dice loss with squared denominator",
                "1 - (2 sum(pg) + s) / (sum p^2 + sum g^2 + s)",
                "1",
                LOWER,
                null,
                1.0,
                "Milletari et al., 3DV (2016); MONAI DiceLoss(squared_pred=True)",
                "denominator",
                "smoothNumerator",
                "smoothDenominator",
                "denominatorFloor",
                "includeBackground",
                "smooth",
                "reduction",
                "classWeights");
        c.loss(
                "keras_dice_loss",
                "Dice loss as in Keras examples",
                "1 - (2 sum(pg) + 1) / (sum g^2 + sum p^2 + 1)",
                1.0,
                "Keras examples of V-Net",
                "denominator",
                "smoothNumerator",
                "smoothDenominator");
        c.loss(
                "vnet_dice_loss",
                "V-Net Dice loss",
                "1 - 2 sum(pg) / (sum p^2 + sum g^2)",
                1.0,
                "Milletari et al., 3DV (2016)",
                "denominator",
                "smoothNumerator",
                "smoothDenominator");
        c.add(
                "nnunet_dice_loss",
                "nnU-Net's Dice loss",
                "-(2 sum(pg) + s) / max(sum p + sum g + s, 1e-8)",
                "1",
                LOWER,
                -1.0,
                0.0,
                "nnU-Net v2 MemoryEfficientSoftDiceLoss",
                "denominator",
                "smoothNumerator",
                "smoothDenominator",
                "denominatorFloor",
                "value");
        c.loss(
                "jaccard_loss",
                "Jaccard loss",
                "1 - (sum(pg) + s) / (sum p + sum g - sum(pg) + s)",
                1.0,
                "Rahman and Wang, ISVC (2016)",
                "smoothNumerator",
                "smoothDenominator",
                "includeBackground",
                "smooth",
                "reduction",
                "classWeights");
        c.loss(
                "tversky_loss",
                "Tversky loss",
                "1 - (tp + s) / (tp + alpha fp + beta fn + s)",
                1.0,
                "Salehi et al., MLMI (2017)",
                "alphaFalsePositive",
                "betaFalseNegative",
                "smooth",
                "includeBackground",
                "reduction",
                "classWeights");
        c.loss(
                "focal_tversky_loss",
                "focal Tversky loss",
                "tversky_loss ^ exponent",
                1.0,
                "Abraham and Khan, ISBI (2019)",
                "alphaFalsePositive",
                "betaFalseNegative",
                "smooth",
                "exponent",
                "gammaOfAbraham");
        c.loss(
                "log_cosh_dice_loss",
                "log-cosh Dice loss",
                "log(cosh(dice_loss))",
                0.4337808304830272,
                "Jadon, CIBCB (2020)",
                "denominator",
                "smoothNumerator",
                "smoothDenominator");
        c.loss(
                "sensitivity_specificity_loss",
                "sensitivity-specificity loss",
                "r sum((p - g)^2 g) / (sum g + s) + (1 - r) sum((p - g)^2 (1 - g)) / (sum(1 - g) + s)",
                1.0,
                "Brosch et al., MICCAI (2015)",
                "r",
                "smooth");
        c.loss(
                "dice_semimetric_loss",
                "Dice semimetric loss",
                "1 - (sum p + sum g - sum|p - g| + s) / (sum p + sum g + s)",
                1.0,
                "Wang et al., NeurIPS (2023)",
                "smooth");
        c.loss(
                "mcc_loss",
                "Matthews correlation loss",
                "1 - (tp tn - fp fn) / sqrt((tp + fp)(tp + fn)(tn + fp)(tn + fn)), each count + epsilon",
                2.0,
                "Abhishek and Hamarneh, ISBI (2021)",
                "epsilon");
        c.add(
                "generalized_dice_loss",
                "generalised Dice loss",
                "1 - (2 sum_l w_l tp_l + s) / (sum_l w_l (sum p_l + sum g_l) + s) over structure and background, or"
                        + " all classes",
                "1",
                LOWER,
                0.0,
                1.0,
                "Sudre et al., DLMIA (2017); MONAI GeneralizedDiceLoss",
                "weighting",
                "weightOfAnAbsentClass",
                "smoothNumerator",
                "smoothDenominator",
                "includeBackground");
        c.loss(
                "bce",
                "binary cross-entropy",
                "-mean(g log p + (1 - g) log(1 - p)), also clipped, with smoothed targets g (1 - s) + s/2, or weighted",
                null,
                "torch.nn.BCELoss, BCEWithLogitsLoss",
                "logFloor",
                "clip",
                "labelSmoothing",
                "weightOnReference",
                "weightElsewhere");
        c.loss(
                "focal_loss",
                "focal loss",
                "mean((1 - p_t)^gamma (-log p_t)), weighted by alpha on the reference and 1 - alpha elsewhere; of"
                        + " classes the mean over them of g_l (1 - p_l)^gamma (-log p_l)",
                null,
                "Lin et al., ICCV (2017)",
                "gamma",
                "alpha",
                "activation",
                "reduction");
        c.loss(
                "poly1_loss",
                "Poly-1 cross-entropy",
                "cross-entropy + epsilon mean(1 - p_t)",
                null,
                "Leng et al., ICLR (2022)",
                "epsilon");
        c.loss("hinge", "hinge loss", "mean(max(0, 1 - t d)), t = 2g - 1", null, "torchmetrics HingeLoss", "decision");
        c.loss(
                "squared_hinge",
                "squared hinge loss",
                "mean(max(0, 1 - t d)^2), t = 2g - 1",
                null,
                "torchmetrics HingeLoss",
                "decision");
        c.loss("l1", "mean absolute error", "mean |p - g|", 1.0, "torch.nn.L1Loss");
        c.loss("mse", "mean squared error", "mean (p - g)^2", 1.0, "torch.nn.MSELoss");
        c.loss(
                "huber",
                "Huber loss",
                "mean of e^2/2 up to delta, delta (e - delta/2) beyond",
                0.5,
                "torch.nn.HuberLoss",
                "delta");
        c.loss("smooth_l1", "smooth L1 loss", "huber(beta) / beta", 1.0, "torch.nn.SmoothL1Loss", "beta");
        c.loss("log_cosh", "log-cosh loss", "mean log(cosh(e))", 0.4337808304830272, "Jadon, CIBCB (2020)");
        c.loss(
                "kl_divergence",
                "Kullback-Leibler divergence",
                "mean(g log(g/p) + (1 - g) log((1 - g)/(1 - p)))",
                null,
                "torch.nn.KLDivLoss over the classes g and 1 - g");
        c.loss(
                "balanced_bce",
                "balanced cross-entropy",
                "-mean(b g log p + (1 - b)(1 - g) log(1 - p)), b the share of voxels that are not the reference's",
                null,
                "Xie and Tu, ICCV (2015)");
        c.add(
                "dice_ce_loss",
                "Dice and cross-entropy",
                "dice_loss + cross-entropy",
                "1",
                LOWER,
                0.0,
                null,
                "MONAI DiceCELoss",
                "smooth",
                "weights",
                "includeBackground",
                "reduction",
                "classWeights");
        c.add(
                "dice_focal_loss",
                "Dice and focal loss",
                "dice_loss + focal_loss",
                "1",
                LOWER,
                0.0,
                null,
                "MONAI DiceFocalLoss",
                "smooth",
                "gamma",
                "weights",
                "includeBackground",
                "reduction",
                "classWeights");
        c.add(
                "generalized_dice_focal_loss",
                "generalised Dice and focal loss",
                "generalized_dice_loss + focal_loss",
                "1",
                LOWER,
                0.0,
                null,
                "MONAI GeneralizedDiceFocalLoss",
                "smooth",
                "gamma",
                "weights",
                "includeBackground");
        c.add(
                "combo_loss",
                "combo loss",
                "-alpha mean(beta g log p + (1 - beta)(1 - g) log(1 - p)) - (1 - alpha) Dice",
                "1",
                LOWER,
                -0.5,
                null,
                "Taghanaki et al., Comput. Med. Imaging Graph. 75:24 (2019)",
                "alpha",
                "beta",
                "smooth");
        c.loss(
                "exponential_logarithmic_loss",
                "exponential logarithmic loss",
                "wD mean_l((-log Dice_l)^gamma) + wC mean(sqrt(n / n_l) (-log p_l)^gamma) over structure and"
                        + " background",
                null,
                "Wong et al., MICCAI (2018)",
                "weightDice",
                "weightCrossEntropy",
                "gamma",
                "smooth");
        String unified = "Yeung et al., Comput. Med. Imaging Graph. 95:102026 (2022)";
        c.loss(
                "asymmetric_focal_loss",
                "asymmetric focal loss",
                "mean(delta g (-log p) + (1 - delta)(1 - g) p^gamma (-log(1 - p)))",
                null,
                unified,
                "delta",
                "gamma",
                "clip");
        c.loss(
                "asymmetric_focal_tversky_loss",
                "asymmetric focal Tversky loss",
                "((1 - T_background) + (1 - T)^(1 - gamma)) / 2, T = tp / (tp + delta fn + (1 - delta) fp)",
                1.0,
                unified,
                "delta",
                "gamma",
                "clip");
        c.loss(
                "asymmetric_unified_focal_loss",
                "asymmetric unified focal loss",
                "weight asymmetric_focal_loss + (1 - weight) asymmetric_focal_tversky_loss",
                null,
                unified,
                "weight",
                "delta",
                "gamma",
                "clip");
        c.loss(
                "symmetric_focal_loss",
                "symmetric focal loss",
                "mean(delta g (1 - p)^gamma (-log p) + (1 - delta)(1 - g) p^gamma (-log(1 - p)))",
                null,
                unified,
                "delta",
                "gamma",
                "clip");
        c.loss(
                "symmetric_focal_tversky_loss",
                "symmetric focal Tversky loss",
                "((1 - T_background)^(1 - gamma) + (1 - T)^(1 - gamma)) / 2",
                1.0,
                unified,
                "delta",
                "gamma",
                "clip");
        c.loss(
                "symmetric_unified_focal_loss",
                "symmetric unified focal loss",
                "weight symmetric_focal_loss + (1 - weight) symmetric_focal_tversky_loss",
                null,
                unified,
                "weight",
                "delta",
                "gamma",
                "clip");
        String berman = "Berman et al., CVPR (2018)";
        c.loss(
                "lovasz_softmax_loss",
                "Lovász-softmax loss",
                "errors e in falling order, each times the rise of the Jaccard loss at it",
                1.0,
                berman,
                "reduction");
        c.loss(
                "lovasz_hinge_loss",
                "Lovász hinge loss",
                "the same of the hinge errors max(0, 1 - t d)",
                null,
                berman,
                "decision");
        c.loss(
                "top_k_loss",
                "top-k cross-entropy",
                "mean cross-entropy of the share of voxels where it is largest",
                null,
                "nnU-Net TopKLoss",
                "percent");
        String shit = "Shit et al., CVPR (2021); MONAI SoftclDiceLoss";
        c.loss(
                "soft_cl_dice_loss",
                "soft clDice loss",
                "1 - 2 Tprec Tsens / (Tprec + Tsens) with soft skeletons",
                1.0,
                shit,
                "iterations",
                "smooth");
        c.loss(
                "dice_cl_dice_loss",
                "Dice and soft clDice",
                "(1 - alpha) dice_loss + alpha soft_cl_dice_loss",
                1.0,
                shit,
                "iterations",
                "alpha",
                "smooth");
        c.add(
                "boundary_loss",
                "boundary loss",
                "mean(phi p), phi the signed distance to the reference's boundary, negative inside",
                "mm",
                LOWER,
                null,
                null,
                "Kervadec et al., MIDL (2019)",
                "distance");
        String karimi = "Karimi and Salcudean, IEEE TMI 39:499 (2020); MONAI HausdorffDTLoss";
        c.loss(
                "hausdorff_dt_loss",
                "Hausdorff distance-transform loss",
                "mean((p - g)^2 (d_p^alpha + d_g^alpha)), d the distances in voxels to the boundaries",
                null,
                karimi,
                "alpha",
                "distance");
        c.loss(
                "log_hausdorff_dt_loss",
                "logarithm of it",
                "log(1 + hausdorff_dt_loss)",
                null,
                "MONAI LogHausdorffDTLoss",
                "alpha",
                "distance");
        c.loss(
                "cross_entropy",
                "cross-entropy of classes",
                "-sum_l w_l sum(g_l log p_l) / sum_l w_l sum(g_l), or against smoothed targets",
                null,
                "torch.nn.CrossEntropyLoss",
                "classWeights",
                "labelSmoothing");
        c.loss(
                "generalized_wasserstein_dice_loss",
                "generalised Wasserstein Dice loss",
                "1 - 2 tp / (2 tp + error), tp = sum_l w_l sum g_l (1 - W), error = sum W, W the distance of classes"
                        + " expected by p",
                1.0,
                "Fidon et al., BrainLes (2017); MONAI GeneralizedWassersteinDiceLoss",
                "weighting",
                "distance",
                "smooth");
    }

    private static void soft(Collector c) {
        String gradients = "Kervadec and de Bruijne, arXiv 2304.04319 (2023)";
        c.add(
                "soft_dice",
                "soft Dice",
                "2 sum(pg) / (sum p + sum g)",
                "1",
                HIGHER,
                0.0,
                1.0,
                "Drozdzal et al., DLMIA (2016)");
        c.add(
                "hard_dice",
                "hard Dice",
                "Dice of p at least the threshold",
                "1",
                HIGHER,
                0.0,
                1.0,
                "Dice, Ecology 26:297 (1945)",
                "threshold");
        c.add("soft_hard_gap", "soft-hard gap", "hard_dice - soft_dice", "1", ZERO, -1.0, 1.0, "docs/losses.md");
        c.add("leak_voxels", "leak", "sum of p where g = 0", "1", LOWER, 0.0, null, "false-positive mass");
        c.add(
                "leak_ml",
                "leak as a volume",
                "leak_voxels times the voxel volume",
                "ml",
                LOWER,
                0.0,
                null,
                "false-positive mass");
        c.add("leak_share", "share that leaks", "leak_voxels / sum p", "1", LOWER, 0.0, 1.0, "false-positive mass");
        String bertels = "Bertels et al., Medical Image Analysis 67:101833 (2021)";
        c.add("soft_volume_ml", "soft volume", "sum p times the voxel volume", "ml", NONE, 0.0, null, bertels);
        c.add(
                "hard_volume_ml",
                "hard volume",
                "voxels with p at least the threshold, as a volume",
                "ml",
                NONE,
                0.0,
                null,
                bertels,
                "threshold");
        c.add(
                "reference_volume_ml",
                "reference volume",
                "sum g times the voxel volume",
                "ml",
                NONE,
                0.0,
                null,
                bertels);
        c.add(
                "soft_volume_ratio",
                "soft volume ratio",
                "soft_volume_ml / reference_volume_ml",
                "1",
                NONE,
                0.0,
                null,
                bertels);
        c.add(
                "saturated_on_reference",
                "saturation on the reference",
                "share of reference voxels with p at most 0.01 or at least 0.99",
                "1",
                NONE,
                0.0,
                1.0,
                gradients);
        c.add(
                "saturated_among_wrong",
                "saturation of errors",
                "share of the wrong voxels with p at most 0.01 or at least 0.99",
                "1",
                LOWER,
                0.0,
                1.0,
                gradients);
        c.add("onReference", "slope on the reference", "dL/dp where g = 1, at p = 1", "1", NONE, null, null, gradients);
        c.add(
                "onReferencePerError",
                "its change",
                "by how much the slope there changes for each 1 - p",
                "1",
                NONE,
                null,
                null,
                gradients);
        c.add("elsewhere", "slope elsewhere", "dL/dp where g = 0, at p = 0", "1", NONE, null, null, gradients);
        c.add(
                "elsewherePerProbability",
                "its change",
                "by how much the slope there changes for each p",
                "1",
                NONE,
                null,
                null,
                gradients);
        c.add(
                "norm",
                "norm of the gradient",
                "root of the sum over voxels of (dL/dp)^2",
                "1",
                NONE,
                0.0,
                null,
                gradients);
        c.add(
                "shareOnReference",
                "share on the reference",
                "sum of (dL/dp)^2 where g = 1 / norm^2",
                "1",
                NONE,
                0.0,
                1.0,
                gradients);
        c.add(
                "logitNorm",
                "norm through a sigmoid",
                "root of the sum of (p (1 - p) dL/dp)^2",
                "1",
                NONE,
                0.0,
                null,
                gradients);
        c.add(
                "logitShareOnReference",
                "its share on the reference",
                "sum of (p (1 - p) dL/dp)^2 where g = 1 / logitNorm^2",
                "1",
                NONE,
                0.0,
                1.0,
                gradients);
        for (String[] part : new String[][] {
            {
                "regionOnReference",
                "slope of the part of the sums",
                "of a loss that adds a mean over voxels to a function of sums: dL/dp of the latter where g = 1"
            },
            {"regionElsewhere", "slope of the part of the sums", "the same where g = 0"},
            {"regionNorm", "norm of the part of the sums", "root of the sum over voxels of its (dL/dp)^2"},
            {"regionLogitNorm", "its norm through a sigmoid", "root of the sum of its (p (1 - p) dL/dp)^2"},
            {
                "voxelNorm",
                "norm of the mean over voxels",
                "root of the sum over voxels of its (dL/dp)^2; null without a bound"
            },
            {"voxelLogitNorm", "its norm through a sigmoid", "root of the sum of its (p (1 - p) dL/dp)^2"}
        }) {
            boolean slope = !part[0].endsWith("Norm");
            c.add(part[0], part[1], part[2], "1", NONE, slope ? null : 0.0, null, "docs/losses.md");
        }
        for (String[] sum : new String[][] {
            {"voxels", "voxels", "n, all that are scored"},
            {"tp", "sum tp", "sum of pg"},
            {"fp", "sum fp", "sum of p (1 - g)"},
            {"fn", "sum fn", "sum of (1 - p) g"},
            {"tn", "sum tn", "sum of (1 - p)(1 - g)"},
            {"p", "sum p", "sum of p"},
            {"g", "sum g", "sum of g"},
            {"pp", "sum pp", "sum of p^2"},
            {"gg", "sum gg", "sum of g^2"}
        }) {
            c.add(sum[0], sum[1], sum[2], "1", NONE, 0.0, null, "docs/losses.md");
        }
        String fidon = "Fidon et al., BrainLes (2017)";
        c.add(
                "perError",
                "slopes of wrong classes",
                "generalised Wasserstein Dice: by class of the reference, dL/dp of any other class",
                "1",
                NONE,
                0.0,
                null,
                fidon);
        c.add(
                "shareOnForeground",
                "share on the foreground",
                "generalised Wasserstein Dice: sum of (dL/dp)^2 where class 0 is not the reference's / norm^2",
                "1",
                NONE,
                0.0,
                1.0,
                fidon);
        c.add(
                "softmaxNorm",
                "norm through the softmax",
                "generalised Wasserstein Dice: root of the sum of (dL/dz)^2 over the logits z of the softmax",
                "1",
                NONE,
                0.0,
                null,
                fidon);
        c.add(
                "softmaxShareOnForeground",
                "its share on the foreground",
                "sum of (dL/dz)^2 where class 0 is not the reference's / softmaxNorm^2",
                "1",
                NONE,
                0.0,
                1.0,
                fidon);
    }

    private static void calibration(Collector c) {
        String guo = "Guo et al., ICML (2017)";
        c.add(
                "brier",
                "Brier score",
                "mean (p - g)^2; of classes their sum",
                "1",
                LOWER,
                0.0,
                null,
                "Brier, Mon. Weather Rev. 78:1 (1950)",
                "sumOver");
        c.add(
                "nll",
                "negative log-likelihood",
                "-mean(g log p + (1 - g) log(1 - p)), p clipped",
                "1",
                LOWER,
                0.0,
                null,
                guo,
                "clip");
        c.add(
                "ece",
                "expected calibration error",
                "sum over bins of |sum p - sum g| / n",
                "1",
                LOWER,
                0.0,
                1.0,
                guo,
                "bins");
        c.add(
                "mce",
                "maximum calibration error",
                "largest |mean p - mean g| of a bin",
                "1",
                LOWER,
                0.0,
                1.0,
                guo,
                "bins");
        c.add(
                "adaptive_ece",
                "adaptive calibration error",
                "ece in bins that hold equally many voxels",
                "1",
                LOWER,
                0.0,
                1.0,
                "Nixon et al., CVPR Workshops (2019)",
                "bins");
        c.add(
                "classwise_ece",
                "class-wise calibration error",
                "mean of the ece of every class",
                "1",
                LOWER,
                0.0,
                1.0,
                "Kull et al., NeurIPS (2019)",
                "bins",
                "classes");
        c.add(
                "top_label_ece",
                "top-label calibration error",
                "ece of the largest probability of a voxel against whether its class is right",
                "1",
                LOWER,
                0.0,
                1.0,
                guo,
                "bins");
        c.add(
                "auroc",
                "area under the ROC curve",
                "chance that a reference voxel has a larger p than another one, ties half",
                "1",
                HIGHER,
                0.0,
                1.0,
                "Hanley and McNeil, Radiology 143:29 (1982)");
        c.add(
                "average_precision",
                "average precision",
                "sum over thresholds of the step of recall times precision",
                "1",
                HIGHER,
                0.0,
                1.0,
                "scikit-learn average_precision_score");
        c.add(
                "threshold",
                "threshold",
                "k/100, k = 0 to 100: a voxel belongs to the structure from it on",
                "1",
                NONE,
                0.0,
                1.0,
                "sweep");
        c.add(
                "dice",
                "Dice at a threshold",
                "2 tp / (2 tp + fp + fn)",
                "1",
                HIGHER,
                0.0,
                1.0,
                "Dice, Ecology 26:297 (1945)");
        c.add("precision", "precision at a threshold", "tp / (tp + fp)", "1", HIGHER, 0.0, 1.0, "sweep");
        c.add("recall", "recall at a threshold", "tp / (tp + fn)", "1", HIGHER, 0.0, 1.0, "sweep");
        c.add("tp", "true positives at a threshold", "voxels of both", "1", HIGHER, 0.0, null, "sweep");
        c.add("fp", "false positives at a threshold", "voxels of the prediction alone", "1", LOWER, 0.0, null, "sweep");
        c.add("fn", "false negatives at a threshold", "voxels of the reference alone", "1", LOWER, 0.0, null, "sweep");
        c.add("low", "lower end of a bin", "open", "1", NONE, 0.0, 1.0, guo);
        c.add("high", "upper end of a bin", "closed", "1", NONE, 0.0, 1.0, guo);
        c.add("confidence", "confidence of a bin", "mean p of its voxels", "1", NONE, 0.0, 1.0, guo);
        c.add("share", "share of a bin", "mean g of its voxels", "1", NONE, 0.0, 1.0, guo);
        c.add("voxels", "voxels", "of all that is scored, of a band, or of a bin", "1", NONE, 0.0, null, guo);
        c.add(
                "widthVoxels",
                "width of the band",
                "voxels at most so far from the boundary",
                "1",
                NONE,
                0.0,
                null,
                "sweep");
        c.add(
                "errorAtMost",
                "error of an area",
                "0 where voxels were sorted; else by how much the histogram may miss it",
                "1",
                LOWER,
                0.0,
                null,
                "docs/losses.md");
    }

    private static void fragility(Collector c) {
        String anatomy = "docs/losses.md, with S = 2 tp + fp + fn";
        c.add("dice", "Dice", "D = 2 tp / S", "1", HIGHER, 0.0, 1.0, "Dice, Ecology 26:297 (1945)");
        c.add("false_positive_part", "part of false positives", "fp / S", "1", LOWER, 0.0, 1.0, anatomy);
        c.add("false_negative_part", "part of misses", "fn / S", "1", LOWER, 0.0, 1.0, anatomy);
        c.add("volume_part", "part of the volumes", "|fp - fn| / S", "1", LOWER, 0.0, 1.0, anatomy);
        c.add("placement_part", "part of the placement", "2 min(fp, fn) / S", "1", LOWER, 0.0, 1.0, anatomy);
        c.add(
                "dice_ceiling_by_volume",
                "ceiling by volume",
                "2 min(a, b) / (a + b), a and b the volumes",
                "1",
                HIGHER,
                0.0,
                1.0,
                anatomy);
        c.add("dice_by_chance", "Dice by chance", "2ab / (n (a + b))", "1", NONE, 0.0, 1.0, anatomy);
        c.add("dice_above_chance", "Dice above chance", "(D - chance) / (1 - chance)", "1", HIGHER, null, 1.0, anatomy);
        c.add(
                "dice_by_one_more_false_positive",
                "one more false positive",
                "-D / (S + 1)",
                "1",
                ZERO,
                -1.0,
                0.0,
                anatomy);
        c.add(
                "dice_by_one_false_positive_removed",
                "one false positive removed",
                "D / (S - 1)",
                "1",
                ZERO,
                0.0,
                1.0,
                anatomy);
        c.add("dice_by_one_miss_found", "one miss found", "(2 - D) / (S + 1)", "1", ZERO, 0.0, 1.0, anatomy);
        c.add("dice_by_one_more_miss", "one voxel lost", "-(2 - D) / (S - 1)", "1", ZERO, null, 0.0, anatomy);
        c.add(
                "dice_reference_eroded",
                "reference eroded",
                "Dice of the reference and itself eroded by a voxel (face neighbours)",
                "1",
                HIGHER,
                0.0,
                1.0,
                anatomy);
        c.add("dice_reference_dilated", "reference dilated", "the same dilated", "1", HIGHER, 0.0, 1.0, anatomy);
        c.add("dice_one_voxel_off", "one voxel off", "the smaller of the two", "1", HIGHER, 0.0, 1.0, anatomy);
        c.add(
                "dice_half_boundary_noise",
                "half of the boundary noisy",
                "Dice expected if half of the boundary voxels flip",
                "1",
                HIGHER,
                0.0,
                1.0,
                anatomy);
        c.add(
                "voxels_to_reach_dice",
                "voxels from a Dice",
                "least number of wrong voxels to mend until D is reached",
                "1",
                LOWER,
                0.0,
                null,
                anatomy,
                "target");
        c.add(
                "ml_to_reach_dice",
                "volume from a Dice",
                "the same as a volume",
                "ml",
                LOWER,
                0.0,
                null,
                anatomy,
                "target");
        c.add(
                "dice_reference_shifted",
                "reference shifted",
                "Dice of the reference and itself shifted",
                "1",
                HIGHER,
                0.0,
                1.0,
                anatomy,
                "axis",
                "voxels");
    }
}
