package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.format.Inspection;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import tools.jackson.databind.JsonNode;

/** Real and synthetic objects give the grid, counts and places that independent programs found in them. */
class SampleObjectsTest {

    private static final JsonNode TRUTH = Samples.json("truth.json");

    @TestFactory
    Stream<DynamicTest> copiesInTheResources() {
        return tests(Samples.COPIES);
    }

    @TestFactory
    Stream<DynamicTest> wholeCollection() {
        Samples.assumeCollection("the large objects of the sample collection");
        return tests(Samples.COLLECTION);
    }

    private static Stream<DynamicTest> tests(Path root) {
        List<DynamicTest> tests = new ArrayList<>();
        TRUTH.properties().forEach(entry -> {
            Path file = root.resolve(entry.getKey());
            if (Files.exists(file)) {
                tests.add(DynamicTest.dynamicTest(entry.getKey(), () -> agrees(Samples.bytes(file), entry.getValue())));
            }
        });
        assertThat(tests).as("objects with truth in " + root).hasSizeGreaterThan(25);
        return tests.stream();
    }

    private static void agrees(byte[] object, JsonNode truth) throws InputException {
        boolean pixelUnits = truth.path("pixelUnits").asBoolean(false);
        if (pixelUnits) {
            assertThatThrownBy(() -> Samples.read(object))
                    .isInstanceOfSatisfying(
                            InputException.class,
                            e -> assertThat(e.problem()).isEqualTo(InputProblem.NO_PATIENT_GEOMETRY));
        }
        ReadOptions options = ReadOptions.defaults().withPixelUnits(pixelUnits);
        Segmentation found = Samples.read(object, options);
        Inspection inspection = new DicomSegmentationFormat().inspect(List.of(MemorySegment.ofArray(object)), options);
        assertThat(inspection.voxels()).isEqualTo(found.grid().voxelCount());
        assertThat(inspection.segments()).isEqualTo(found.segments().size());
        assertThat(inspection.format()).isEqualTo(found.source().format());

        assertThat(found.encoding())
                .isEqualTo(
                        switch (truth.path("type").asString()) {
                            case "BINARY" -> Encoding.BINARY;
                            case "LABELMAP" -> Encoding.LABELMAP;
                            default -> Encoding.PROBABILITY;
                        });
        assertThat(found.source().patientGeometry()).isEqualTo(!pixelUnits);
        if (truth.has("corners")) {
            sameGrid(found.grid(), truth);
        }
        if (truth.has("voxelVolume")) {
            assertThat(found.grid().voxelVolumeMm3())
                    .isCloseTo(
                            truth.path("voxelVolume").asDouble(),
                            within(1e-6 * found.grid().voxelVolumeMm3()));
        }
        List<Integer> numbers =
                found.segments().stream().map(s -> s.segment().number()).toList();
        List<Integer> expected = new ArrayList<>();
        for (JsonNode segment : truth.path("segments")) {
            expected.add(segment.path("number").asInt());
        }
        assertThat(numbers).isEqualTo(expected);
        for (int i = 0; i < numbers.size(); i++) {
            sameSegment(
                    found.grid(),
                    found.segments().get(i),
                    truth.path("segments").get(i));
        }
    }

    private static void sameGrid(Grid grid, JsonNode truth) {
        assertThat(grid.nx()).isEqualTo(truth.path("columns").asInt());
        assertThat(grid.ny()).isEqualTo(truth.path("rows").asInt());
        assertThat(grid.nz()).isEqualTo(truth.path("slices").asInt());
        assertThat(grid.spacing(2)).isCloseTo(truth.path("sliceStep").asDouble(), within(1e-6));
        for (int c = 0; c < 8; c++) {
            for (int i = 0; i < 3; i++) {
                assertThat(grid.corners()[c][i])
                        .isCloseTo(truth.path("corners").get(c).get(i).asDouble(), within(1e-4));
            }
        }
    }

    private static void sameSegment(Grid grid, SegmentVoxels found, JsonNode truth) {
        BitMask mask = switch (found.voxels()) {
            case Mask m -> m.toBitMask();
            case ProbabilityVolume p -> p.atLeast(0.5);
        };
        assertThat(mask.count()).as("voxels").isEqualTo(truth.path("voxels").asLong());
        if (truth.has("label")) {
            assertThat(found.segment().label()).isEqualTo(truth.path("label").asString());
        }
        if (truth.has("sumOfFractions") && found.voxels() instanceof ProbabilityVolume p) {
            double sum = 0;
            for (float v : p.values()) {
                sum += v;
            }
            assertThat(sum).isCloseTo(truth.path("sumOfFractions").asDouble(), within(1e-3));
        }
        if (truth.has("inPlaneBox")) {
            JsonNode box = truth.path("inPlaneBox");
            assertThat(mask.box().x0()).isEqualTo(box.get(0).asInt());
            assertThat(mask.box().y0()).isEqualTo(box.get(1).asInt());
            assertThat(mask.box().x1()).isEqualTo(box.get(2).asInt() + 1);
            assertThat(mask.box().y1()).isEqualTo(box.get(3).asInt() + 1);
        }
        Set<Integer> slices = new TreeSet<>();
        double[] sum = new double[3];
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = mask.y0(); y < mask.y1(); y++) {
                for (int x = mask.box().x0(); x < mask.box().x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        slices.add(z);
                        double[] at = grid.indexToPatient().apply(x, y, z);
                        for (int i = 0; i < 3; i++) {
                            sum[i] += at[i];
                        }
                    }
                }
            }
        }
        if (truth.has("slicesNonEmpty")) {
            Set<Integer> expected = new TreeSet<>();
            truth.path("slicesNonEmpty").forEach(s -> expected.add(s.asInt()));
            assertThat(slices).isEqualTo(expected);
        }
        if (truth.has("centroidLps")) {
            for (int i = 0; i < 3; i++) {
                assertThat(sum[i] / mask.count())
                        .as("centroid")
                        .isCloseTo(truth.path("centroidLps").get(i).asDouble(), within(1e-3));
            }
        }
    }

    @Test
    void otherDicomObjectsAreRefusedByName() {
        for (Path file : Samples.files(Samples.COPIES.resolve("other"))) {
            refusedAsNoSegmentation(file);
        }
    }

    @Test
    void otherDicomObjectsOfTheWholeCollectionAreRefusedByName() {
        Samples.assumeCollection("the large objects that are no segmentation");
        for (Path file : Samples.files(Samples.COLLECTION.resolve("dicom-other"))) {
            refusedAsNoSegmentation(file);
        }
        for (Path file : Samples.files(Samples.COLLECTION.resolve("seg-source-images"))) {
            refusedAsNoSegmentation(file);
        }
    }

    private static void refusedAsNoSegmentation(Path file) {
        assertThatThrownBy(() -> Samples.read(Samples.bytes(file)))
                .as(file.toString())
                .isInstanceOfSatisfying(
                        InputException.class,
                        e -> assertThat(e.problem())
                                .isIn(InputProblem.UNSUPPORTED_SOP_CLASS, InputProblem.MALFORMED_DATASET));
    }
}
