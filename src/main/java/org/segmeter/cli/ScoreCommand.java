package org.segmeter.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.Scope;
import org.segmeter.scoring.Scorecard;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.scoring.SegmentMapping;
import org.segmeter.scoring.SegmentSelector;
import org.segmeter.scoring.SideOptions;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;

/** Scores one pair and prints its scorecard. */
@Command(
        name = "score",
        mixinStandardHelpOptions = true,
        description = "Scores a prediction against a reference.",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:scored",
            "1:could not be scored: the reason is printed",
            "2:the arguments cannot be understood"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  segmeter score prediction.nii.gz reference.dcm",
            "  segmeter score model.dcm reader.nii.gz --map 2=1 --json",
            "  segmeter score a.nii.gz b.nii.gz --protocol segmeter@1,monai@1 --csv"
        })
final class ScoreCommand implements Callable<Integer> {

    private final PrintWriter out;
    private final PrintWriter err;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(
            arity = "0..2",
            paramLabel = "PREDICTION REFERENCE",
            hideParamSyntax = true,
            description = "NIfTI, DICOM SEG, or a zip or tar of such; a directory stands for all files in it.")
    private List<Path> sides = new ArrayList<>();

    @Option(
            names = "--prediction",
            paramLabel = "FILE",
            description = "A file of the prediction, instead of the first argument; may be repeated.")
    private List<Path> predictions = new ArrayList<>();

    @Option(names = "--reference", paramLabel = "FILE", description = "A file of the reference, likewise.")
    private List<Path> references = new ArrayList<>();

    @Option(names = "--json", description = "Print the scorecard as JSON; errors as problem JSON.")
    private boolean json;

    @Option(names = "--csv", description = "Print one line for each segment and metric.")
    private boolean csv;

    @Option(names = "--all", description = "Print every metric in the table, one line each.")
    private boolean all;

    @Option(
            names = "--map",
            paramLabel = "P=R",
            split = ",",
            description =
                    "Score segment P of the prediction against R of the reference. Each is a number, a label or a code such as"
                            + " (SCT:10200004). May be repeated.")
    private List<String> maps = new ArrayList<>();

    @Option(
            names = "--protocol",
            paramLabel = "ID",
            split = ",",
            description = "Conventions to score under; the first gives the main values. Default: segmeter@1")
    private List<String> protocols = new ArrayList<>();

    @Option(
            names = "--threshold",
            paramLabel = "T",
            description = "From which value on a voxel belongs to a segment, both sides.")
    private @Nullable Double threshold;

    @Option(names = "--prediction-threshold", paramLabel = "T", description = "Likewise, for the prediction.")
    private @Nullable Double predictionThreshold;

    @Option(names = "--reference-threshold", paramLabel = "T", description = "Likewise, for the reference.")
    private @Nullable Double referenceThreshold;

    @Option(
            names = "--prediction-values",
            paramLabel = "KIND",
            description = "What NIfTI values of the prediction mean: labels, probabilities or logits.")
    private ReadOptions.Values predictionValues = ReadOptions.Values.UNDECLARED;

    @Option(names = "--reference-values", paramLabel = "KIND", description = "Likewise, for the reference.")
    private ReadOptions.Values referenceValues = ReadOptions.Values.UNDECLARED;

    @Option(
            names = "--parameter",
            paramLabel = "METRIC.NAME=N",
            description = "Replace a parameter of the protocol, for example nsd.toleranceMm=1;2. May be repeated.")
    private List<String> parameters = new ArrayList<>();

    @Option(
            names = "--ignore",
            paramLabel = "SEGMENT",
            split = ",",
            description =
                    "Leave out the voxels of this segment of the reference: a number, label or code. May be repeated.")
    private List<String> ignored = new ArrayList<>();

    @Option(
            names = "--extent",
            paramLabel = "JSON",
            description =
                    "Score only where the reference was drawn, for example {\"kind\":\"range\",\"axis\":\"axial\"}. May be repeated.")
    private List<String> extents = new ArrayList<>();

