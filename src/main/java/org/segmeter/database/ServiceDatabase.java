package org.segmeter.database;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationVersion;
import org.jspecify.annotations.Nullable;

/** A service's database for the tools beside the service: an external one, or the embedded one, which may be running or not. */
public final class ServiceDatabase implements AutoCloseable {

    private final DatabaseAddress address;
    private final @Nullable DataDirectory claimed;
    private final @Nullable EmbeddedPostgres started;

    private ServiceDatabase(
            DatabaseAddress address, @Nullable DataDirectory claimed, @Nullable EmbeddedPostgres started) {
        this.address = address;
        this.claimed = claimed;
        this.started = started;
    }

    /**
     * Finds the database as the service does.
     *
     * @param environment with {@code SEGMETER_DATABASE_URL}, {@code _USER} and {@code _PASSWORD} for an external one
     * @param alone true if no service may be running on the data directory
     * @throws StartRefused if it cannot be reached, or a service is running that must not
     */
    public static ServiceDatabase open(Path dataDirectory, Map<String, String> environment, boolean alone) {
        String url = environment.getOrDefault("SEGMETER_DATABASE_URL", "");
        if (!url.isEmpty()) {
            DatabaseAddress address = new DatabaseAddress(
                            url,
                            environment.getOrDefault("SEGMETER_DATABASE_USER", "segmeter"),
                            environment.getOrDefault("SEGMETER_DATABASE_PASSWORD", ""))
                    .forLongWork();
            return new ServiceDatabase(address, alone ? DataDirectory.claim(dataDirectory) : null, null);
        }
        if (!alone) {
            Optional<DatabaseAddress> running = EmbeddedPostgres.running(dataDirectory);
            if (running.isPresent()) {
                return new ServiceDatabase(running.get(), null, null);
            }
        }
        DataDirectory directory = DataDirectory.claim(dataDirectory);
        try {
            String programs = environment.get("SEGMETER_DATABASE_PROGRAMS");
            EmbeddedPostgres server = EmbeddedPostgres.start(
                    directory.path(), programs == null ? directory.path().resolve("programs") : Path.of(programs));
            return new ServiceDatabase(server.address(), directory, server);
        } catch (RuntimeException e) {
            try {
                directory.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    public Connection connect() throws SQLException {
        return address.connect();
    }

    /** The migrations of this version, up to one of them. */
    public Flyway flyway(String version) {
        return Flyway.configure()
                .dataSource(address.url(), address.user(), address.password())
                .locations("classpath:db/migration")
                .target(MigrationVersion.fromVersion(version))
                .load();
    }

    @Override
    public void close() throws IOException {
        try {
            if (started != null) {
                started.close();
            }
        } finally {
            if (claimed != null) {
                claimed.close();
            }
        }
    }
}
