package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.SegmentationReader;
import org.segmeter.scoring.BatchReport;
import org.segmeter.scoring.Laboratory;
import org.segmeter.scoring.LaboratoryJson;
import org.segmeter.scoring.LaboratoryOptions;
import org.segmeter.scoring.LaboratoryReport;
import org.segmeter.scoring.Protocols;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints every loss of a pair, its calibration and how fragile its Dice is; of several pairs, what pooling them does. */
@Command(
        name = "loss",
        mixinStandardHelpOptions = true,
        description =
                "Every loss of a prediction with its gradient, its calibration, and how fragile its Dice value is.",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:measured",
            "1:could not be measured: the reason is printed",
            "2:the arguments cannot be understood"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  segmeter loss probabilities.nii.gz reference.nii.gz --prediction-values probabilities",
            "  segmeter loss logits.nii.gz reference.dcm --prediction-values logits --prediction-background-first"
                    + " --json",
            "  segmeter loss model.dcm reader.nii.gz --parameter alpha=0.2 --parameter bins=10",
            "  segmeter loss model.dcm reader.nii.gz --mask liver.nii.gz",
            "  segmeter loss --batch pairs.tsv"
        })
final class LossCommand implements Callable<Integer> {

    private static final int MOST_CASES = 10_000;

    private final PrintWriter out;
    private final PrintWriter err;

    @Mixin
    private PairArguments arguments = new PairArguments();

    @Option(
            names = "--json",
            description = "Print the documents loss, calibration and fragility as JSON; errors as problem JSON.")
    private boolean json;

    @Option(
            names = "--protocol",
            paramLabel = "ID",
            description = "Whose rule for grids that differ is followed. Default: segmeter@1")
    private @Nullable String protocol;

    @Option(
            names = "--parameter",
            paramLabel = "NAME=VALUE",
            description = "Replace a parameter; a list is separated by commas. May be repeated. There are:%n"
                    + "  smooth: smoothing of the region losses%n"
                    + "  alpha: Tversky weight of false positives; misses have 1 - alpha%n"
                    + "  focalGamma, focalAlpha: exponent and weight of the focal losses%n"
                    + "  topKPercent: share of the hardest voxels in the top-k loss%n"
                    + "  labelSmoothing: of the cross-entropy of classes%n"
                    + "  huberDelta: error at which the Huber loss turns linear%n"
                    + "  skeletonIterations: of the soft skeleton%n"
                    + "  classWeights: one for each class, background first%n"
                    + "  reduction: of the losses of several classes, mean or sum%n"
                    + "  ranked: false leaves out what sorts voxels%n"
                    + "  dense: false leaves out skeleton and distance losses%n"
                    + "  bins: of the reliability table, a divisor of 300%n"
                    + "  band: width of the boundary band in voxels%n"
                    + "  ignore: numbers of reference segments whose voxels are left out%n"
                    + "  mask: number of the reference segment whose voxels alone count")
    private List<String> parameters = new ArrayList<>();

    @Option(
            names = "--mask",
            paramLabel = "FILE",
            description =
                    "Measure only the voxels that this file does not leave 0: a segmentation on the reference's grid,"
                            + " or a part of it.")
    private @Nullable Path mask;

    @Option(
            names = "--batch",
            paramLabel = "LIST",
            description =
                    "Compare the mean of cases with the loss of their pooled voxels. Each line of the list has the"
                            + " paths of a prediction and its reference, and of a mask if there is one, separated by tabs,"
                            + " relative to the list.")
    private @Nullable Path batch;

    LossCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        Path list = batch;
        if (list == null) {
            arguments.requirePair();
        } else if (arguments.nameFiles() || mask != null) {
            throw arguments.usage("--batch takes its files from the list, and none besides.");
        }
        ScoringOptions pair = arguments.options(protocol == null ? List.of() : List.of(protocol), Map.of());
        LaboratoryOptions options = options();
        try {
            if (list == null) {
                LaboratoryReport report = measure(arguments.pair(), mask, pair, options);
                if (json) {
                    out.println(LaboratoryJson.writeIndented(report));
                } else {
                    LossText.report(report, out);
                }
            } else {
                BatchReport report = batch(list, pair, options);
                if (json) {
                    out.println(LaboratoryJson.writeIndented(report));
                } else {
                    LossText.batch(report, out);
                }
            }
            return CommandLineTool.DONE;
        } catch (InputException | IOException | OutOfMemoryError e) {
            return PairArguments.refused(e, json, err);
        }
    }

    private LaboratoryReport measure(
            PairArguments.Pair files, @Nullable Path only, ScoringOptions pair, LaboratoryOptions options)
            throws InputException, IOException {
        ScoringInput kept = only == null ? null : PairArguments.file(only, "mask");
        return arguments.run(pool -> new Laboratory(SegmentationReader.standard(), Protocols.builtIn(), pool)
                .measure(files.prediction(), files.reference(), kept, pair, options, CancelSignal.none()));
    }

    private BatchReport batch(Path list, ScoringOptions pair, LaboratoryOptions options)
            throws InputException, IOException {
        List<BatchReport.Case> cases = new ArrayList<>();
        for (PairOfPaths paths : paths(list)) {
            // Only the sums of a case are kept, so a batch takes no more memory than its largest case.
            cases.add(BatchReport.Case.of(
                    measure(PairArguments.pair(paths.prediction(), paths.reference()), paths.mask(), pair, options)));
        }
        return BatchReport.of(cases, options);
    }

    private record PairOfPaths(
            Path prediction, Path reference, @Nullable Path mask) {}

    private List<PairOfPaths> paths(Path list) throws IOException {
        List<PairOfPaths> pairs = new ArrayList<>();
        for (String line : Files.readAllLines(list)) {
            if (line.isBlank()) {
                continue;
            }
            List<String> fields = List.of(line.split("\t", -1));
            if (fields.size() < 2 || fields.size() > 3 || pairs.size() == MOST_CASES) {
                throw arguments.usage("A line of the list has two paths separated by a tab, or three with a mask, and"
                        + " the list has at most "
                        + MOST_CASES + " lines.");
            }
            pairs.add(new PairOfPaths(
                    list.resolveSibling(fields.get(0).strip()),
                    list.resolveSibling(fields.get(1).strip()),
                    fields.size() < 3 || fields.get(2).isBlank()
                            ? null
                            : list.resolveSibling(fields.get(2).strip())));
        }
        if (pairs.isEmpty()) {
            throw arguments.usage("The list has no line.");
        }
        return pairs;
    }

    private LaboratoryOptions options() {
        Map<String, String> replaced = new LinkedHashMap<>();
        for (String text : parameters) {
            int equal = text.indexOf('=');
            if (equal < 1) {
                throw arguments.usage("--parameter takes NAME=VALUE, for example alpha=0.3.");
            }
            replaced.put(text.substring(0, equal), text.substring(equal + 1));
        }
        try {
            return LaboratoryOptions.parse(replaced);
        } catch (InputException e) {
            throw arguments.usage(e.getMessage() + " Found: " + e.found() + "; expected: " + e.expected() + ".");
        }
    }
}
