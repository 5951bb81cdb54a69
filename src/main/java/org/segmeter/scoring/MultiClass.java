package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.ClassTable;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.Overlap;

/** What the scorecard says of all segments together as the classes of one labelling. */
final class MultiClass {

    private static final String OVERLAP =
            "Segments of one side overlap, so that a voxel may belong to several classes: no multi-class confusion matrix exists.";

    private MultiClass() {}

    /**
     * The values.
     *
     * @param table null if segments of a side overlap: then every value is NOT_APPLICABLE
     * @param protocol whose rule for empty masks decides what an absent class gives in an average
     */
    static Map<String, List<MetricValue>> of(@Nullable ClassTable table, Protocol protocol) {
        Map<String, List<MetricValue>> values = new LinkedHashMap<>();
        one(values, table, "accuracy", "1", ClassTable::accuracy);
        one(values, table, "balanced_accuracy", "1", ClassTable::balancedAccuracy);
        one(values, table, "expected_cost", "1", ClassTable::expectedCost);
        one(values, table, "normalised_expected_cost", "1", ClassTable::normalisedExpectedCost);
        for (ClassTable.Disagreement weights : ClassTable.Disagreement.values()) {
            add(values, "kappa", value(table, "1", t -> t.kappa(weights)).with("weights", lower(weights)));
        }
        one(values, table, "mcc", "1", ClassTable::matthews);
        averages(values, table, "dice", Overlap::dice, protocol);
        averages(values, table, "jaccard", Overlap::jaccard, protocol);
        for (ClassTable.Weight weight : ClassTable.Weight.values()) {
            for (boolean background : new boolean[] {false, true}) {
                add(
                        values,
                        "generalized_dice",
                        value(table, "1", t -> t.generalizedDice(weight, background))
                                .with("weight", lower(weight))
                                .with("background", background ? "include" : "exclude"));
            }
        }
        one(values, table, "rand_index", "1", ClassTable::randIndex);
        one(values, table, "adjusted_rand_index", "1", ClassTable::adjustedRandIndex);
        one(values, table, "mutual_information", "nat", ClassTable::mutualInformation);
        one(values, table, "normalised_mutual_information", "1", ClassTable::normalisedMutualInformation);
        one(values, table, "variation_of_information", "nat", ClassTable::variationOfInformation);
        one(values, table, "voi_prediction_given_reference", "nat", ClassTable::predictionGivenReferenceEntropy);
        one(values, table, "voi_reference_given_prediction", "nat", ClassTable::referenceGivenPredictionEntropy);
        one(values, table, "global_consistency_error", "1", ClassTable::globalConsistencyError);
        return values;
    }

    /** Mean over classes, mean weighted by the reference's voxels, and the ratio of the counts summed over classes. */
    private static void averages(
            Map<String, List<MetricValue>> values,
            @Nullable ClassTable table,
            String name,
            ToDoubleFunction<ConfusionCounts> ratio,
            Protocol protocol) {
        for (boolean background : new boolean[] {false, true}) {
            int first = background ? 0 : 1;
            String included = background ? "include" : "exclude";
            add(
                    values,
                    name,
                    value(table, "1", t -> macro(t, first, name, ratio, protocol))
                            .with("average", "macro")
                            .with("background", included));
            add(
                    values,
                    name,
                    value(table, "1", t -> weighted(t, first, ratio))
                            .with("average", "weighted")
                            .with("background", included));
            add(
                    values,
                    name,
                    value(table, "1", t -> ratio.applyAsDouble(pooled(t, first)))
                            .with("average", "micro")
                            .with("background", included));
        }
    }

    private static double macro(
            ClassTable table, int first, String name, ToDoubleFunction<ConfusionCounts> ratio, Protocol protocol) {
        double sum = 0;
        int n = 0;
        for (int i = first; i < table.classes(); i++) {
            ConfusionCounts counts = table.counts(i);
            double formula = ratio.applyAsDouble(counts);
            double value = counts.emptiness() == MetricValue.State.OK
                    ? formula
                    : switch (protocol.outcome(name, counts.emptiness())) {
                        case Protocol.Outcome.Formula f -> formula;
                        case Protocol.Outcome.Absent a -> Double.NaN;
                        case Protocol.Outcome.Value v -> v.value();
                    };
            if (!Double.isNaN(value)) {
                sum += value;
                n++;
            }
        }
        return sum / n;
    }

    private static double weighted(ClassTable table, int first, ToDoubleFunction<ConfusionCounts> ratio) {
        double sum = 0;
        double weight = 0;
        for (int i = first; i < table.classes(); i++) {
            ConfusionCounts counts = table.counts(i);
            if (counts.reference() > 0) {
                sum += counts.reference() * ratio.applyAsDouble(counts);
                weight += counts.reference();
            }
        }
        return sum / weight;
    }

    private static ConfusionCounts pooled(ClassTable table, int first) {
        ConfusionCounts sum = new ConfusionCounts(0, 0, 0, 0);
        for (int i = first; i < table.classes(); i++) {
            sum = sum.plus(table.counts(i));
        }
        return sum;
    }

    private static void one(
            Map<String, List<MetricValue>> values,
            @Nullable ClassTable table,
            String name,
            String unit,
            ToDoubleFunction<ClassTable> formula) {
        add(values, name, value(table, unit, formula));
    }

    private static void add(Map<String, List<MetricValue>> values, String name, MetricValue value) {
        values.computeIfAbsent(name, unused -> new ArrayList<>()).add(value);
    }

    private static MetricValue value(@Nullable ClassTable table, String unit, ToDoubleFunction<ClassTable> formula) {
        if (table == null) {
            return MetricValue.notApplicable(unit, OVERLAP);
        }
        double value = formula.applyAsDouble(table);
        return Double.isFinite(value)
                ? MetricValue.ok(value, unit)
                : MetricValue.notApplicable(unit, "The formula divides by zero for these counts.");
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
