package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Each malformed or hostile NIfTI file or archive gets the answer that its index asks for, and where it leaves a choice, the documented one. */
class BadNiftiTest {

    private static final Path COPIES = Path.of("src/test/resources/org/segmeter/format/nifti/bad");
    private static final Path SHARED = Path.of("../shared/samples/bad");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Of the inputs that may be accepted or refused, those that are accepted, and with which remark; docs/formats.md says why. */
    private static final Map<String, String> ACCEPTED_BY_DECISION = Map.of(
            "nii_gz_trailing_garbage.nii.gz", "after the end of the gzip data",
            "nii_offset_zero_single.nii", "vox_offset is 0",
            "nii_bitpix_mismatch.nii", "bitpix",
            "zip_slip.zip", "",
            "zip_absolute_name.zip", "",
            "zip_good.zip", "");

    private static final Map<String, InputProblem> REFUSED_BY_DECISION = Map.of(
            "nii_quaternion_over_1.nii", InputProblem.INVALID_GEOMETRY,
            "nii_ext_negative_size.nii", InputProblem.MALFORMED_HEADER,
            "zip_5000_entries.zip", InputProblem.TOO_LARGE);

    /** Which of several DICOM objects to take is the DICOM reader's decision, and tested there. */
    private static final Set<String> DICOM_DECIDES = Set.of("zip_two_segs.zip");

    @TestFactory
    Stream<DynamicTest> copiesInThisRepository() throws IOException {
        return tests(COPIES);
    }

    @TestFactory
    Stream<DynamicTest> allSharedInputs() throws IOException {
        if (!Files.isDirectory(SHARED)) {
            return Stream.of(DynamicTest.dynamicTest(
                    "shared bad inputs",
                    () -> assumeTrue(false, "../shared/samples/bad is not here: the large bombs are NOT tried")));
        }
        return tests(SHARED);
    }

    private static Stream<DynamicTest> tests(Path folder) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        JsonNode index = JSON.readTree(folder.resolve("index.json").toFile());
        for (var entry : index.properties()) {
            String name = entry.getKey();
            if (name.startsWith("nii") || name.startsWith("zip") || name.equals("good.nii.gz")) {
                String expected = entry.getValue().path("expected").asString();
                tests.add(DynamicTest.dynamicTest(name, () -> answer(folder.resolve(name), name, expected)));
            }
        }
        assertThat(tests).hasSizeGreaterThan(30);
        return tests.stream();
    }

    private static void answer(Path file, String name, String expected) throws IOException {
        Segmentation read;
        try {
            read = SegmentationReader.standard().readFiles(List.of(file), ReadOptions.defaults());
        } catch (InputException e) {
            assertThat(expected).as(e.getMessage()).isNotEqualTo("accept");
            assertThat(ACCEPTED_BY_DECISION).as(e.getMessage()).doesNotContainKey(name);
            assertThat(e.getMessage()).isNotBlank();
            assertThat(e.found()).isNotBlank();
            assertThat(e.expected()).isNotBlank();
            if (expected.equals("either") && !DICOM_DECIDES.contains(name)) {
                assertThat(REFUSED_BY_DECISION).containsEntry(name, e.problem());
            }
            return;
        }
        if (expected.equals("reject")) {
            fail("accepted " + read);
        }
        if (expected.equals("either") && !DICOM_DECIDES.contains(name)) {
            assertThat(ACCEPTED_BY_DECISION).containsKey(name);
            assertThat(read.source().notices().toString()).contains(ACCEPTED_BY_DECISION.get(name));
        }
    }
}
