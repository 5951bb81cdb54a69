package org.segmeter.web;

import java.util.List;
import org.segmeter.analytics.GateRun;

/** The verdict of a gate as build servers show it: JUnit's XML, and Markdown. */
final class GateReport {

    private GateReport() {}

    static String junit(GateRun run) {
        List<GateRun.Check> checks = run.checks() == null ? List.of() : run.checks();
        StringBuilder out = new StringBuilder(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"")
                .append(xml("gate " + run.gate()))
                .append("\" tests=\"")
                .append(checks.size())
                .append("\" failures=\"")
                .append(run.violations().size())
                .append("\" errors=\"0\" skipped=\"0\" timestamp=\"")
                .append(run.createdAt().toString().replaceAll("\\..*|Z$", ""))
                .append("\">\n");
        for (GateRun.Check check : checks) {
            out.append("    <testcase classname=\"")
                    .append(xml("gate." + run.gate()))
                    .append("\" name=\"")
                    .append(xml(name(check)));
            if (check.passed()) {
                out.append("\"/>\n");
            } else {
                out.append("\">\n      <failure type=\"violation\" message=\"")
                        .append(xml(check.detail()))
                        .append("\"/>\n    </testcase>\n");
            }
        }
        return out.append("  </testsuite>\n</testsuites>\n").toString();
    }

    static String markdown(GateRun run) {
        List<GateRun.Check> checks = run.checks() == null ? List.of() : run.checks();
        StringBuilder out = new StringBuilder("# Gate ")
                .append(markdown(run.gate()))
                .append(": ")
                .append(run.verdict())
                .append("\n\n")
                .append(checks.size() - run.violations().size())
                .append(" of ")
                .append(checks.size())
                .append(" checks hold.\n\n| | rule | structure | cases | finding |\n|---|---|---|---|---|\n");
        for (GateRun.Check check : checks) {
            out.append("| ")
                    .append(check.passed() ? "pass" : "**FAIL**")
                    .append(" | ")
                    .append(markdown(check.rule()))
                    .append(" | ")
                    .append(markdown(check.structure() == null ? "" : check.structure()))
                    .append(" | ")
                    .append(check.n())
                    .append(" | ")
                    .append(markdown(check.detail()))
                    .append(" |\n");
        }
        return out.toString();
    }

    private static String name(GateRun.Check check) {
        return check.rule()
                + (check.structure() == null ? "" : " [" + check.structure() + "]")
                + (check.parameters() == null ? "" : " " + check.parameters());
    }

    private static String xml(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                default -> {
                    // What XML 1.0 cannot say at all.
                    boolean allowed = c >= 0x20 && c != 0xFFFE && c != 0xFFFF && (c < 0xD800 || c > 0xDFFF);
                    out.appendCodePoint(allowed ? c : '?');
                }
            }
        });
        return out.toString();
    }

    private static String markdown(String text) {
        return text.replaceAll("([\\\\`*_\\[\\]<>|#])", "\\\\$1").replaceAll("\\s+", " ");
    }
}
