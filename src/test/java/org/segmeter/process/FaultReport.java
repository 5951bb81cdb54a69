package org.segmeter.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What long sets of faults did and found, added up over as many parts as it takes: each part is a line of JSON in {@code fault-runs.jsonl}
 * beside the page, with its build, seed, counts and verdict, and the sums between two marks of the page are written anew from all of them.
 */
final class FaultReport {

    static final String CRASHES = "crashes";
    static final String REPLICAS = "replicas";

    /** Kills at no named place. */
    static final String AT_RANDOM = "at random";

    static final String SLEEPS = "sleeps";
    static final String KILLS = "kills";
    static final String FENCED = "fenced";
    static final String RESTARTS = "restarts";

    /** Ready again: RELIABILITY asks for no longer than this. */
    private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(15);

    private static final String BEGIN = "<!-- Written by FaultReport from fault-runs.jsonl. -->";
    private static final String END = "<!-- The end of what FaultReport wrote. -->";

    /**
     * A part of a long set.
     *
     * @param kind {@link #CRASHES} or {@link #REPLICAS}
     * @param build the commit of the jar, abbreviated; "?" if the jar does not say
     * @param begun when, to the second, UTC
     * @param seed draws the same again
     * @param seconds that it took
     * @param processorSeconds of all processes together: services, databases and the tests that drive them
     * @param counts of what was done, by name; for crashes the phases, in each of which the process was ended by its failpoint
     * @param ends processes that were ended, of which one may have been in several phases at once; null in lines of the time before that: as
     *     many as the counts say
     * @param notHit phases that a service was to end in and did not
     * @param readyMillis how long each start took that followed a kill
     * @param verdict what the checkers found at the end of the part
     */
    record Part(
            String kind,
            String build,
            String begun,
            long seed,
            long seconds,
            double processorSeconds,
            Map<String, Integer> counts,
            @Nullable Integer ends,
            Map<String, Integer> notHit,
            List<Long> readyMillis,
            Ledger.Verdict verdict) {

        /** Phases that were hit and kills at random. */
        int kills() {
            return counts.values().stream().mapToInt(n -> n).sum();
        }

        int processes() {
            return ends == null ? kills() : ends;
        }
    }

    private final @Nullable Path page;
    private final List<Part> parts = new ArrayList<>();

    private FaultReport(@Nullable Path page) {
        this.page = page;
    }

    /** @param page null: the parts are added up, and nothing is written */
    static FaultReport of(@Nullable Path page) throws IOException {
        FaultReport report = new FaultReport(page);
        if (page != null && Files.exists(lines(page))) {
            report.parts.addAll(read(lines(page)));
        }
        return report;
    }

    /**
     * Adds the parts of other files and writes the sums.
     *
     * @param arguments the page; then files with lines of parts, as of runs elsewhere
     */
    public static void main(String[] arguments) throws IOException {
        FaultReport report = of(Path.of(arguments[0]));
        for (int i = 1; i < arguments.length; i++) {
            for (Part part : read(Path.of(arguments[i]))) {
                if (!report.parts.contains(part)) {
                    report.append(part);
                }
            }
        }
        report.write();
    }

    /** The commit that the jar under test was built from. */
    static String build() throws IOException {
        if (Files.isRegularFile(JarProcess.jar())) {
            try (JarFile jar = new JarFile(JarProcess.jar().toFile())) {
                var entry = jar.getEntry("BOOT-INF/classes/git.properties");
                if (entry != null) {
                    Properties properties = new Properties();
                    properties.load(jar.getInputStream(entry));
                    return properties.getProperty("git.commit.id.abbrev", "?");
                }
            }
        }
        return "?";
    }

    /** How often something was done in all parts of a kind. */
    int count(String kind, String what) {
        return of(kind).stream()
                .mapToInt(part -> part.counts().getOrDefault(what, 0))
                .sum();
    }

    /** Evaluations that were acknowledged in all parts of a kind. */
    int acknowledged(String kind) {
        return verdicts(kind, Ledger.Verdict::acknowledged);
    }

    void add(Part part) throws IOException {
        append(part);
        write();
    }

