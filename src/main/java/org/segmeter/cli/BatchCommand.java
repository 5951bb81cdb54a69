package org.segmeter.cli;

import java.io.BufferedInputStream;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.batch.FolderMatch;
import org.segmeter.batch.InvalidManifest;
import org.segmeter.batch.Manifest;
import org.segmeter.batch.ResultItem;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.MemoryBudget;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Scores many pairs, several at a time, into a table that grows case by case and is gone on with after an interruption. */
@Command(
        name = "batch",
        mixinStandardHelpOptions = true,
        description = "Scores all pairs of two directories, or of a manifest.",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all cases are scored",
            "1:some could not be scored or have no counterpart: they are named, the others are scored",
            "2:the arguments or the manifest cannot be understood"
        },
        footerHeading = "%nFiles of two directories belong together by the same name, or the same name without its"
                + " extension;%na directory in them is one side with all its files. What is in the output already"
                + " is not scored%nagain, so that an interrupted run is gone on with by the same"
                + " command.%n%nExamples:%n",
        footer = {
            "  segmeter batch --prediction labelsPr --reference labelsTs --csv out.csv",
            "  segmeter batch --manifest cases.csv --protocol nnunet@1 --jsonl out.jsonl --jobs 8"
        })
final class BatchCommand implements Callable<Integer> {

    /** Cases that may be scored ahead of the one that is written next, for each job. */
    private static final int AHEAD = 4;

    private final PrintWriter out;
    private final PrintWriter err;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--prediction", paramLabel = "DIR", description = "Directory of the predictions.")
    private @Nullable Path prediction;

    @Option(names = "--reference", paramLabel = "DIR", description = "Directory of the references.")
    private @Nullable Path reference;

    @Option(
            names = "--manifest",
            paramLabel = "FILE",
            description =
                    "List of the pairs instead, .csv or .jsonl, with columns as in docs/batches.md; names of files are"
                            + " seen from where it lies.")
    private @Nullable Path manifest;

    @Option(names = "--csv", paramLabel = "FILE", description = "Write a line for every value.")
    private @Nullable Path csv;

    @Option(names = "--jsonl", paramLabel = "FILE", description = "Write an object with the scorecard for every case.")
    private @Nullable Path jsonl;

    @Option(names = "--overwrite", description = "Begin anew, whatever the output holds.")
    private boolean overwrite;

    @Option(
            names = "--protocol",
            paramLabel = "ID|FILE",
            split = ",",
            description =
                    "Conventions to score under, by id or as a file .json; the first gives the values of the table."
                            + " Default: segmeter@1")
    private List<String> protocols = new ArrayList<>();

    @Option(
            names = "--request",
            paramLabel = "JSON",
            description =
                    "How to score, as the part 'request' of the service: segments, thresholds, parameters, regions ...")
    private @Nullable String request;

    @Option(names = "--jobs", paramLabel = "N", description = "Cases at a time; default: one for each processor.")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(names = "--json", description = "Print what was done as JSON.")
    private boolean json;

    BatchCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    /** A pair, before it is scored. */
    private record Case(
            Description description,
            String predictionName,
            String referenceName,
            List<Path> prediction,
            List<Path> reference,
            List<Path> mask) {
        ResultItem result(String state, String reason, @Nullable JsonNode card) {
            return new ResultItem(description, predictionName, referenceName, state, reason, card);
        }

        String name() {
            return description.caseId() == null ? predictionName : description.caseId();
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        Path predictions = prediction;
        Path references = reference;
        Path list = manifest;
        boolean folders = predictions != null && references != null;
        if (folders == (list != null) || (predictions == null) != (references == null)) {
            throw usage("Two directories are needed, --prediction and --reference, or a --manifest.");
        }
        if (csv == null && jsonl == null) {
            throw usage("A file to write is needed: --csv or --jsonl.");
        }
        if (jobs < 1 || jobs > 1024) {
            throw usage("--jobs is 1 to 1024.");
        }
        long begin = System.nanoTime();
        Summary summary = new Summary();
        try {
            ChosenProtocols named = ChosenProtocols.of(protocols);
            ScoringOptions options = options(named);
            List<Case> cases = list != null
                    ? listed(list)
                    : predictions != null && references != null ? matched(predictions, references, summary) : List.of();
            Scorer scorer = Scorer.standard().withProtocols(named.known());
            // The table has values, and no sentences about them.
            run(cases, jsonl == null ? scorer.withoutExplanations() : scorer, options, summary);
        } catch (InvalidManifest e) {
            e.faults().forEach(fault -> err.println("segmeter: " + fault.text()));
            return CommandLineTool.USAGE;
        } catch (BatchOutput.Unusable e) {
            err.println("segmeter: " + e.getMessage());
            return CommandLineTool.USAGE;
        } catch (InputException | IOException | OutOfMemoryError e) {
            return PairArguments.refused(e, json, err);
        }
        summary.seconds = (System.nanoTime() - begin) / 1e9;
        summary.print();
        return summary.failed.isEmpty()
                        && summary.unmatchedPredictions.isEmpty()
                        && summary.unmatchedReferences.isEmpty()
                ? CommandLineTool.DONE
                : CommandLineTool.REFUSED;
    }

    private ScoringOptions options(ChosenProtocols named) throws InputException {
        ScoringOptions options = request == null ? ScoringOptions.defaults() : ScoringOptions.parse(request);
        ScoringOptions chosen = named.ids().isEmpty() ? options : options.withProtocols(named.ids());
        for (String protocol : chosen.protocols()) {
            named.known().require(protocol); // said once, not for every case
        }
        return chosen;
    }

    private static List<Case> matched(Path predictions, Path references, Summary summary) throws IOException {
        FolderMatch<Path> match = FolderMatch.match(entries(predictions), entries(references));
        List<Case> cases = new ArrayList<>();
        for (FolderMatch.Pair<Path> pair : match.pairs()) {
            if (pair.reference().isEmpty()) {
                summary.unmatchedPredictions.add(pair.name());
            } else if (pair.prediction().isEmpty()) {
                summary.unmatchedReferences.add(pair.name());
            } else {
                Path p = pair.prediction().getFirst();
                Path r = pair.reference().getFirst();
                cases.add(new Case(
                        new Description(pair.name(), null, null, null, Map.of()),
                        p.toString(),
                        r.toString(),
                        List.of(p),
                        List.of(r),
                        List.of()));
            }
        }
        return cases;
    }

    private static Map<String, List<Path>> entries(Path directory) throws IOException {
        Map<String, List<Path>> entries = new TreeMap<>();
        try (Stream<Path> inside = Files.list(directory)) {
            inside.filter(path -> !path.getFileName().toString().startsWith("."))
                    .forEach(path -> entries.put(path.getFileName().toString(), List.of(path)));
        }
        return entries;
    }

    private static List<Case> listed(Path manifest) throws InvalidManifest, IOException {
        boolean lines = manifest.toString().toLowerCase(Locale.ROOT).matches(".*\\.(jsonl|ndjson)");
        List<Case> cases = new ArrayList<>();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(manifest))) {
            for (Manifest.Entry entry : Manifest.read(
                    in, lines ? Manifest.Format.JSONL : Manifest.Format.CSV, Integer.MAX_VALUE - 1, Description.NONE)) {
                Description about = entry.description();
                String first = entry.prediction().getFirst();
                cases.add(new Case(
                        about.caseId() != null
                                ? about
                                : new Description(
                                        FolderMatch.stem(first.substring(first.lastIndexOf('/') + 1)),
                                        about.modelName(),
                                        about.modelVersion(),
                                        about.site(),
                                        about.labels()),
                        String.join("|", entry.prediction()),
                        String.join("|", entry.reference()),
                        entry.prediction().stream()
                                .map(manifest::resolveSibling)
                                .toList(),
                        entry.reference().stream().map(manifest::resolveSibling).toList(),
                        entry.mask().stream().map(manifest::resolveSibling).toList()));
            }
        }
        return cases;
    }

    private void run(List<Case> cases, Scorer scorer, ScoringOptions options, Summary summary)
            throws IOException, InputException, InterruptedException, BatchOutput.Unusable {
        Map<String, Case> named = new LinkedHashMap<>();
        for (Case one : cases) {
            if (named.putIfAbsent(BatchOutput.key(one.result("", "", null)), one) != null) {
                throw new BatchOutput.Unusable("two cases have the same description and files: " + one.name());
            }
        }
        summary.cases = cases.size();
        try (BatchOutput table =
                        BatchOutput.tidy(csv, overwrite, options.protocols().getFirst());
                BatchOutput objects = BatchOutput.lines(jsonl, overwrite);
                ExecutorService pool = Executors.newFixedThreadPool(jobs)) {
            MemoryBudget memory = MemoryBudget.ofHeap();
            Progress progress = new Progress(cases.size());
            Deque<Future<Done>> ahead = new ArrayDeque<>();
            Deque<Task> waiting = new ArrayDeque<>();
            named.forEach((key, one) -> {
                Task task = new Task(key, one, !table.has(key), !objects.has(key));
                if (task.row() || task.object()) {
                    waiting.add(task);
                } else {
                    summary.skipped++;
                }
            });
            progress.skipped(summary.skipped);
            try {
                while (!waiting.isEmpty() || !ahead.isEmpty()) {
                    while (!waiting.isEmpty() && ahead.size() < AHEAD * jobs) {
                        Task task = waiting.removeFirst();
                        ahead.add(pool.submit(() -> done(task, score(task.pair(), scorer, options, memory))));
                    }
                    Done done = ahead.removeFirst().get();
                    ResultItem item = done.item();
                    if (item.card() == null) {
                        summary.failed.put(
                                item.description().caseId() == null
                                        ? item.prediction()
                                        : item.description().caseId(),
                                item.reason());
                    } else {
                        summary.scored++;
                    }
                    table.write(done.key(), done.rows());
                    objects.write(done.key(), done.object());
                    progress.done(summary.failed.size());
                }
            } catch (ExecutionException e) {
                if (e.getCause() instanceof IOException failure) {
                    throw failure;
                }
                throw new IllegalStateException(e.getCause());
            } finally {
                pool.shutdownNow();
                progress.end();
            }
        }
    }

    /**
     * A case that is to be scored.
     *
     * @param key that the output knows it by
     * @param row whether the table wants it
     * @param object whether the file of objects does
     */
    private record Task(String key, Case pair, boolean row, boolean object) {}

    /** A case that was scored, and what is written of it; empty where it is not wanted. */
    private record Done(String key, ResultItem item, String rows, String object) {}

    private static Done done(Task task, ResultItem item) {
        return new Done(task.key(), item, task.row() ? item.tidy() : "", task.object() ? line(task.key(), item) : "");
    }

    /** Scores one on the calling thread, when there is the memory for it. */
    private static ResultItem score(Case one, Scorer scorer, ScoringOptions options, MemoryBudget memory) {
        try {
            ScoringInput p = PairArguments.input(one.prediction(), "prediction");
            ScoringInput r = PairArguments.input(one.reference(), "reference");
            ScoringInput m = one.mask().isEmpty() ? null : PairArguments.input(one.mask(), "mask");
            CancelSignal never = CancelSignal.none();
            JsonNode card = memory.admitted(
                    p,
                    r,
                    m,
                    options,
                    never,
                    promise -> ScorecardJson.tree(scorer.score(
                            p,
                            r,
                            m,
                            options,
                            new ScoringProgress() {
                                @Override
                                public void entered(Stage stage) {
                                    // nobody waits for a stage
                                }

                                @Override
                                public void takes(long bytes, boolean all) {
                                    promise.becomes(bytes, all);
                                }
                            },
                            never)));
            return one.result("SUCCEEDED", "", card);
        } catch (InputException e) {
            return one.result("FAILED", e.getMessage() == null ? e.problem().title() : e.getMessage(), null);
        } catch (IOException e) {
            return one.result("FAILED", "A file could not be read.", null);
        } catch (OutOfMemoryError e) {
            return one.result(
                    "FAILED", "There is not enough memory for these volumes; give Java more, or fewer --jobs.", null);
        }
    }

    private static String line(String key, ResultItem item) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        Description about = item.description();
        line.put("key", key);
        line.put("case", about.caseId());
        line.put("model", about.modelName());
        line.put("version", about.modelVersion());
        line.put("site", about.site());
        if (!about.labels().isEmpty()) {
            ObjectNode labels = line.putObject("labels");
            about.labels().forEach(labels::put);
        }
        line.put("prediction", item.prediction());
        line.put("reference", item.reference());
        line.put("state", item.state());
        if (item.card() == null) {
            line.put("reason", item.reason());
        } else {
            line.set("scorecard", item.card());
        }
        return JsonDocument.write(line) + "\n";
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec == null ? new CommandLine(this) : spec.commandLine(), message);
    }

    /** What was done. */
    private final class Summary {
        private final Map<String, String> failed = new LinkedHashMap<>();
        private final List<String> unmatchedPredictions = new ArrayList<>();
        private final List<String> unmatchedReferences = new ArrayList<>();
        private int cases;
        private int scored;
        private int skipped;
        private double seconds;

        void print() {
            if (json) {
                ObjectNode all = JsonNodeFactory.instance.objectNode();
                all.put("cases", cases).put("scored", scored).put("skipped", skipped);
                ObjectNode problems = all.putObject("failed");
                failed.forEach(problems::put);
                ObjectNode unmatched = all.putObject("unmatched");
                add(unmatched.putArray("prediction"), unmatchedPredictions);
                add(unmatched.putArray("reference"), unmatchedReferences);
                all.put("seconds", Math.round(seconds * 1000) / 1000.0);
                out.println(JsonDocument.write(all));
                return;
            }
            failed.forEach((name, reason) -> err.println("not scored: " + name + ": " + reason));
            unmatchedPredictions.forEach(name -> err.println("no reference: " + name));
            unmatchedReferences.forEach(name -> err.println("no prediction: " + name));
            out.printf(
                    Locale.ROOT,
                    "%d cases: %d scored, %d already there, %d not scored; %d without a counterpart; %.1f s, %.1f"
                            + " cases/s%n",
                    cases,
                    scored,
                    skipped,
                    failed.size(),
                    unmatchedPredictions.size() + unmatchedReferences.size(),
                    seconds,
                    scored / Math.max(1e-3, seconds));
        }

        private static void add(ArrayNode list, List<String> names) {
            names.forEach(list::add);
        }
    }

    /** A bar on a terminal; nothing where nobody looks. */
    private final class Progress {
        private static final int WIDTH = 30;
        private static final long PAUSE_NANOS = 100_000_000;

        private final int total;
        private final boolean visible = terminal() && !json;
        private final long begin = System.nanoTime();
        private long shown;
        private int done;
        private int skipped;

        Progress(int total) {
            this.total = total;
        }

        private static boolean terminal() {
            Console console = System.console();
            return console != null && console.isTerminal();
        }

        void skipped(int cases) {
            skipped = cases;
            done = cases;
        }

        void done(int failed) {
            done++;
            long now = System.nanoTime();
            if (visible && (now - shown > PAUSE_NANOS || done == total)) {
                shown = now;
                double rate = (done - skipped) / Math.max(1e-3, (now - begin) / 1e9);
                int full = (int) ((long) WIDTH * done / Math.max(1, total));
                err.printf(
                        Locale.ROOT,
                        "\r[%s%s] %d/%d, %d failed, %.1f/s, %.0f s left ",
                        "#".repeat(full),
                        ".".repeat(WIDTH - full),
                        done,
                        total,
                        failed,
                        rate,
                        (total - done) / Math.max(1e-3, rate));
                err.flush();
            }
        }

        void end() {
            if (visible && shown != 0) {
                err.println();
                err.flush();
            }
        }
    }
}
