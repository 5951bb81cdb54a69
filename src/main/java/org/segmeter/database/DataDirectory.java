package org.segmeter.database;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The directory that belongs to this service alone, for as long as this object is open. */
final class DataDirectory implements AutoCloseable {

    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;

    private DataDirectory(Path path, FileChannel channel, FileLock lock) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
    }

    /** Kinds of file systems that are gone with the machine's memory. */
    private static final Set<String> VOLATILE = Set.of("tmpfs", "ramfs", "rootfs");

    /** For whoever reads or fills a directory; the service itself asks for more. */
    static DataDirectory claim(Path path) {
        return claim(path, true);
    }

    /**
     * @param volatileAllowed true if what is acknowledged may be lost with the power, as in a test
     * @throws StartRefused if another service uses the directory, or it cannot be written, or does not keep what is written
     */
    static DataDirectory claim(Path path, boolean volatileAllowed) {
        FileChannel channel = null;
        try {
            create(path);
            if (!volatileAllowed) {
                refuseVolatile(Files.getFileStore(path).type());
            }
            refuseWithoutRename(path);
            channel = FileChannel.open(
                    path.resolve("segmeter.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new StartRefused("segmeter.data-directory is in use by another running service;"
                        + " stop it, or give this one a directory of its own");
            }
            return new DataDirectory(path.toRealPath(), channel, lock);
        } catch (IOException e) {
            throw new StartRefused("segmeter.data-directory cannot be created or written ("
                    + e.getClass().getSimpleName() + "); check that it exists, is writable and not full");
        }
    }

    /** @param type of a file system, as {@link java.nio.file.FileStore#type} */
    static void refuseVolatile(String type) {
        if (VOLATILE.contains(type)) {
            throw new StartRefused("segmeter.data-directory is on a file system in memory (" + type + "), so everything"
                    + " would be lost with the power; choose a directory on a disk, or for a trial set"
                    + " segmeter.volatile-data-directory = true");
        }
    }

    /** Files get their names by renaming, and directories are forced to the disk: both must be possible. */
    private static void refuseWithoutRename(Path path) throws IOException {
        Path from = path.resolve("segmeter.rename-" + UUID.randomUUID());
        Path to = path.resolve(from.getFileName() + ".done");
        try {
            Files.createFile(from);
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            force(path);
        } catch (AtomicMoveNotSupportedException e) {
            throw new StartRefused(
                    "segmeter.data-directory is on a file system that cannot rename at once; a crash could"
                            + " leave half a file; choose another");
        } finally {
            Files.deleteIfExists(from);
            Files.deleteIfExists(to);
        }
    }

    /** Returns when the names in a directory have reached the disk. */
    static void force(Path path) throws IOException {
        if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel directory = FileChannel.open(path, StandardOpenOption.READ)) {
                directory.force(true);
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** Creates a directory that only its owner may enter: it holds what hospitals sent. */
    static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectory(directory);
        }
        if (parent != null && Files.isReadable(parent)) {
            force(parent);
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }
}
