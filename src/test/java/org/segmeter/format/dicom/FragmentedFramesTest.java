package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;

/** Frames that are spread over several fragments. */
class FragmentedFramesTest {

    @Test
    void oneFrameIsAllItsFragments() throws IOException, InputException {
        check(false);
    }

    @Test
    void ofSeveralFramesTheOffsetTableSaysWhereEachStarts() throws IOException, InputException {
        check(true);
    }

    private static void check(boolean several) throws IOException, InputException {
        byte[] first = new byte[600];
        byte[] second = new byte[600];
        new Random(1).nextBytes(first);
        new Random(2).nextBytes(second);
        byte[] a = RunLength.encode(first, 1);
        byte[] b = RunLength.encode(second, 1);
        List<byte[]> fragments = several
                ? List.of(Arrays.copyOf(a, 100), Arrays.copyOfRange(a, 100, a.length), b)
                : List.of(Arrays.copyOf(a, 100), Arrays.copyOfRange(a, 100, a.length));
        int frames = several ? 2 : 1;
        int[] offsets = several ? new int[] {0, 16 + a.length} : new int[0];

        DicomFile file = file(offsets, fragments);
        try (Frames decoded = Frames.of(file, 20, 30, 8, frames)) {
            decoded.select(0);
            assertThat(decoded.bytes().mismatch(MemorySegment.ofArray(first))).isEqualTo(-1);
            if (several) {
                decoded.select(1);
                assertThat(decoded.bytes().mismatch(MemorySegment.ofArray(second)))
                        .isEqualTo(-1);
            }
        }
        if (several) {
            DicomFile without = file(new int[0], fragments);
            assertThatThrownBy(() -> Frames.of(without, 20, 30, 8, 2)).hasMessageContaining("offset table");
            DicomFile backwards = file(new int[] {16 + a.length, 0}, fragments);
            assertThatThrownBy(() -> Frames.of(backwards, 20, 30, 8, 2)).hasMessageContaining("ascending");
        }
    }

    private static DicomFile file(int[] offsets, List<byte[]> fragments) throws IOException, InputException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Part10.write(
                out,
                "1.2",
                "1.3",
                TransferSyntax.RLE_LOSSLESS,
                false,
                new DatasetBuilder()
                        .text(Tag.SOP_CLASS_UID, "UI", "1.2")
                        .fragments(Tag.PIXEL_DATA, offsets, fragments));
        return DicomParser.parse(
                MemorySegment.ofArray(out.toByteArray()),
                SegObject.SELECTION,
                32,
                CancelSignal.none(),
                DicomParser.TO_THE_END,
                (header, length) -> {});
    }
}
