package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Voxels;

/** Whatever the bytes are: an answer or a refusal, in bounded memory, the same each time. */
class HostileObjectsTest {

    private static final ReadOptions SMALL =
            ReadOptions.defaults().withLimits(new ReadLimits(1 << 22, 1 << 24, 65_535, 32, 16));

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static long allocatedBy(Runnable task) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        task.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /** What a reader answers, short enough to compare. */
    static String answer(byte[] object, ReadOptions options) {
        try {
            Segmentation s = Samples.read(object, options);
            StringBuilder text = new StringBuilder("read " + s.grid());
            s.segments().forEach(v -> text.append(v.segment()).append(voxels(v.voxels())));
            return text.toString();
        } catch (InputException e) {
            if (isBlank(e.found()) || isBlank(e.expected())) {
                throw new AssertionError("a refusal without what was found and expected: " + e.getMessage());
            }
            return e.problem() + " " + e.getMessage();
        }
    }

    private static boolean isBlank(@Nullable String text) {
        return text == null || text.isBlank();
    }

    static String voxels(Voxels voxels) {
        return switch (voxels) {
            case Mask m ->
                m.toBitMask().count() + " " + m.box() + " " + m.toBitMask().hashCode();
            case ProbabilityVolume p -> p.box() + " " + Arrays.hashCode(p.values());
        };
    }

    private static List<Path> seeds() {
        List<Path> seeds = new ArrayList<>();
        for (String folder : List.of("seg", "derived", "bad", "other")) {
            for (Path file : Samples.files(Samples.COPIES.resolve(folder))) {
                if (Samples.bytes(file).length < 20_000) {
                    seeds.add(file);
                }
            }
        }
        return seeds;
    }

    @Test
    void mutatedObjectsAreReadOrRefusedInBoundedMemory() {
        long seed = Long.getLong("segmeter.fuzz.seed", 20260101L);
        Random random = new Random(seed);
        System.out.println("mutations with -Dsegmeter.fuzz.seed=" + seed);
        List<Path> seeds = seeds();
        ReadOptions options = SMALL.withPixelUnits(true);
        for (Path file : seeds) {
            byte[] original = Samples.bytes(file);
            for (int i = 0; i < 150; i++) {
                byte[] mutated = mutate(original, random, Samples.bytes(seeds.get(random.nextInt(seeds.size()))));
                String[] answer = new String[1];
                long allocated = allocatedBy(() -> answer[0] = answer(mutated, options));
                assertThat(allocated)
                        .as("bytes allocated for a mutation of " + file.getFileName() + ": " + answer[0])
                        .isLessThan(192L << 20);
                if (i % 15 == 0) {
                    assertThat(answer(mutated, options)).isEqualTo(answer[0]);
                }
            }
        }
    }