    private void append(Part part) throws IOException {
        parts.add(part);
        if (page != null) {
            Files.writeString(
                    lines(page),
                    JsonMapper.shared().writeValueAsString(part) + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        }
    }

    private void write() throws IOException {
        if (page == null) {
            return;
        }
        String text = Files.exists(page) ? Files.readString(page) : "";
        if (!text.contains(BEGIN)) {
            text = text.stripTrailing() + "\n\n" + BEGIN + "\n" + END + "\n";
        }
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        Files.writeString(page, text.substring(0, begin) + "\n\n" + sums() + "\n" + text.substring(text.indexOf(END)));
    }

    private static Path lines(Path page) {
        return Objects.requireNonNull(page.toAbsolutePath().getParent()).resolve("fault-runs.jsonl");
    }

    private static List<Part> read(Path lines) throws IOException {
        List<Part> parts = new ArrayList<>();
        for (String line : Files.readAllLines(lines)) {
            if (!line.isBlank()) {
                parts.add(JsonMapper.shared().readValue(line, Part.class));
            }
        }
        return parts;
    }

    private List<Part> of(String kind) {
        return parts.stream().filter(part -> part.kind().equals(kind)).toList();
    }

    private int verdicts(String kind, ToIntFunction<Ledger.Verdict> what) {
        return of(kind).stream()
                .mapToInt(part -> what.applyAsInt(part.verdict()))
                .sum();
    }

    private String sums() {
        StringBuilder text = new StringBuilder();
        if (!of(CRASHES).isEmpty()) {
            crashes(text);
        }
        if (!of(REPLICAS).isEmpty()) {
            replicas(text);
        }
        return text.toString();
    }

    private void crashes(StringBuilder text) {
        List<Part> all = of(CRASHES);
        Map<String, Integer> hits = new TreeMap<>();
        Map<String, Integer> misses = new TreeMap<>();
        all.forEach(part -> {
            part.counts().forEach((phase, n) -> hits.merge(phase, n, Integer::sum));
            part.notHit().forEach((phase, n) -> misses.merge(phase, n, Integer::sum));
        });
        int atRandom = hits.getOrDefault(AT_RANDOM, 0);
        int kills = hits.values().stream().mapToInt(n -> n).sum();
        int processes = all.stream().mapToInt(Part::processes).sum();
        text.append("### Crashes: killed %,d times in a phase and %,d times at random, in %d parts%n%n"
                .formatted(kills - atRandom, atRandom, all.size()));
        text.append(
                "%,d processes were ended: one may have been in several phases, in each with a thread that was held there.%n%n"
                        .formatted(processes));
        text.append("| killed in | times | not hit |\n|---|---:|---:|\n");
        hits.keySet().stream()
                .filter(phase -> !phase.equals(AT_RANDOM))
                .forEach(phase -> text.append("| `%s` | %,d | %s |%n"
                        .formatted(phase, hits.get(phase), Objects.toString(misses.get(phase), ""))));
        text.append("| no named place | %,d | |%n%n".formatted(atRandom));
        found(text, CRASHES);
        Recoveries recoveries = new Recoveries(
                all.stream().flatMap(part -> part.readyMillis().stream()).toList());
        double processor = all.stream().mapToDouble(Part::processorSeconds).sum();
        text.append(String.format(
                Locale.ROOT,
                "Ready again after %s; %d of %,d starts took longer than %d s. %.1f s of processor time a process.%n%n",
                recoveries,
                recoveries.longerThan(LONGEST_RECOVERY),
                recoveries.millis().size(),
                LONGEST_RECOVERY.toSeconds(),
                processor / Math.max(1, processes)));
        builds(text, all);
        text.append(
                "| part begun | build | seed | kills | processes | acknowledged | lost | ready again p50, p99, longest"
                        + " (ms) | processor s a process |\n"
                        + "|---|---|---|---:|---:|---:|---:|---|---:|\n");
        for (Part part : all) {
            Recoveries own = new Recoveries(part.readyMillis());
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | `%s` | %d | %d | %d | %d | %d | %d, %d, %d | %.1f |%n",
                    part.begun(),
                    part.build(),
                    part.seed(),
                    part.kills(),
                    part.processes(),
                    part.verdict().acknowledged(),
                    part.verdict().lost(),
                    own.quantile(0.5),
                    own.quantile(0.99),
                    own.quantile(1),
                    part.processorSeconds() / Math.max(1, part.processes())));
        }
        text.append('\n');
    }

    private void replicas(StringBuilder text) {
        List<Part> all = of(REPLICAS);
        text.append("### Replicas: %,d evaluations and %d restarts in good order, in %d parts%n%n"
                .formatted(acknowledged(REPLICAS), count(REPLICAS, RESTARTS), all.size()));
        text.append("%d sleeps longer than the lease, %d kills, %d results came too late and were refused.%n"
                .formatted(count(REPLICAS, SLEEPS), count(REPLICAS, KILLS), count(REPLICAS, FENCED)));
        found(text, REPLICAS);
        builds(text, all);
        text.append(
                "| part begun | build | seed | acknowledged | lost | twice | sleeps | kills | restarts | fenced | s |\n"
                        + "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        for (Part part : all) {
            Map<String, Integer> counts = part.counts();
            text.append("| %s | `%s` | %d | %d | %d | %d | %d | %d | %d | %d | %d |%n"
                    .formatted(
                            part.begun(),
                            part.build(),
                            part.seed(),
                            part.verdict().acknowledged(),
                            part.verdict().lost(),
                            part.verdict().duplicates(),
                            counts.getOrDefault(SLEEPS, 0),
                            counts.getOrDefault(KILLS, 0),
                            counts.getOrDefault(RESTARTS, 0),
                            counts.getOrDefault(FENCED, 0),
                            part.seconds()));
        }
        text.append('\n');
    }

    private void found(StringBuilder text, String kind) {
        text.append(
                "%,d evaluations acknowledged, %,d requests without an answer, %,d refused: **%d lost**, %d unfinished, %d results twice, %d succeeded without a result, %d stored files damaged; %d set aside after three kills.%n%n"
                        .formatted(
                                acknowledged(kind),
                                verdicts(kind, Ledger.Verdict::withoutAnswer),
                                verdicts(kind, Ledger.Verdict::refused),
                                verdicts(kind, Ledger.Verdict::lost),
                                verdicts(kind, Ledger.Verdict::unfinished),
                                verdicts(kind, Ledger.Verdict::duplicates),
                                verdicts(kind, Ledger.Verdict::withoutResult),
                                verdicts(kind, Ledger.Verdict::damagedObjects),
                                verdicts(kind, Ledger.Verdict::quarantined)));
    }

    private static void builds(StringBuilder text, List<Part> all) {
        Map<String, Integer> parts = new LinkedHashMap<>();
        all.forEach(part -> parts.merge(part.build(), 1, Integer::sum));
        text.append("Builds: ")
                .append(parts.entrySet().stream()
                        .map(build -> "`%s` (%d %s)"
                                .formatted(build.getKey(), build.getValue(), build.getValue() == 1 ? "part" : "parts"))
                        .collect(Collectors.joining(", ")))
                .append(".\n\n");
    }
}
