package org.segmeter.backup;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;

/** Where a backup is: a directory, or the root of a zip file. */
final class BackupPlace implements AutoCloseable {

    static final String MANIFEST = "manifest.json";
    static final String SEAL = "manifest.sha256";
    static final String OBJECTS = "objects.txt";

    private final Path root;
    private final @Nullable FileSystem zip;

    private BackupPlace(Path root, @Nullable FileSystem zip) {
        this.root = root;
        this.zip = zip;
    }

    /** @throws BackupRefused if there is something already */
    static BackupPlace create(Path place) throws IOException {
        if (isZip(place)) {
            if (Files.exists(place)) {
                throw new BackupRefused(place + " exists; a backup never overwrites one.");
            }
            FileSystem zip = FileSystems.newFileSystem(
                    place, Map.of("create", "true", "useTempFile", Boolean.TRUE, "forceZIP64End", "true"));
            return new BackupPlace(zip.getPath("/"), zip);
        }
        Files.createDirectories(place);
        try (DirectoryStream<Path> content = Files.newDirectoryStream(place)) {
            if (content.iterator().hasNext()) {
                throw new BackupRefused(place + " is not empty; a backup never overwrites one.");
            }
        }
        return new BackupPlace(place, null);
    }

    /** @throws BackupRefused if there is nothing that could be a backup */
    static BackupPlace open(Path place) throws IOException {
        if (!Files.exists(place)) {
            throw new BackupRefused("There is no " + place + ".");
        }
        if (Files.isDirectory(place)) {
            return new BackupPlace(place, null);
        }
        try {
            FileSystem zip = FileSystems.newFileSystem(place);
            return new BackupPlace(zip.getPath("/"), zip);
        } catch (IOException | RuntimeException e) {
            throw new BackupRefused(place + " is no zip file, or a damaged one.");
        }
    }

    private static boolean isZip(Path place) {
        return place.toString().toLowerCase(Locale.ROOT).endsWith(".zip");
    }

    Path path(String name) {
        return root.resolve(name);
    }

    Path blob(String sha256) {
        return root.resolve("blobs").resolve(sha256.substring(0, 2)).resolve(sha256.substring(2));
    }

    /** A file that is being written, and what its content hashes to. */
    static final class Written implements AutoCloseable {
        private final MessageDigest digest = sha256();
        private final DigestOutputStream out;

        Written(Path file) throws IOException {
            Path parent = file.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            out = new DigestOutputStream(Files.newOutputStream(file), digest);
        }

        OutputStream stream() {
            return out;
        }

        /** To be asked once, when all is written. */
        String sha256Hex() {
            return HexFormat.of().formatHex(digest.digest());
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    static String digest(Path file) throws IOException {
        return Blob.digest(Files.newInputStream(file));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        if (zip != null) {
            zip.close();
        }
    }
}
