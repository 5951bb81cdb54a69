package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Received files in a directory, named by their SHA-256: {@code blobs/ab/cdef...}. What is kept has reached the disk, the file as
 * well as the directory entry, before {@link Incoming#keep} returns; what is not kept leaves nothing.
 */
public final class BlobStore {

    private static final int BUFFER = 1 << 17;

    private final Path blobs;
    private final Path uploads;
    private final FileStore disk;

    /** @param directory created if need be; left-overs of uploads that a dead service was receiving are removed */
    public BlobStore(Path directory) throws IOException {
        this.blobs = directory.resolve("blobs");
        this.uploads = directory.resolve("uploads");
        Files.createDirectories(blobs);
        Files.createDirectories(uploads);
        this.disk = Files.getFileStore(blobs);
        try (DirectoryStream<Path> leftOvers = Files.newDirectoryStream(uploads)) {
            for (Path leftOver : leftOvers) {
                Files.deleteIfExists(leftOver);
            }
        }
        force(directory);
    }

    /** The limit on one file was exceeded. */
    public static final class TooLarge extends IOException {
        private final long limit;

        TooLarge(long limit) {
            super("larger than " + limit + " bytes");
            this.limit = limit;
        }

        /** The limit in bytes. */
        public long limit() {
            return limit;
        }
    }

    /** The sender's stream failed, as opposed to this service's disk. */
    public static final class Interrupted extends IOException {
        Interrupted(IOException cause) {
            super("the upload broke off", cause);
        }
    }

    /** Content that was received completely and has reached the disk, but under no name yet. */
    public final class Incoming implements AutoCloseable {
        private final Path file;
        private final Blob blob;

        private Incoming(Path file, Blob blob) {
            this.file = file;
            this.blob = blob;
        }

        public Blob blob() {
            return blob;
        }

        /** Gives the content its name. Two uploads of the same content end as one file. */
        public void keep() throws IOException {
            Path target = path(blob.sha256());
            Path directory = target.resolveSibling(".").normalize();
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory);
                force(blobs);
            }
            if (Files.exists(target) && Files.size(target) == blob.size()) {
                // Younger again, so that the sweep of unused content lets it be.
                Files.setLastModifiedTime(target, FileTime.from(Instant.now()));
            } else {
                Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
            }
            // Also for content that was there: the other upload may not have come to this line yet.
            force(directory);
        }

        @Override
        public void close() throws IOException {
            Files.deleteIfExists(file);
        }
    }

    /**
     * Receives content in pieces of 128 KiB, hashing as it comes.
     *
     * @param limit most bytes accepted
     * @throws TooLarge if there is more
     * @throws Interrupted if the source fails
     * @throws IOException if this disk fails
     */
    public Incoming receive(InputStream source, long limit) throws IOException {
        Path file = uploads.resolve(UUID.randomUUID() + ".part");
        boolean complete = false;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            MessageDigest digest = sha256();
            byte[] buffer = new byte[BUFFER];
            long size = 0;
            for (int n = read(source, buffer); n >= 0; n = read(source, buffer)) {
                size += n;
                if (size > limit) {
                    throw new TooLarge(limit);
                }
                digest.update(buffer, 0, n);
                ByteBuffer piece = ByteBuffer.wrap(buffer, 0, n);
                while (piece.hasRemaining()) {
                    channel.write(piece);
                }
            }
            channel.force(true);
            complete = true;
            return new Incoming(file, new Blob(HexFormat.of().formatHex(digest.digest()), size));
        } finally {
            if (!complete) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Where the content is; whether it is there is not checked. */
    public Path path(String sha256) {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a SHA-256");
        }
        return blobs.resolve(sha256.substring(0, 2)).resolve(sha256.substring(2));
    }

    /** Bytes that the file system can still take. */
    public long free() throws IOException {
        return disk.getUsableSpace();
    }

    /** Removes content that nothing refers to, if it is older than {@code before}; true if it was removed. */
    boolean remove(String sha256, Instant before) throws IOException {
        Path file = path(sha256);
        try {
            if (Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
                return Files.deleteIfExists(file);
            }
            return false;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Names of all content that is older than {@code before}. To be closed. */
    Stream<String> olderThan(Instant before) throws IOException {
        return Files.find(
                        blobs,
                        2,
                        (path, attributes) -> attributes.isRegularFile()
                                && attributes.lastModifiedTime().toInstant().isBefore(before))
                .map(path -> blobs.relativize(path).toString().replaceAll("[^0-9a-f]", ""))
                .filter(name -> name.length() == 64);
    }

    private static int read(InputStream source, byte[] buffer) throws Interrupted {
        try {
            return source.read(buffer);
        } catch (IOException e) {
            throw new Interrupted(e);
        }
    }

    private static void force(Path directory) throws IOException {
        if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return; // Windows cannot open a directory; its file system journals the entry
        }
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
