package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;

/** Malformed and hostile objects: each is refused for its own reason, or accepted because the fault does no harm. */
class BadObjectsTest {

    private static final String ACCEPTED = "accepted";

    /** What is decided where a reader may do either; documented in docs/formats.md. */
    private static final Map<String, String> DECISIONS = Map.ofEntries(
            Map.entry("dcm_cut_last_byte.dcm", "truncated"),
            Map.entry("dcm_no_preamble.dcm", ACCEPTED),
            Map.entry("dcm_only_dataset.dcm", ACCEPTED),
            Map.entry("dcm_nested_10000_undefined.dcm", "nesting-too-deep"),
            Map.entry("dcm_pixeldata_long.dcm", "size-mismatch"),
            Map.entry("dcm_sop_class_meta_differs.dcm", ACCEPTED),
            Map.entry("dcm_fractional_above_max.dcm", "malformed-pixel-data"),
            Map.entry("dcm_labelmap_undeclared_value.dcm", "undeclared-value"),
            Map.entry("dcm_implicit_called_explicit.dcm", ACCEPTED),
            Map.entry("dcm_charset_unknown.dcm", ACCEPTED),
            Map.entry("dcm_uid_path_traversal.dcm", ACCEPTED),
            Map.entry("dcm_label_very_long.dcm", ACCEPTED),
            Map.entry("dcm_label_control_chars.dcm", ACCEPTED),
            Map.entry("dcm_trailing_garbage.dcm", "trailing-data"));

    /** The reasons that a caller must be able to tell apart. */
    private static final Map<String, InputProblem> REASONS = Map.ofEntries(
            Map.entry("dcm_cut_preamble.dcm", InputProblem.UNRECOGNISED_FORMAT),
            Map.entry("dcm_cut_meta.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_cut_segment_sequence.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_cut_perframe_groups.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_cut_pixeldata_header.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_cut_pixeldata_half.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_nested_unclosed.dcm", InputProblem.NESTING_TOO_DEEP),
            Map.entry("dcm_huge_vl.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_huge_vl_private.dcm", InputProblem.TRUNCATED),
            Map.entry("dcm_pixeldata_short.dcm", InputProblem.MALFORMED_PIXEL_DATA),
            Map.entry("dcm_pixeldata_absent.dcm", InputProblem.MALFORMED_PIXEL_DATA),
            Map.entry("dcm_rows_65535.dcm", InputProblem.TOO_LARGE),
            Map.entry("dcm_frames_huge.dcm", InputProblem.TOO_LARGE),
            Map.entry("dcm_uneven_positions.dcm", InputProblem.INVALID_GEOMETRY),
            Map.entry("dcm_inplane_shift.dcm", InputProblem.INVALID_GEOMETRY),
            Map.entry("dcm_two_orientations.dcm", InputProblem.INVALID_GEOMETRY),
            Map.entry("dcm_duplicate_frame.dcm", InputProblem.INVALID_GEOMETRY),
            Map.entry("dcm_no_pixel_measures.dcm", InputProblem.INVALID_GEOMETRY),
            Map.entry("dcm_sop_class_ct.dcm", InputProblem.UNSUPPORTED_SOP_CLASS),
            Map.entry("dcm_encapsulated_pdf.dcm", InputProblem.UNSUPPORTED_SOP_CLASS),
            Map.entry("dcm_ts_unknown.dcm", InputProblem.UNSUPPORTED_TRANSFER_SYNTAX),
            Map.entry("dcm_j2k_garbage.dcm", InputProblem.MALFORMED_PIXEL_DATA),
            Map.entry("dcm_rle_bad_offsets.dcm", InputProblem.MALFORMED_PIXEL_DATA),
            Map.entry("dcm_jpegls_huge_size.dcm", InputProblem.MALFORMED_PIXEL_DATA),
            Map.entry("dcm_deflate_bomb.dcm", InputProblem.TOO_LARGE),
            Map.entry("dcm_deflate_garbage.dcm", InputProblem.MALFORMED_DATASET));

    @TestFactory
    Stream<DynamicTest> copiesInTheResources() {
        return tests(Samples.COPIES.resolve("bad"));
    }

    @TestFactory
    Stream<DynamicTest> wholeCollection() {
        Samples.assumeCollection("the large malformed objects");
        return tests(Samples.COLLECTION.resolve("bad"));
    }

    private static Stream<DynamicTest> tests(Path folder) {
        JsonNode index = Samples.json("bad/index.json");
        BitMask[] good = masks(folder.resolve("good.dcm"));
        List<DynamicTest> tests = new ArrayList<>();
        for (Path file : Samples.files(folder)) {
            String name = file.getFileName().toString();
            if (name.endsWith(".dcm")) {
                tests.add(DynamicTest.dynamicTest(
                        name,
                        () -> behaves(
                                file, name, index.path(name).path("expected").asString(), good)));
            }
        }
        assertThat(tests).hasSizeGreaterThan(60);
        return tests.stream();
    }

    private static BitMask[] masks(Path file) {
        try {
            return masks(read(file));
        } catch (InputException e) {
            throw new AssertionError(e);
        }
    }

    private static BitMask[] masks(Segmentation segmentation) {
        return segmentation.segments().stream()
                .map(s -> ((Mask) s.voxels()).toBitMask())
                .toArray(BitMask[]::new);
    }

    private static Segmentation read(Path file) throws InputException {
        return SegmentationReader.standard()
                .read(List.of(MemorySegment.ofArray(Samples.bytes(file))), ReadOptions.defaults());
    }

    private static void behaves(Path file, String name, String expected, BitMask[] good) {
        String found;
        try {
            Segmentation segmentation = read(file);
            found = ACCEPTED;
            assertThat(masks(segmentation))
                    .as("an accepted object holds the masks of the good one")
                    .isEqualTo(good);
            segmentation
                    .segments()
                    .forEach(s -> assertThat(s.segment().label())
                            .hasSizeLessThanOrEqualTo(64)
                            .doesNotMatch("(?s).*\\p{Cntrl}.*"));
        } catch (InputException e) {
            found = e.problem().slug();
            assertThat(e.found()).isNotBlank();
            assertThat(e.expected()).isNotBlank();
            assertThat(e.getMessage()).endsWith(".");
            if (REASONS.containsKey(name)) {
                assertThat(e.problem()).isEqualTo(REASONS.get(name));
            }
        }
        switch (expected) {
            case "accept" -> assertThat(found).isEqualTo(ACCEPTED);
            case "reject" -> assertThat(found).isNotEqualTo(ACCEPTED);
            case "either" -> assertThat(found).isEqualTo(DECISIONS.get(name));
            default -> throw new AssertionError("no expectation for " + name);
        }
    }
}
