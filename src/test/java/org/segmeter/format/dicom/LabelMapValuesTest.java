package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;

/** Which values of a label map are segments, which are background, and which are neither. */
class LabelMapValuesTest {

    private static final DatasetBuilder TISSUE = code("85756007", "SCT", "Tissue");

    private static DatasetBuilder code(String value, String scheme, String meaning) {
        return new DatasetBuilder()
                .text(Tag.CODE_VALUE, "SH", value)
                .text(Tag.CODING_SCHEME_DESIGNATOR, "SH", scheme)
                .text(Tag.CODE_MEANING, "LO", meaning);
    }

    private static DatasetBuilder segment(int number, DatasetBuilder type) {
        return new DatasetBuilder()
                .shorts(Tag.SEGMENT_NUMBER, number)
                .text(Tag.SEGMENT_LABEL, "LO", "segment")
                .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, TISSUE)
                .sequence(Tag.PROPERTY_TYPE_SEQUENCE, type);
    }

    /** The voxels of each segment of one frame of 2 x 3 pixels. */
    private static Map<Integer, Long> counts(
            int bits, @Nullable Integer padding, List<DatasetBuilder> segments, int... values)
            throws IOException, InputException {
        byte[] pixels = new byte[values.length * bits / 8];
        for (int i = 0; i < values.length; i++) {
            pixels[i * bits / 8] = (byte) values[i];
            if (bits == 16) {
                pixels[2 * i + 1] = (byte) (values[i] >> 8);
            }
        }
        DatasetBuilder object = new DatasetBuilder()
                .text(Tag.SOP_CLASS_UID, "UI", "1.2.840.10008.5.1.4.1.1.66.7")
                .text(Tag.NUMBER_OF_FRAMES, "IS", "1")
                .shorts(Tag.ROWS, 2)
                .shorts(Tag.COLUMNS, 3)
                .shorts(Tag.BITS_ALLOCATED, bits)
                .text(Tag.SEGMENTATION_TYPE, "CS", "LABELMAP")
                .sequence(Tag.SEGMENT_SEQUENCE, segments)
                .sequence(
                        Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
                        new DatasetBuilder()
                                .sequence(
                                        Tag.PLANE_POSITION_SEQUENCE,
                                        new DatasetBuilder().decimals(Tag.IMAGE_POSITION_PATIENT, 1, 2, 3))
                                .sequence(
                                        Tag.PLANE_ORIENTATION_SEQUENCE,
                                        new DatasetBuilder().decimals(Tag.IMAGE_ORIENTATION_PATIENT, 1, 0, 0, 0, 1, 0))
                                .sequence(
                                        Tag.PIXEL_MEASURES_SEQUENCE,
                                        new DatasetBuilder()
                                                .decimals(Tag.PIXEL_SPACING, 1, 1)
                                                .decimals(Tag.SLICE_THICKNESS, 2)))
                .sequence(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, new DatasetBuilder())
                .bytes(Tag.PIXEL_DATA, "OW", pixels);
        if (padding != null) {
            object.shorts(Tag.PIXEL_PADDING_VALUE, padding);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Part10.write(out, "1.2.840.10008.5.1.4.1.1.66.7", "1.2", TransferSyntax.IMPLICIT_LITTLE_ENDIAN, true, object);
        Map<Integer, Long> counts = new TreeMap<>();
        Samples.read(out.toByteArray())
                .segments()
                .forEach(s -> counts.put(s.segment().number(), ((Mask) s.voxels()).count()));
        return counts;
    }

    @Test
    void zeroIsBackgroundWhereNoSegmentClaimsIt() throws IOException, InputException {
        assertThat(counts(8, null, List.of(segment(5, TISSUE)), 0, 5, 5, 0, 0, 5))
                .isEqualTo(Map.of(5, 3L));
        assertThat(counts(16, null, List.of(segment(40_000, TISSUE)), 0, 40_000, 0, 0, 0, 0))
                .isEqualTo(Map.of(40_000, 1L));
    }

    @Test
    void aSegmentZeroThatIsATissueIsASegment() throws IOException, InputException {
        assertThat(counts(8, 255, List.of(segment(0, TISSUE), segment(1, TISSUE)), 0, 0, 255, 1, 255, 255))
                .isEqualTo(Map.of(0, 2L, 1, 1L));
    }

    @Test
    void theDeclaredBackgroundIsNoSegmentWhateverItsNumber() throws IOException, InputException {
        DatasetBuilder background = code("125040", "DCM", "Background");
        assertThat(counts(8, null, List.of(segment(0, background), segment(2, TISSUE)), 0, 2, 2, 2, 0, 0))
                .isEqualTo(Map.of(2, 3L));
        assertThat(counts(16, null, List.of(segment(300, background), segment(2, TISSUE)), 300, 2, 2, 300, 0, 0))
                .isEqualTo(Map.of(2, 2L));
    }

    @Test
    void aDeclaredSegmentWithoutAVoxelIsThereAndEmpty() throws IOException, InputException {
        assertThat(counts(8, 0, List.of(segment(1, TISSUE), segment(9, TISSUE)), 0, 1, 0, 0, 0, 0))
                .isEqualTo(Map.of(1, 1L, 9, 0L));
    }

    @Test
    void valuesThatNothingDeclaresAreRefused() {
        for (int value : new int[] {2, 7, 255}) {
            assertThatThrownBy(() -> counts(8, 9, List.of(segment(1, TISSUE)), 0, 1, value, 9, 0, 0))
                    .isInstanceOfSatisfying(InputException.class, e -> {
                        assertThat(e.problem()).isEqualTo(InputProblem.UNDECLARED_VALUE);
                        assertThat(e.found()).contains(Integer.toString(value));
                    });
        }
        List<DatasetBuilder> zeroClaimed = new ArrayList<>(List.of(segment(0, TISSUE)));
        assertThatThrownBy(() -> counts(16, null, zeroClaimed, 0, 0, 1, 0, 0, 0))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.UNDECLARED_VALUE));
    }

    @Test
    void paddingThatIsASegmentIsAContradiction() {
        assertThatThrownBy(() -> counts(8, 1, List.of(segment(1, TISSUE)), 0, 1, 0, 0, 0, 0))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.MALFORMED_DATASET));
    }
}
