package org.segmeter.analytics;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricDefinition;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A rule of a gate, read from a line such as
 *
 * <pre>
 * mean(dice) >= 0.90                       dice.mean >= 0.90
 * p5(dice[Liver]) >= 0.7                   median(hd95) <= 5
 * delta.mean(dice) >= -0.01                delta.median(nsd{toleranceMm=1}) >= 0
 * noninferior(dice, 0.01)
 * missed_cases == 0                        not_scored[Kidney] <= 2
 * n >= 30
 * </pre>
 *
 * <p>A rule without a structure in brackets holds for each structure by itself; {@code [*]} is all foreground together. A
 * statistic counts misses and hallucinations with the worst value. {@code delta} is against the baseline, case by case, and compares the
 * bound of a one-sided 95 % interval: the lower one where at least so much is asked, the upper one where at most.
 */
public sealed interface GateRule {

    /** As it was written. */
    String text();

    /** The structure in brackets; null for each. */
    @Nullable
    String structure();

    /** How a value must lie to its threshold. */
    enum Operator {
        AT_LEAST(">="),
        AT_MOST("<="),
        ABOVE(">"),
        BELOW("<"),
        EQUAL("==");

        private final String sign;

        Operator(String sign) {
            this.sign = sign;
        }

        String sign() {
            return sign;
        }

        boolean holds(double value, double threshold) {
            return switch (this) {
                case AT_LEAST -> value >= threshold;
                case AT_MOST -> value <= threshold;
                case ABOVE -> value > threshold;
                case BELOW -> value < threshold;
                case EQUAL -> value == threshold;
            };
        }

        boolean asksForMuch() {
            return this == AT_LEAST || this == ABOVE;
        }
    }

    /** What of a sample. */
    sealed interface Statistic {
        record Mean() implements Statistic {}

        record Median() implements Statistic {}

        record Sd() implements Statistic {}

        record Quantile(double p) implements Statistic {}
    }

    /** A metric with parameters as JSON; null for any. */
    record Metric(MetricDefinition definition, @Nullable String parameters) {}

    /** A statistic of the values. */
    record Absolute(
            String text,
            Statistic statistic,
            Metric metric,
            @Nullable String structure,
            Operator operator,
            double threshold)
            implements GateRule {}

    /**
     * A statistic of the differences to the baseline, case by case, in the metric's unit.
     *
     * @param statistic mean or median
     */
    record Relative(
            String text,
            Statistic statistic,
            Metric metric,
            @Nullable String structure,
            Operator operator,
            double threshold)
            implements GateRule {}

    /** At most so much worse than the baseline. */
    record NonInferior(String text, Metric metric, @Nullable String structure, double margin) implements GateRule {}

    /** What is counted. */
    enum Countable {
        /** Cases with a value, misses and hallucinations included. */
        N,
        MISSED_CASES,
        HALLUCINATIONS,
        /** Cases without a value though one could be expected; failed evaluations among them. */
        NOT_SCORED,
        /** Failed evaluations. */
        FAILED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A number of cases. */
    record Count(String text, Countable what, @Nullable String structure, Operator operator, double threshold)
            implements GateRule {}

    /** @throws InvalidQuery saying where in the text something else was expected */
    static GateRule parse(String text) throws InvalidQuery {
        return new Parser(text).rule();
    }

    /** Reads one rule from left to right. */
    final class Parser {
        private final String text;
        private int at;

        private Parser(String text) {
            this.text = text;
        }

        private GateRule rule() throws InvalidQuery {
            skip();
            boolean delta = take("delta.") || take("delta ") || take("\u0394");
            skip();
            String word = word("the name of a metric, a statistic or a count");
            GateRule rule;
            if (word.equals("noninferior") && !delta) {
                rule = nonInferior();
            } else if (!delta && count(word) != null && !peek("(") && !peek(".")) {
                String structure = structure();
                Operator operator = operator();
                rule = new Count(text, java.util.Objects.requireNonNull(count(word)), structure, operator, number());
            } else {
                rule = statistic(delta, word);
            }
            skip();
            if (at < text.length()) {
                throw expected("the end of the rule");
            }
            return rule;
        }

        private GateRule nonInferior() throws InvalidQuery {
            expect("(");
            Metric metric = metric(word("the name of a metric"));
            String structure = structure();
            expect(",");
            double margin = number();
            if (!(margin > 0)) {
                throw expected("a margin above 0");
            }
            expect(")");
            directed(metric);
            return new NonInferior(text, metric, structure, margin);
        }

        private void directed(Metric metric) throws InvalidQuery {
            if (metric.definition().direction() == MetricDefinition.Direction.NONE) {
                throw new InvalidQuery(
                        "rules",
                        "ask whether " + metric.definition().name()
                                + " got worse, of which neither direction is better");
            }
        }