    @Option(
            names = "--region",
            paramLabel = "NAME=SEGMENTS",
            description =
                    "Score segments together under a name, for example WT=1+2+3; @NAME is another region. May be repeated.")
    private List<String> regions = new ArrayList<>();

    @Option(names = "--pixel-units", description = "Score images without a position in patient space, in pixels.")
    private boolean pixelUnits;

    @Option(names = "--ignore-frame-of-reference", description = "Score although the Frame of Reference UIDs differ.")
    private boolean ignoreFrame;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that measure; default: one for each processor.")
    private int threads = Runtime.getRuntime().availableProcessors();

    ScoreCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        List<Path> prediction = new ArrayList<>(predictions);
        List<Path> reference = new ArrayList<>(references);
        List<Path> positional = new ArrayList<>(sides);
        if (prediction.isEmpty() && !positional.isEmpty()) {
            prediction.add(positional.removeFirst());
        }
        if (reference.isEmpty() && !positional.isEmpty()) {
            reference.add(positional.removeFirst());
        }
        if (prediction.isEmpty() || reference.isEmpty() || !positional.isEmpty()) {
            throw usage("A prediction and a reference are needed, neither more nor less.");
        }
        if (json && csv) {
            throw usage("--json and --csv exclude each other.");
        }
        if (threads < 1 || threads > 1024) {
            throw usage("--threads is 1 to 1024.");
        }
        try {
            ScoringOptions options = options();
            Scorecard card = score(input(prediction, "prediction"), input(reference, "reference"), options);
            if (json) {
                out.println(ScorecardJson.writeIndented(card));
            } else if (csv) {
                ScorecardText.csv(card, out);
            } else {
                ScorecardText.table(card, all, out);
            }
            return CommandLineTool.DONE;
        } catch (InputException e) {
            if (json) {
                err.println(ScorecardJson.problem(e));
            } else {
                ScorecardText.problem(e, err);
            }
            return CommandLineTool.REFUSED;
        } catch (IOException e) {
            // The message of an IOException names the file.
            err.println("segmeter: a file could not be read (" + e.getClass().getSimpleName() + ")");
            return CommandLineTool.REFUSED;
        } catch (OutOfMemoryError e) {
            err.println("segmeter: not enough memory for these volumes; give Java more, for example with -Xmx8g");
            return CommandLineTool.REFUSED;
        }
    }

    private Scorecard score(ScoringInput prediction, ScoringInput reference, ScoringOptions options)
            throws InputException, IOException {
        if (threads == 1) {
            return Scorer.standard().score(prediction, reference, options, ScoringProgress.NONE, CancelSignal.none());
        }
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
            return Scorer.standard()
                    .withPool(pool)
                    .score(prediction, reference, options, ScoringProgress.NONE, CancelSignal.none());
        }
    }

    private ScoringOptions options() throws InputException {
        List<SegmentMapping> mapping = new ArrayList<>();
        for (String map : maps) {
            int at = map.indexOf('=');
            if (at < 1 || at == map.length() - 1) {
                throw usage("--map takes P=R, for example 2=1.");
            }
            mapping.add(new SegmentMapping(
                    SegmentSelector.of(map.substring(0, at)), SegmentSelector.of(map.substring(at + 1))));
        }
        return new ScoringOptions(
                protocols.isEmpty() ? List.of(ScoringOptions.DEFAULT_PROTOCOL) : protocols,
                mapping,
                side(predictionValues, predictionThreshold),
                side(referenceValues, referenceThreshold),
                pixelUnits,
                ignoreFrame,
                replacedParameters(),
                scope(),
                ReadLimits.DEFAULT);
    }

    /** The flags in the form of a request, so that both mean the same and are refused alike. */
    private Scope scope() throws InputException {
        StringJoiner members = new StringJoiner(",", "{", "}");
        if (!ignored.isEmpty()) {
            members.add("\"ignore\":[" + selectors(ignored) + "]");
        }
        if (!extents.isEmpty()) {
            members.add("\"extent\":[" + String.join(",", extents) + "]");
        }
        if (!regions.isEmpty()) {
            StringJoiner byName = new StringJoiner(",", "\"regions\":{", "}");
            for (String region : regions) {
                int at = region.indexOf('=');
                if (at < 1 || at == region.length() - 1) {
                    throw usage("--region takes NAME=SEGMENT+SEGMENT, for example WT=1+2+3.");
                }
                byName.add(quoted(region.substring(0, at)) + ":["
                        + selectors(List.of(region.substring(at + 1).split("\\+"))) + "]");
            }
            members.add(byName.toString());
        }
        return ScoringOptions.parse(members.toString()).scope();
    }

    private static String selectors(List<String> texts) {
        StringJoiner list = new StringJoiner(",");
        for (String text : texts) {
            list.add(
                    text.startsWith("@")
                            ? "{\"region\":" + quoted(text.substring(1)) + "}"
                            : switch (SegmentSelector.of(text)) {
                                case SegmentSelector.ByNumber n -> Integer.toString(n.number());
                                case SegmentSelector.ByLabel l -> quoted(l.label());
                                case SegmentSelector.ByCode c ->
                                    "{\"code\":" + quoted(c.scheme() + ":" + c.value()) + "}";
                            });
        }
        return list.toString();
    }

    private static String quoted(String text) {
        return JsonDocument.write(JsonNodeFactory.instance.stringNode(text));
    }

    private Map<String, Map<String, List<Double>>> replacedParameters() {
        Map<String, Map<String, List<Double>>> result = new LinkedHashMap<>();
        for (String text : parameters) {
            int dot = text.indexOf('.');
            int equal = text.indexOf('=');
            if (dot < 1 || equal < dot + 2) {
                throw usage("--parameter takes METRIC.NAME=NUMBER, for example nsd.toleranceMm=1;2.");
            }
            List<Double> numbers = new ArrayList<>();
            for (String number : text.substring(equal + 1).split(";", -1)) {
                try {
                    numbers.add(Double.parseDouble(number));
                } catch (NumberFormatException e) {
                    throw usage("--parameter takes numbers, separated by ;.");
                }
            }
            result.computeIfAbsent(text.substring(0, dot), unused -> new LinkedHashMap<>())
                    .put(text.substring(dot + 1, equal), numbers);
        }
        return result;
    }

    private SideOptions side(ReadOptions.Values values, @Nullable Double own) {
        Double chosen = own != null ? own : threshold;
        if (chosen != null && !Double.isFinite(chosen)) {
            throw usage("A threshold is a finite number.");
        }
        return new SideOptions(values, chosen == null ? OptionalDouble.empty() : OptionalDouble.of(chosen), false);
    }

    private static ScoringInput input(List<Path> paths, String side) throws InputException, IOException {
        List<Path> files = new ArrayList<>();
        for (Path path : paths) {
            if (Files.isDirectory(path)) {
                try (Stream<Path> inside = Files.list(path)) {
                    inside.filter(Files::isRegularFile).sorted().forEach(files::add);
                }
            } else {
                files.add(path);
            }
        }
        List<String> digests = new ArrayList<>();
        for (Path file : files) {
            if (!Files.isReadable(file)) {
                throw missing("A file of the " + side + " does not exist or cannot be read.", side);
            }
            digests.add(sha256(file));
        }
        if (files.isEmpty()) {
            throw missing("The directory of the " + side + " has no file.", side);
        }
        return new ScoringInput(files, digests);
    }

    private static InputException missing(String message, String side) {
        return new InputException(InputProblem.MISSING_PART, message, "no readable file", "an existing file")
                .onSide(side);
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            while (in.read(buffer) >= 0) {
                // The stream digests what is read.
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private ParameterException usage(String message) {
        CommandLine line = spec == null ? new CommandLine(this) : spec.commandLine();
        return new ParameterException(line, message);
    }
}
