package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;

/** From files to counts: Segmentation objects against the NIfTI masks they were made from, and against changed copies. */
class SampleScoringTest {

    private static final Path RESOURCES = Path.of("src/test/resources/org/segmeter");
    private static final Path SHARED = Path.of("../shared/samples");

    /** An object, the NIfTI files its segments are compared with, and the truth. */
    private record Sample(String name, Path object, Path folder, JsonNode truth) {}

    @TestFactory
    Stream<DynamicTest> anObjectScoresOneAgainstTheMaskItWasMadeFrom() throws IOException {
        return derived(RESOURCES.resolve("format/dicom/derived"), RESOURCES.resolve("scoring/derived")).stream()
                .map(s -> DynamicTest.dynamicTest(s.name(), () -> againstItsMask(s)));
    }

    @TestFactory
    Stream<DynamicTest> anObjectAgainstAChangedMaskHasTheCountsOfTheTruth() throws IOException {
        return derived(RESOURCES.resolve("format/dicom/derived"), RESOURCES.resolve("scoring/derived")).stream()
                .map(s -> DynamicTest.dynamicTest(s.name(), () -> againstChanged(s)));
    }

    @TestFactory
    Stream<DynamicTest> objectsOfPublicProjectsScoreOneAgainstTheirSourceMasks() throws IOException {
        return published(RESOURCES.resolve("format/dicom/seg"), RESOURCES.resolve("scoring/seg")).stream()
                .map(s -> DynamicTest.dynamicTest(s.name(), () -> againstItsMask(s)));
    }

    @Test
    void everySharedSampleToo() throws Exception {
        assumeTrue(
                Files.isDirectory(SHARED),
                "../shared/samples is not here: only the copies in src/test/resources were scored, not all samples");
        List<Sample> derived = derived(SHARED.resolve("derived"), SHARED.resolve("derived"));
        List<Sample> published = published(SHARED.resolve("seg"), SHARED.resolve("seg"));
        for (Sample s : derived) {
            againstItsMask(s);
            againstChanged(s);
        }
        for (Sample s : published) {
            againstItsMask(s);
        }
        assertThat(derived).isNotEmpty();
        assertThat(published).isNotEmpty();
        System.out.printf(
                "scored %d derived samples twice and %d published ones against their masks%n",
                derived.size(), published.size());
    }

    @Test
    void realPairsHaveTheCountsAndRatiosOfTheirTruth() throws Exception {
        int compared = 0;
        for (String name : List.of("meshmetrics_3d", "sct_t2_cord")) {
            compared += realPair(
                    RESOURCES.resolve("format/nifti/pairs"),
                    RESOURCES.resolve("scoring/pairs/" + name + ".pair.truth.json"));
        }
        if (Files.isDirectory(SHARED)) {
            for (Path truth : list(SHARED.resolve("pairs"), ".pair.truth.json")) {
                compared += realPair(SHARED.resolve("pairs"), truth);
            }
        }
        assertThat(compared).isGreaterThanOrEqualTo(2);
    }

    private static int realPair(Path folder, Path truthFile) throws Exception {
        JsonNode truth = JsonDocument.read(Files.readString(truthFile));
        Scorecard card = score(
                folder.resolve(truth.get("prediction").stringValue()),
                folder.resolve(truth.get("reference").stringValue()),
                ScoringOptions.defaults());
        int compared = 0;
        for (Map.Entry<String, JsonNode> label : truth.get("labels").properties()) {
            Scorecard.SegmentScore segment = card.segments().stream()
                    .filter(s -> s.segment().number() == Integer.parseInt(label.getKey()))
                    .findFirst()
                    .orElseThrow();
            compare(segment.metrics(), label.getValue());
            compared++;
        }
        compare(card.overall().metrics(), truth.get("anyLabel"));
        return compared + 1;
    }

    private static void againstItsMask(Sample sample) throws Exception {
        for (Map.Entry<String, JsonNode> file : sample.truth().get("files").properties()) {
            int number = Integer.parseInt(file.getKey());
            Scorecard card = score(
                    sample.object(),
                    sample.folder().resolve(file.getValue().stringValue()),
                    mapped(
                            sample,
                            number,
                            sample.folder().resolve(file.getValue().stringValue())));
            Map<String, List<MetricValue>> metrics = segment(card, number).metrics();
            assertThat(value(metrics, "dice")).as("Dice of segment %d", number).isEqualTo(1.0);
            assertThat(value(metrics, "fp")).isEqualTo(0L);
            assertThat(value(metrics, "fn")).isEqualTo(0L);
            assertThat(card.geometry().verdict()).isEqualTo(GeometryReport.Verdict.IDENTICAL);
        }
    }

