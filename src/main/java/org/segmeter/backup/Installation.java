package org.segmeter.backup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.ServiceDatabase;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.StoreSettings;
import org.springframework.util.FileSystemUtils;
import org.springframework.util.unit.DataSize;

/** The database and the store of a service, found by the settings that the service itself is given; it may be running. */
public final class Installation implements AutoCloseable {

    private final ServiceDatabase database;
    private final BlobStore store;
    private final @Nullable Path scratch;

    private Installation(ServiceDatabase database, BlobStore store, @Nullable Path scratch) {
        this.database = database;
        this.store = store;
        this.scratch = scratch;
    }

    /**
     * Opens an installation to read it.
     *
     * @param environment with {@code SEGMETER_DATA_DIRECTORY}, {@code SEGMETER_DATABASE_*} and {@code SEGMETER_STORE_*}
     */
    public static Installation toRead(Map<String, String> environment) throws IOException {
        Path data = data(environment);
        if (!Files.isDirectory(data) && !environment.containsKey("SEGMETER_DATABASE_URL")) {
            throw new BackupRefused("There is no data directory " + data + "; set SEGMETER_DATA_DIRECTORY.");
        }
        ServiceDatabase database = ServiceDatabase.open(data, environment, false);
        // What arrives at a running service is in its data directory: this process keeps out of it.
        Path scratch = Files.createTempDirectory("segmeter");
        return new Installation(database, store(environment, data, scratch), scratch);
    }

    /**
     * Opens an installation to fill it.
     *
     * @throws BackupRefused if there is something in it, or a service runs on it
     */
    public static Installation toFill(Map<String, String> environment) throws IOException {
        Path data = data(environment);
        ServiceDatabase database = ServiceDatabase.open(data, environment, true);
        return new Installation(database, store(environment, data, data), null);
    }

    Connection connect() throws SQLException {
        return database.connect();
    }

    ServiceDatabase database() {
        return database;
    }

    BlobStore store() {
        return store;
    }

    @Override
    public void close() throws IOException {
        try {
            database.close();
        } finally {
            if (scratch != null) {
                FileSystemUtils.deleteRecursively(scratch);
            }
        }
    }

    private static Path data(Map<String, String> environment) {
        return Path.of(environment.getOrDefault("SEGMETER_DATA_DIRECTORY", "data"))
                .toAbsolutePath()
                .normalize();
    }

    private static BlobStore store(Map<String, String> environment, Path data, Path scratch) throws IOException {
        String secretFile = environment.get("SEGMETER_STORE_SECRET_KEY_FILE");
        return BlobStore.open(
                new StoreSettings(
                        environment.getOrDefault("SEGMETER_STORE_BUCKET", ""),
                        environment.getOrDefault("SEGMETER_STORE_ENDPOINT", ""),
                        environment.getOrDefault("SEGMETER_STORE_REGION", "us-east-1"),
                        Boolean.parseBoolean(environment.getOrDefault("SEGMETER_STORE_PATH_STYLE", "true")),
                        environment.getOrDefault("SEGMETER_STORE_ACCESS_KEY", ""),
                        environment.getOrDefault("SEGMETER_STORE_SECRET_KEY", ""),
                        secretFile == null ? null : Path.of(secretFile),
                        DataSize.ofBytes(0)),
                data,
                scratch);
    }
}
