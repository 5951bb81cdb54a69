package org.segmeter.batch;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What came of a batch, as files of several kinds. Written item by item as they are read from the database, a few at a time: a batch of
 * any length takes the memory of {@link #PAGE} items.
 */
@Component
public final class BatchResults {

    /** Items that are read at a time. */
    static final int PAGE = 50;

    private final ResultSource source;
    private final JsonMapper json;

    BatchResults(ResultSource source, JsonMapper json) {
        this.source = source;
        this.json = json;
    }

    /** What the results can be written as. */
    public enum Format {
        /** A line for every value. */
        CSV("csv", "text/csv", "csv"),
        /** A line for every segment, a column for every metric. */
        WIDE("wide", "text/csv", "wide.csv"),
        /** An object for every item, with its scorecard. */
        JSONL("jsonl", "application/x-ndjson", "jsonl"),
        /** The {@code summary.json} of nnU-Net's evaluation. */
        NNUNET("nnunet", "application/json", "summary.json"),
        /** A {@code metrics.json} for grand-challenge.org. */
        GRAND_CHALLENGE("grand-challenge", "application/json", "metrics.json");

        private final String word;
        private final String type;
        private final String file;

        Format(String word, String type, String file) {
            this.word = word;
            this.type = type;
            this.file = file;
        }

        /** As in the API. */
        public String word() {
            return word;
        }

        /** The media type. */
        public String type() {
            return type;
        }

        /** End of the name of a file that holds it. */
        public String file() {
            return file;
        }

        /** Null if there is none of this name. */
        public static @Nullable Format of(String word) {
            for (Format format : values()) {
                if (format.word.equals(word.toLowerCase(Locale.ROOT))) {
                    return format;
                }
            }
            return null;
        }
    }

    private interface Sink {
        void take(int number, @Nullable UUID evaluation, ResultItem item) throws IOException;
    }

    /** Writes all results; what is still being scored is there with its state. */
    public void write(UUID batch, Format format, OutputStream out) throws IOException {
        Writer text = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), 1 << 16);
        switch (format) {
            case CSV -> {
                text.write(CsvLine.of(ResultItem.TIDY));
                items(batch, (number, evaluation, item) -> text.write(item.tidy()));
            }
            case WIDE -> {
                List<String> metrics = source.metrics(batch);
                List<String> columns = new ArrayList<>(ResultItem.WIDE);
                columns.addAll(metrics);
                text.write(CsvLine.of(columns));
                items(batch, (number, evaluation, item) -> text.write(item.wide(metrics)));
            }
            case JSONL -> items(batch, (number, evaluation, item) -> line(number, evaluation, item, text));
            case NNUNET -> nnunet(batch, text);
            case GRAND_CHALLENGE -> grandChallenge(batch, text);
        }
        text.flush();
    }

    private void line(int number, @Nullable UUID evaluation, ResultItem item, Writer text) throws IOException {
        Description about = item.description();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("item", number);
        put(line, "case", about.caseId());
        put(line, "model", about.modelName());
        put(line, "version", about.modelVersion());
        put(line, "site", about.site());
        if (!about.labels().isEmpty()) {
            line.put("labels", about.labels());
        }
        line.put("prediction", item.prediction());
        line.put("reference", item.reference());
        line.put("state", item.state());
        put(line, "reason", item.reason().isEmpty() ? null : item.reason());
        if (evaluation != null) {
            line.put("evaluation", evaluation.toString());
        }
        if (item.card() != null) {
            line.put("scorecard", item.card());
        }
        text.write(json.writeValueAsString(line));
        text.write('\n');
    }

    private static void put(Map<String, Object> line, String name, @Nullable String value) {
        if (value != null) {
            line.put(name, value);
        }
    }

    /** Every item, page by page. */
    private void items(UUID batch, Sink sink) throws IOException {
        int after = 0;
        while (true) {
            List<ResultSource.Read> page = source.page(batch, after, PAGE);
            for (ResultSource.Read one : page) {
                sink.take(one.number(), one.evaluation(), one.item());
            }
            if (page.size() < PAGE) {
                return;
            }
            after = page.getLast().number();
        }
    }

    /**
     * As {@code compute_metrics_on_folder} of nnU-Net v2 writes it ({@code nnunetv2/evaluation/evaluate_predictions.py}): keys in
     * alphabetical order, indented by four, {@code NaN} where nothing of a label is on either side, means that leave those out, and the
     * mean of the labels' means. Dice and IoU are those of the counts, whatever the protocol. A label that one case has and another has
     * not is counted as empty there, as nnU-Net does with the labels of the data set.
     */
    private void nnunet(UUID batch, Writer text) throws IOException {
        Map<String, Sums> sums = new TreeMap<>(BatchResults::byNumber);
        items(batch, (number, evaluation, item) -> {
            if (item.card() != null) {
                counts(item.card()).keySet().forEach(label -> sums.computeIfAbsent(label, key -> new Sums()));
            }
        });
        items(batch, (number, evaluation, item) -> {
            if (item.card() != null) {
                Map<String, Counts> counts = counts(item.card());
                sums.forEach((label, sum) -> sum.add(counts.getOrDefault(label, Counts.nothing(counts))));
            }
        });
        Sums foreground = new Sums();
        foreground.asMeanOf(sums.values());
        text.write("{\n    \"foreground_mean\": ");
        text.write(foreground.text("    "));
        text.write(",\n    \"mean\": {");
        String separator = "\n";
        for (Map.Entry<String, Sums> label : sums.entrySet()) {
            text.write(separator + "        " + json.writeValueAsString(label.getKey()) + ": "
                    + label.getValue().text("        "));
            separator = ",\n";
        }
        text.write((sums.isEmpty() ? "" : "\n    ") + "},\n    \"metric_per_case\": [");
        String[] before = {"\n"};
        items(batch, (number, evaluation, item) -> {
            if (item.card() == null) {
                return;
            }
            Map<String, Counts> counts = counts(item.card());
            text.write(before[0] + "        {\n            \"metrics\": {");
            before[0] = ",\n";
            String comma = "\n";
            for (String label : sums.keySet()) {
                text.write(comma + "                " + json.writeValueAsString(label) + ": "
                        + counts.getOrDefault(label, Counts.nothing(counts)).text("                "));
                comma = ",\n";
            }
            text.write(
                    "\n            },\n            \"prediction_file\": " + json.writeValueAsString(item.prediction())
                            + ",\n            \"reference_file\": " + json.writeValueAsString(item.reference())
                            + "\n        }");
        });
        text.write((before[0].equals("\n") ? "" : "\n    ") + "]\n}\n");
    }

    private static int byNumber(String a, String b) {
        boolean numbers = a.matches("\\d{1,9}") && b.matches("\\d{1,9}");
        return numbers ? Integer.compare(Integer.parseInt(a), Integer.parseInt(b)) : a.compareTo(b);
    }

    /** Voxels of one label in one case. */
    private record Counts(double tp, double fp, double fn, double tn) {

        /** Neither side has a voxel of it. */
        static Counts nothing(Map<String, Counts> others) {
            return others.values().stream()
                    .findFirst()
                    .map(one -> new Counts(0, 0, 0, one.tp + one.fp + one.fn + one.tn))
                    .orElse(new Counts(0, 0, 0, 0));
        }

        double dice() {
            return tp + fp + fn == 0 ? Double.NaN : 2 * tp / (2 * tp + fp + fn);
        }

        double iou() {
            return tp + fp + fn == 0 ? Double.NaN : tp / (tp + fp + fn);
        }

        String text(String indent) {
            return object(
                    indent,
                    real(dice()),
                    CsvLine.number(fn),
                    CsvLine.number(fp),
                    real(iou()),
                    CsvLine.number(tn),
                    CsvLine.number(tp),
                    CsvLine.number(tp + fp),
                    CsvLine.number(tp + fn));
        }
    }

    private static String object(String indent, String... values) {
        String[] names = {"Dice", "FN", "FP", "IoU", "TN", "TP", "n_pred", "n_ref"};
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < names.length; i++) {
            text.append(i == 0 ? "\n" : ",\n")
                    .append(indent)
                    .append("    \"")
                    .append(names[i])
                    .append("\": ")
                    .append(values[i]);
        }
        return text.append('\n').append(indent).append('}').toString();
    }

    private static String real(double value) {
        return Double.isNaN(value) ? "NaN" : Double.toString(value);
    }

    /** Means of the eight numbers; those that are no number are left out. */
    private static final class Sums {
        private final double[] sum = new double[8];
        private final long[] n = new long[8];

        void add(Counts counts) {
            add(new double[] {
                counts.dice(),
                counts.fn,
                counts.fp,
                counts.iou(),
                counts.tn,
                counts.tp,
                counts.tp + counts.fp,
                counts.tp + counts.fn
            });
        }

        private void add(double[] values) {
            for (int i = 0; i < values.length; i++) {
                if (!Double.isNaN(values[i])) {
                    sum[i] += values[i];
                    n[i]++;
                }
            }
        }

        /** The mean of means, which is no number if one of them is none. */
        void asMeanOf(java.util.Collection<Sums> labels) {
            for (int i = 0; i < sum.length; i++) {
                for (Sums label : labels) {
                    sum[i] += label.mean(i);
                    n[i]++;
                }
            }
        }

        private double mean(int i) {
            return n[i] == 0 ? Double.NaN : sum[i] / n[i];
        }

        String text(String indent) {
            String[] values = new String[sum.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = real(mean(i));
            }
            return object(indent, values);
        }
    }

    /** The counts of each segment by its number. */
    private static Map<String, Counts> counts(JsonNode card) {
        Map<String, Counts> counts = new TreeMap<>(BatchResults::byNumber);
        for (JsonNode segment : card.path("segments")) {
            JsonNode metrics = segment.path("metrics");
            if (metrics.path("tp").path("value").isNumber()) {
                counts.put(
                        segment.path("segment").path("number").asString(""),
                        new Counts(
                                value(metrics, "tp"),
                                value(metrics, "fp"),
                                value(metrics, "fn"),
                                value(metrics, "tn")));
            }
        }
        return counts;
    }

    private static double value(JsonNode metrics, String name) {
        return metrics.path(name).path("value").asDouble(0);
    }

    /**
     * A {@code metrics.json} as the evaluation methods of grand-challenge.org write it: {@code results}, one for each case, and
     * {@code aggregates}, of which a leaderboard names one by its path, for example {@code aggregates.dice.mean}. The value of a case is
     * the mean over the segments that have one; {@code structures} has the same for each structure. The statistics are those of
     * evalutils (pandas' {@code describe}: sample standard deviation, linearly interpolated quartiles).
     */
    private void grandChallenge(UUID batch, Writer text) throws IOException {
        ObjectNode aggregates = json.createObjectNode();
        source.ofCases(batch, (structure, column, statistics) -> aggregates.set(column, statistics));
        ObjectNode structures = json.createObjectNode();
        source.ofStructures(
                batch,
                (structure, column, statistics) -> (structures.get(structure) instanceof ObjectNode there
                                ? there
                                : structures.putObject(structure))
                        .set(column, statistics));
        text.write("{\"aggregates\":");
        text.write(json.writeValueAsString(aggregates));
        text.write(",\"structures\":");
        text.write(json.writeValueAsString(structures));
        text.write(",\"results\":[");
        String[] before = {"\n"};
        items(batch, (number, evaluation, item) -> {
            text.write(before[0]);
            before[0] = ",\n";
            text.write(json.writeValueAsString(result(item)));
        });
        text.write("\n]}\n");
    }

    private static Map<String, Object> result(ResultItem item) {
        Map<String, Object> result = new LinkedHashMap<>();
        put(result, "case", item.description().caseId());
        put(result, "model", item.description().modelName());
        put(result, "version", item.description().modelVersion());
        result.put("state", item.state());
        put(result, "reason", item.reason().isEmpty() ? null : item.reason());
        if (item.card() != null) {
            Map<String, double[]> means = new LinkedHashMap<>();
            for (CardValue value : CardValue.of(item.card())) {
                if (value.segment().equals(CardValue.ALL)) {
                    continue;
                }
                double[] mean = means.computeIfAbsent(value.column(), column -> new double[2]);
                if (value.value() != null) {
                    mean[0] += value.value();
                    mean[1]++;
                }
            }
            Map<String, Object> metrics = new LinkedHashMap<>();
            means.forEach((column, mean) -> metrics.put(column, mean[1] == 0 ? null : mean[0] / mean[1]));
            result.put("metrics", metrics);
        }
        return result;
    }
}
