package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The directory where uploads arrive. What a dead service was receiving is removed when the next one starts. */
final class Reception {

    private static final int BUFFER = 1 << 17;

    private static final int FIRST_BUFFER = 1 << 13;

    /** Content up to this size stays in memory until it is needed as a file, */
    private static final int LARGEST_IN_MEMORY = 1 << 16;

    /** as long as all of it together takes no more than this. */
    private static final long MOST_IN_MEMORY = 8 << 20;

    private final Path uploads;
    private final FileStore disk;
    private final AtomicLong inMemory = new AtomicLong();

    Reception(Path uploads) throws IOException {
        this.uploads = uploads;
        Files.createDirectories(uploads);
        this.disk = Files.getFileStore(uploads);
        removeAll(uploads);
    }

    /** Content that was received: a file, or in memory until somebody asks for the file. Used by one thread. */
    final class Received {
        private final Blob blob;
        private final boolean force;
        private byte @Nullable [] bytes;
        private @Nullable Path file;

        private Received(Blob blob, boolean force, byte @Nullable [] bytes, @Nullable Path file) {
            this.blob = blob;
            this.force = force;
            this.bytes = bytes;
            this.file = file;
        }

        Blob blob() {
            return blob;
        }

        /** The content, if it is no file yet. */
        byte @Nullable [] bytes() {
            return bytes;
        }

        /** The content as a file, which has reached the disk if that was asked for. */
        Path file() throws IOException {
            Path known = file;
            if (known != null) {
                return known;
            }
            byte[] content = bytes;
            if (content == null) {
                throw new IllegalStateException("the content was given away");
            }
            Path written = uploads.resolve(UUID.randomUUID() + ".part");
            file = written;
            try (FileChannel channel =
                    FileChannel.open(written, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                write(channel, ByteBuffer.wrap(content));
                force(channel, force);
            }
            letGoOfMemory();
            return written;
        }

        /** The file has another name now: it is not this object's any more. */
        void givenAway() {
            file = null;
        }

        /** Removes the file, if there is one. */
        void forget() throws IOException {
            letGoOfMemory();
            Path left = file;
            file = null;
            if (left != null) {
                Files.deleteIfExists(left);
            }
        }

        private void letGoOfMemory() {
            byte[] held = bytes;
            bytes = null;
            if (held != null) {
                inMemory.addAndGet(-held.length);
            }
        }
    }

    /**
     * Receives content.
     *
     * @param force true if its file must have reached the disk whenever somebody has it
     */
    Received receive(InputStream source, long limit, boolean force) throws IOException {
        byte[] beginning = new byte[FIRST_BUFFER];
        int held = 0;
        int n = read(source, beginning, held);
        while (n >= 0) {
            held += n;
            if (held > limit) {
                throw new BlobStore.TooLarge(limit);
            }
            if (held == beginning.length) {
                if (held == LARGEST_IN_MEMORY) {
                    break;
                }
                beginning = Arrays.copyOf(beginning, 2 * held);
            }
            n = read(source, beginning, held);
        }
        if (n < 0 && inMemory.addAndGet(held) <= MOST_IN_MEMORY) {
            byte[] content = Arrays.copyOf(beginning, held);
            String sha256 = HexFormat.of().formatHex(sha256().digest(content));
            Failpoint.MID_BODY.reach();
            Failpoint.BODY_COMPLETE.reach();
            return new Received(new Blob(sha256, held), force, content, null);
        }
        if (n < 0) {
            inMemory.addAndGet(-held);
        }
        return receiveFile(beginning, held, source, limit, force);
    }

    /** @param beginning what came already, in its first bytes */
    private Received receiveFile(byte[] beginning, int began, InputStream source, long limit, boolean force)
            throws IOException {
        Path file = uploads.resolve(UUID.randomUUID() + ".part");
        boolean complete = false;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            MessageDigest digest = sha256();
            // Whatever the pieces in which it comes, a byte at a time from a slow client: what is written is a buffer
            // full.
            byte[] buffer = Arrays.copyOf(beginning, BUFFER);
            int held = began;
            long size = began;
            for (int n = read(source, buffer, held); n >= 0; n = read(source, buffer, held)) {
                size += n;
                if (size > limit) {
                    throw new BlobStore.TooLarge(limit);
                }
                held += n;
                if (held == buffer.length) {
                    write(channel, digest, buffer, held);
                    held = 0;
                }
            }
            write(channel, digest, buffer, held);
            Failpoint.BODY_COMPLETE.reach();
            force(channel, force);
            complete = true;
            return new Received(new Blob(HexFormat.of().formatHex(digest.digest()), size), force, null, file);
        } finally {
            if (!complete) {
                Files.deleteIfExists(file);
            }
        }
    }

    long free() throws IOException {
        return disk.getUsableSpace();
    }

    static void force(Path directory) throws IOException {
        if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return; // Windows cannot open a directory; its file system journals the entry
        }
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static void removeAll(Path directory) throws IOException {
        try (DirectoryStream<Path> leftOvers = Files.newDirectoryStream(directory)) {
            for (Path leftOver : leftOvers) {
                Files.deleteIfExists(leftOver);
            }
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(FileChannel channel, MessageDigest digest, byte[] buffer, int length) throws IOException {
        digest.update(buffer, 0, length);
        write(channel, ByteBuffer.wrap(buffer, 0, length));
        Failpoint.MID_BODY.reach();
    }

    private static void write(FileChannel channel, ByteBuffer content) throws IOException {
        while (content.hasRemaining()) {
            channel.write(content);
        }
    }

    private static void force(FileChannel channel, boolean force) throws IOException {
        if (force) {
            channel.force(true);
        }
        Failpoint.FILE_FORCED.reach();
    }

    private static int read(InputStream source, byte[] buffer, int from) throws BlobStore.Interrupted {
        try {
            return source.read(buffer, from, buffer.length - from);
        } catch (IOException e) {
            throw new BlobStore.Interrupted(e);
        }
    }
}
