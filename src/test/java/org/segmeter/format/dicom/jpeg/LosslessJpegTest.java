package org.segmeter.format.dicom.jpeg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.segmeter.volume.InputException;

/** JPEG-LS and JPEG lossless frames decode to the samples that dcmtk encoded, and damaged ones are refused. */
class LosslessJpegTest {

    private static final int ROWS = 37;
    private static final int COLUMNS = 53;

    static List<Path> streams() throws IOException, URISyntaxException {
        URL manifest = Objects.requireNonNull(LosslessJpegTest.class.getResource("MANIFEST.md"));
        try (Stream<Path> files = Files.list(Path.of(manifest.toURI()).resolveSibling("."))) {
            return files.filter(
                            f -> f.toString().endsWith(".jls") || f.toString().endsWith(".ljpeg"))
                    .sorted()
                    .toList();
        }
    }

    private static short[] decode(Path file, byte[] stream) throws InputException {
        int bits =
                file.getFileName().toString().replaceAll("\\D*(\\d+).*", "$1").equals("8") ? 8 : 16;
        return file.toString().endsWith(".jls")
                ? JpegLsDecoder.decode(stream, ROWS, COLUMNS, bits)
                : JpegLosslessDecoder.decode(stream, ROWS, COLUMNS, bits);
    }

    private static short[] expected(Path file) throws IOException {
        String name = file.getFileName().toString();
        String raw =
                name.contains(".near3") ? name.replace(".jls", ".raw") : name.substring(0, name.indexOf('.')) + ".raw";
        short[] samples = new short[ROWS * COLUMNS];
        ByteBuffer.wrap(Files.readAllBytes(file.resolveSibling(raw)))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asShortBuffer()
                .get(samples);
        return samples;
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aFrameDecodesToTheSamplesThatWereEncoded(Path file) throws Exception {
        assertThat(decode(file, Files.readAllBytes(file))).isEqualTo(expected(file));
    }

    @Test
    void theResourcesCoverBothCodings() throws Exception {
        assertThat(streams()).hasSizeGreaterThan(40).anyMatch(f -> f.toString().endsWith(".near3.jls"));
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aFrameOfAnotherSizeIsRefusedBeforeItsSamplesAreAllocated(Path file) throws Exception {
        byte[] stream = Files.readAllBytes(file);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> JpegLsDecoder.decode(stream, ROWS + 1, COLUMNS, 16));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> JpegLosslessDecoder.decode(stream, ROWS, COLUMNS - 1, 16));
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aFrameThatIsCutIsRefusedUnlessOnlyWhatFollowsTheSamplesIsLost(Path file) throws Exception {
        byte[] stream = Files.readAllBytes(file);
        short[] whole = expected(file);
        int refused = 0;
        for (int length = 0; length < stream.length; length++) {
            try {
                assertThat(decode(file, Arrays.copyOf(stream, length))).isEqualTo(whole);
            } catch (InputException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThanOrEqualTo(stream.length - 6);
    }

    @Test
    void damagedFramesAreDecodedOrRefusedButNeverBreakTheDecoder() throws Exception {
        long seed = System.nanoTime();
        System.out.println("LosslessJpegTest seed " + seed);
        Random random = new Random(seed);
        int refused = 0;
        List<Path> files = streams();
        for (int i = 0; i < 20_000; i++) {
            Path file = files.get(random.nextInt(files.size()));
            byte[] stream = Files.readAllBytes(file);
            for (int k = random.nextInt(4); k >= 0; k--) {
                stream[random.nextInt(stream.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(decode(file, stream)).hasSize(ROWS * COLUMNS);
            } catch (InputException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(100);
    }
}
