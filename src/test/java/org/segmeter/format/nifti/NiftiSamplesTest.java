package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.ReadOptions.Values;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every sample volume reads as its truth file says: place, size, and the voxels of each label. */
class NiftiSamplesTest {

    private static final Path COPIES = Path.of("src/test/resources/org/segmeter/format/nifti");
    private static final Path SHARED = Path.of("../shared/samples");
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private final SegmentationReader reader = SegmentationReader.standard();

    @TestFactory
    Stream<DynamicTest> copiesInThisRepository() throws IOException {
        return samples(COPIES);
    }

    @TestFactory
    Stream<DynamicTest> allSharedSamples() throws IOException {
        if (!Files.isDirectory(SHARED)) {
            return Stream.of(DynamicTest.dynamicTest(
                    "shared samples",
                    () -> assumeTrue(
                            false, "../shared/samples is not here: the large and real NIfTI samples are NOT read")));
        }
        return samples(SHARED);
    }

    private Stream<DynamicTest> samples(Path root) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (String folder : List.of("nifti", "nifti-variants", "pairs")) {
            try (Stream<Path> files = Files.list(root.resolve(folder))) {
                files.filter(f -> f.toString().endsWith(".truth.json")
                                && !f.toString().endsWith(".pair.truth.json"))
                        .sorted()
                        .forEach(truth -> tests.add(DynamicTest.dynamicTest(
                                folder + "/" + truth.getFileName(), () -> readsAsItsTruthSays(truth))));
            }
        }
        assertThat(tests).hasSizeGreaterThan(60);
        return tests.stream();
    }

    private void readsAsItsTruthSays(Path truthFile) throws IOException, InputException {
        JsonNode truth = JSON.readTree(truthFile.toFile());
        Path folder = Objects.requireNonNull(truthFile.getParent());
        List<Path> files =
                new ArrayList<>(List.of(folder.resolve(truth.path("file").asString())));
        if (truth.hasNonNull("imageFile")) {
            // The order of the parts must not matter.
            files.addFirst(folder.resolve(truth.path("imageFile").asString()));
        }
        if (truth.has("unreadable")) {
            refused(files, ReadOptions.defaults());
            return;
        }
        String type = truth.path("datatype").asString("");
        if (truth.path("format").asString().startsWith("analyze")) {
            refused(files, ReadOptions.defaults(), InputProblem.UNSUPPORTED_FORMAT);
        } else if (truth.path("header").path("intent_code").asInt() / 100 == 30) {
            refused(files, ReadOptions.defaults(), InputProblem.UNSUPPORTED_FORMAT);
        } else if (Set.of("complex64", "complex128", "float128", "rgb24", "rgba32", "RGB24", "RGBA32", "rgb", "rgba")
                .contains(type)) {
            refused(files, ReadOptions.defaults(), InputProblem.UNSUPPORTED_DATATYPE);
        } else if (!truth.path("data").has("voxels")) {
            refused(files, ReadOptions.defaults());
        } else {
            compare(files, truth);
        }
    }

    private void compare(List<Path> files, JsonNode truth) throws IOException, InputException {
        ReadOptions logits = ReadOptions.defaults().withValues(Values.LOGITS, OptionalDouble.empty());
        JsonNode data = truth.path("data");
        boolean hasNan = data.path("nan").asLong() > 0;
        @Nullable TreeMap<Integer, Long> labels = labels(data);
        int components = 1;
        for (int i = 3; i < truth.path("shape").size(); i++) {
            components *= truth.path("shape").path(i).asInt();
        }
        if (!hasNan && data.path("voxels").asLong() < 3_000_000) {
            checkGrid(reader.readFiles(files, logits).grid(), truth);
        }
        if (components > 1) {
            if (labels != null && Set.of(1).containsAll(labels.keySet())) {
                Segmentation read = reader.readFiles(files, ReadOptions.defaults());
                assertThat(read.segments()).hasSize(components);
                assertThat(read.segments().stream()
                                .mapToLong(s -> ((Mask) s.voxels()).count())
                                .sum())
                        .isEqualTo(labels.getOrDefault(1, 0L));
            } else if (data.path("rawMin").asDouble() < 0 || data.path("rawMax").asDouble() > 1 && labels != null) {
                refused(files, ReadOptions.defaults(), InputProblem.AMBIGUOUS_DIMENSIONS);
            }
        } else if (labels == null) {
            if (!data.has("labels") && data.path("distinctValues").asInt() < 65_535 && isWhole(truth)) {
                Segmentation read = reader.readFiles(files, ReadOptions.defaults());
                boolean background =
                        data.path("rawNonZero").asLong() < data.path("voxels").asLong();
                assertThat(read.segments().size())
                        .isEqualTo(data.path("distinctValues").asInt() - (background ? 1 : 0));
            } else {
                refused(files, ReadOptions.defaults(), InputProblem.NOT_A_LABEL_MAP);
            }
        } else {
            Segmentation read = reader.readFiles(files, ReadOptions.defaults());
            checkGrid(read.grid(), truth);
            TreeMap<Integer, Long> counts = new TreeMap<>();
            read.segments().forEach(s -> counts.put(s.segment().number(), ((Mask) s.voxels()).count()));
            assertThat(counts).isEqualTo(labels);
            assertThat(read.source().notices().stream().anyMatch(n -> n.contains("NaN")))
                    .isEqualTo(hasNan);
        }
    }

    private static boolean isWhole(JsonNode truth) {
        return truth.path("datatype").asString().contains("int")
                && !truth.path("data").path("scalingApplies").asBoolean();
    }

    /** The labels but 0, or null if there are values that are none. */
    private static @Nullable TreeMap<Integer, Long> labels(JsonNode data) {
        if (!data.has("labels")) {
            return null;
        }
        TreeMap<Integer, Long> labels = new TreeMap<>();
        for (var label : data.path("labels").properties()) {
            double value = Double.parseDouble(label.getKey());
            if (Math.abs(value - Math.rint(value)) > 1e-4 + 1e-6 * Math.abs(value)) {
                return null;
            }
            if (Math.rint(value) != 0) {
                labels.put((int) Math.rint(value), label.getValue().asLong());
            }
        }
        return labels;
    }

    private static void checkGrid(Grid grid, JsonNode truth) {
        JsonNode shape = truth.path("shape");
        double mm = truth.path("unitToMm").asDouble();
        JsonNode ras = truth.path("affineRAS_fileUnits");
        for (int axis = 0; axis < 3; axis++) {
            assertThat(grid.size(axis))
                    .isEqualTo(axis < shape.size() ? shape.path(axis).asInt() : 1);
            double[] step = grid.indexToPatient().step(axis);
            for (int row = 0; row < 3; row++) {
                double lps = (row < 2 ? -1 : 1) * mm;
                assertThat(step[row])
                        .isCloseTo(ras.path(row).path(axis).asDouble() * lps, within(1e-6 * grid.spacing(axis)));
                assertThat(grid.indexToPatient().origin()[row])
                        .isCloseTo(ras.path(row).path(3).asDouble() * lps, within(1e-5));
            }
        }
        assertThat(grid.voxelVolumeMm3())
                .isCloseTo(truth.path("voxelVolume_mm3").asDouble(), withinPercentage(1e-4));
    }

    private void refused(List<Path> files, ReadOptions options, InputProblem... anyOf) {
        assertThatThrownBy(() -> reader.readFiles(files, options)).isInstanceOfSatisfying(InputException.class, e -> {
            if (anyOf.length > 0) {
                assertThat(e.problem()).as(e.getMessage()).isIn((Object[]) anyOf);
            }
        });
    }
}
