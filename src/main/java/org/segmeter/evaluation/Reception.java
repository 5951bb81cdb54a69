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
import java.util.HexFormat;
import java.util.UUID;

/** The directory where uploads arrive. What a dead service was receiving is removed when the next one starts. */
final class Reception {

    private static final int BUFFER = 1 << 17;

    private final Path uploads;
    private final FileStore disk;

    Reception(Path uploads) throws IOException {
        this.uploads = uploads;
        Files.createDirectories(uploads);
        this.disk = Files.getFileStore(uploads);
        removeAll(uploads);
    }

    /** A file that was received. */
    record Received(Path file, Blob blob) {}

    /**
     * Receives a file.
     *
     * @param force true if it must have reached the disk on return
     */
    Received receive(InputStream source, long limit, boolean force) throws IOException {
        Path file = uploads.resolve(UUID.randomUUID() + ".part");
        boolean complete = false;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            MessageDigest digest = sha256();
            // Whatever the pieces in which it comes, a byte at a time from a slow client: what is written is a buffer
            // full.
            byte[] buffer = new byte[BUFFER];
            int held = 0;
            long size = 0;
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
            if (force) {
                channel.force(true);
            }
            Failpoint.FILE_FORCED.reach();
            complete = true;
            return new Received(file, new Blob(HexFormat.of().formatHex(digest.digest()), size));
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
        ByteBuffer piece = ByteBuffer.wrap(buffer, 0, length);
        while (piece.hasRemaining()) {
            channel.write(piece);
        }
        Failpoint.MID_BODY.reach();
    }

    private static int read(InputStream source, byte[] buffer, int from) throws BlobStore.Interrupted {
        try {
            return source.read(buffer, from, buffer.length - from);
        } catch (IOException e) {
            throw new BlobStore.Interrupted(e);
        }
    }
}
