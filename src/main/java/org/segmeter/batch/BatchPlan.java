package org.segmeter.batch;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;

/** Makes the items of a batch out of what was received: by its manifest, or by the same names in two folders. */
final class BatchPlan {

    private final BatchIntake intake;
    private final TreeMap<String, Blob> files;
    private final Function<String, @Nullable Problem> objection;

    private BatchPlan(BatchIntake intake, Function<String, @Nullable Problem> objection) {
        this.intake = intake;
        this.files = new TreeMap<>(intake.files());
        this.objection = objection;
    }

    /**
     * @param objection what is wrong with a place that is not in the archive; null if it can be looked at
     * @throws InvalidManifest if nothing can be made of it
     */
    static List<NewItem> of(
            BatchIntake intake, int most, Description defaults, Function<String, @Nullable Problem> objection)
            throws InvalidManifest, IOException {
        BatchPlan plan = new BatchPlan(intake, objection);
        byte[] manifest = intake.manifest();
        if (manifest != null) {
            List<NewItem> items = new ArrayList<>();
            for (Manifest.Entry entry :
                    Manifest.read(new ByteArrayInputStream(manifest), intake.format(), most, defaults)) {
                items.add(plan.item(entry));
            }
            return items;
        }
        List<NewItem> items = plan.folders(defaults);
        if (items.size() > most) {
            throw wrong("The archive has more than %d pairs.".formatted(most));
        }
        return items;
    }

    private NewItem item(Manifest.Entry entry) {
        List<Problem> problems = new ArrayList<>();
        List<String> prediction = places(entry.prediction(), problems);
        List<String> reference = places(entry.reference(), problems);
        List<String> mask = places(entry.mask(), problems);
        String first = entry.prediction().getFirst();
        Description description = entry.description();
        if (description.caseId() == null && !first.startsWith(Sources.SHA256)) {
            description = named(description, FolderMatch.stem(first.substring(first.lastIndexOf('/') + 1)));
        }
        return new NewItem(
                description,
                prediction,
                reference,
                mask,
                String.join("|", entry.prediction()),
                String.join("|", entry.reference()),
                problems.isEmpty() ? null : problems.getFirst(),
                null);
    }

    private List<String> places(List<String> names, List<Problem> problems) {
        List<String> places = new ArrayList<>();
        for (String name : names) {
            List<Blob> found = inArchive(name);
            if (found.isEmpty()) {
                Problem problem = objection.apply(name);
                if (problem != null) {
                    problems.add(problem);
                }
                places.add(name);
            } else {
                found.forEach(blob -> places.add(Sources.of(blob)));
            }
        }
        return places;
    }

    /** The file of this name, or all in the directory of this name; none if there is neither. */
    private List<Blob> inArchive(String name) {
        String full = intake.directory() + (name.startsWith("./") ? name.substring(2) : name);
        Blob file = files.get(full);
        if (file != null) {
            return List.of(file);
        }
        String prefix = full.endsWith("/") ? full : full + "/";
        return List.copyOf(files.subMap(prefix, prefix + Character.MAX_VALUE).values());
    }

    private List<NewItem> folders(Description defaults) throws InvalidManifest {
        FolderMatch<Blob> match = FolderMatch.of(files);
        if (match == null) {
            throw wrong("There is no manifest.csv or manifest.jsonl, and there are no folders for both sides (such as"
                    + " prediction and reference).");
        }
        List<NewItem> items = new ArrayList<>();
        for (FolderMatch.Pair<Blob> pair : match.pairs()) {
            boolean complete = !pair.prediction().isEmpty() && !pair.reference().isEmpty();
            items.add(new NewItem(
                    named(defaults, pair.name()),
                    pair.prediction().stream().map(Sources::of).toList(),
                    pair.reference().stream().map(Sources::of).toList(),
                    List.of(),
                    pair.predictionName(),
                    pair.referenceName(),
                    complete
                            ? null
                            : Problem.of(
                                            ServiceProblem.NO_COUNTERPART,
                                            "There is no file of this name on the side of the %s."
                                                    .formatted(
                                                            pair.prediction().isEmpty() ? "prediction" : "reference"))
                                    .with("side", pair.prediction().isEmpty() ? "prediction" : "reference"),
                    null));
        }
        return items;
    }

    private static Description named(Description about, String name) {
        String shortened = name.length() <= 200 ? name : name.substring(0, 200);
        return new Description(
                shortened.isBlank() ? null : shortened.strip(),
                about.modelName(),
                about.modelVersion(),
                about.site(),
                about.labels());
    }

    private static InvalidManifest wrong(String message) {
        return new InvalidManifest(List.of(new InvalidManifest.Fault(1, "", message)), false);
    }
}
