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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.scoring.Scope;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.SegmentMapping;
import org.segmeter.scoring.SegmentSelector;
import org.segmeter.scoring.SideOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which files are compared and how they are read and matched: the arguments that every command about pairs has. */
final class PairArguments {

    @Spec(Spec.Target.MIXEE)
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

    @Option(
            names = "--map",
            paramLabel = "P=R",
            split = ",",
            description =
                    "Score segment P of the prediction against R of the reference. Each is a number, a label or a code"
                            + " such as (SCT:10200004). May be repeated.")
    private List<String> maps = new ArrayList<>();

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
            converter = Kind.class,
            description = "What NIfTI values of the prediction mean: labels, probabilities, logits (softmax of several"
                    + " channels) or sigmoid-logits (each channel for itself).")
    private ReadOptions.Values predictionValues = ReadOptions.Values.UNDECLARED;

    @Option(
            names = "--reference-values",
            paramLabel = "KIND",
            converter = Kind.class,
            description = "Likewise, for the reference.")
    private ReadOptions.Values referenceValues = ReadOptions.Values.UNDECLARED;

    @Option(
            names = "--prediction-background-first",
            description =
                    "The first of the prediction's channels is the background, and no segment. Without a threshold"
                            + " each voxel belongs to the channel with the largest probability.")
    private boolean predictionBackgroundFirst;

    @Option(names = "--reference-background-first", description = "Likewise, for the reference.")
    private boolean referenceBackgroundFirst;

    @Option(names = "--pixel-units", description = "Score images without a position in patient space, in pixels.")
    private boolean pixelUnits;

    @Option(names = "--ignore-frame-of-reference", description = "Score although the Frame of Reference UIDs differ.")
    private boolean ignoreFrame;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that measure; default: one for each processor.")
    private int threads = Runtime.getRuntime().availableProcessors();

    /** Prediction and reference of a pair, with the digests of their files. */
    record Pair(ScoringInput prediction, ScoringInput reference) {}

    /** What is done with a pair, by the calling thread alone if there is no pool. */
    interface Work<T> {
        T with(@Nullable ForkJoinPool pool) throws InputException, IOException;
    }

    /** @throws ParameterException if the arguments do not name one prediction and one reference */
    void requirePair() {
        List<Path> positional = new ArrayList<>(sides);
        boolean prediction = !predictions.isEmpty() || !positional.isEmpty() && positional.removeFirst() != null;
        boolean reference = !references.isEmpty() || !positional.isEmpty() && positional.removeFirst() != null;
        if (!prediction || !reference || !positional.isEmpty()) {
            throw usage("A prediction and a reference are needed, neither more nor less.");
        }
    }

    /**
     * Finds and digests the files of the pair that {@link #requirePair()} found named.
     *
     * @throws InputException if a file does not exist or cannot be read
     */
    Pair pair() throws InputException, IOException {
        List<Path> positional = new ArrayList<>(sides);
        List<Path> prediction = predictions.isEmpty() ? List.of(positional.removeFirst()) : predictions;
        List<Path> reference = references.isEmpty() ? List.of(positional.removeFirst()) : references;
        return new Pair(input(prediction, "prediction"), input(reference, "reference"));
    }

    /** A pair that a list names, likewise. */
    static Pair pair(Path prediction, Path reference) throws InputException, IOException {
        return new Pair(input(List.of(prediction), "prediction"), input(List.of(reference), "reference"));
    }

    /** True if a file of either side was named. */
    boolean nameFiles() {
        return !sides.isEmpty() || !predictions.isEmpty() || !references.isEmpty();
    }

    /** Does the work with as many threads as were asked for. */
    <T> T run(Work<T> work) throws InputException, IOException {
        if (threads == 1) {
            return work.with(null);
        }
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
            return work.with(pool);
        }
    }

    /** @throws ParameterException if a mapping, a threshold or the number of threads cannot be understood */
    ScoringOptions options(List<String> protocols, Map<String, Map<String, List<Double>>> parameters) {
        if (threads < 1 || threads > 1024) {
            throw usage("--threads is 1 to 1024.");
        }
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
                side(predictionValues, predictionThreshold, predictionBackgroundFirst),
                side(referenceValues, referenceThreshold, referenceBackgroundFirst),
                pixelUnits,
                ignoreFrame,
                parameters,
                Scope.NONE,
                ReadLimits.DEFAULT);
    }

    private SideOptions side(ReadOptions.Values values, @Nullable Double own, boolean backgroundFirst) {
        Double chosen = own != null ? own : threshold;
        if (chosen != null && !Double.isFinite(chosen)) {
            throw usage("A threshold is a finite number.");
        }
        return new SideOptions(
                values, chosen == null ? OptionalDouble.empty() : OptionalDouble.of(chosen), backgroundFirst);
    }

    /** A further file, with its digest. @throws InputException if it does not exist or cannot be read */
    static ScoringInput file(Path path, String side) throws InputException, IOException {
        return input(List.of(path), side);
    }

    static ScoringInput input(List<Path> paths, String side) throws InputException, IOException {
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

    /**
     * Says on {@code err} why there is no result.
     *
     * @param reason an InputException, an IOException or an OutOfMemoryError
     * @return {@link CommandLineTool#REFUSED}
     */
    static int refused(Throwable reason, boolean json, PrintWriter err) {
        switch (reason) {
            case InputException e -> {
                if (json) {
                    err.println(ScorecardJson.problem(e));
                } else {
                    ScorecardText.problem(e, err);
                }
            }
            case OutOfMemoryError e ->
                err.println("segmeter: not enough memory for these volumes; give Java more, for example with -Xmx8g");
            default ->
                // The message of an IOException names the file.
                err.println("segmeter: a file could not be read ("
                        + reason.getClass().getSimpleName() + ")");
        }
        return CommandLineTool.REFUSED;
    }

    ParameterException usage(String message) {
        CommandLine line = spec == null ? new CommandLine(this) : spec.commandLine();
        return new ParameterException(line, message);
    }

    /** The words of a request: in lower case, with hyphens. */
    static final class Kind implements ITypeConverter<ReadOptions.Values> {
        @Override
        public ReadOptions.Values convert(String word) {
            try {
                return ReadOptions.Values.valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(
                        "expected labels, probabilities, logits or sigmoid-logits");
            }
        }
    }
}
