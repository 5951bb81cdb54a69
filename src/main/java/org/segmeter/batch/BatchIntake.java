package org.segmeter.batch;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * A batch while it is received: files of an archive go one by one from the connection into the store, where they are held until
 * {@link Batches#submit} or {@link #close}. Nothing is in the heap but names, digests and the manifest.
 *
 * <p>The archive is read by Commons Compress, because it comes as a stream and its names matter; the archives that are one side of a pair
 * are read in place by {@code format.archive}.
 */
public final class BatchIntake implements AutoCloseable {

    private static final int LONGEST_MANIFEST = 256 << 20;
    private static final int LONGEST_NAME = 1000;
    private static final int GROUP = 64;
    private static final int BLOCK = 512;
    private static final long LOOK_AT_DISK = 8L << 20;

    /** At the top, or in the one directory that everything is in. */
    private static final Pattern MANIFEST = Pattern.compile("(?:[^/]+/)?manifest\\.(csv|jsonl)");

    private static final Pattern NOT_MEANT =
            Pattern.compile("(?:.*/)?(?:__MACOSX/.*|\\._[^/]*|\\.DS_Store|Thumbs\\.db)");

    private final BlobStore store;
    private final KeptContent kept;
    private final DiskFloor disk;
    private final BatchSettings settings;
    private final long largestFile;
    private final UUID holder = UUID.randomUUID();
    private final TreeMap<String, Blob> files = new TreeMap<>();
    private final Set<String> held = new HashSet<>();
    private final List<BlobStore.Incoming> group = new ArrayList<>();
    private byte @Nullable [] manifest;
    private Manifest.Format format = Manifest.Format.CSV;
    private String directory = "";
    private long unpacked;
    private long unseen;
    private boolean taken;
    private boolean holding;

    BatchIntake(BlobStore store, KeptContent kept, DiskFloor disk, BatchSettings settings, long largestFile) {
        this.store = store;
        this.kept = kept;
        this.disk = disk;
        this.settings = settings;
        this.largestFile = largestFile;
    }

    /**
     * Receives an archive: tar, tar in gzip, or zip, told by its first bytes.
     *
     * @param largest most bytes of a zip, which is stored before it is unpacked
     * @throws InputException if it is damaged, has links, names that lead elsewhere, or too much
     * @throws BlobStore.Interrupted if the source fails
     * @throws BlobStore.TooLarge if a file is larger than one may be
     * @throws IOException if this machine's disk fails
     */
    public void archive(InputStream body, long largest) throws InputException, IOException {
        Source source = new Source(body);
        BufferedInputStream in = new BufferedInputStream(source, 1 << 17);
        in.mark(4);
        byte[] first = in.readNBytes(4);
        in.reset();
        if (first.length >= 2 && first[0] == 'P' && first[1] == 'K') {
            zip(in, source, largest);
        } else {
            boolean gzip = first.length >= 2 && (first[0] & 0xFF) == 0x1F && (first[1] & 0xFF) == 0x8B;
            try {
                tar(gzip ? new GZIPInputStream(in, 1 << 16) : in, source);
            } catch (java.util.zip.ZipException | java.io.EOFException e) {
                throw damaged(source, e);
            }
        }
        keepGroup();
        in.transferTo(OutputStream.nullOutputStream());
    }

    /**
     * Takes the manifest.
     *
     * @throws InputException if there is one already, or it is too long
     */
    public void manifest(InputStream body, Manifest.Format itsFormat) throws InputException, IOException {
        if (manifest != null) {
            throw refused("There are two manifests.", "two manifests", "one");
        }
        byte[] bytes = body.readNBytes(LONGEST_MANIFEST + 1);
        if (bytes.length > LONGEST_MANIFEST) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The manifest is too long.",
                    "more than " + LONGEST_MANIFEST + " bytes",
                    "at most " + LONGEST_MANIFEST + " bytes");
        }
        manifest = bytes;
        format = itsFormat;
    }

    private void tar(InputStream in, Source source) throws InputException, IOException {
        Tail tail = new Tail(in);
        // Not closed: that would read the rest of a body that was refused.
        TarArchiveInputStream tar = new TarArchiveInputStream(tail, StandardCharsets.UTF_8.name());
        while (true) {
            TarArchiveEntry entry;
            try {
                entry = tar.getNextEntry();
            } catch (IOException | IllegalArgumentException e) {
                throw damaged(source, e);
            }
            if (entry == null) {
                break;
            }
            if (entry.isDirectory() || entry.isGlobalPaxHeader()) {
                continue;
            }
            if (!entry.isFile() || entry.isSymbolicLink() || entry.isLink() || entry.isSparse()) {
                throw refused(
                        "The archive holds a link, device or sparse file.", "a special entry", "files and directories");
            }
            entry(entry.getName(), entry.getSize(), tar, source);
        }
        if (!tail.isZero()) {
            throw refused(
                    "The tar file has no end; was it cut off? Send it again.", "no end block", "a whole tar file");
        }
    }

    private void zip(InputStream in, Source source, long largest) throws InputException, IOException {
        try (BlobStore.Incoming whole = store.receive(in, largest);
                ZipFile zip = open(whole)) {
            for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
                if (entry.isDirectory()) {
                    continue;
                }
                if (entry.isUnixSymlink() || !zip.canReadEntryData(entry)) {
                    throw refused(
                            "The archive holds a link, or is encrypted or compressed in a way that is not supported.",
                            "a special entry",
                            "stored or deflated files");
                }
                try (InputStream content = zip.getInputStream(entry)) {
                    entry(entry.getName(), entry.getSize(), content, source);
                } catch (java.util.zip.ZipException e) {
                    throw damaged(source, e);
                }
            }
        }
    }

    private static ZipFile open(BlobStore.Incoming whole) throws InputException {
        try {
            return ZipFile.builder().setPath(whole.content()).get();
        } catch (IOException e) {
            throw refused(
                    "The zip file cannot be read; was it cut off? Send it again.", "no directory", "a whole zip file");
        }
    }

    private void entry(String rawName, long size, InputStream content, Source source)
            throws InputException, IOException {
        String name = name(rawName);
        if (NOT_MEANT.matcher(name).matches()) {
            return;
        }
        if (size > settings.maxUnpacked().toBytes() - unpacked) {
            throw tooLarge();
        }
        var named = MANIFEST.matcher(name);
        try {
            if (named.matches()) {
                manifest(content, named.group(1).equals("csv") ? Manifest.Format.CSV : Manifest.Format.JSONL);
                directory = name.substring(0, name.lastIndexOf('/') + 1);
                return;
            }
            if (files.size() >= settings.maxFiles()) {
                throw refused(
                        "The archive has too many files.",
                        "more than " + settings.maxFiles(),
                        "at most " + settings.maxFiles());
            }
            BlobStore.Incoming file = store.receive(new Counted(content), largestFile);
            group.add(file);
            if (files.put(name, file.blob()) != null) {
                throw refused("The archive has two files of one name.", "a name twice", "each name once");
            }
            if (group.size() >= GROUP) {
                keepGroup();
            }
        } catch (BlobStore.Interrupted e) {
            throw damaged(source, e);
        }
    }

    /** Gives the files their names in the store, which is to be durable for them before the batch is. */
    private void keepGroup() throws IOException {
        List<Blob> fresh = new ArrayList<>();
        for (BlobStore.Incoming file : group) {
            if (held.add(file.blob().sha256())) {
                fresh.add(file.blob());
            }
        }
        holding = true;
        kept.hold(holder, fresh, () -> {
            for (BlobStore.Incoming file : group) {
                file.keep();
            }
        });
        closeGroup();
    }

    private void closeGroup() throws IOException {
        for (BlobStore.Incoming file : group) {
            file.close();
        }
        group.clear();
    }

    private static String name(String raw) throws InputException {
        String name = raw.replace('\\', '/');
        while (name.startsWith("./")) {
            name = name.substring(2);
        }
        if (name.isEmpty()
                || name.length() > LONGEST_NAME
                || name.startsWith("/")
                || name.matches("[A-Za-z]:.*")
                || name.chars().anyMatch(Character::isISOControl)
                || List.of(name.split("/", -1)).contains("..")) {
            throw refused(
                    "The archive has a file with a name that leads elsewhere or cannot be used.",
                    "an absolute path, .., or control characters",
                    "relative names");
        }
        return name.replace("/./", "/").replaceAll("/{2,}", "/");
    }

    private static IOException interrupted(Source source, Exception e) {
        return source.failure != null ? source.failure : new IOException(e);
    }

    /** The source failed, or what it gave is no archive. */
    private static InputException damaged(Source source, Exception e) throws IOException {
        if (source.failure != null) {
            throw interrupted(source, e);
        }
        return refused("The archive is damaged or cut off. Send it again.", "a damaged archive", "a whole tar or zip");
    }

    private InputException tooLarge() {
        return new InputException(
                InputProblem.TOO_LARGE,
                "The files in the archive are larger together than this installation accepts.",
                "more than " + settings.maxUnpacked().toBytes() + " bytes",
                "at most " + settings.maxUnpacked().toBytes() + " bytes");
    }

    private static InputException refused(String message, String found, String expected) {
        return new InputException(InputProblem.MALFORMED_ARCHIVE, message, found, expected);
    }

    /** Remembers that the connection failed, which an archive's reader would take for a damaged archive. */
    private static final class Source extends FilterInputStream {
        private @Nullable IOException failure;

        Source(InputStream body) {
            super(body);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            try {
                return super.read(into, offset, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }
    }

    /** Knows whether the last block that was read is one of zeros, as a tar file ends. */
    private static final class Tail extends FilterInputStream {
        private long zeros;

        Tail(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int n = super.read(into, offset, length);
            for (int i = offset + n - 1; i >= offset; i--) {
                if (into[i] != 0) {
                    zeros = offset + n - 1 - i;
                    return n;
                }
            }
            zeros += Math.max(0, n);
            return n;
        }

        boolean isZero() {
            return zeros >= BLOCK;
        }
    }

    /** What is unpacked is within the limit, and finds room on the disk, whatever the archive said. */
    private final class Counted extends FilterInputStream {
        Counted(InputStream content) {
            super(content);
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int n = super.read(into, offset, length);
            unpacked += Math.max(0, n);
            unseen += Math.max(0, n);
            if (unpacked > settings.maxUnpacked().toBytes()) {
                throw new IOException("more than may be unpacked");
            }
            if (unseen >= LOOK_AT_DISK) {
                unseen = 0;
                try {
                    disk.check();
                } catch (DiskFloor.Full e) {
                    throw new FullDuringUnpacking();
                }
            }
            return n;
        }
    }

    /** The disk has no room for what is unpacked. */
    public static final class FullDuringUnpacking extends RuntimeException {
        FullDuringUnpacking() {
            super("no space", null, false, false);
        }
    }

    /** The files by their names, in the order of these. */
    Map<String, Blob> files() {
        return files;
    }

    /** What the names of the manifest begin with in the archive; empty, or a directory with its slash. */
    String directory() {
        return directory;
    }

    Manifest.Format format() {
        return format;
    }

    byte @Nullable [] manifest() {
        return manifest;
    }

    UUID holder() {
        return holder;
    }

    /** From now on the content is held by what was committed. */
    void taken() {
        taken = true;
    }

    /**
     * Digest of all that was sent: two batches of one digest are the same.
     *
     * @return SHA-256 in lower-case hexadecimal
     */
    String contentSha256(@Nullable String request) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update("batch\n".getBytes(StandardCharsets.UTF_8));
            for (Map.Entry<String, Blob> file : files.entrySet()) {
                digest.update((file.getValue().sha256() + " " + file.getKey() + "\n").getBytes(StandardCharsets.UTF_8));
            }
            if (manifest != null) {
                digest.update(("manifest " + format + " " + manifest.length + "\n").getBytes(StandardCharsets.UTF_8));
                digest.update(manifest);
            }
            if (request != null) {
                digest.update(("request " + request).getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Forgets what was received, unless it was submitted. */
    @Override
    public void close() throws IOException {
        closeGroup();
        if (holding && !taken) {
            kept.release(holder);
        }
    }
}
