package org.segmeter.batch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Files of two folders that belong together by their names, as nnU-Net has it: {@code prediction/liver_17.nii.gz} and
 * {@code reference/liver_17.nii.gz}. What lies directly in a folder is one side of a case: a file, or a directory with all the files below
 * it. The same name is looked for first, then the same name without its extension.
 *
 * @param <T> what a file is
 * @param pairs by their names; one side of a pair is empty if there is no counterpart
 */
public record FolderMatch<T>(List<Pair<T>> pairs) {

    /** Names of the folder of predictions; upper and lower case are the same. */
    public static final List<String> PREDICTION_FOLDERS =
            List.of("prediction", "predictions", "pred", "preds", "labelspr");

    /** Names of the folder of references. */
    public static final List<String> REFERENCE_FOLDERS =
            List.of("reference", "references", "ref", "refs", "labelsts", "labelstr");

    private static final List<String> EXTENSIONS =
            List.of(".nii.gz", ".nii", ".hdr", ".dcm", ".dicom", ".tar.gz", ".tgz", ".tar", ".zip");

    /**
     * @param name without extension: the case
     * @param predictionName with extension; null if there is none
     * @param referenceName likewise
     * @param prediction files in the order of their names; empty if there are none
     * @param reference likewise
     */
    public record Pair<T>(
            String name,
            @Nullable String predictionName,
            @Nullable String referenceName,
            List<T> prediction,
            List<T> reference) {
        public Pair {
            prediction = List.copyOf(prediction);
            reference = List.copyOf(reference);
        }
    }

    public FolderMatch {
        pairs = List.copyOf(pairs);
    }

    /**
     * Finds the folders, at the top or in the one directory that everything is in, and what belongs together in them.
     *
     * @param files by their relative names, with slashes
     * @return null if one of the folders is missing
     */
    static <T> @Nullable FolderMatch<T> of(SortedMap<String, T> files) {
        SortedMap<String, T> inside = files;
        for (int depth = 0; depth < 2; depth++) {
            Map<String, List<T>> prediction = folder(inside, PREDICTION_FOLDERS);
            Map<String, List<T>> reference = folder(inside, REFERENCE_FOLDERS);
            if (!prediction.isEmpty() && !reference.isEmpty()) {
                return match(prediction, reference);
            }
            inside = withoutCommonDirectory(inside);
            if (inside.isEmpty()) {
                return null;
            }
        }
        return null;
    }

    /**
     * Pairs the entries of two folders.
     *
     * @param prediction files of each entry by its name
     * @param reference likewise
     */
    public static <T> FolderMatch<T> match(Map<String, List<T>> prediction, Map<String, List<T>> reference) {
        Map<String, List<T>> left = new TreeMap<>(reference);
        Map<String, List<T>> alone = new TreeMap<>();
        Map<String, Pair<T>> pairs = new TreeMap<>();
        new TreeMap<>(prediction).forEach((name, files) -> {
            List<T> counterpart = left.remove(name);
            if (counterpart == null) {
                alone.put(name, files);
            } else {
                pairs.put(name, new Pair<>(stem(name), name, name, files, counterpart));
            }
        });
        Map<String, List<String>> byStem = new HashMap<>();
        left.keySet()
                .forEach(name -> byStem.computeIfAbsent(stem(name), s -> new ArrayList<>())
                        .add(name));
        Map<String, Integer> stems = new HashMap<>();
        alone.keySet().forEach(name -> stems.merge(stem(name), 1, Integer::sum));
        alone.forEach((name, files) -> {
            List<String> others = byStem.getOrDefault(stem(name), List.of());
            // Two of one name would be a guess.
            boolean clear = others.size() == 1 && stems.getOrDefault(stem(name), 0) == 1;
            List<T> counterpart = clear ? left.remove(others.getFirst()) : null;
            pairs.put(
                    name,
                    new Pair<>(
                            stem(name),
                            name,
                            counterpart == null ? null : others.getFirst(),
                            files,
                            counterpart == null ? List.of() : counterpart));
        });
        left.forEach((name, files) -> pairs.put("\uffff" + name, new Pair<>(stem(name), null, name, List.of(), files)));
        return new FolderMatch<>(List.copyOf(pairs.values()));
    }

    /** A file's name without the extension of a format. */
    public static String stem(String name) {
        for (String extension : EXTENSIONS) {
            if (name.length() > extension.length()
                    && name.regionMatches(true, name.length() - extension.length(), extension, 0, extension.length())) {
                return name.substring(0, name.length() - extension.length());
            }
        }
        return name;
    }

    private static <T> Map<String, List<T>> folder(SortedMap<String, T> files, List<String> names) {
        Map<String, List<T>> entries = new TreeMap<>();
        files.forEach((name, file) -> {
            int slash = name.indexOf('/');
            if (slash > 0 && names.contains(name.substring(0, slash).toLowerCase(java.util.Locale.ROOT))) {
                String rest = name.substring(slash + 1);
                int next = rest.indexOf('/');
                entries.computeIfAbsent(next < 0 ? rest : rest.substring(0, next), entry -> new ArrayList<>())
                        .add(file);
            }
        });
        return entries;
    }

    private static <T> SortedMap<String, T> withoutCommonDirectory(SortedMap<String, T> files) {
        SortedMap<String, T> inside = new TreeMap<>();
        String first = files.isEmpty() ? "" : files.firstKey();
        String directory = first.substring(0, first.indexOf('/') + 1);
        for (Map.Entry<String, T> file : files.entrySet()) {
            if (directory.isEmpty() || !file.getKey().startsWith(directory)) {
                return new TreeMap<>();
            }
            inside.put(file.getKey().substring(directory.length()), file.getValue());
        }
        return inside;
    }
}
