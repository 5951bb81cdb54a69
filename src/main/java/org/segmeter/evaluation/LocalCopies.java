package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Copies of a bucket's content on this machine, so that readers can go to any place of a file and map it. What is in use stays; of the
 * rest, what was used longest ago goes when there is more than the limit, or little room on the disk. Copies of an earlier process are not
 * trusted: they start empty.
 */
final class LocalCopies {

    /** Where content comes from when there is no copy. */
    interface Source {
        InputStream open(String sha256) throws IOException;
    }

    private final Path directory;
    private final long limit;
    private final DiskSpace disk;
    private final Map<String, Copy> copies = new HashMap<>();
    private long bytes;
    private long clock;

    /** @param limit bytes of copies that are kept though nobody uses them, if the disk has the room */
    LocalCopies(Path directory, long limit, DiskSpace disk) throws IOException {
        this.directory = directory;
        this.limit = limit;
        this.disk = disk;
        Files.createDirectories(directory);
        Reception.removeAll(directory);
    }

    private static final class Copy {
        private int users;
        private long lastUse;
        private long size;
        private boolean complete;
        private boolean beingMade;
    }

    private final class InUse implements BlobStore.Content {
        private final String sha256;
        private boolean closed;

        InUse(String sha256) {
            this.sha256 = sha256;
        }

        @Override
        public Path file() {
            return directory.resolve(sha256);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                release(sha256);
            }
        }
    }

    /**
     * A copy that stays until it is closed, made if there is none.
     *
     * @throws BlobStore.Lost if what the source gives is not what the name says
     */
    BlobStore.Content use(Blob blob, Source source) throws IOException {
        String sha256 = blob.sha256();
        boolean make = begin(sha256);
        if (make) {
            boolean made = false;
            try {
                download(blob, source);
                made = true;
            } finally {
                end(sha256, made ? blob.size() : -1);
            }
        }
        return new InUse(sha256);
    }

    /** Takes over a file that is known to be the content; it is moved here, unless there is a copy. */
    void adopt(Path file, Blob blob) throws IOException {
        synchronized (this) {
            if (copies.containsKey(blob.sha256()) || blob.size() > limit) {
                return;
            }
            Files.move(file, directory.resolve(blob.sha256()), StandardCopyOption.REPLACE_EXISTING);
            Copy copy = new Copy();
            copy.complete = true;
            copy.size = blob.size();
            copy.lastUse = ++clock;
            copies.put(blob.sha256(), copy);
            bytes += copy.size;
        }
        shrink();
    }

    /** Forgets a copy that nobody uses. */
    synchronized void forget(String sha256) throws IOException {
        Copy copy = copies.get(sha256);
        if (copy != null && copy.users == 0 && copy.complete) {
            drop(sha256, copy);
        }
    }

    /** What there are copies of. */
    synchronized List<String> names() {
        return List.copyOf(copies.keySet());
    }

    /** Bytes of all copies. */
    synchronized long bytes() {
        return bytes;
    }

    /** Counts a user; true if the caller has to make the copy. Waits while another one makes it. */
    private synchronized boolean begin(String sha256) throws IOException {
        while (true) {
            Copy copy = copies.computeIfAbsent(sha256, key -> new Copy());
            if (!copy.beingMade) {
                copy.users++;
                copy.lastUse = ++clock;
                copy.beingMade = !copy.complete;
                return copy.beingMade;
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new java.io.InterruptedIOException("interrupted while another thread fetches the file");
            }
        }
    }

    private void end(String sha256, long size) throws IOException {
        synchronized (this) {
            Copy copy = copies.get(sha256);
            if (copy != null) {
                copy.beingMade = false;
                if (size < 0) {
                    copies.remove(sha256);
                } else {
                    copy.complete = true;
                    copy.size = size;
                    bytes += size;
                }
            }
            notifyAll();
        }
        shrink();
    }

    private void release(String sha256) {
        synchronized (this) {
            Copy copy = copies.get(sha256);
            if (copy != null) {
                copy.users--;
            }
        }
        try {
            shrink();
        } catch (IOException e) {
            // the next release tries again
        }
    }

    /** Twice what {@link DiskFloor} leaves free is left by copies, so that uploads are never refused for their sake. */
    private boolean isTooMuch() throws IOException {
        if (bytes > limit) {
            return true;
        }
        DiskSpace.Space space = disk.of(directory);
        return space.free() < 2 * DiskFloor.usual(space.total());
    }

    private synchronized void shrink() throws IOException {
        while (bytes > 0 && isTooMuch()) {
            String oldest = null;
            @Nullable Copy found = null;
            for (Map.Entry<String, Copy> entry : copies.entrySet()) {
                Copy copy = entry.getValue();
                if (copy.users == 0 && copy.complete && (found == null || copy.lastUse < found.lastUse)) {
                    oldest = entry.getKey();
                    found = copy;
                }
            }
            if (oldest == null || found == null) {
                return;
            }
            drop(oldest, found);
        }
    }

    private void drop(String sha256, Copy copy) throws IOException {
        copies.remove(sha256);
        bytes -= copy.size;
        Files.deleteIfExists(directory.resolve(sha256));
    }

    private void download(Blob blob, Source source) throws IOException {
        Path unfinished = directory.resolve(UUID.randomUUID() + ".part");
        MessageDigest digest = Reception.sha256();
        try {
            try (InputStream in = source.open(blob.sha256());
                    OutputStream out = new DigestOutputStream(Files.newOutputStream(unfinished), digest)) {
                in.transferTo(out);
            }
            if (!HexFormat.of().formatHex(digest.digest()).equals(blob.sha256())) {
                throw new BlobStore.Lost("a stored file is not what its SHA-256 says");
            }
            Files.move(unfinished, directory.resolve(blob.sha256()), StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }
}
