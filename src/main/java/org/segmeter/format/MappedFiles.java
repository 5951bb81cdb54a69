package org.segmeter.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * Files as memory, so that headers are looked at in place; and as files, because the voxels are wanted once and in order: to read
 * them into an array that is used again costs a quarter of touching each page of a mapping for the first time.
 */
final class MappedFiles implements BulkCopy, AutoCloseable {

    /** Below it, a file stays closed once it is mapped: hundreds of small instances need no hundreds of open files. */
    private static final long SMALL_FILE = 1 << 20;

    /** Below it, a file that is alone is read and not mapped: unmapping makes every thread of the process pause for a moment. */
    private static final long READ_FILE = 1 << 16;

    /** Below it, the pages are touched: a call for each of them would cost more. */
    private static final int SMALL_COPY = 1 << 13;

    /** What is mapped, made when a file is. */
    private static final class Mappings {
        private final Arena arena = Arena.ofShared();
    }

    private record OpenFile(MemorySegment content, FileChannel channel) {}

    private @Nullable Mappings mappings;
    private final List<MemorySegment> parts = new ArrayList<>();

    /** By the address at which the mapping begins. */
    private final TreeMap<Long, OpenFile> open = new TreeMap<>();

    /** @throws IOException if a file cannot be opened */
    MappedFiles(List<Path> files) throws IOException {
        try {
            for (Path file : files) {
                parts.add(map(file, files.size() == 1));
            }
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private MemorySegment map(Path file, boolean alone) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        boolean keep = false;
        try {
            long size = channel.size();
            if (size == 0) {
                return MemorySegment.ofArray(new byte[0]);
            }
            if (alone && size < READ_FILE) {
                return read(channel, (int) size);
            }
            if (mappings == null) {
                mappings = new Mappings();
            }
            MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, mappings.arena);
            if (size >= SMALL_FILE) {
                open.put(content.address(), new OpenFile(content, channel));
                keep = true;
            }
            return content;
        } finally {
            if (!keep) {
                channel.close();
            }
        }
    }

    /** As much of the content as there still is. */
    private static MemorySegment read(FileChannel channel, int size) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(size);
        for (int n = 0; n >= 0 && into.hasRemaining(); ) {
            n = channel.read(into);
        }
        return MemorySegment.ofArray(into.array()).asSlice(0, into.position());
    }

    /** The files' contents, in the order in which the files were given. */
    List<MemorySegment> parts() {
        return List.copyOf(parts);
    }

    @Override
    public void copy(MemorySegment content, long from, byte[] into, int at, int length) throws InputException {
        Map.Entry<Long, OpenFile> file =
                length < SMALL_COPY || !content.isNative() ? null : open.floorEntry(content.address() + from);
        if (file == null) {
            MemorySegment.copy(content, ValueLayout.JAVA_BYTE, from, into, at, length);
            return;
        }
        long position = content.address() + from - file.getKey();
        if (from < 0
                || from > content.byteSize() - length
                || position > file.getValue().content().byteSize() - length) {
            // Memory that lies behind this file and is none of it; or a mistake, which the bounds of memory will tell.
            MemorySegment.copy(content, ValueLayout.JAVA_BYTE, from, into, at, length);
            return;
        }
        read(file.getValue().channel(), position, ByteBuffer.wrap(into, at, length));
    }

    private static void read(FileChannel channel, long position, ByteBuffer into) throws InputException {
        long next = position;
        try {
            while (into.hasRemaining()) {
                int n = channel.read(into, next);
                if (n < 0) {
                    throw new InputException(
                            InputProblem.TRUNCATED,
                            "The file became shorter while it was read.",
                            next + " bytes",
                            next + into.remaining() + " bytes");
                }
                next += n;
            }
        } catch (ClosedByInterruptException e) {
            CancellationException cancelled = new CancellationException("interrupted");
            cancelled.initCause(e);
            throw cancelled;
        } catch (IOException e) {
            throw new UncheckedIOException("a file can no longer be read", e);
        }
    }

    @Override
    public void close() {
        if (mappings != null) {
            mappings.arena.close();
        }
        for (OpenFile file : open.values()) {
            try {
                file.channel().close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
