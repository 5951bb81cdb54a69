package org.segmeter.format.archive;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.segmeter.format.gzip.ByteSource;
import org.segmeter.format.gzip.DeflateSource;
import org.segmeter.format.gzip.GzipSource;
import org.segmeter.format.gzip.PlainSource;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * A file in an archive.
 *
 * @param stored its bytes as they lie in the archive
 * @param deflated true if they are raw DEFLATE data
 * @param size its length, as the archive says
 * @param crc its CRC-32, as the archive says; -1 if the archive has none (tar)
 */
public record ArchiveEntry(MemorySegment stored, boolean deflated, long size, long crc) {

    /** Up to this size the content is kept in memory outside the heap, beyond it in a file that has no name any more. */
    private static final long IN_MEMORY = 16L << 20;

    private static final int CHUNK = 1 << 16;

    /** The first bytes, as many as can be had without an error. */
    public MemorySegment prefix(int length) {
        byte[] bytes = new byte[(int) Math.min(length, size)];
        if (!deflated) {
            return stored.asSlice(0, Math.min(length, stored.byteSize()));
        }
        int n = 0;
        try (DeflateSource source = new DeflateSource(stored)) {
            for (int more = 1; more > 0 && n < bytes.length; n += more) {
                more = source.read(bytes, n, Math.min(64, bytes.length - n));
            }
        } catch (InputException e) {
            // The prefix is only looked at; whoever needs the content meets the damage again and names it.
        }
        return MemorySegment.ofArray(Arrays.copyOf(bytes, n));
    }

    /**
     * The whole content, checked against the length and checksum that the archive declares.
     *
     * @param arena how long it lives
     * @throws UncheckedIOException if this machine cannot hold it (no space for temporary files)
     */
    public MemorySegment content(Arena arena, CancelSignal cancel) throws InputException {
        if (!deflated) {
            if (crc >= 0) {
                copy(new PlainSource(stored), (bytes, length) -> {}, cancel);
            }
            return stored;
        }
        if (size > GzipSource.atMost(stored.byteSize())) {
            throw wrongLength("a claim that so few compressed bytes cannot hold");
        }
        try (DeflateSource source = new DeflateSource(stored)) {
            if (size <= IN_MEMORY) {
                MemorySegment content = arena.allocate(Math.max(1, size)).asSlice(0, size);
                long[] at = {0};
                copy(
                        source,
                        (bytes, length) -> {
                            MemorySegment.copy(bytes, 0, content, ValueLayout.JAVA_BYTE, at[0], length);
                            at[0] += length;
                        },
                        cancel);
                return content;
            }
            return inFile(source, arena, cancel);
        }
    }

    private MemorySegment inFile(ByteSource source, Arena arena, CancelSignal cancel) throws InputException {
        try {
            Path file = Files.createTempFile("segmeter", null);
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                copy(
                        source,
                        (bytes, length) -> {
                            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
                            while (buffer.hasRemaining()) {
                                channel.write(buffer);
                            }
                        },
                        cancel);
                return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no space to unpack an archive entry", e);
        }
    }

    @FunctionalInterface
    private interface Sink {
        void take(byte[] bytes, int length) throws IOException;
    }

    private void copy(ByteSource source, Sink sink, CancelSignal cancel) throws InputException {
        byte[] chunk = new byte[CHUNK];
        CRC32 actual = new CRC32();
        long n = 0;
        try {
            while (true) {
                cancel.check();
                int more = source.read(chunk, 0, (int) Math.min(chunk.length, size - n + 1));
                if (more == 0) {
                    break;
                }
                n += more;
                if (n > size) {
                    throw wrongLength("more than " + size + " bytes");
                }
                actual.update(chunk, 0, more);
                sink.take(chunk, more);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no space to unpack an archive entry", e);
        }
        if (n < size) {
            throw wrongLength(n + " bytes");
        }
        if (crc >= 0 && actual.getValue() != crc) {
            throw new InputException(
                    InputProblem.CHECKSUM_MISMATCH,
                    "A file in the archive does not match its checksum. Send the archive again.",
                    "CRC-32 %08x".formatted(actual.getValue()),
                    "CRC-32 %08x".formatted(crc));
        }
    }

    private InputException wrongLength(String found) {
        return new InputException(
                InputProblem.SIZE_MISMATCH,
                "A file in the archive is not as long as the archive says.",
                found,
                size + " bytes");
    }
}
