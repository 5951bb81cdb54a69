package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.format.ReadOptions.Values;

/** The oracles of the fuzz targets on a bounded number of mutations, in every build; the seed is in the test's name. */
class NiftiMutationTest {

    private static final Path INPUTS = Path.of("src/test/resources/org/segmeter/format/nifti");

    private static List<byte[]> seeds(String target) throws IOException {
        List<byte[]> seeds = new ArrayList<>();
        try (Stream<Path> files = Files.list(INPUTS.resolve(target + "Inputs"))) {
            for (Path file : files.sorted().toList()) {
                if (Files.isRegularFile(file)) {
                    seeds.add(Files.readAllBytes(file));
                }
            }
        }
        assertThat(seeds).isNotEmpty();
        return seeds;
    }

    @TestFactory
    Stream<DynamicTest> mutations() {
        long seed = Long.getLong("segmeter.fuzz.seed", System.nanoTime());
        return Stream.of("NiftiHeaderFuzzTest", "NiftiStreamFuzzTest", "ArchiveFuzzTest")
                .map(target -> DynamicTest.dynamicTest(
                        target + " -Dsegmeter.fuzz.seed=" + seed, () -> mutate(seeds(target), new Random(seed))));
    }

    private static void mutate(List<byte[]> seeds, Random random) {
        for (int i = 0; i < 3_000; i++) {
            byte[] file = seeds.get(random.nextInt(seeds.size())).clone();
            int changes = 1 + random.nextInt(4);
            for (int c = 0; c < changes && file.length > 0; c++) {
                // Headers matter most, at the beginning and, in archives, at the end.
                int where = switch (random.nextInt(3)) {
                    case 0 -> random.nextInt(file.length);
                    case 1 -> random.nextInt(Math.min(file.length, 360));
                    default -> file.length - 1 - random.nextInt(Math.min(file.length, 120));
                };
                switch (random.nextInt(6)) {
                    case 0 -> file[where] ^= (byte) (1 << random.nextInt(8));
                    case 1 -> file[where] = (byte) random.nextInt(256);
                    case 2 -> file[where] = 0;
                    case 3 -> file[where] = -1;
                    case 4 -> file = Arrays.copyOf(file, where);
                    default -> {
                        byte[] other = seeds.get(random.nextInt(seeds.size()));
                        int n = Math.min(other.length, 1 + random.nextInt(64));
                        int from = random.nextInt(other.length - n + 1);
                        System.arraycopy(other, from, file, where, Math.min(n, file.length - where));
                    }
                }
            }
            ReaderOracles.check(file, Values.values()[random.nextInt(4)]);
        }
    }

    @Test
    void everyPrefixOfAFileIsRefused() {
        for (int version = 1; version <= 2; version++) {
            byte[] file = NiftiBytes.of(version, ByteOrder.BIG_ENDIAN, NiftiType.INT16, 5, 4, 3)
                    .values(0, 1, 2, 2, 0, 7)
                    .bytes();
            byte[] gzip = NiftiBytes.gzip(Arrays.copyOf(file, 400), Arrays.copyOfRange(file, 400, file.length));
            for (byte[] whole : List.of(file, gzip)) {
                assertThat(ReaderOracles.read(whole, Values.UNDECLARED)).isNotNull();
                for (int n = 0; n < whole.length; n++) {
                    assertThat(ReaderOracles.read(Arrays.copyOf(whole, n), Values.UNDECLARED))
                            .as("the first " + n + " of " + whole.length + " bytes")
                            .isNull();
                }
            }
        }
    }

    @Test
    void aFlippedBitInGzipIsNeverReadAsSomethingElse() {
        byte[] file =
                NiftiBytes.of(NiftiType.UINT8, 9, 4, 3).values(0, 1, 2, 2, 0, 7).bytes();
        byte[] gzip = NiftiBytes.gzip(file);
        for (int bit = 0; bit < gzip.length * 8; bit++) {
            byte[] flipped = gzip.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            var read = ReaderOracles.read(flipped, Values.UNDECLARED);
            if (read != null) {
                // A time stamp or an unused bit: it may change nothing that was read.
                assertThat(read).isEqualTo(ReaderOracles.read(gzip, Values.UNDECLARED));
            }
        }
    }
}
