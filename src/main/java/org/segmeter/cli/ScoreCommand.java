package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.Scope;
import org.segmeter.scoring.Scorecard;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.scoring.SegmentSelector;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
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

    @Mixin
    private PairArguments arguments = new PairArguments();

    @Option(names = "--json", description = "Print the scorecard as JSON; errors as problem JSON.")
    private boolean json;

    @Option(names = "--csv", description = "Print one line for each segment and metric.")
    private boolean csv;

    @Option(names = "--all", description = "Print every metric in the table, one line each.")
    private boolean all;

    @Option(
            names = "--protocol",
            paramLabel = "ID|FILE",
            split = ",",
            description =
                    "Conventions to score under, by id or as a file .json; the first gives the main values. Default:"
                            + " segmeter@1")
    private List<String> protocols = new ArrayList<>();

    @Option(
            names = "--parameter",
            paramLabel = "METRIC.NAME=N",
            description = "Replace a parameter of the protocol, for example nsd.toleranceMm=1;2. May be repeated.")
    private List<String> parameters = new ArrayList<>();

    @Option(
            names = "--mask",
            paramLabel = "FILE",
            description =
                    "Score only the voxels that this file does not leave 0: a segmentation on the reference's grid, or"
                            + " a part of it.")
    private @Nullable Path mask;

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
                    "Score only where the reference was drawn, for example {\"kind\":\"range\",\"axis\":\"axial\"}."
                            + " May be repeated.")
    private List<String> extents = new ArrayList<>();

    @Option(
            names = "--region",
            paramLabel = "NAME=SEGMENTS",
            description = "Score segments together under a name, for example WT=1+2+3; @NAME is another region. May be"
                    + " repeated.")
    private List<String> regions = new ArrayList<>();

    ScoreCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        arguments.requirePair();
        if (json && csv) {
            throw arguments.usage("--json and --csv exclude each other.");
        }
        try {
            ChosenProtocols chosen = ChosenProtocols.of(protocols);
            ScoringOptions options =
                    arguments.options(chosen.ids(), replacedParameters()).withScope(scope());
            PairArguments.Pair pair = arguments.pair();
            ScoringInput only = mask == null ? null : PairArguments.file(mask, "mask");
            Scorer scorer = Scorer.standard().withProtocols(chosen.known());
            Scorecard card = arguments.run(pool -> (pool == null ? scorer : scorer.withPool(pool))
                    .score(
                            pair.prediction(),
                            pair.reference(),
                            only,
                            options,
                            ScoringProgress.NONE,
                            CancelSignal.none()));
            if (json) {
                out.println(ScorecardJson.writeIndented(card));
            } else if (csv) {
                ScorecardText.csv(card, out);
            } else {
                ScorecardText.table(card, all, out);
            }
            return CommandLineTool.DONE;
        } catch (InputException | IOException | OutOfMemoryError e) {
            return PairArguments.refused(e, json, err);
        }
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
                    throw arguments.usage("--region takes NAME=SEGMENT+SEGMENT, for example WT=1+2+3.");
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
                throw arguments.usage("--parameter takes METRIC.NAME=NUMBER, for example nsd.toleranceMm=1;2.");
            }
            List<Double> numbers = new ArrayList<>();
            for (String number : text.substring(equal + 1).split(";", -1)) {
                try {
                    numbers.add(Double.parseDouble(number));
                } catch (NumberFormatException e) {
                    throw arguments.usage("--parameter takes numbers, separated by ;.");
                }
            }
            result.computeIfAbsent(text.substring(0, dot), unused -> new LinkedHashMap<>())
                    .put(text.substring(dot + 1, equal), numbers);
        }
        return result;
    }
}
