package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.ResultFilter;
import org.segmeter.analytics.ResultRow;
import org.segmeter.analytics.Results;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.scoring.JsonDocument;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.UriComponentsBuilder;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /api/v1/results}: every value as a row; JSON in pages, CSV and JSON lines whole. */
@RestController
@RequestMapping("/api/v1/results")
final class ResultController {

    private static final int DEFAULT_LIMIT = 200;
    private static final int MOST_LISTED = 5000;
    private static final String CSV = "text/csv";
    private static final String LINES = "application/jsonl";
    private static final Pattern QUOTED = Pattern.compile("[\",\r\n]");
    /** A spreadsheet would take a text that begins so for a formula. */
    private static final Pattern FORMULA = Pattern.compile("^[=+@\t\r-].*", Pattern.DOTALL);

    private final Results results;
    private final JsonMapper json;

    ResultController(Results results, JsonMapper json) {
        this.results = results;
        this.json = json;
    }

    @GetMapping
    void list(HttpServletRequest http, HttpServletResponse answer) throws IOException {
        AnalyticsParameters parameters = AnalyticsParameters.of(http, "limit", "cursor", "format");
        ResultFilter filter = parameters.filter();
        String format = format(http, parameters.text("format"));
        if (format.equals("json")) {
            page(http, answer, parameters, filter);
            return;
        }
        if (http.getParameter("cursor") != null || http.getParameter("limit") != null) {
            throw AnalyticsParameters.invalid("format", "gives all rows; limit and cursor are for json");
        }
        boolean csv = format.equals("csv");
        answer.setContentType(csv ? CSV + ";charset=UTF-8" : LINES);
        answer.setHeader(HttpHeaders.CACHE_CONTROL, "private, no-cache");
        if (csv) {
            answer.setHeader(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"results.csv\"");
        }
        AnswerCut.orWhole(answer, bytes -> {
            Writer out = new BufferedWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8), 1 << 16);
            if (csv) {
                out.write(
                        "evaluation,submitted,case,model,version,site,scanner,reader,structure,segment,metric,parameters,value,unit,state,protocol\r\n");
            }
            results.all(filter, row -> {
                try {
                    out.write(csv ? line(row) : json.writeValueAsString(node(row)) + "\n");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            out.flush();
        });
    }

    private void page(
            HttpServletRequest http, HttpServletResponse answer, AnalyticsParameters parameters, ResultFilter filter)
            throws IOException {
        int limit = parameters.integer("limit", DEFAULT_LIMIT, 1, MOST_LISTED);
        Results.Page page;
        try {
            page = results.page(filter, http.getParameter("cursor"), limit);
        } catch (InvalidQuery e) {
            throw new ProblemException(
                    ServiceProblem.INVALID_CURSOR, "The parameter 'cursor' was not made by this service.");
        }
        ObjectNode body = json.createObjectNode();
        ArrayNode list = body.putArray("results");
        page.rows().forEach(row -> list.add(node(row)));
        if (page.next() != null) {
            body.put("nextCursor", page.next());
            answer.setHeader(HttpHeaders.LINK, "<" + next(http, page.next()) + ">; rel=\"next\"");
        }
        answer.setContentType(MediaType.APPLICATION_JSON_VALUE);
        answer.setHeader(HttpHeaders.CACHE_CONTROL, "private, no-cache");
        answer.getOutputStream().write(json.writeValueAsBytes(body));
    }

    /** The same address with another cursor. */
    static String next(HttpServletRequest http, String cursor) {
        UriComponentsBuilder next = UriComponentsBuilder.fromPath(http.getRequestURI());
        List<String> values = new java.util.ArrayList<>();
        for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
            if (!parameter.getKey().equals("cursor")) {
                next.queryParam(parameter.getKey(), "{" + parameter.getKey() + "}");
                values.add(parameter.getValue()[0]);
            }
        }
        next.queryParam("cursor", cursor);
        return next.encode().buildAndExpand(values.toArray()).toUriString();
    }

    /** By the parameter, else by what the client accepts. */
    private static String format(HttpServletRequest http, @Nullable String asked) {
        if (asked == null) {
            String accept = http.getHeader(HttpHeaders.ACCEPT);
            return accept == null ? "json" : accept.contains(CSV) ? "csv" : accept.contains(LINES) ? "jsonl" : "json";
        }
        if (!List.of("json", "csv", "jsonl").contains(asked)) {
            throw AnalyticsParameters.invalid("format", "is json, csv or jsonl");
        }
        return asked;
    }

    private ObjectNode node(ResultRow row) {
        ObjectNode node = json.createObjectNode();
        node.put("evaluation", row.evaluation().toString());
        node.put("submitted", row.at().toString());
        put(node, "case", row.caseId());
        put(node, "model", row.model());
        put(node, "version", row.version());
        put(node, "site", row.site());
        put(node, "scanner", row.scanner());
        put(node, "reader", row.reader());
        put(node, "structure", row.structure());
        if (row.segment() != null) {
            node.put("segment", row.segment());
        }
        node.put("metric", row.metric());
        if (!row.parameters().equals("{}")) {
            node.set("parameters", JsonDocument.read(row.parameters()));
        }
        node.put("value", row.value());
        node.put("unit", row.unit());
        node.put("state", row.state());
        put(node, "protocol", row.protocol());
        return node;
    }

    private static void put(ObjectNode node, String name, @Nullable String value) {
        if (value != null) {
            node.put(name, value);
        }
    }

    private static String line(ResultRow row) {
        return String.join(
                        ",",
                        row.evaluation().toString(),
                        row.at().toString(),
                        field(row.caseId()),
                        field(row.model()),
                        field(row.version()),
                        field(row.site()),
                        field(row.scanner()),
                        field(row.reader()),
                        field(row.structure()),
                        row.segment() == null ? "" : row.segment().toString(),
                        field(row.metric()),
                        row.parameters().equals("{}") ? "" : field(row.parameters()),
                        row.value() == null ? "" : row.value().toString(),
                        field(row.unit()),
                        field(row.state()),
                        field(row.protocol()))
                + "\r\n";
    }

    /** A field of RFC 4180. */
    static String field(@Nullable String text) {
        if (text == null) {
            return "";
        }
        String safe = FORMULA.matcher(text).matches() ? "'" + text : text;
        return QUOTED.matcher(safe).find() ? "\"" + safe.replace("\"", "\"\"") + "\"" : safe;
    }
}
