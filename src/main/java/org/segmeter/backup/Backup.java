package org.segmeter.backup;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Failpoint;

/** Makes backups, verifies them, and verifies an installation. */
public final class Backup {

    private static final String UNDEFINED_COLUMN = "42703";

    private Backup() {}

    /**
     * Copies an installation, which may be running: the tables of one moment, and every file that they name. Files are held meanwhile, so
     * that retention does not remove what the tables name.
     *
     * @param place a directory that is empty or does not exist, or a file {@code *.zip} that does not exist
     */
    public static Manifest make(Installation installation, Path place) throws IOException, SQLException {
        UUID holder = UUID.randomUUID();
        try (BackupPlace to = BackupPlace.create(place);
                Connection holding = installation.connect();
                Connection database = installation.connect()) {
            hold(holding, holder);
            try {
                Manifest manifest = copy(database, installation.store(), to);
                if (manifest.absent().isEmpty()) {
                    remember(holding);
                }
                return manifest;
            } finally {
                try (PreparedStatement release = holding.prepareStatement("delete from blob_hold where holder = ?")) {
                    release.setObject(1, holder);
                    release.executeUpdate();
                }
            }
        }
    }

    private static Manifest copy(Connection database, BlobStore store, BackupPlace to)
            throws IOException, SQLException {
        database.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        database.setReadOnly(true);
        database.setAutoCommit(false);
        String createdAt =
                Tables.text(database, "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
        CopyManager copy = database.unwrap(PGConnection.class).getCopyAPI();
        List<Manifest.Table> tables = new ArrayList<>();
        for (Tables.Table table : Tables.of(database)) {
            try (BackupPlace.Written file = new BackupPlace.Written(to.path("tables/" + table.name() + ".copy"))) {
                long rows = copy.copyOut(
                        "copy \"" + table.name() + "\" (" + table.columnList() + ") to stdout", file.stream());
                tables.add(new Manifest.Table(table.name(), table.columnList(), rows, file.sha256Hex()));
            }
        }
        Failpoint.EXPORTING.reach();
        long objects = 0;
        long bytes = 0;
        List<String> absent = new ArrayList<>();
        String listing;
        try (BackupPlace.Written list = new BackupPlace.Written(to.path(BackupPlace.OBJECTS));
                Statement statement = database.createStatement()) {
            statement.setFetchSize(1000);
            try (ResultSet rows = statement.executeQuery(
                    "select sha256, size_bytes from blob where condition = 'STORED' order by sha256")) {
                while (rows.next()) {
                    Blob blob = new Blob(rows.getString(1), rows.getLong(2));
                    if (copyObject(store, blob, to)) {
                        objects++;
                        bytes += blob.size();
                        list.stream()
                                .write((blob.sha256() + " " + blob.size() + "\n").getBytes(StandardCharsets.US_ASCII));
                    } else {
                        absent.add(blob.sha256());
                    }
                }
            }
            list.stream().flush();
            listing = list.sha256Hex();
        }
        Manifest manifest = new Manifest(
                createdAt,
                Tables.text(
                        database,
                        "select version from flyway_schema_history where success and version is not null"
                                + " order by installed_rank desc limit 1"),
                Tables.text(database, "select id::text from installation"),
                tables,
                objects,
                bytes,
                listing,
                absent);
        database.rollback();
        manifest.write(to);
        return manifest;
    }

    /** Where the metrics find it; a database of an older version has no place for it. */
    private static void remember(Connection database) throws SQLException {
        try (Statement statement = database.createStatement()) {
            statement.executeUpdate("update installation set backed_up_at = now()");
        } catch (SQLException e) {
            if (!UNDEFINED_COLUMN.equals(e.getSQLState())) {
                throw e;
            }
        }
    }

    private static void hold(Connection database, UUID holder) throws SQLException {
        try (PreparedStatement hold = database.prepareStatement("insert into blob_hold (sha256, holder, held_until)"
                + " select sha256, ?, now() + interval '1 day' from blob where condition = 'STORED'")) {
            hold.setObject(1, holder);
            hold.executeUpdate();
        }
    }

    private static boolean copyObject(BlobStore store, Blob blob, BackupPlace to) throws IOException {
        Path file = to.blob(blob.sha256());
        MessageDigest digest = BackupPlace.sha256();
        Path directory = file.getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        try (InputStream in = new DigestInputStream(store.read(blob.sha256()), digest);
                OutputStream out = Files.newOutputStream(file)) {
            in.transferTo(out);
        } catch (BlobStore.Lost e) {
            Files.deleteIfExists(file);
            return false;
        }
        if (HexFormat.of().formatHex(digest.digest()).equals(blob.sha256())) {
            return true;
        }
        Files.deleteIfExists(file);
        return false;
    }

    /**
     * Holds every part of a backup to its digest.
     *
     * @throws BackupRefused naming the first part that is missing or damaged
     */
    public static Manifest verify(Path place) throws IOException {
        try (BackupPlace from = BackupPlace.open(place)) {
            return verify(from);
        }
    }

    static Manifest verify(BackupPlace from) throws IOException {
        Manifest manifest = Manifest.read(from);
        for (Manifest.Table table : manifest.tables()) {
            require(from.path("tables/" + table.name() + ".copy"), table.sha256(), "the table " + table.name());
        }
        require(from.path(BackupPlace.OBJECTS), manifest.objectsSha256(), "the list of files");
        long objects = 0;
        try (BufferedReader list = Files.newBufferedReader(from.path(BackupPlace.OBJECTS))) {
            for (String line = list.readLine(); line != null; line = list.readLine()) {
                String sha256 = line.substring(0, 64);
                require(from.blob(sha256), sha256, "the file " + sha256);
                objects++;
            }
        }
        if (objects != manifest.objects()) {
            throw new BackupRefused("The backup lists " + objects + " files instead of " + manifest.objects() + ".");
        }
        return manifest;
    }

    private static void require(Path file, String sha256, String what) throws IOException {
        try {
            if (!BackupPlace.digest(file).equals(sha256)) {
                throw new BackupRefused("The backup is damaged: " + what + " is not what its SHA-256 says.");
            }
        } catch (NoSuchFileException e) {
            throw new BackupRefused("The backup is damaged: " + what + " is missing.");
        } catch (IOException e) {
            throw new BackupRefused("The backup is damaged: " + what + " cannot be read.");
        }
    }
}
