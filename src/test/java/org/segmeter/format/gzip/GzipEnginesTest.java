package org.segmeter.format.gzip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.InputException;

/**
 * The fast engine and java.util.zip give the same bytes for every good gzip file and the same answer to damaged ones, so that
 * what comes out of {@link GzipSource#read} does not depend on the machine.
 */
class GzipEnginesTest {

    private static final long SEED = 20_261_123;

    @BeforeAll
    static void theFastEngineIsThere() {
        assumeTrue(
                IsalDeflateDecoder.LIBRARY != null,
                "ISA-L does not load on this platform: the fast engine is NOT compared with java.util.zip");
    }

    private static byte[] labels(Random random, int length) {
        byte[] data = new byte[length];
        int kind = random.nextInt(4);
        for (int i = 0; i < length; ) {
            int run = kind == 0 ? length : kind == 3 ? 1 : 1 + random.nextInt(300);
            byte value = (byte) (kind == 3 ? random.nextInt(256) : random.nextInt(3) == 0 ? random.nextInt(60) : 0);
            for (int k = 0; k < run && i < length; k++) {
                data[i++] = value;
            }
        }
        return data;
    }

    private static byte[] gzip(Random random, byte[] data) {
        int level = random.nextInt(10);
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(out) {
                {
                    def.setLevel(level);
                    def.setStrategy(random.nextInt(3));
                }
            }) {
                gzip.write(data);
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void manySmallFilesAreReadAlikeWhicheverEngineHasTakenOver() throws Exception {
        Random random = new Random(SEED);
        byte[] data = new byte[1 << 20];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i / 777 % 3);
        }
        byte[] file = gzip(random, data);
        while (file.length >= 1 << 16) {
            file = gzip(random, data); // stored, not compressed
        }
        String expected = outcome(file, GzipSource.Engine.JDK, 1 << 16);
        // More than java.util.zip inflates before the fast engine takes over, then damage that only one of them would
        // name.
        for (int i = 0; i < 40; i++) {
            assertThat(outcome(file)).isEqualTo(expected);
        }
        byte[] damaged = file.clone();
        damaged[damaged.length / 2] ^= 0x55;
        assertThat(outcome(damaged)).isEqualTo(outcome(damaged, GzipSource.Engine.JDK, 1 << 16));
    }

    /** By whichever engine is chosen. */
    private static String outcome(byte[] file) {
        try {
            return GzipSource.read(MemorySegment.ofArray(file), source -> digest(source, 1 << 16));
        } catch (InputException e) {
            return "refused";
        }
    }

    /** The content's CRC and length, or the problem. */
    private static String outcome(byte[] file, GzipSource.Engine engine, int piece) {
        try {
            return GzipSource.read(MemorySegment.ofArray(file), engine, source -> digest(source, piece));
        } catch (InputException e) {
            return "refused";
        }
    }

    private static String digest(ByteSource source, int piece) throws InputException {
        byte[] buffer = new byte[piece];
        CRC32 crc = new CRC32();
        long length = 0;
        for (int n = source.read(buffer, 0, piece); n > 0; n = source.read(buffer, 0, piece)) {
            crc.update(buffer, 0, n);
            length += n;
        }
        return length + " bytes, CRC " + crc.getValue() + ", " + source.notice();
    }

    private static void sameForBoth(byte[] file, Random random, boolean good) throws InputException {
        int piece = 1 + random.nextInt(300_000);
        String fast = outcome(file, GzipSource.Engine.FAST, piece);
        String jdk = outcome(file, GzipSource.Engine.JDK, 1 + random.nextInt(300_000));
        if (good) {
            assertThat(jdk).isNotEqualTo("refused");
        }
        // An engine may refuse more than the other: then java.util.zip is asked. It may never accept more, or something
        // else.
        if (!fast.equals("refused") || good) {
            assertThat(fast).isEqualTo(jdk);
        }
        String chosen;
        try {
            chosen = GzipSource.read(MemorySegment.ofArray(file), source -> digest(source, piece));
        } catch (InputException e) {
            chosen = "refused";
        }
        assertThat(chosen).isEqualTo(jdk);
    }

    @Test
    void goodFilesOfAnyLevelLengthAndNumberOfMembersComeOutTheSame() throws InputException {
        Random random = new Random(SEED);
        for (int i = 0; i < 150; i++) {
            int members = 1 + random.nextInt(3);
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            for (int m = 0; m < members; m++) {
                file.writeBytes(gzip(random, labels(random, random.nextInt(i % 10 == 0 ? 2_000_000 : 5_000))));
            }
            if (random.nextInt(4) == 0) {
                file.writeBytes(new byte[random.nextInt(20)]);
            }
            sameForBoth(file.toByteArray(), random, true);
        }
    }

    @Test
    void damagedFilesAreRefusedByBothOrGiveTheSame() throws InputException {
        Random random = new Random(SEED + 1);
        for (int i = 0; i < 4_000; i++) {
            byte[] file = gzip(random, labels(random, 1 + random.nextInt(3_000)));
            int flips = 1 + random.nextInt(3);
            for (int f = 0; f < flips; f++) {
                file[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
            }
            if (random.nextInt(3) == 0) {
                file = Arrays.copyOf(file, random.nextInt(file.length));
            }
            if (GzipSource.isGzip(MemorySegment.ofArray(file))) {
                sameForBoth(file, random, false);
            }
        }
    }

    /**
     * Somebody may forge damaged DEFLATE data together with a checksum that fits what ISA-L makes of it. java.util.zip refuses
     * some of these (incomplete Huffman codes); where both read the file they read the same.
     */
    @Test
    void forgedFilesThatBothReadAreReadAlike() throws InputException {
        Random random = new Random(SEED + 2);
        int accepted = 0;
        for (int i = 0; i < 4_000; i++) {
            byte[] file = gzip(random, labels(random, 1 + random.nextInt(600)));
            file[10 + random.nextInt(file.length - 18)] ^= (byte) (1 << random.nextInt(8));
            MemorySegment deflated = MemorySegment.ofArray(file).asSlice(10);
            byte[] content = new byte[1 << 16];
            int n = 0;
            try (IsalDeflateDecoder isal =
                    new IsalDeflateDecoder(Objects.requireNonNull(IsalDeflateDecoder.LIBRARY), deflated)) {
                isal.start(0);
                for (int more = 0;
                        more >= 0 && n < content.length;
                        more = isal.decode(content, n, content.length - n)) {
                    n += more;
                }
                CRC32 crc = new CRC32();
                crc.update(content, 0, n);
                byte[] fitting = Arrays.copyOf(file, (int) (10 + isal.position() + 8));
                for (int b = 0; b < 4; b++) {
                    fitting[fitting.length - 8 + b] = (byte) (crc.getValue() >>> 8 * b);
                    fitting[fitting.length - 4 + b] = (byte) (n >>> 8 * b);
                }
                String fast = outcome(fitting, GzipSource.Engine.FAST, 1 + random.nextInt(1_000));
                String jdk = outcome(fitting, GzipSource.Engine.JDK, 1 + random.nextInt(1_000));
                if (!jdk.equals("refused")) {
                    assertThat(fast).isEqualTo(jdk);
                    accepted++;
                }
            } catch (DeflateDecoder.DamagedException e) {
                // Both refuse; nothing to compare.
            }
        }
        assertThat(accepted).isGreaterThan(100);
    }

    @Test
    void theHighestRatioThereIsStaysBelowTheBound() throws InputException {
        Deflater deflater = new Deflater(9, true);
        byte[] zeros = new byte[10_000_000];
        deflater.setInput(zeros);
        deflater.finish();
        int length = deflater.deflate(new byte[100_000]);
        deflater.end();
        assertThat(GzipSource.atMost(length)).isGreaterThan(zeros.length);
    }
}
