package org.segmeter.database;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.flyway.autoconfigure.FlywayConnectionDetails;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertyResolver;
import org.springframework.util.StringUtils;

/**
 * Brings up and checks the database before the first bean is made, so that a refusal is one line and nothing else has started.
 *
 * <p>{@code SEGMETER_DATABASE_URL}, {@code _USER} and {@code _PASSWORD} (or Spring's {@code spring.datasource.*}) name an
 * external server; without them an embedded one runs under {@code segmeter.data-directory}.
 */
final class DatabaseStart implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final Logger log = LoggerFactory.getLogger(DatabaseStart.class);

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        if (!(context.getBeanFactory() instanceof DefaultListableBeanFactory beans)
                || !environment.getProperty("segmeter.database.start", Boolean.class, true)) {
            return;
        }
        Path path = Path.of(environment.getProperty("segmeter.data-directory", "data"))
                .toAbsolutePath()
                .normalize();
        HeapCheck.verify(Runtime.getRuntime().maxMemory(), HeapCheck.memory());
        DataDirectory directory = DataDirectory.claim(
                path, environment.getProperty("segmeter.volatile-data-directory", Boolean.class, false));
        beans.registerDisposableBean("segmeterDataDirectory", directory::close);
        try {
            DatabaseAddress address = external(environment);
            boolean embedded = address == null;
            if (address == null) {
                EmbeddedPostgres server = EmbeddedPostgres.start(
                        directory.path(),
                        Path.of(environment.getProperty(
                                "segmeter.database.programs",
                                directory.path().resolve("programs").toString())));
                beans.registerDisposableBean("segmeterEmbeddedPostgres", server::close);
                address = server.address();
            }
            address = address.withTimeouts();
            DurabilityCheck.verify(address, embedded);
            SchemaCheck.verify(address);
            if (embedded) {
                releaseTasksOfDeadService(address);
            }
            log.info("database is {} and keeps what it acknowledges", embedded ? "embedded" : "external");
            // The tables belong to another role than the one that works with them.
            beans.registerSingleton("segmeterMigrations", new Migrations(migrating(environment, address)));
            beans.registerSingleton("segmeterDatabase", new Details(embedded ? ServiceRole.create(address) : address));
        } catch (RuntimeException e) {
            beans.destroySingletons();
            throw e;
        }
    }

    private static @Nullable DatabaseAddress external(ConfigurableEnvironment environment) {
        for (String prefix : new String[] {"segmeter.database.", "spring.datasource."}) {
            String url = environment.getProperty(prefix + "url");
            if (StringUtils.hasText(url)) {
                if (!url.startsWith("jdbc:postgresql:")) {
                    throw new StartRefused(
                            prefix + "url is no PostgreSQL address; it must begin with jdbc:postgresql://");
                }
                String user = environment.getProperty(
                        prefix + "user", environment.getProperty(prefix + "username", "segmeter"));
                return new DatabaseAddress(url, user, environment.getProperty(prefix + "password", ""));
            }
        }
        return null;
    }

    /**
     * The embedded database belongs to the one service that holds the directory's lock: what is marked as being worked on was
     * left by a dead one, and need not wait for its heartbeats to be missed.
     */
    private static void releaseTasksOfDeadService(DatabaseAddress address) {
        try (Connection connection = address.connect();
                Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("select to_regclass('scheduled_tasks') is not null")) {
                row.next();
                if (!row.getBoolean(1)) {
                    return;
                }
            }
            int released = statement.executeUpdate("update scheduled_tasks set picked = false, picked_by = null,"
                    + " last_heartbeat = null, version = version + 1 where picked");
            if (released > 0) {
                log.info("{} evaluations that a previous service was working on are queued again", released);
            }
        } catch (SQLException e) {
            throw new StartRefused("the embedded PostgreSQL does not answer (SQL state " + e.getSQLState() + ")");
        }
    }

    /** Whether requests must say who sends them, as the package {@code security} has found out before. */
    static boolean hasLogin(PropertyResolver environment) {
        return environment.getProperty("segmeter.security.login", Boolean.class, false);
    }

    /** Who makes and changes the tables: of an external server another role, if one is named. */
    private static DatabaseAddress migrating(ConfigurableEnvironment environment, DatabaseAddress address) {
        String user = environment.getProperty("segmeter.database.owner-user");
        return StringUtils.hasText(user)
                ? new DatabaseAddress(
                        address.url(), user, environment.getProperty("segmeter.database.owner-password", ""))
                : address;
    }

    private record Migrations(DatabaseAddress address) implements FlywayConnectionDetails {
        @Override
        public String getUsername() {
            return address.user();
        }

        @Override
        public String getPassword() {
            return address.password();
        }

        @Override
        public String getJdbcUrl() {
            return address.url();
        }
    }

    private record Details(DatabaseAddress address) implements JdbcConnectionDetails {
        @Override
        public String getUsername() {
            return address.user();
        }

        @Override
        public String getPassword() {
            return address.password();
        }

        @Override
        public String getJdbcUrl() {
            return address.url();
        }
    }
}
