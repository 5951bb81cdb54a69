package org.segmeter.format.dicom;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import org.segmeter.format.CampaignShare;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.Affine;
import org.segmeter.volume.ContourSet;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/**
 * Fuzz targets of the DICOM reader. Beside the rule that nothing but an {@link InputException} escapes, each checks that the
 * same bytes get the same answer, and what the comment of the target says.
 */
class DicomFuzzTest {

    private static final ReadOptions OPTIONS =
            ReadOptions.defaults().withPixelUnits(true).withLimits(new ReadLimits(1 << 16, 1 << 20, 256, 32, 16));

    private static final long MOST_FOR_A_FRAME = 16L << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Where the contours of a structure set become voxels. */
    private static final Grid GRID = new Grid(64, 48, 6, new Affine(0.9, 0, 0, -20.3, 0, 0.9, 0, 11.7, 0, 0, 2.5, -40));

    /** A whole object. What was read is written and read again: the same voxels. Contours are filled on a grid. */
    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void dataset(byte[] object) {
        MemorySegment part = MemorySegment.ofArray(object);
        DicomSegmentationFormat format = new DicomSegmentationFormat();
        if (!format.recognises(part)) {
            return;
        }
        String answer = HostileObjectsTest.answer(object, OPTIONS);
        if (CampaignShare.takes(object, 4, 0)) {
            check(answer.equals(HostileObjectsTest.answer(object, OPTIONS)), "the same bytes got two answers");
        }
        if (answer.startsWith(InputProblem.UNSUPPORTED_SOP_CLASS.name())) {
            String filled = filled(part);
            if (CampaignShare.takes(object, 4, 2)) {
                check(filled.equals(filled(part)), "the same contours became two masks");
            }
        }
        if (answer.startsWith("read") && CampaignShare.takes(object, 4, 1)) {
            try {
                Segmentation read = Samples.read(object, OPTIONS);
                format.inspect(List.of(part), OPTIONS);
                writtenAndReadAgain(read);
            } catch (InputException e) {
                throw new AssertionError("an object was read and then refused: " + e.getMessage(), e);
            }
        }
    }

    private static String filled(MemorySegment object) {
        try {
            if (!(new DicomSegmentationFormat().readDelineation(List.of(object), OPTIONS)
                    instanceof ContourSet contours)) {
                throw new AssertionError("an object without a grid has a grid");
            }
            Segmentation read = contours.onto(GRID, OPTIONS.limits().voxels(), OPTIONS.cancel());
            StringBuilder text = new StringBuilder("filled " + read.grid());
            read.segments().forEach(s -> text.append(s.segment()).append(HostileObjectsTest.voxels(s.voxels())));
            return text.toString();
        } catch (InputException e) {
            return e.problem() + " " + e.getMessage();
        }
    }

