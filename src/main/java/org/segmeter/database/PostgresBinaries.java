package org.segmeter.database;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.util.ArchUtils;
import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.springframework.util.FileSystemUtils;

/**
 * The programs of the embedded PostgreSQL, unpacked once. The archive is zonky's; its launcher is not used, because it starts
 * the server with {@code -F} and trusting every local user, cannot pass {@code -k} to initdb and cannot take over a server that
 * survived its service.
 */
final class PostgresBinaries {

    private final Path home;

    private PostgresBinaries(Path home) {
        this.home = home;
    }

    /** Unpacks this platform's archive under {@code directory}, unless that was done before. */
    static PostgresBinaries unpack(Path directory) throws IOException {
        String system = system();
        String machine = ArchUtils.normalize(System.getProperty("os.arch"));
        Path home = directory.resolve("postgres-" + name(system, machine));
        if (!Files.isDirectory(home)) {
            Files.createDirectories(directory);
            Path unfinished = directory.resolve("unpacking-" + UUID.randomUUID());
            try (InputStream archive = open(system, machine)) {
                extract(archive, unfinished);
            }
            try {
                Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
            } catch (FileAlreadyExistsException | AtomicMoveNotSupportedException e) {
                FileSystemUtils.deleteRecursively(unfinished);
            } catch (IOException e) {
                FileSystemUtils.deleteRecursively(unfinished);
                if (!Files.isDirectory(home)) {
                    throw e;
                }
            }
        }
        return new PostgresBinaries(home.toRealPath());
    }

    /** The command line of a program, run as a mapped user where PostgreSQL would refuse root. */
    List<String> command(String program, List<String> arguments) {
        List<String> command = new ArrayList<>();
        if (system().equals("Linux") && LinuxUtils.isUnshareAvailable()) {
            command.addAll(List.of("unshare", "-U"));
        }
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(arguments);
        return command;
    }

    private static String system() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return name.startsWith("windows") ? "Windows" : name.startsWith("mac") ? "Darwin" : "Linux";
    }

    private static InputStream open(String system, String machine) throws IOException {
        InputStream archive = DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machine);
        if (archive == null) {
            throw new StartRefused("this build holds no embedded PostgreSQL for %s on %s; set SEGMETER_DATABASE_URL"
                    .formatted(system, machine));
        }
        return archive;
    }

    /** Tells one archive from another: its CRC-32 and its length, in 16 hexadecimal digits. */
    private static String name(String system, String machine) throws IOException {
        CRC32 crc = new CRC32();
        long length = 0;
        try (InputStream archive = open(system, machine)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = archive.read(buffer); n >= 0; n = archive.read(buffer)) {
                crc.update(buffer, 0, n);
                length += n;
            }
        }
        return "%08x%08x".formatted(crc.getValue(), length);
    }

    private static void extract(InputStream archive, Path target) throws IOException {
        Files.createDirectories(target);
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(archive))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = target.resolve(entry.getName()).normalize();
                if (!path.startsWith(target)) {
                    throw new IOException("an entry of the PostgreSQL archive leaves its directory");
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(parent(path));
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                } else {
                    Files.createDirectories(parent(path));
                    Files.copy(tar, path);
                    if ((entry.getMode() & 0100) != 0
                            && Files.getFileStore(path).supportsFileAttributeView("posix")) {
                        Files.setPosixFilePermissions(
                                path,
                                Set.of(
                                        PosixFilePermission.OWNER_READ,
                                        PosixFilePermission.OWNER_WRITE,
                                        PosixFilePermission.OWNER_EXECUTE));
                    }
                }
            }
        }
    }

    private static Path parent(Path path) throws IOException {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IOException("an entry of the PostgreSQL archive has no directory");
        }
        return parent;
    }
}