    private static void againstChanged(Sample sample) throws Exception {
        for (Map.Entry<String, JsonNode> entry :
                sample.truth().get("segVsPerturbed").properties()) {
            int number = Integer.parseInt(entry.getKey());
            String mask = sample.truth().get("files").get(entry.getKey()).stringValue();
            Path changed = sample.folder().resolve(mask.replace(".nii.gz", ".perturbed.nii.gz"));
            Scorecard card = score(sample.object(), changed, mapped(sample, number, changed));
            compare(segment(card, number).metrics(), entry.getValue());
        }
    }

    /** Label value in X.nii.gz is the segment number; where segments overlap there is one file for each, with one label. */
    private static ScoringOptions mapped(Sample sample, int number, Path mask) throws Exception {
        Set<Integer> labels = new HashSet<>();
        SegmentationReader.standard()
                .readFiles(List.of(mask), ReadOptions.defaults())
                .segments()
                .forEach(s -> labels.add(s.segment().number()));
        int label = labels.contains(number) ? number : labels.iterator().next();
        assertThat(labels.contains(number) || labels.size() == 1)
                .as("segment %d of %s has a label in its mask", number, sample.name())
                .isTrue();
        return ScoringOptions.defaults()
                .withSegments(List.of(
                        new SegmentMapping(new SegmentSelector.ByNumber(number), new SegmentSelector.ByNumber(label))));
    }

    private static Scorecard.SegmentScore segment(Scorecard card, int predictionNumber) {
        return card.segments().stream()
                .filter(s -> s.predictionNumber() != null && s.predictionNumber() == predictionNumber)
                .findFirst()
                .orElseThrow();
    }

    private static void compare(Map<String, List<MetricValue>> metrics, JsonNode truth) {
        for (String count : List.of("tp", "fp", "fn", "tn")) {
            assertThat(value(metrics, count))
                    .as(count)
                    .isEqualTo(truth.get(count).longValue());
        }
        Map<String, String> ratios = Map.of(
                "dice", "dice",
                "jaccard", "jaccard",
                "sensitivity", "sensitivity",
                "precision", "precision",
                "specificity", "specificity",
                "volumetric_similarity", "volumetricSimilarity",
                "volume_prediction_ml", "predVolume_mL",
                "volume_reference_ml", "refVolume_mL");
        ratios.forEach((mine, theirs) -> {
            JsonNode expected = truth.get(theirs);
            Number value = value(metrics, mine);
            if (expected == null || !expected.isNumber()) {
                assertThat(value).as(mine).isNull();
            } else {
                double e = expected.doubleValue();
                assertThat(Objects.requireNonNull(value, mine).doubleValue())
                        .as(mine)
                        .isCloseTo(e, within(1e-6 * Math.max(1e-3, Math.abs(e))));
            }
        });
    }

    private static @Nullable Number value(Map<String, List<MetricValue>> metrics, String name) {
        return Objects.requireNonNull(metrics.get(name), name).getFirst().value();
    }

    private static Scorecard score(Path prediction, Path reference, ScoringOptions options) throws Exception {
        return Scorer.standard()
                .score(
                        new ScoringInput(List.of(prediction), List.of("0")),
                        new ScoringInput(List.of(reference), List.of("0")),
                        options,
                        ScoringProgress.NONE,
                        CancelSignal.none());
    }

    private static List<Sample> derived(Path objects, Path masks) throws IOException {
        List<Sample> samples = new ArrayList<>();
        for (Path truth : list(masks, ".pair.truth.json")) {
            JsonNode node = JsonDocument.read(Files.readString(truth));
            String name = node.get("case").stringValue();
            samples.add(new Sample(name, objects.resolve(name + ".dcm"), masks, node));
        }
        assertThat(samples).hasSizeGreaterThan(10);
        return samples;
    }

    private static List<Sample> published(Path objects, Path masks) throws IOException {
        List<Sample> samples = new ArrayList<>();
        JsonNode index = JsonDocument.read(Files.readString(masks.resolve("seg_vs_nifti.json")));
        for (Map.Entry<String, JsonNode> entry : index.properties()) {
            Path object = objects.resolve(entry.getKey());
            if (Files.exists(object)) {
                samples.add(new Sample(entry.getKey(), object, masks, entry.getValue()));
            }
        }
        assertThat(samples).isNotEmpty();
        return samples;
    }

    private static List<Path> list(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }
}