    private static void writtenAndReadAgain(Segmentation read) throws InputException {
        if (!read.source().patientGeometry()
                || read.segments().isEmpty()
                || read.segments().stream().anyMatch(s -> s.segment().number() < 1)
                || read.encoding() == Segmentation.Encoding.PROBABILITY) {
            return;
        }
        byte[] file = RandomSegmentations.file(
                read, new SegWriter.Options(SegWriter.Encoding.RLE_LOSSLESS, false, true, false, 255));
        Segmentation again = Samples.read(file, ReadOptions.defaults());
        for (int i = 0; i < read.segments().size(); i++) {
            check(
                    again.segments()
                                    .get(i)
                                    .voxels()
                                    .equals(read.segments().get(i).voxels())
                            || HostileObjectsTest.voxels(again.segments().get(i).voxels())
                                    .equals(HostileObjectsTest.voxels(
                                            read.segments().get(i).voxels())),
                    "written and read again, a segment has other voxels");
        }
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    /** A well-formed object whose functional groups hold anything: decided by their values, never by chance. */
    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void functionalGroups(FuzzedDataProvider data) throws IOException {
        int frames = data.consumeInt(1, 6);
        DatasetBuilder shared = new DatasetBuilder();
        groups(data, shared);
        List<DatasetBuilder> perFrame = new ArrayList<>();
        for (int f = 0; f < frames; f++) {
            DatasetBuilder item = new DatasetBuilder();
            groups(data, item);
            perFrame.add(item);
        }
        int bits = data.pickValue(new Integer[] {1, 8, 16});
        DatasetBuilder object = new DatasetBuilder()
                .text(Tag.SOP_CLASS_UID, "UI", "1.2.840.10008.5.1.4.1.1.66.4")
                .text(Tag.NUMBER_OF_FRAMES, "IS", Integer.toString(data.consumeInt(0, 7)))
                .shorts(Tag.ROWS, 5)
                .shorts(Tag.COLUMNS, 7)
                .shorts(Tag.BITS_ALLOCATED, bits)
                .text(Tag.SEGMENTATION_TYPE, "CS", data.pickValue(new String[] {"BINARY", "FRACTIONAL", "LABELMAP"}))
                .shorts(Tag.MAXIMUM_FRACTIONAL_VALUE, data.consumeInt(0, 300))
                .shorts(Tag.PIXEL_PADDING_VALUE, data.consumeInt(0, 3))
                .sequence(
                        Tag.SEGMENT_SEQUENCE,
                        List.of(
                                new DatasetBuilder().shorts(Tag.SEGMENT_NUMBER, data.consumeInt(0, 3)),
                                new DatasetBuilder().shorts(Tag.SEGMENT_NUMBER, data.consumeInt(0, 3))))
                .sequence(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared)
                .sequence(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, perFrame);
        if (data.consumeBoolean()) {
            object.text(Tag.DIMENSION_ORGANIZATION_TYPE, "CS", "TILED_FULL")
                    .ints(Tag.TOTAL_PIXEL_MATRIX_COLUMNS, data.consumeInt())
                    .ints(Tag.TOTAL_PIXEL_MATRIX_ROWS, data.consumeInt());
        }
        byte[] pixels = new byte[(5 * 7 * bits * frames + 7) / 8];
        byte[] some = data.consumeRemainingAsBytes();
        System.arraycopy(some, 0, pixels, 0, Math.min(some.length, pixels.length));
        object.bytes(Tag.PIXEL_DATA, bits == 16 ? "OW" : "OB", pixels);

        String[] answers = new String[4];
        TransferSyntax[] encodings = {
            TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
            TransferSyntax.IMPLICIT_LITTLE_ENDIAN,
            TransferSyntax.EXPLICIT_BIG_ENDIAN,
            TransferSyntax.DEFLATED
        };
        int hash = Arrays.hashCode(some) + perFrame.size() + bits;
        for (int i = 0; i < encodings.length; i++) {
            if (i > 0 && !CampaignShare.takes(hash, encodings.length - 1, i - 1)) {
                answers[i] = answers[0];
                continue;
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Part10.write(out, "1.2.840.10008.5.1.4.1.1.66.4", "1.2", encodings[i], i % 2 == 0, object);
            answers[i] = HostileObjectsTest.answer(out.toByteArray(), OPTIONS);
        }
        check(
                answers[0].equals(answers[1]) && answers[0].equals(answers[2]),
                "the answer depends on how the data set is encoded");
        // A deflated data set is refused for the length of its pixels before anything else is looked at.
        check(
                answers[0].equals(answers[3]) || !answers[0].startsWith("read") && !answers[3].startsWith("read"),
                "deflated, the object gets another answer");
    }

    private static void groups(FuzzedDataProvider data, DatasetBuilder item) {
        if (data.consumeBoolean()) {
            item.sequence(
                    Tag.SEGMENT_IDENTIFICATION_SEQUENCE,
                    new DatasetBuilder().shorts(Tag.REFERENCED_SEGMENT_NUMBER, data.consumeInt(0, 3)));
        }
        if (data.consumeBoolean()) {
            item.sequence(
                    Tag.PLANE_POSITION_SEQUENCE,
                    new DatasetBuilder().text(Tag.IMAGE_POSITION_PATIENT, "DS", numbers(data, 3)));
        }
        if (data.consumeBoolean()) {
            item.sequence(
                    Tag.PLANE_ORIENTATION_SEQUENCE,
                    new DatasetBuilder()
                            .text(
                                    Tag.IMAGE_ORIENTATION_PATIENT,
                                    "DS",
                                    data.consumeBoolean() ? "1\\0\\0\\0\\1\\0" : numbers(data, 6)));
        }
        if (data.consumeBoolean()) {
            item.sequence(
                    Tag.PIXEL_MEASURES_SEQUENCE,
                    new DatasetBuilder()
                            .text(Tag.PIXEL_SPACING, "DS", data.consumeBoolean() ? "1\\1" : numbers(data, 2))
                            .text(Tag.SPACING_BETWEEN_SLICES, "DS", numbers(data, 1))
                            .text(Tag.SLICE_THICKNESS, "DS", numbers(data, 1)));
        }
        if (data.consumeBoolean()) {
            item.sequence(
                    Tag.PLANE_POSITION_SLIDE_SEQUENCE,
                    new DatasetBuilder()
                            .ints(Tag.COLUMN_POSITION_IN_MATRIX, data.consumeInt())
                            .ints(Tag.ROW_POSITION_IN_MATRIX, data.consumeInt(-1, 50)));
        }
    }

    private static String numbers(FuzzedDataProvider data, int count) {
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            numbers.add(
                    switch (data.consumeInt(0, 4)) {
                        case 0, 1 -> Integer.toString(data.consumeInt(-9, 9));
                        case 2 -> DatasetBuilder.decimal(data.consumeRegularDouble());
                        case 3 -> "";
                        default -> data.consumeAsciiString(16).replace('\\', 'x');
                    });
        }
        return String.join("\\", numbers);
    }

    /** The frame decoders. Whatever decodes, decodes to exactly the frame; what was encoded decodes to itself. */
    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void pixelDecoders(FuzzedDataProvider data) throws IOException {
        int planes = data.consumeInt(1, 2);
        int rows = data.consumeInt(1, 40);
        int columns = data.consumeInt(1, 40);
        boolean wellFormed = data.consumeBoolean();
        byte[] bytes = data.consumeRemainingAsBytes();
        byte[] pixels = Arrays.copyOf(bytes, rows * columns * planes);
        TransferSyntax[] syntaxes = {
            TransferSyntax.RLE_LOSSLESS, TransferSyntax.DEFLATED_FRAMES, TransferSyntax.ENCAPSULATED_UNCOMPRESSED
        };
        for (int i = 0; i < syntaxes.length; i++) {
            if (!CampaignShare.takes(bytes, syntaxes.length, i)) {
                continue;
            }
            TransferSyntax syntax = syntaxes[i];
            byte[] fragment = bytes;
            if (wellFormed) {
                fragment = syntax.equals(TransferSyntax.RLE_LOSSLESS)
                        ? RunLength.encode(pixels, planes)
                        : syntax.equals(TransferSyntax.DEFLATED_FRAMES) ? deflated(pixels) : pixels;
            }
            DicomFile file = new DicomFile(
                    new DicomDataset(new Tape(1), MemorySegment.NULL, 0, 0),
                    new DicomDataset(new Tape(1), MemorySegment.NULL, 0, 0),
                    syntax,
                    new PixelData.Encapsulated(
                            MemorySegment.ofArray(fragment), new long[] {0, fragment.length}, MemorySegment.NULL),
                    List.of());
            try (Frames frames = Frames.of(file, rows, columns, 8 * planes, 1)) {
                frames.select(0);
                check(frames.bytes().byteSize() == pixels.length, "a frame has another size");
                check(
                        !wellFormed || frames.bytes().mismatch(MemorySegment.ofArray(pixels)) < 0,
                        "an encoded frame decodes to something else");
            } catch (InputException e) {
                check(!wellFormed, "a well-formed frame is refused: " + e.getMessage());
            }
        }
    }

    /**
     * A frame of JPEG-LS, JPEG lossless or JPEG 2000, after four bytes that say which, how many rows and columns, and how many
     * bits. It decodes to the same pixels each time, in memory that follows from the size of the frame.
     */
    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    void jpegFrames(byte[] input) {
        if (input.length < 4) {
            return;
        }
        String syntax = "1.2.840.10008.1.2.4." + new int[] {80, 70, 90}[(input[0] & 0xFF) % 3];
        int rows = 1 + (input[1] & 31);
        int columns = 1 + (input[2] & 31);
        int bits = (input[3] & 1) == 0 ? 8 : 16;
        byte[] stream = Arrays.copyOfRange(input, 4, input.length);
        boolean signed = (input[3] & 2) != 0;
        String answer = decoded(syntax, stream, rows, columns, bits, signed);
        if (CampaignShare.takes(input, 4, 0)) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            String again = decoded(syntax, stream, rows, columns, bits, signed);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            check(answer.equals(again), "the same frame decodes to something else");
            check(allocated < MOST_FOR_A_FRAME, allocated + " bytes of memory for a frame of at most 1024 pixels");
        }
    }

    private static String decoded(String syntax, byte[] stream, int rows, int columns, int bits, boolean signed) {
        byte[] pixels = new byte[rows * columns * bits / 8];
        try {
            new JpegFrames(signed).decode(syntax, stream, rows, columns, bits, pixels);
            return "decoded " + Arrays.hashCode(pixels);
        } catch (InputException e) {
            return e.problem() + " " + e.getMessage();
        }
    }

    private static byte[] deflated(byte[] pixels) {
        Deflater deflater = new Deflater(1, true);
        deflater.setInput(pixels);
        deflater.finish();
        byte[] out = new byte[pixels.length + 100];
        int n = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, n);
    }
}
