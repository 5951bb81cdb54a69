package org.segmeter.format.dicom.jpeg2000;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** JPEG 2000 frames decode to the samples that were encoded (or that OpenJPEG decodes), and damaged ones are refused. */
class Jpeg2000DecoderTest {

    private static final Pattern NAME = Pattern.compile("(\\w+-(\\d+)x(\\d+)-(\\d+)bit)\\.(.+)\\.(j2k|jp2)");

    // Offsets in a stream whose COD follows its SIZ, as those of OpenJPEG do.
    private static final int RSIZ = 6;
    private static final int TILE_SIZE = 24;
    private static final int COMPONENTS = 40;
    private static final int DEPTH = 42;
    private static final int STEPS = 43;
    private static final int COD = 45;
    private static final int PROGRESSION = COD + 5;
    private static final int LAYERS = COD + 6;
    private static final int LEVELS = COD + 9;
    private static final int BLOCK_WIDTH = COD + 10;
    private static final int MODES = COD + 12;
    private static final int WAVELET = COD + 13;

    /** A stream among the resources; what its name says of it. */
    record Frame(
            String name,
            String image,
            int rows,
            int columns,
            int bits,
            String variant,
            byte[] stream,
            short[] samples) {

        boolean irreversible() {
            return variant.contains("9-7");
        }

        short[] decode(byte[] other) throws InputException {
            return Jpeg2000Decoder.decode(other, rows, columns, bits, false);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Frame> frames() throws IOException, URISyntaxException {
        URL manifest = Objects.requireNonNull(Jpeg2000DecoderTest.class.getResource("MANIFEST.md"));
        try (Stream<Path> files = Files.list(Path.of(manifest.toURI()).resolveSibling("."))) {
            return files.sorted()
                    .map(file -> NAME.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .map(Jpeg2000DecoderTest::frame)
                    .toList();
        }
    }

    private static Frame frame(Matcher name) {
        int rows = Integer.parseInt(name.group(2));
        int columns = Integer.parseInt(name.group(3));
        URL lossy = Jpeg2000DecoderTest.class.getResource(name.group() + ".raw");
        short[] samples = new short[rows * columns];
        ByteBuffer.wrap(resource(lossy == null ? name.group(1) + ".raw" : name.group() + ".raw"))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asShortBuffer()
                .get(samples);
        int bits = Integer.parseInt(name.group(4));
        if (name.group(5).startsWith("gdcm")) {
            // gdcmconv says Bits Allocated, not Bits Stored.
            bits = (bits + 7) / 8 * 8;
        }
        return new Frame(
                name.group(), name.group(1), rows, columns, bits, name.group(5), resource(name.group()), samples);
    }

    private static byte[] resource(String name) {
        try {
            return Files.readAllBytes(Path.of(Objects.requireNonNull(Jpeg2000DecoderTest.class.getResource(name))
                    .toURI()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Frame labels() throws IOException, URISyntaxException {
        return frames().stream()
                .filter(f -> f.name().equals("labels-37x53-8bit.gdcm.j2k"))
                .findFirst()
                .orElseThrow();
    }

    private static InputProblem refusal(Frame frame, byte[] stream) {
        try {
            frame.decode(stream);
        } catch (InputException e) {
            return e.problem();
        }
        throw new AssertionError("decoded");
    }

    private static byte[] with(byte[] stream, int offset, int... values) {
        byte[] changed = stream.clone();
        for (int i = 0; i < values.length; i++) {
            changed[offset + i] = (byte) values[i];
        }
        return changed;
    }

    private static byte[] inserted(byte[] stream, int offset, int... values) {
        byte[] changed = new byte[stream.length + values.length];
        System.arraycopy(stream, 0, changed, 0, offset);
        System.arraycopy(stream, offset, changed, offset + values.length, stream.length - offset);
        return with(changed, offset, values);
    }

    private static int indexOf(byte[] stream, int marker) {
        for (int i = 0; i + 1 < stream.length; i++) {
            if (stream[i] == (byte) (marker >> 8) && stream[i + 1] == (byte) marker) {
                return i;
            }
        }
        throw new AssertionError("no such marker");
    }

    /** A stream of one tile with code-blocks of 4 x 4, reversible, 8 bits, whose exponents are all 8. */
    private static byte[] stream(int rows, int columns, int levels, int layers, byte[] packets) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(0xFF4FFF51);
        out.writeShort(41);
        out.writeShort(0);
        for (int v : new int[] {columns, rows, 0, 0, columns, rows, 0, 0}) {
            out.writeInt(v);
        }
        out.writeShort(1);
        out.write(new byte[] {7, 1, 1});
        out.writeShort(0xFF52);
        out.writeShort(12);
        out.write(new byte[] {0, 0, (byte) (layers >> 8), (byte) layers, 0, (byte) levels, 0, 0, 0, 1});
        out.writeShort(0xFF5C);
        out.writeShort(3 + 3 * levels + 1);
        out.write(0x40);
        for (int i = 0; i <= 3 * levels; i++) {
            out.write(8 << 3);
        }
        out.writeInt(0xFF90000A);
        out.writeShort(0);
        out.writeInt(0);
        out.writeShort(1);
        out.writeShort(0xFF93);
        out.write(packets);
        out.writeShort(0xFFD9);
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @MethodSource("frames")
    void aFrameDecodesToTheSamplesThatWereEncoded(Frame frame) throws Exception {
        short[] decoded = frame.decode(frame.stream());
        if (frame.irreversible()) {
            assertThat(decoded).hasSameSizeAs(frame.samples());
            for (int i = 0; i < decoded.length; i++) {
                assertThat((decoded[i] & 0xFFFF) - (frame.samples()[i] & 0xFFFF))
                        .isBetween(-1, 1);
            }
        } else {
            assertThat(decoded).isEqualTo(frame.samples());
        }
    }

    /** Signed samples have no level shift (T.800 G.1): the same coefficients are those of samples that lie half of the range lower. */
    @ParameterizedTest
    @MethodSource("frames")
    void signedSamplesAreThoseOfTheSameCoefficientsAboutZero(Frame frame) throws Exception {
        int depth = indexOf(frame.stream(), 0xFF51) + DEPTH - 2;
        int bits = frame.stream()[depth] + 1;
        byte[] signed = with(frame.stream(), depth, 0x80 | bits - 1);
        assertThat(refusal(frame, signed)).isEqualTo(InputProblem.UNSUPPORTED_TRANSFER_SYNTAX);
        short[] unsigned = frame.decode(frame.stream());
        short[] decoded = Jpeg2000Decoder.decode(signed, frame.rows(), frame.columns(), frame.bits(), true);
        for (int i = 0; i < decoded.length; i++) {
            assertThat((int) decoded[i]).isEqualTo((unsigned[i] & 0xFFFF) - (1 << bits - 1));
        }
    }

    @Test
    void theResourcesCoverWhatTheStandardOffers() throws Exception {
        assertThat(frames())
                .hasSizeGreaterThan(55)
                .extracting(Frame::variant)
                .contains("lrcp", "rlcp", "rpcl", "pcrl", "cprl", "progression-change")
                .contains("bypass", "reset", "terminate-all", "vertically-causal", "segmentation-symbols", "all-modes")
                .contains("predictable-termination", "layers", "precincts", "tiles", "tile-parts", "sop-eph", "offset")
                .contains("region", "lossy", "9-7", "gdcm", "jp2");
    }

    @ParameterizedTest
    @MethodSource("frames")
    void aFrameOfAnotherSizeIsRefusedBeforeItsSamplesAreAllocated(Frame frame) {
        for (int[] size : new int[][] {
            {frame.rows() + 1, frame.columns()},
            {frame.rows(), frame.columns() + 1},
            {46_000, 46_000},
            {Integer.MAX_VALUE, 1}
        }) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> Jpeg2000Decoder.decode(frame.stream(), size[0], size[1], 16, false))
                    .matches(e -> e.problem() == InputProblem.MALFORMED_PIXEL_DATA);
        }
    }

    @ParameterizedTest
    @MethodSource("frames")
    void aFrameOfMoreBitsThanThereMayBeIsRefused(Frame frame) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() ->
                        Jpeg2000Decoder.decode(frame.stream(), frame.rows(), frame.columns(), frame.bits() - 1, false))
                .matches(e -> e.problem() == InputProblem.MALFORMED_PIXEL_DATA);
    }

    @ParameterizedTest
    @MethodSource("frames")
    void aFrameThatIsCutIsRefusedUnlessOnlyWhatFollowsTheSamplesIsLost(Frame frame) throws Exception {
        short[] whole = frame.decode(frame.stream());
        int refused = 0;
        for (int length = 0; length < frame.stream().length; length++) {
            try {
                assertThat(frame.decode(Arrays.copyOf(frame.stream(), length))).isEqualTo(whole);
            } catch (InputException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThanOrEqualTo(frame.stream().length - 3);
    }

    @Test
    void damagedFramesAreDecodedOrRefusedButNeverBreakTheDecoder() throws Exception {
        long seed = System.nanoTime();
        System.out.println("Jpeg2000DecoderTest seed " + seed);
        Random random = new Random(seed);
        int refused = 0;
        List<Frame> frames = frames();
        for (int i = 0; i < 20_000; i++) {
            Frame frame = frames.get(random.nextInt(frames.size()));
            byte[] stream = frame.stream().clone();
            // The headers are short but decide what is allocated: half of the damage goes there.
            int range = random.nextBoolean() ? stream.length : Math.min(stream.length, 120);
            for (int k = random.nextInt(4); k >= 0; k--) {
                stream[random.nextInt(range)] = (byte) random.nextInt();
            }
            try {
                assertThat(frame.decode(stream)).hasSize(frame.rows() * frame.columns());
            } catch (InputException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1_000, 19_900);
    }

    @Test
    void aTilePartOfUnknownLengthGoesOnToTheEnd() throws Exception {
        Frame frame = labels();
        int sot = indexOf(frame.stream(), 0xFF90);
        byte[] open = with(frame.stream(), sot + 6, 0, 0, 0, 0);
        assertThat(frame.decode(open)).isEqualTo(frame.samples());
        assertThat(frame.decode(Arrays.copyOf(open, indexOf(open, 0xFFD9)))).isEqualTo(frame.samples());
    }

    @Test
    void thirtyTwoLevelsOfEmptyPacketsAreMidGrey() throws Exception {
        // Every resolution of 37 x 53 at the origin has at least one sample and so one packet.
        short[] decoded = Jpeg2000Decoder.decode(stream(37, 53, 32, 1, new byte[33]), 37, 53, 8, false);
        assertThat(decoded).hasSize(37 * 53).containsOnly((short) 128);
    }

    @Test
    void packetsThatAreMissingOrLeftOverAreRefused() {
        for (int packets : new int[] {0, 32, 34}) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(
                            () -> Jpeg2000Decoder.decode(stream(37, 53, 32, 1, new byte[packets]), 37, 53, 8, false))
                    .matches(e -> e.problem() == InputProblem.MALFORMED_PIXEL_DATA);
        }
    }

    @Test
    void packetsThatVisitVeryManyCodeBlocksInVainAreRefused() {
        // Each byte is a packet that is not empty, but says that no code-block is included in its layer.
        byte[] packets = new byte[65_535];
        Arrays.fill(packets, (byte) 0x80);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Jpeg2000Decoder.decode(stream(64, 64, 0, 65_535, packets), 64, 64, 8, false))
                .matches(e -> e.problem() == InputProblem.UNSUPPORTED_TRANSFER_SYNTAX);
    }

    @Test
    void aCodeBlockWithoutAnyPassIsMidGreyInEveryLayer() throws Exception {
        byte[] packets = new byte[200];
        Arrays.fill(packets, (byte) 0x80);
        assertThat(Jpeg2000Decoder.decode(stream(64, 64, 0, 200, packets), 64, 64, 8, false))
                .containsOnly((short) 128);
    }

    @ParameterizedTest
    @CsvSource({
        RSIZ + ", 0x40, high throughput",
        COMPONENTS + 1 + ", 3, three components",
        DEPTH + ", 0x87, signed samples",
        STEPS + ", 2, subsampling",
        MODES + ", 0x40, high throughput code-blocks",
        WAVELET + ", 2, another wavelet",
    })
    void whatIsNotSupportedIsNamedAsSuch(int offset, int value, String what) throws Exception {
        Frame frame = labels();
        assertThat(refusal(frame, with(frame.stream(), offset, value)))
                .as(what)
                .isEqualTo(InputProblem.UNSUPPORTED_TRANSFER_SYNTAX);
    }

    @ParameterizedTest
    @CsvSource({
        DEPTH + ", 37, 38 bits",
        PROGRESSION + ", 5, no such progression",
        LAYERS + 1 + ", 0, no layer",
        LEVELS + ", 33, too many levels",
        LEVELS + ", 9, more levels than there is quantisation for",
        BLOCK_WIDTH + ", 8, blocks wider than they may be",
        BLOCK_WIDTH + ", 7, blocks with more coefficients than they may have",
        WAVELET + ", 0, irreversible without quantisation",
    })
    void whatContradictsTheStandardIsMalformed(int offset, int value, String what) throws Exception {
        Frame frame = labels();
        assertThat(refusal(frame, with(frame.stream(), offset, value)))
                .as(what)
                .isEqualTo(InputProblem.MALFORMED_PIXEL_DATA);
    }

    @Test
    void packedPacketHeadersAndExtendedCapabilitiesAreNotSupported() throws Exception {
        Frame frame = labels();
        assertThat(refusal(frame, inserted(frame.stream(), COD, 0xFF, 0x60, 0, 3, 0)))
                .isEqualTo(InputProblem.UNSUPPORTED_TRANSFER_SYNTAX);
        assertThat(refusal(frame, inserted(frame.stream(), COD, 0xFF, 0x50, 0, 6, 0, 2, 0, 0)))
                .isEqualTo(InputProblem.UNSUPPORTED_TRANSFER_SYNTAX);
        assertThat(refusal(frame, inserted(frame.stream(), indexOf(frame.stream(), 0xFF93), 0xFF, 0x61, 0, 3, 0)))
                .isEqualTo(InputProblem.UNSUPPORTED_TRANSFER_SYNTAX);
    }

    @Test
    void whatIsSaidOfTheComponentPrecedesWhatIsSaidOfAll() throws Exception {
        Frame frame = labels();
        byte[] stream = frame.stream();
        int qcd = indexOf(stream, 0xFF5C);
        int length = stream[qcd + 3];
        // COC and QCC repeat what COD and QCD said; then those are made to say something else.
        int[] coc = {0xFF, 0x53, 0, 9, 0, 0, 0, 0, 0, 0, 0};
        for (int i = 0; i < 5; i++) {
            coc[6 + i] = stream[LEVELS + i];
        }
        int[] qcc = new int[length + 3];
        qcc[0] = 0xFF;
        qcc[1] = 0x5D;
        qcc[3] = length + 1;
        for (int i = 0; i < length - 2; i++) {
            qcc[5 + i] = stream[qcd + 4 + i];
        }
        byte[] other = inserted(with(stream, qcd + 5, 0x08, 0x08, 0x08), qcd, qcc);
        other = inserted(with(other, MODES, 0x3F), COD, coc);
        assertThat(frame.decode(other)).isEqualTo(frame.samples());
    }

    @Test
    void moreTilesThanTheStreamHasRoomForAreRefused() throws Exception {
        Frame frame = labels();
        assertThat(refusal(frame, with(frame.stream(), TILE_SIZE, 0, 0, 0, 1, 0, 0, 0, 1)))
                .isEqualTo(InputProblem.MALFORMED_PIXEL_DATA);
        assertThat(refusal(frame, with(frame.stream(), TILE_SIZE, 0, 0, 0, 0, 0, 0, 0, 0)))
                .isEqualTo(InputProblem.MALFORMED_PIXEL_DATA);
    }
}
