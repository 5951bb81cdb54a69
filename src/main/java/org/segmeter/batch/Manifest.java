package org.segmeter.batch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.volume.InputException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A list of pairs, as CSV (RFC 4180 with a header line, UTF-8) or as JSON, one object a line. Columns or members: {@code prediction} and
 * {@code reference} (needed; several files of a side are separated by {@code |}, or are a JSON list), {@code case}, {@code model},
 * {@code version}, {@code site}, {@code mask} (files of a segmentation that says which voxels are scored), {@code scanner}, {@code reader}, {@code labels} ({@code name=value;name=value}, or a JSON object) and
 * {@code label.NAME}. Scanner and reader become labels of these names. Anything else is refused, so that a typing error is not
 * taken for nothing.
 */
public final class Manifest {

    private static final int MOST_FAULTS = 20;
    private static final int LONGEST_LINE = 1 << 20;
    private static final int MOST_FILES = 4096;
    private static final int LONGEST_NAME = 4096;
    private static final String LABEL = "label.";
    private static final Set<String> COLUMNS = Set.of(
            "case", "prediction", "reference", "mask", "model", "version", "site", "scanner", "reader", "labels");
    private static final Set<String> PLAIN_LABELS = Set.of("scanner", "reader");

    private final int most;
    private final Description defaults;
    private final List<Entry> entries = new ArrayList<>();
    private final List<InvalidManifest.Fault> faults = new ArrayList<>();

    private Manifest(int most, Description defaults) {
        this.most = most;
        this.defaults = defaults;
    }

    /** How it is written. */
    public enum Format {
        CSV,
        JSONL
    }

    /**
     * One pair.
     *
     * @param line where it stands, from 1
     * @param description what it belongs to
     * @param prediction names of at least one file
     * @param reference names of at least one file
     * @param mask names of the files of a mask; empty to score all voxels
     */
    public record Entry(
            long line, Description description, List<String> prediction, List<String> reference, List<String> mask) {
        public Entry {
            prediction = List.copyOf(prediction);
            reference = List.copyOf(reference);
            mask = List.copyOf(mask);
        }
    }

