package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;

/** What the alerts and the dashboard ask Prometheus for, held to what the service really says of itself. */
final class Monitoring {

    private static final Path FILES = Path.of("helm/segmeter/files");

    /** A name of a metric of the service or of its libraries; those with a colon are made by rules. */
    private static final Pattern NAME =
            Pattern.compile("(?<![\\w:])(?:segmeter|hikaricp|jvm|process|ssl)_[a-z0-9_]+(?![\\w:])");

    private static final Pattern SELECTOR = Pattern.compile("([a-z_]\\w*)\\{([^}]*)}");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)(=~|!~|!=|=)\"([^\"]*)\"");
    private static final Pattern GROUPED = Pattern.compile("\\bby \\(([^)]*)\\)");
    private static final Pattern LEGEND = Pattern.compile("\\{\\{\\s*(\\w+)\\s*}}");

    /** Labels that Prometheus puts on, or a function makes. */
    private static final Set<String> OF_PROMETHEUS = Set.of("namespace", "job", "instance", "le", "__name__");

    private final List<String> series;

    /** @param page as {@code /actuator/prometheus} answers it */
    Monitoring(String page) {
        series = page.lines().filter(line -> !line.startsWith("#")).toList();
    }

    /** A query of a panel. */
    record Query(String panel, String expression, String legend) {}

    static List<Query> panels() throws IOException {
        List<Query> queries = new ArrayList<>();
        for (JsonNode panel : Api.JSON
                .readTree(Files.readString(FILES.resolve("segmeter-dashboard.json")))
                .path("panels")) {
            for (JsonNode target : panel.path("targets")) {
                queries.add(new Query(
                        panel.path("title").asString(),
                        target.path("expr").asString().replaceAll("\\$(namespace|job)", ".*"),
                        target.path("legendFormat").asString()));
            }
        }
        return queries;
    }

    static List<Query> rules() throws IOException {
        Map<String, List<Map<String, List<Map<String, String>>>>> file = new Yaml(
                        new SafeConstructor(new LoaderOptions()))
                .load(Files.readString(FILES.resolve("segmeter.rules.yml")));
        List<Query> queries = new ArrayList<>();
        file.get("groups")
                .forEach(group -> group.get("rules")
                        .forEach(rule -> queries.add(new Query(
                                rule.getOrDefault("alert", rule.getOrDefault("record", "")), rule.get("expr"), ""))));
        return queries;
    }

    /** What a query asks for and no series of the page has: a name, a label, or a value that must be there before it is counted. */
    Set<String> missing(Query query) {
        Set<String> missing = new TreeSet<>();
        List<String> names = NAME.matcher(query.expression())
                .results()
                .map(found -> found.group())
                .distinct()
                .toList();
        for (String name : names) {
            if (of(name).isEmpty()) {
                missing.add(name);
            }
        }
        Matcher selectors = SELECTOR.matcher(query.expression());
        while (selectors.find()) {
            if (names.contains(selectors.group(1))) {
                labels(selectors.group(1), selectors.group(2), missing);
            }
        }
        Set<String> grouped = new TreeSet<>();
        GROUPED.matcher(query.expression())
                .results()
                .forEach(by -> grouped.addAll(List.of(by.group(1).split("\\s*,\\s*"))));
        LEGEND.matcher(query.legend()).results().forEach(label -> grouped.add(label.group(1)));
        grouped.removeAll(OF_PROMETHEUS);
        for (String label : grouped) {
            if (names.stream().flatMap(name -> of(name).stream()).noneMatch(line -> line.contains(label + "=\""))) {
                missing.add("by " + label + " of " + names);
            }
        }
        return missing;
    }

    private void labels(String name, String matchers, Set<String> missing) {
        Matcher matcher = MATCHER.matcher(matchers);
        while (matcher.find()) {
            String label = matcher.group(1);
            if (OF_PROMETHEUS.contains(label)) {
                continue;
            }
            String value = matcher.group(3);
            boolean words = value.matches("[a-z_]+(\\|[a-z_]+)*");
            for (String wanted :
                    matcher.group(2).startsWith("=") && words ? value.split("\\|", -1) : new String[] {""}) {
                String found = wanted.isEmpty() ? label + "=\"" : label + "=\"" + wanted + "\"";
                if (of(name).stream().noneMatch(line -> line.contains(found))) {
                    missing.add(name + "{" + found + "}");
                }
            }
        }
    }

    private List<String> of(String name) {
        return series.stream()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .toList();
    }

    /**
     * Has Prometheus' own tool answer the queries of all panels over twenty minutes in which every counter of the page goes on counting.
     *
     * @return its objections, which name the queries without a number; empty if there are none, or it is not installed
     */
    static String emptyPanels(String page, Path directory) throws IOException, InterruptedException {
        List<Map<String, String>> input = new ArrayList<>();
        input.add(Map.of("series", "up{job=\"segmeter\",instance=\"a:8080\"}", "values", "1x40"));
        for (String line : new Monitoring(page).series) {
            int space = line.lastIndexOf(' ');
            String name = line.substring(0, space);
            String value = line.substring(space + 1);
            if (value.equals("NaN") || value.endsWith("Inf")) {
                continue;
            }
            String metric = name.replaceFirst("\\{.*", "");
            boolean counts = metric.matches(".*_(total|count|sum|bucket)");
            input.add(Map.of(
                    "series",
                    metric + "{job=\"segmeter\",instance=\"a:8080\""
                            + (name.equals(metric) ? "}" : "," + name.substring(metric.length() + 1)),
                    "values",
                    new BigDecimal(value).toPlainString() + (counts ? "+1x40" : "x40")));
        }
        List<Map<String, Object>> tests = new ArrayList<>();
        for (Query query : panels()) {
            Map<String, Object> test = new LinkedHashMap<>();
            // Equal to itself is what is no NaN.
            test.put("expr", "count((%1$s) == (%1$s)) > bool 0".formatted(query.expression()));
            test.put("eval_time", "20m");
            test.put("exp_samples", List.of(Map.of("labels", "{}", "value", 1)));
            tests.add(test);
        }
        Path file = Files.writeString(
                directory.resolve("panels.yml"),
                Api.JSON.writeValueAsString(Map.of(
                        "evaluation_interval",
                        "30s",
                        "tests",
                        List.of(Map.of("interval", "30s", "input_series", input, "promql_expr_test", tests)))));
        Process promtool;
        try {
            promtool = new ProcessBuilder("promtool", "test", "rules", file.toString())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            System.out.println("NOT RUN: promtool is not installed, so no panel was asked for");
            return "";
        }
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return promtool.exitValue() == 0 ? "" : said;
    }
}
