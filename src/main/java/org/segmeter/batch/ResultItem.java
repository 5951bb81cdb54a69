package org.segmeter.batch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import tools.jackson.databind.JsonNode;

/**
 * One pair of a batch with what came of it, for a table.
 *
 * @param prediction the name of its file, as it was given
 * @param reference the name of its file, as it was given
 * @param state of the pair, for example SUCCEEDED
 * @param reason why there is no scorecard; empty if there is one
 * @param card the scorecard; null if there is none
 */
public record ResultItem(
        Description description,
        String prediction,
        String reference,
        String state,
        String reason,
        @Nullable JsonNode card) {

    /** Columns of the tidy table: a line for every value. */
    public static final List<String> TIDY = List.of(
            "case",
            "model",
            "version",
            "site",
            "scanner",
            "reader",
            "labels",
            "prediction",
            "reference",
            "protocol",
            "segment",
            "label",
            "metric",
            "parameters",
            "value",
            "unit",
            "state",
            "reason");

    /** Columns before those of the metrics of the wide table: a line for every segment. */
    static final List<String> WIDE = List.of(
            "case",
            "model",
            "version",
            "site",
            "scanner",
            "reader",
            "labels",
            "prediction",
            "reference",
            "protocol",
            "segment",
            "label",
            "state",
            "reason");

    /** What every line of the pair begins with, up to and with {@code reference}. */
    public List<String> about() {
        Map<String, String> others = new TreeMap<>(description.labels());
        String scanner = others.remove("scanner");
        String reader = others.remove("reader");
        List<String> labels = new ArrayList<>();
        others.forEach((name, value) -> labels.add(name + "=" + value));
        List<String> cells = new ArrayList<>();
        for (String text : new String[] {
            description.caseId(),
            description.modelName(),
            description.modelVersion(),
            description.site(),
            scanner,
            reader,
            String.join(";", labels),
            prediction,
            reference
        }) {
            cells.add(CsvLine.harmless(text));
        }
        return cells;
    }

    private String protocol() {
        return card == null ? "" : card.path("protocol").path("id").asString("");
    }

    /** Its lines of the tidy table; one without a value if there is no scorecard. */
    public String tidy() {
        List<String> about = about();
        StringBuilder lines = new StringBuilder();
        if (card == null) {
            lines.append(line(about, "", "", "", "", "", "", "", state, CsvLine.harmless(reason)));
            return lines.toString();
        }
        for (CardValue value : CardValue.of(card)) {
            lines.append(line(
                    about,
                    protocol(),
                    value.segment(),
                    CsvLine.harmless(value.label()),
                    value.metric(),
                    value.parameters(),
                    CsvLine.number(value.value()),
                    value.unit(),
                    value.state(),
                    CsvLine.harmless(value.reason())));
        }
        return lines.toString();
    }

    /** Its lines of the wide table, with these metrics as the last columns. */
    String wide(List<String> metrics) {
        List<String> about = about();
        if (card == null) {
            List<String> cells = new ArrayList<>(about);
            cells.addAll(List.of("", "", "", state, CsvLine.harmless(reason)));
            metrics.forEach(metric -> cells.add(""));
            return CsvLine.of(cells);
        }
        Map<List<String>, Map<String, String>> segments = new LinkedHashMap<>();
        for (CardValue value : CardValue.of(card)) {
            segments.computeIfAbsent(List.of(value.segment(), value.label()), key -> new LinkedHashMap<>())
                    .putIfAbsent(value.column(), CsvLine.number(value.value()));
        }
        StringBuilder lines = new StringBuilder();
        segments.forEach((segment, values) -> {
            List<String> cells = new ArrayList<>(about);
            cells.addAll(List.of(protocol(), segment.get(0), CsvLine.harmless(segment.get(1)), state, ""));
            metrics.forEach(metric -> cells.add(values.getOrDefault(metric, "")));
            lines.append(CsvLine.of(cells));
        });
        return lines.toString();
    }

    private static String line(List<String> about, String... rest) {
        List<String> cells = new ArrayList<>(about);
        cells.addAll(List.of(rest));
        return CsvLine.of(cells);
    }
}