        private GateRule statistic(boolean delta, String word) throws InvalidQuery {
            Statistic statistic;
            Metric metric;
            String structure;
            if (take("(")) {
                statistic = statisticOf(word);
                metric = metric(word("the name of a metric"));
                structure = structure();
                expect(")");
            } else {
                metric = metric(word);
                structure = structure();
                expect(".");
                statistic = statisticOf(word("mean, median, sd, min, max or a quantile such as p5"));
            }
            if (structure == null) {
                structure = structure();
            }
            if (delta && !(statistic instanceof Statistic.Mean) && !(statistic instanceof Statistic.Median)) {
                throw new InvalidQuery("rules", "know delta.mean and delta.median only, in '" + text + "'");
            }
            Operator operator = operator();
            double threshold = number();
            if (delta && operator == Operator.EQUAL) {
                throw new InvalidQuery("rules", "compare a difference with >=, >, <= or <, in '" + text + "'");
            }
            return delta
                    ? new Relative(text, statistic, metric, structure, operator, threshold)
                    : new Absolute(text, statistic, metric, structure, operator, threshold);
        }

        private Metric metric(String name) throws InvalidQuery {
            MetricDefinition definition;
            try {
                definition = MetricNames.require("rules", name);
            } catch (InvalidQuery e) {
                throw new InvalidQuery("rules", "in '" + text + "': '" + name + "' " + e.rule());
            }
            if (!take("{")) {
                return new Metric(definition, null);
            }
            Map<String, Object> parameters = new TreeMap<>();
            do {
                String key = word("the name of a parameter");
                expect("=");
                skip();
                if (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '-')) {
                    parameters.put(key, number());
                } else {
                    parameters.put(key, word("a value"));
                }
            } while (take(","));
            expect("}");
            ObjectNode json = new JsonMapper().valueToTree(parameters);
            return new Metric(definition, json.toString());
        }

        private @Nullable String structure() throws InvalidQuery {
            if (!take("[")) {
                return null;
            }
            int end = text.indexOf(']', at);
            if (end < 0) {
                throw expected("the name of a structure and ]");
            }
            String name = text.substring(at, end).strip();
            if (name.isEmpty()) {
                throw expected("the name of a structure");
            }
            at = end + 1;
            return name;
        }

        private Statistic statisticOf(String word) throws InvalidQuery {
            return switch (word) {
                case "mean" -> new Statistic.Mean();
                case "median" -> new Statistic.Median();
                case "sd" -> new Statistic.Sd();
                case "min" -> new Statistic.Quantile(0);
                case "max" -> new Statistic.Quantile(1);
                default -> {
                    if (word.matches("p[0-9]{1,2}(\\.[0-9]{1,3})?")) {
                        yield new Statistic.Quantile(new java.math.BigDecimal(word.substring(1))
                                .movePointLeft(2)
                                .doubleValue());
                    }
                    throw new InvalidQuery(
                            "rules",
                            "know the statistics mean, median, sd, min, max and quantiles such as p5, not '" + word
                                    + "' in '" + text + "'");
                }
            };
        }

        private static @Nullable Countable count(String word) {
            if (word.equals("misses")) {
                return Countable.MISSED_CASES;
            }
            for (Countable countable : Countable.values()) {
                if (countable.word().equals(word)) {
                    return countable;
                }
            }
            return null;
        }

        private Operator operator() throws InvalidQuery {
            skip();
            for (Operator operator : Operator.values()) {
                if (take(operator.sign())) {
                    return operator;
                }
            }
            if (take("=")) {
                return Operator.EQUAL;
            }
            throw expected(">=, <=, >, < or ==");
        }

        private double number() throws InvalidQuery {
            skip();
            int from = at;
            while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            try {
                double number = Double.parseDouble(text.substring(from, at));
                if (Double.isFinite(number)) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // falls through to the refusal
            }
            at = from;
            throw expected("a number");
        }

        private String word(String what) throws InvalidQuery {
            skip();
            int from = at;
            while (at < text.length()
                    && (Character.isLetterOrDigit(text.charAt(at))
                            || text.charAt(at) == '_'
                            || text.charAt(at) == '-' && at > from
                            || text.charAt(at) == '.' && at > from && isQuantile(from))) {
                at++;
            }
            if (at == from) {
                throw expected(what);
            }
            return text.substring(from, at);
        }

        /** Whether the word so far is the beginning of one like p97.5. */
        private boolean isQuantile(int from) {
            return text.substring(from, at).matches("p[0-9]{1,2}")
                    && at + 1 < text.length()
                    && Character.isDigit(text.charAt(at + 1));
        }

        private boolean peek(String sign) {
            skip();
            return text.startsWith(sign, at);
        }

        private boolean take(String sign) {
            skip();
            if (text.startsWith(sign, at)) {
                at += sign.length();
                return true;
            }
            return false;
        }

        private void expect(String sign) throws InvalidQuery {
            if (!take(sign)) {
                throw expected("'" + sign + "'");
            }
        }

        private void skip() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
        }

        private InvalidQuery expected(String what) {
            return new InvalidQuery("rules", "need " + what + " at character " + (at + 1) + " of '" + text + "'");
        }
    }

    /** All of them. */
    static List<GateRule> parse(List<String> texts) throws InvalidQuery {
        List<GateRule> rules = new ArrayList<>();
        for (String text : texts) {
            rules.add(parse(text));
        }
        return rules;
    }
}