    /**
     * Reads a manifest.
     *
     * @param most pairs that are accepted
     * @param defaults what holds for a pair that does not say it
     * @throws InvalidManifest with the lines that cannot be used, or if there is no pair
     * @throws IOException if the source fails
     */
    public static List<Entry> read(InputStream source, Format format, int most, Description defaults)
            throws InvalidManifest, IOException {
        Manifest manifest = new Manifest(most, defaults);
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                source,
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)))) {
            reader.mark(1);
            if (reader.read() != 0xFEFF) { // the mark that some programs put before UTF-8
                reader.reset();
            }
            switch (format) {
                case CSV -> manifest.csv(reader);
                case JSONL -> manifest.lines(reader);
            }
        } catch (CharacterCodingException e) {
            manifest.fault(1, "", "The manifest is not UTF-8.");
        } catch (UncheckedIOException e) {
            if (!(e.getCause() instanceof CharacterCodingException)) {
                throw e.getCause();
            }
            manifest.fault(1, "", "The manifest is not UTF-8.");
        }
        if (manifest.faults.isEmpty() && manifest.entries.isEmpty()) {
            manifest.fault(1, "", "The manifest has no pair.");
        }
        if (!manifest.faults.isEmpty()) {
            boolean more = manifest.faults.size() > MOST_FAULTS;
            throw new InvalidManifest(more ? manifest.faults.subList(0, MOST_FAULTS) : manifest.faults, more);
        }
        return manifest.entries;
    }

    private void csv(BufferedReader reader) throws IOException {
        CSVFormat format = CSVFormat.RFC4180
                .builder()
                .setIgnoreSurroundingSpaces(true)
                .setIgnoreEmptyLines(true)
                .get();
        long line = 1;
        try (CSVParser parser =
                CSVParser.builder().setReader(reader).setFormat(format).get()) {
            List<String> columns = null;
            for (CSVRecord record : parser) {
                if (columns == null) {
                    columns = columns(record);
                    if (columns.isEmpty()) {
                        return;
                    }
                } else if (record.size() != columns.size()) {
                    fault(
                            line,
                            "",
                            "The line has %d cells; the header has %d columns."
                                    .formatted(record.size(), columns.size()));
                } else {
                    Map<String, String> cells = new LinkedHashMap<>();
                    for (int i = 0; i < columns.size(); i++) {
                        cells.put(columns.get(i), record.get(i));
                    }
                    pair(line, cells);
                }
                if (isEnough(line)) {
                    return;
                }
                line = parser.getCurrentLineNumber() + 1;
            }
        } catch (CSVException e) {
            fault(line, "", "The line is no CSV: a quote is not where it may be.");
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof CharacterCodingException coding) {
                throw coding;
            }
            if (!(e.getCause() instanceof CSVException)) {
                throw e;
            }
            fault(line, "", "The line is no CSV: a quote is not where it may be.");
        }
    }

    /** The columns by their names in this class; empty if they cannot be used. */
    private List<String> columns(CSVRecord header) {
        List<String> columns = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        int before = faults.size();
        for (String name : header) {
            String column = name.strip();
            if (!column.startsWith(LABEL)) {
                column = column.toLowerCase(Locale.ROOT);
            }
            if (!isKnown(column)) {
                fault(
                        1,
                        shown(name),
                        "The column is not known; there are case, prediction, reference, mask, model, version,"
                                + " site, scanner, reader, labels and label.NAME.");
            } else if (!seen.add(column)) {
                fault(1, shown(column), "The column is there twice.");
            }
            columns.add(column);
        }
        for (String needed : List.of("prediction", "reference")) {
            if (!seen.contains(needed)) {
                fault(1, needed, "The column is missing; the first line names the columns, separated by commas.");
            }
        }
        return faults.size() == before ? columns : List.of();
    }

    private static boolean isKnown(String column) {
        return COLUMNS.contains(column) || column.startsWith(LABEL) && column.length() > LABEL.length();
    }

    private void pair(long line, Map<String, String> cells) {
        ObjectNode request = JsonNodeFactory.instance.objectNode();
        put(request, "caseId", cells.get("case"));
        ObjectNode model = JsonNodeFactory.instance.objectNode();
        put(model, "name", cells.get("model"));
        put(model, "version", cells.get("version"));
        put(request, "site", cells.get("site"));
        ObjectNode labels = JsonNodeFactory.instance.objectNode();
        String list = cells.getOrDefault("labels", "");
        for (String label : list.isBlank() ? new String[0] : list.split(";", -1)) {
            int at = label.indexOf('=');
            if (at < 1) {
                fault(line, "labels", "A label is name=value; several are separated by semicolons.");
                return;
            }
            put(labels, label.substring(0, at).strip(), label.substring(at + 1));
        }
        cells.forEach((column, value) -> {
            if (column.startsWith(LABEL)) {
                put(labels, column.substring(LABEL.length()), value);
            } else if (PLAIN_LABELS.contains(column)) {
                put(labels, column, value);
            }
        });
        complete(
                line,
                request,
                model,
                labels,
                files(line, "prediction", split(cells.get("prediction"))),
                files(line, "reference", split(cells.get("reference"))),
                cells.getOrDefault("mask", "").isBlank() ? List.of() : files(line, "mask", split(cells.get("mask"))));
    }

    private void lines(BufferedReader reader) throws IOException {
        long number = 0;
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            if (line.length() > LONGEST_LINE) {
                fault(number, "", "The line is longer than %d characters.".formatted(LONGEST_LINE));
            } else {
                object(number, line);
            }
            if (isEnough(number)) {
                return;
            }
        }
    }

    private void object(long line, String text) {
        JsonNode node;
        try {
            node = JsonDocument.read(text);
        } catch (JacksonException e) {
            fault(line, "", "The line is no JSON.");
            return;
        }
        if (!node.isObject()) {
            fault(line, "", "The line is no JSON object.");
            return;
        }
        ObjectNode request = JsonNodeFactory.instance.objectNode();
        ObjectNode model = JsonNodeFactory.instance.objectNode();
        ObjectNode labels = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            String name = member.getKey();
            JsonNode value = member.getValue();
            boolean isText = value.isString() || value.isNull();
            if (!isKnown(name)) {
                fault(
                        line,
                        shown(name),
                        "The member is not known; there are case, prediction, reference, mask, model, version,"
                                + " site, scanner, reader, labels and label.NAME.");
                return;
            }
            if (name.equals("model") && value.isObject()) {
                value.properties().forEach(part -> model.set(part.getKey(), part.getValue()));
            } else if (name.equals("labels") && value.isObject()) {
                value.properties().forEach(label -> labels.set(label.getKey(), label.getValue()));
            } else if (Set.of("prediction", "reference", "mask").contains(name)) {
                // read below
            } else if (!isText || name.equals("labels")) {
                fault(line, name, "The member is no text.");
                return;
            } else if (value.isString()) {
                switch (name) {
                    case "case" -> request.set("caseId", value);
                    case "model" -> model.set("name", value);
                    case "version" -> model.set("version", value);
                    case "site" -> request.set("site", value);
                    default -> labels.set(name.startsWith(LABEL) ? name.substring(LABEL.length()) : name, value);
                }
            }
        }
        complete(
                line,
                request,
                model,
                labels,
                files(line, "prediction", texts(node.get("prediction"))),
                files(line, "reference", texts(node.get("reference"))),
                node.path("mask").isMissingNode() || node.path("mask").isNull()
                        ? List.of()
                        : files(line, "mask", texts(node.get("mask"))));
    }

    private static @Nullable List<String> texts(@Nullable JsonNode node) {
        if (node == null) {
            return null;
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode one : node.isArray() ? node : List.of(node)) {
            texts.add(one.isString() ? one.stringValue() : "");
        }
        return texts;
    }

    private static @Nullable List<String> split(@Nullable String cell) {
        return cell == null ? null : Arrays.asList(cell.split("\\|", -1));
    }

    private @Nullable List<String> files(long line, String column, @Nullable List<String> names) {
        if (names == null || names.isEmpty() || names.size() > MOST_FILES) {
            fault(line, column, "There is no file, or more than %d.".formatted(MOST_FILES));
            return null;
        }
        List<String> files = names.stream().map(String::strip).toList();
        for (String file : files) {
            if (file.isEmpty() || file.length() > LONGEST_NAME || file.chars().anyMatch(Character::isISOControl)) {
                fault(line, column, "The name of a file is missing or cannot be used.");
                return null;
            }
        }
        return files;
    }

    private void complete(
            long line,
            ObjectNode request,
            ObjectNode model,
            ObjectNode labels,
            @Nullable List<String> prediction,
            @Nullable List<String> reference,
            @Nullable List<String> mask) {
        if (prediction == null || reference == null || mask == null) {
            return;
        }
        if (model.has("version") && !model.has("name") && defaults.modelName() != null) {
            model.put("name", defaults.modelName());
        }
        if (!model.isEmpty()) {
            request.set("model", model);
        }
        if (!labels.isEmpty()) {
            request.set("labels", labels);
        }
        try {
            entries.add(
                    new Entry(line, withDefaults(Description.parse(request), defaults), prediction, reference, mask));
        } catch (InputException e) {
            String member = e.getMessage() == null ? "" : e.getMessage();
            String column = member.contains("'caseId'")
                    ? "case"
                    : member.contains("'model.version'")
                            ? "version"
                            : member.contains("'model") ? "model" : member.contains("'site'") ? "site" : "labels";
            fault(line, column, "The value is not as it should be; expected is " + e.expected() + ".");
        }
    }

    /** What is said, and for what is not, what holds for all. */
    static Description withDefaults(Description said, Description defaults) {
        Map<String, String> labels = new LinkedHashMap<>(defaults.labels());
        labels.putAll(said.labels());
        String model = said.modelName();
        // The version of another model says nothing.
        boolean other = model != null && !model.equals(defaults.modelName());
        return new Description(
                said.caseId() == null ? defaults.caseId() : said.caseId(),
                model == null ? defaults.modelName() : model,
                said.modelVersion() != null || other ? said.modelVersion() : defaults.modelVersion(),
                said.site() == null ? defaults.site() : said.site(),
                labels);
    }

    private static void put(ObjectNode node, String name, @Nullable String cell) {
        if (cell != null && !cell.isBlank()) {
            node.put(name, cell.strip());
        }
    }

    private boolean isEnough(long line) {
        if (entries.size() > most) {
            faults.clear();
            fault(line, "", "The manifest has more than %d pairs.".formatted(most));
            return true;
        }
        return faults.size() > MOST_FAULTS;
    }

    private void fault(long line, String column, String message) {
        faults.add(new InvalidManifest.Fault(line, column, message));
    }

    /** A name that a sender chose, fit for an answer. */
    private static String shown(String name) {
        return name.matches("[A-Za-z0-9_. -]{1,40}") ? name : "?";
    }
}