    static byte[] mutate(byte[] original, Random random, byte[] other) {
        byte[] bytes = original.clone();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(7)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> {
                    int length = Math.min(bytes.length - at, 1 + random.nextInt(8));
                    Arrays.fill(bytes, at, at + length, (byte) (random.nextBoolean() ? 0xFF : 0));
                }
                case 3 -> bytes = Arrays.copyOf(bytes, at + 1);
                case 4 -> {
                    int length = Math.min(bytes.length - at, random.nextInt(64));
                    byte[] shorter = new byte[bytes.length - length];
                    System.arraycopy(bytes, 0, shorter, 0, at);
                    System.arraycopy(bytes, at + length, shorter, at, bytes.length - at - length);
                    bytes = shorter.length == 0 ? bytes : shorter;
                }
                case 5 -> {
                    byte[] digits = Integer.toString(random.nextInt(100_000)).getBytes(StandardCharsets.US_ASCII);
                    System.arraycopy(digits, 0, bytes, at, Math.min(digits.length, bytes.length - at));
                }
                default -> {
                    int from = random.nextInt(other.length);
                    int length = Math.min(Math.min(other.length - from, bytes.length - at), random.nextInt(200));
                    System.arraycopy(other, from, bytes, at, length);
                }
            }
        }
        return bytes;
    }

    @Test
    void everyPrefixOfAnObjectIsRefused() {
        for (String name : List.of(
                "seg/dcmqi_24x38x3.dcm",
                "seg/dcmqi_sparse_labelmap_noppv.dcm",
                "derived/s10_deflated.dcm",
                "derived/s13_fractional_01_jpegls.dcm")) {
            byte[] whole = Samples.bytes(Samples.COPIES.resolve(name));
            String answer = answer(whole, SMALL);
            assertThat(answer).startsWith("read");
            int accepted = 0;
            for (int n = 0; n < whole.length; n++) {
                String found = answer(Arrays.copyOf(whole, n), SMALL);
                if (found.startsWith("read")) {
                    assertThat(found).as(name + " cut to " + n).isEqualTo(answer);
                    accepted++;
                }
            }
            // A deflated data set may be followed by one byte of padding, which nothing is lost with.
            assertThat(accepted).as(name).isLessThanOrEqualTo(name.contains("deflated") ? 1 : 0);
        }
    }

    /** GDCM ends a deflated data set as gzip ends a member. */
    @Test
    void aDeflatedDataSetMayEndInItsChecksumAndLengthButInNoOthers() throws DataFormatException {
        byte[] file = RandomSegmentations.file(
                RandomSegmentations.of(new Random(5), Encoding.BINARY),
                SegWriter.Options.DEFAULT.withEncoding(SegWriter.Encoding.DEFLATED));
        int dataset =
                132 + 12 + ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(140);
        Inflater inflater = new Inflater(true);
        inflater.setInput(file, dataset, file.length - dataset);
        byte[] inflated = new byte[1 << 20];
        int length = inflater.inflate(inflated);
        assertThat(inflater.finished()).isTrue();
        int end = file.length - inflater.getRemaining();
        inflater.end();
        CRC32 crc = new CRC32();
        crc.update(inflated, 0, length);
        ByteBuffer ended = ByteBuffer.wrap(Arrays.copyOf(file, end + 9)).order(ByteOrder.LITTLE_ENDIAN);
        ended.putInt(end, (int) crc.getValue()).putInt(end + 4, length);
        String answer = answer(file, ReadOptions.defaults());
        assertThat(answer).startsWith("read");
        assertThat(answer(Arrays.copyOf(ended.array(), end + 8), ReadOptions.defaults()))
                .isEqualTo(answer);
        assertThat(answer(ended.array(), ReadOptions.defaults())).isEqualTo(answer);
        for (int wrong = 0; wrong < 8; wrong++) {
            byte[] other = Arrays.copyOf(ended.array(), end + 8);
            other[end + wrong] ^= 1;
            assertThat(answer(other, ReadOptions.defaults())).startsWith("TRAILING_DATA");
        }
        assertThat(answer(Arrays.copyOf(ended.array(), end + 7), ReadOptions.defaults()))
                .startsWith("TRAILING_DATA");
    }

    @Test
    void nestingIsBoundedInEveryEncodingOfLengths() {
        for (boolean explicit : new boolean[] {true, false}) {
            for (boolean undefined : new boolean[] {true, false}) {
                for (int depth : new int[] {33, 1_000, 50_000}) {
                    byte[] object = nested(depth, explicit, undefined);
                    assertThat(answer(object, SMALL)).startsWith(depth > 32 ? "NESTING_TOO_DEEP" : "read");
                }
            }
        }
    }

    /** Segment Sequence within Segment Sequence: one that is entered, so that every level counts. */
    private static byte[] nested(int depth, boolean explicit, boolean undefined) {
        int header = explicit ? 12 : 8;
        ByteBuffer b = ByteBuffer.allocate(400 + depth * (header + 8)).order(ByteOrder.LITTLE_ENDIAN);
        b.position(128);
        b.put("DICM".getBytes(StandardCharsets.US_ASCII));
        String syntax = explicit ? "1.2.840.10008.1.2.1\0" : "1.2.840.10008.1.2\0";
        b.putShort((short) 2)
                .putShort((short) 0x10)
                .put((byte) 'U')
                .put((byte) 'I')
                .putShort((short) syntax.length());
        b.put(syntax.getBytes(StandardCharsets.US_ASCII));
        String sopClass = "1.2.840.10008.5.1.4.1.1.66.4";
        b.putShort((short) 8).putShort((short) 0x16);
        if (explicit) {
            b.put((byte) 'U').put((byte) 'I').putShort((short) sopClass.length());
        } else {
            b.putInt(sopClass.length());
        }
        b.put(sopClass.getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < depth; i++) {
            int inside = (depth - 1 - i) * (header + 8);
            b.putShort((short) 0x62).putShort((short) 2);
            if (explicit) {
                b.put((byte) 'S').put((byte) 'Q').putShort((short) 0);
            }
            b.putInt(undefined ? -1 : inside + 8);
            b.putShort((short) 0xFFFE).putShort((short) 0xE000).putInt(undefined ? -1 : inside);
        }
        return Arrays.copyOf(b.array(), b.position());
    }

    @Test
    void aBombInAnyPlaceCostsNeitherMemoryNorALongWait() {
        Segmentation honest = RandomSegmentations.of(new Random(4), Encoding.BINARY);
        byte[] file = RandomSegmentations.file(
                honest, SegWriter.Options.DEFAULT.withEncoding(SegWriter.Encoding.EXPLICIT_LITTLE_ENDIAN));
        int dataset =
                132 + 12 + ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(140);
        // A private element of 80 MB, a label of 80 MB, pixel data of 80 MB: each deflates to 80 kB.
        for (int tag : new int[] {0x0009_1010, Tag.SEGMENT_LABEL, Tag.PIXEL_DATA}) {
            byte[] bomb = deflated(file, dataset, tag, 80 << 20);
            assertThat(bomb.length).isLessThan(2 << 20);
            String[] answer = new String[1];
            assertThat(allocatedBy(() -> answer[0] = answer(bomb, ReadOptions.defaults())))
                    .as(Tag.text(tag))
                    .isLessThan(8L << 20);
            assertThat(answer[0]).doesNotStartWith("read");
        }
    }

    private static byte[] deflated(byte[] file, int dataset, int tag, int zeros) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] meta = Arrays.copyOf(file, dataset);
        String text = new String(meta, StandardCharsets.ISO_8859_1);
        int at = text.indexOf("1.2.840.10008.1.2.1\0");
        out.write(meta, 0, at - 2);
        out.write(22);
        out.write(0);
        out.writeBytes("1.2.840.10008.1.2.1.99".getBytes(StandardCharsets.US_ASCII));
        out.write(meta, at + 20, meta.length - at - 20);
        Deflater deflater = new Deflater(1, true);
        byte[] buffer = new byte[1 << 16];
        int body = indexOfTag(file, dataset, tag == 0x0009_1010 ? Tag.SOP_INSTANCE_UID : tag);
        // A private element comes after Specific Character Set, Image Type and SOP Class UID.
        deflater.setInput(file, dataset, body - dataset);
        drain(deflater, out, buffer);
        ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        header.putShort((short) (tag >>> 16))
                .putShort((short) tag)
                .put((byte) 'O')
                .put((byte) 'B')
                .putShort((short) 0);
        header.putInt(zeros);
        deflater.setInput(header.array());
        drain(deflater, out, buffer);
        byte[] nothing = new byte[1 << 20];
        for (int i = 0; i < zeros >> 20; i++) {
            deflater.setInput(nothing);
            drain(deflater, out, buffer);
        }
        deflater.finish();
        while (!deflater.finished()) {
            out.write(buffer, 0, deflater.deflate(buffer));
        }
        deflater.end();
        return out.toByteArray();
    }

    private static int indexOfTag(byte[] file, int from, int tag) {
        for (int i = from; i + 4 < file.length; i++) {
            if ((file[i] & 0xFF) == (tag >>> 16 & 0xFF)
                    && (file[i + 1] & 0xFF) == tag >>> 24
                    && (file[i + 2] & 0xFF) == (tag & 0xFF)
                    && (file[i + 3] & 0xFF) == (tag >>> 8 & 0xFF)) {
                return i;
            }
        }
        throw new AssertionError("no " + Tag.text(tag));
    }

    private static void drain(Deflater deflater, ByteArrayOutputStream out, byte[] buffer) {
        while (!deflater.needsInput()) {
            out.write(buffer, 0, deflater.deflate(buffer));
        }
    }

    @Test
    void runLengthCodingIsUndoneAndEveryPrefixRefused() throws InputException {
        Random random = new Random(9);
        for (int i = 0; i < 300; i++) {
            int planes = 1 + random.nextInt(2);
            byte[] pixels = new byte[planes * (1 + random.nextInt(500))];
            for (int k = 0; k < pixels.length; k++) {
                pixels[k] = (byte) (random.nextInt(6) == 0 ? random.nextInt(256) : k > 0 ? pixels[k - 1] : 0);
            }
            byte[] coded = RunLength.encode(pixels, planes);
            byte[] decoded = new byte[pixels.length];
            RunLength.decode(MemorySegment.ofArray(coded), planes, decoded);
            assertThat(decoded).isEqualTo(pixels);
            byte[] cut = Arrays.copyOf(coded, random.nextInt(Math.max(1, coded.length - 2)));
            assertThatThrownBy(() -> RunLength.decode(MemorySegment.ofArray(cut), planes, new byte[pixels.length]))
                    .isInstanceOf(InputException.class);
        }
    }

    @Test
    void aTransferSyntaxThatCannotBeDecodedIsNamed() {
        byte[] object = Samples.bytes(Samples.COPIES.resolve("derived/s13_fractional_01_jpegls.dcm"));
        int at = new String(object, StandardCharsets.ISO_8859_1).indexOf("1.2.840.10008.1.2.4.80");
        System.arraycopy("50".getBytes(StandardCharsets.US_ASCII), 0, object, at + 20, 2);
        assertThat(answer(object, SMALL))
                .startsWith("UNSUPPORTED_TRANSFER_SYNTAX")
                .contains("JPEG Baseline");
    }

    @Test
    void textOfAPatientIsInNoAnswer() {
        byte[] object = Samples.bytes(Samples.COPIES.resolve("bad/good.dcm"));
        String canary = "CANARY";
        Random random = new Random(2);
        for (int i = 0; i < 2_000; i++) {
            byte[] marked = object.clone();
            int at = 132 + random.nextInt(8_700);
            System.arraycopy(canary.getBytes(StandardCharsets.US_ASCII), 0, marked, at, canary.length());
            try {
                Samples.read(marked, SMALL);
            } catch (InputException e) {
                assertThat(e.problem()).isNotEqualTo(InputProblem.UNRECOGNISED_FORMAT);
                assertThat(e.getMessage() + e.found() + e.expected()).doesNotContain(canary);
            }
        }
    }
}
