package org.segmeter.backup;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;

/** Makes an installation out of a backup. */
public final class Restore {

    private Restore() {}

    /**
     * Restores a backup that is whole into an installation that is empty. The files come first and the tables in one transaction at the
     * end, so a restore that breaks off never looks like a finished one.
     *
     * @return the backup's manifest
     * @throws BackupRefused if the backup is damaged or unfinished, or the installation is not empty
     */
    public static Manifest run(Path place, Installation installation) throws IOException, SQLException {
        try (BackupPlace from = BackupPlace.open(place);
                Connection database = installation.connect()) {
            Manifest manifest = Backup.verify(from);
            requireEmpty(database, installation.store());
            migrate(installation, manifest);
            objects(from, installation.store());
            database.setAutoCommit(false);
            tables(from, manifest, database);
            database.commit();
            installation.store().claim(manifest.installation());
            return manifest;
        }
    }

    private static void requireEmpty(Connection database, BlobStore store) throws IOException, SQLException {
        if (Tables.text(database, "select to_regclass('evaluation')::text") != null
                && Tables.number(database, "select count(*) from evaluation") > 0) {
            throw new BackupRefused("The database is not empty; a backup is restored into an empty one.");
        }
        try (Stream<Blob> files = store.list()) {
            if (files.findAny().isPresent()) {
                throw new BackupRefused("The store of files is not empty; a backup is restored into an empty one.");
            }
        }
    }

    private static void migrate(Installation installation, Manifest manifest) {
        Flyway flyway = installation.database().flyway(manifest.schema());
        MigrationVersion wanted = MigrationVersion.fromVersion(manifest.schema());
        boolean known = false;
        for (MigrationInfo migration : flyway.info().all()) {
            known |= wanted.equals(migration.getVersion());
        }
        if (!known) {
            throw new BackupRefused("The backup was made by a later version (schema " + manifest.schema()
                    + "); restore it with that one.");
        }
        flyway.migrate();
    }

    private static void objects(BackupPlace from, BlobStore store) throws IOException {
        try (BufferedReader list = Files.newBufferedReader(from.path(BackupPlace.OBJECTS))) {
            for (String line = list.readLine(); line != null; line = list.readLine()) {
                String sha256 = line.substring(0, 64);
                try (InputStream content = Files.newInputStream(from.blob(sha256));
                        BlobStore.Incoming incoming = store.receive(content, Long.MAX_VALUE)) {
                    if (!incoming.blob().sha256().equals(sha256)) {
                        throw new BackupRefused("The backup changed while it was read: the file " + sha256 + ".");
                    }
                    incoming.keep();
                }
            }
        }
    }

    private static void tables(BackupPlace from, Manifest manifest, Connection database)
            throws IOException, SQLException {
        Map<String, Manifest.Table> wanted = new HashMap<>();
        manifest.tables().forEach(table -> wanted.put(table.name(), table));
        CopyManager copy = database.unwrap(PGConnection.class).getCopyAPI();
        List<Tables.Table> tables = Tables.of(database);
        for (Tables.Table table : tables) {
            Manifest.Table source = wanted.remove(table.name());
            if (source == null) {
                throw new BackupRefused("The backup lacks the table " + table.name() + ".");
            }
            String name = "\"" + table.name() + "\"";
            // Rows are put back as they were: what triggers make of new ones was made already.
            Tables.run(database, "alter table " + name + " disable trigger user");
            Tables.run(database, "delete from " + name);
            long rows;
            try (InputStream content = Files.newInputStream(from.path("tables/" + table.name() + ".copy"))) {
                rows = copy.copyIn("copy " + name + " (" + source.columns() + ") from stdin", content);
            }
            if (rows != source.rows()) {
                throw new BackupRefused(
                        "The table " + table.name() + " has " + rows + " rows instead of " + source.rows() + ".");
            }
            Tables.run(database, "alter table " + name + " enable trigger user");
            sequences(database, table);
        }
        if (!wanted.isEmpty()) {
            throw new BackupRefused("The backup has tables that its schema does not have: " + wanted.keySet() + ".");
        }
        // Of workers that this installation does not have.
        Tables.run(
                database,
                "update scheduled_tasks set picked = false, picked_by = null, last_heartbeat = null where picked");
        try (PreparedStatement missing =
                database.prepareStatement("update blob set condition = 'MISSING' where sha256 = ?")) {
            for (String sha256 : manifest.absent()) {
                missing.setString(1, sha256);
                missing.executeUpdate();
            }
        }
    }

    private static void sequences(Connection database, Tables.Table table) throws SQLException {
        for (String column : table.columns()) {
            String sequence;
            try (PreparedStatement ask = database.prepareStatement("select pg_get_serial_sequence(?, ?)")) {
                ask.setString(1, "\"" + table.name() + "\"");
                ask.setString(2, column.replace("\"", ""));
                try (ResultSet row = ask.executeQuery()) {
                    row.next();
                    sequence = row.getString(1);
                }
            }
            if (sequence != null) {
                try (Statement set = database.createStatement()) {
                    set.execute("select setval('" + sequence + "', coalesce(max(" + column + "), 0) + 1, false) from \""
                            + table.name() + "\"");
                }
            }
        }
    }
}
