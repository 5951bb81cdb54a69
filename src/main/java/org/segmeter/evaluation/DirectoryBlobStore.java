package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Received files in a directory: {@code blobs/ab/cdef...}. A file that is kept has reached the disk, and so has the directory entry,
 * before {@link Incoming#keep} returns.
 */
final class DirectoryBlobStore implements BlobStore {

    private static final int MOST_REMEMBERED = 4096;

    private final Path blobs;
    private final Path corrupt;
    private final Path mark;
    private final Path secret;
    private final Reception reception;

    /** Directories below {@code blobs} whose names have reached the disk. */
    private final Set<Path> named = ConcurrentHashMap.newKeySet();

    /** Digests of content that was kept, those that were asked for last. */
    private final Map<String, Boolean> keptLately = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_REMEMBERED;
        }
    });

    /** @param directory created if need be; left-overs of uploads that a dead service was receiving are removed */
    DirectoryBlobStore(Path directory) throws IOException {
        this(directory, directory.resolve("uploads"));
    }

    DirectoryBlobStore(Path directory, Path uploads) throws IOException {
        this.blobs = directory.resolve("blobs");
        this.corrupt = directory.resolve("corrupt");
        this.mark = directory.resolve("installation");
        this.secret = directory.resolve("pseudonyms.key");
        Files.createDirectories(blobs);
        this.reception = new Reception(uploads);
        Reception.force(directory);
    }

    private void keep(Reception.Received received) throws IOException {
        String sha256 = received.blob().sha256();
        Path target = path(sha256);
        byte[] content = received.bytes();
        // What is there was forced to the disk by this process, its name too, and is still what it was.
        if (content != null && keptLately.containsKey(sha256) && holds(target, content)) {
            return;
        }
        Path directory = target.resolveSibling(".").normalize();
        if (!named.contains(directory) || !Files.isDirectory(directory)) {
            // Also if it is there: who made it may not have come to forcing its name yet.
            Files.createDirectories(directory);
            Reception.force(blobs);
            named.add(directory);
        }
        // Also over a file that is there: this one has just been hashed, that one may have suffered since.
        Files.move(received.file(), target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        received.givenAway();
        Reception.force(directory);
        keptLately.put(sha256, true);
    }

    private static boolean holds(Path file, byte[] content) throws IOException {
        try {
            return Files.size(file) == content.length && Arrays.equals(Files.readAllBytes(file), content);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private record StoredFile(Path file) implements Content {
        @Override
        public void close() {
            // the file stays where it is
        }
    }

    @Override
    public Incoming receive(InputStream source, long limit) throws IOException {
        return new Part(reception.receive(source, limit, true), this::keep);
    }

    @Override
    public boolean keepsAtOnce() {
        return true;
    }

    @Override
    public long free() throws IOException {
        return reception.free();
    }

    @Override
    public Content open(Blob blob) throws IOException {
        Path file = path(blob.sha256());
        try {
            if (Files.size(file) != blob.size()) {
                throw new Lost("a stored file has another size than it had");
            }
        } catch (NoSuchFileException e) {
            throw new Lost("a stored file is missing");
        }
        return new StoredFile(file);
    }

    @Override
    public InputStream read(String sha256) throws IOException {
        try {
            return Files.newInputStream(path(sha256));
        } catch (NoSuchFileException e) {
            throw new Lost("a stored file is missing");
        }
    }

    @Override
    public boolean remove(String sha256) throws IOException {
        return Files.deleteIfExists(path(sha256));
    }

    @Override
    public void setAside(String sha256) throws IOException {
        Files.createDirectories(corrupt);
        try {
            Files.move(path(sha256), corrupt.resolve(sha256), StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException e) {
            return; // somebody was quicker
        }
        Reception.force(corrupt);
    }

    @Override
    public Stream<Blob> list() throws IOException {
        // Not by a walk through the tree, which ends at the first file that is removed meanwhile.
        return Files.list(blobs)
                .filter(Files::isDirectory)
                .flatMap(DirectoryBlobStore::in)
                .filter(Files::isRegularFile)
                .map(path -> new Blob(
                        blobs.relativize(path).toString().replaceAll("[^0-9a-f]", ""),
                        path.toFile().length()))
                .filter(blob -> blob.sha256().length() == 64);
    }

    private static Stream<Path> in(Path directory) {
        try {
            return Files.list(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public @Nullable String owner() throws IOException {
        try {
            // Versions before this one could leave an empty one behind when they were ended while writing it.
            String owner = Files.readString(mark).strip();
            return owner.isEmpty() ? null : owner;
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    @Override
    public void claim(String installation) throws IOException {
        write(mark, installation);
    }

    @Override
    public @Nullable String secret() throws IOException {
        try {
            return Files.readString(secret).strip();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    @Override
    public void secret(String text) throws IOException {
        write(secret, text + "\n");
    }

    /** For the owner of this process alone; whole and on the disk when it has its name, and so is that. */
    private static void write(Path file, String text) throws IOException {
        Path half = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(half);
        Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
        FileAttribute<?>[] mine = Files.getFileStore(directory).supportsFileAttributeView(PosixFileAttributeView.class)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        try (FileChannel channel = FileChannel.open(half, options, mine)) {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
            channel.force(true);
        }
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
        Reception.force(directory);
    }

    private Path path(String sha256) {
        return blobs.resolve(BlobStore.place(sha256));
    }
}
