package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/** Lawful, rare forms of a data set. */
class DatasetFormsTest {

    private static DicomDataset parsed(byte[] elements) throws InputException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(new byte[128]);
        file.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
        file.writeBytes(element(Tag.TRANSFER_SYNTAX_UID, "UI", "1.2.840.10008.1.2.1\0"));
        file.writeBytes(element(Tag.SOP_CLASS_UID, "UI", "1.2\0"));
        file.writeBytes(elements);
        return DicomParser.parse(
                        MemorySegment.ofArray(file.toByteArray()),
                        SegObject.SELECTION,
                        32,
                        CancelSignal.none(),
                        DicomParser.TO_THE_END,
                        (header, length) -> {})
                .dataset();
    }

    private static byte[] element(int tag, String vr, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(8 + bytes.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) (tag >>> 16))
                .putShort((short) tag)
                .put(vr.getBytes(StandardCharsets.US_ASCII))
                .putShort((short) bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] longHeader(int tag, String vr, int length) {
        return ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) (tag >>> 16))
                .putShort((short) tag)
                .put(vr.getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 0)
                .putInt(length)
                .array();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static byte[] implicitItems(boolean delimited) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new DatasetBuilder()
                .sequence(
                        Tag.SEGMENT_SEQUENCE,
                        List.of(
                                new DatasetBuilder().shorts(Tag.SEGMENT_NUMBER, 1),
                                new DatasetBuilder().shorts(Tag.SEGMENT_NUMBER, 2)))
                .write(out, false, false, delimited);
        byte[] sequence = out.toByteArray();
        return java.util.Arrays.copyOfRange(sequence, 8, sequence.length);
    }

    @Test
    void aSequenceOfUnknownRepresentationIsImplicitInside() throws IOException, InputException {
        byte[] defined = implicitItems(false);
        byte[] delimited = implicitItems(true);
        for (DicomDataset dataset : List.of(
                parsed(joined(longHeader(Tag.SEGMENT_SEQUENCE, "UN", defined.length), defined)),
                parsed(joined(longHeader(Tag.SEGMENT_SEQUENCE, "UN", -1), delimited)))) {
            List<DicomDataset> items = dataset.items(Tag.SEGMENT_SEQUENCE);
            assertThat(items).hasSize(2);
            assertThat(items.get(1).unsignedShort(Tag.SEGMENT_NUMBER)).hasValue(2);
        }
    }

    @Test
    void whatIsNotNeededIsWalkedOver() throws InputException {
        byte[] item = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0xE000FFFE)
                .putInt(4)
                .array();
        byte[] end = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0xE0DDFFFE)
                .putInt(0)
                .array();
        DicomDataset dataset = parsed(joined(
                element(Tag.PATIENT_ID, "LO", "odd"),
                longHeader(0x0011_1010, "UN", -1),
                end,
                longHeader(0x0013_1010, "OB", -1),
                item,
                new byte[4],
                end,
                element(Tag.INSTANCE_NUMBER, "IS", "7 ")));
        assertThat(dataset.integer(Tag.INSTANCE_NUMBER)).hasValue(7);
        assertThat(dataset.contains(Tag.PATIENT_ID)).isFalse();
    }

    @Test
    void aHundredSmallSegmentsTakeTheMemoryOfAHundredSmallBoxes() throws InputException {
        Grid grid = new Grid(256, 256, 100, Affine.IDENTITY);
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int s = 0; s < 100; s++) {
            Box box = new Box(s, 2 * s, s % 90, s + 20, 2 * s + 20, s % 90 + 8);
            BitMask mask = new BitMask(box);
            for (int z = box.z0(); z < box.z1(); z++) {
                for (int y = box.y0(); y < box.y1(); y++) {
                    mask.setRun(y, z, box.x0(), box.x1());
                }
            }
            segments.add(new SegmentVoxels(Segment.ofLabelValue(s + 1), mask));
        }
        byte[] object = RandomSegmentations.file(
                new Segmentation(
                        grid, Encoding.BINARY, segments, new Segmentation.Source("test", null, true, List.of())),
                SegWriter.Options.DEFAULT);
        Samples.read(object);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        Segmentation read = Samples.read(object);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(read.segments()).hasSize(100);
        // A hundred full volumes of bits would be 82 MB.
        assertThat(allocated).isLessThan(8 << 20);
    }
}
