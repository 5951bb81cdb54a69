package org.segmeter.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** What is copied out of a file is what lies there, whichever way it comes. */
class MappedFilesTest {

    private static final int LARGE = (1 << 20) + 4321;

    @TempDir
    private static Path directory;

    private final Random random = new Random(20261128);
    private final byte[] large = bytes(LARGE);
    private final byte[] small = bytes(70_000);
    private Path largeFile = directory;
    private MappedFiles files;

    private byte[] bytes(int n) {
        byte[] bytes = new byte[n];
        random.nextBytes(bytes);
        return bytes;
    }

    @BeforeEach
    void map() throws IOException {
        largeFile = Files.write(directory.resolve("large"), large);
        files = new MappedFiles(List.of(
                Files.write(directory.resolve("small"), small),
                largeFile,
                Files.write(directory.resolve("empty"), new byte[0])));
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void everyPieceOfEveryFileIsTheFiles() throws InputException {
        List<byte[]> contents = List.of(small, large);
        assertThat(files.parts().get(2).byteSize()).isZero();
        for (int i = 0; i < 2_000; i++) {
            byte[] content = contents.get(i % 2);
            // A slice of a slice, as a data set in a file and pixel data in a data set are.
            int begin = random.nextInt(content.length);
            MemorySegment slice = files.parts().get(i % 2).asSlice(begin);
            int from = random.nextInt((int) slice.byteSize() + 1);
            int length = random.nextInt(Math.min((int) slice.byteSize() - from, 1 << (1 + random.nextInt(17))) + 1);
            byte[] into = new byte[length + 7];
            files.copy(slice, from, into, 3, length);
            assertThat(new String(into, 3, length, java.nio.charset.StandardCharsets.ISO_8859_1))
                    .as("%d bytes from %d of %d", length, begin + from, content.length)
                    .isEqualTo(new String(content, begin + from, length, java.nio.charset.StandardCharsets.ISO_8859_1));
            assertThat(into[length + 3]).isZero();
        }
    }

    @Test
    void memoryThatIsNoFileIsCopiedToo() throws InputException {
        byte[] into = new byte[20_000];
        files.copy(MemorySegment.ofArray(large), 5, into, 0, into.length);
        assertThat(into).isEqualTo(java.util.Arrays.copyOfRange(large, 5, 20_005));
        try (var arena = java.lang.foreign.Arena.ofConfined()) {
            MemorySegment other = arena.allocate(1 << 16);
            MemorySegment.copy(large, 0, other, ValueLayout.JAVA_BYTE, 0, 1 << 16);
            files.copy(other, 7, into, 0, into.length);
            assertThat(into).isEqualTo(java.util.Arrays.copyOfRange(large, 7, 20_007));
        }
    }

    @Test
    void moreThanThereIsIsAMistake() {
        byte[] into = new byte[20_000];
        MemorySegment part = files.parts().get(1).asSlice(0, 30_000);
        assertThatThrownBy(() -> files.copy(part, 10_001, into, 0, 20_000))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> files.copy(files.parts().get(1), LARGE - 19_999, into, 0, 20_000))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aFileThatBecameShorterIsRefused() throws IOException {
        try (FileChannel channel = FileChannel.open(largeFile, StandardOpenOption.WRITE)) {
            channel.truncate(500_000);
        }
        assertThatThrownBy(() -> files.copy(files.parts().get(1), 490_000, new byte[20_000], 0, 20_000))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.TRUNCATED));
    }

    @Test
    void anInterruptedThreadHasItsWorkCancelled() {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> files.copy(files.parts().get(1), 0, new byte[20_000], 0, 20_000))
                    .isInstanceOf(CancellationException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
