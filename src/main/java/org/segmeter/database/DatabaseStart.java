package org.segmeter.database;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
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
 * Claims the data directory and checks an external database before the first bean is made, so that a refusal is one line and nothing else
 * has started. An embedded database comes up beside the first beans; the first that needs it waits for it.
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
            DatabaseAddress named = external(environment);
            if (named != null) {
                DatabaseAddress address = named.withTimeouts();
                check(address, false);
                register(beans, () -> migrating(environment, named.forLongWork()), () -> address);
            } else {
                Path programs = Path.of(environment.getProperty(
                        "segmeter.database.programs",
                        directory.path().resolve("programs").toString()));
                Embedded embedded = new Embedded(directory.path(), programs);
                beans.registerDisposableBean("segmeterEmbeddedPostgres", embedded::close);
                register(beans, () -> migrating(environment, embedded.owner()), embedded::service);
            }
        } catch (RuntimeException e) {
            beans.destroySingletons();
            throw e;
        }
    }

    private static void register(
            DefaultListableBeanFactory beans, Supplier<DatabaseAddress> owner, Supplier<DatabaseAddress> service) {
        // The tables belong to another role than the one that works with them.
        beans.registerSingleton("segmeterMigrations", new Migrations(owner));
        beans.registerSingleton("segmeterDatabase", new Details(service));
    }

    /** The embedded server, which comes up while the beans that need no database are made; whoever needs it waits for it. */
    private static final class Embedded {
        private final CompletableFuture<EmbeddedPostgres> server = new CompletableFuture<>();
        private final CompletableFuture<DatabaseAddress> checked = new CompletableFuture<>();
        private final CompletableFuture<DatabaseAddress> role = new CompletableFuture<>();

        Embedded(Path directory, Path programs) {
            Thread.ofPlatform().daemon().name("database-start").start(() -> {
                try {
                    EmbeddedPostgres started = EmbeddedPostgres.start(directory, programs);
                    server.complete(started);
                    DatabaseAddress address = started.address().withTimeouts();
                    check(address, true);
                    DatabaseAddress service = ServiceRole.create(address);
                    checked.complete(started.address().forLongWork());
                    role.complete(service);
                } catch (RuntimeException | Error e) {
                    server.completeExceptionally(e);
                    checked.completeExceptionally(e);
                    role.completeExceptionally(e);
                }
            });
        }

        DatabaseAddress owner() {
            return when(checked);
        }

        DatabaseAddress service() {
            return when(role);
        }

        private static DatabaseAddress when(CompletableFuture<DatabaseAddress> there) {
            try {
                return there.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException reason) {
                    throw reason;
                }
                throw e;
            }
        }

        /** Also of a server that is still coming up. */
        void close() throws IOException {
            EmbeddedPostgres started;
            try {
                started = server.join();
            } catch (CompletionException e) {
                return; // there is none
            }
            started.close();
        }
    }

    /** That the server keeps what it acknowledges and its tables are known; all by one connection. */
    private static void check(DatabaseAddress address, boolean embedded) {
        try (Connection connection = address.connect()) {
            DurabilityCheck.verify(connection, embedded);
            SchemaCheck.verify(connection);
            if (embedded) {
                releaseTasksOfDeadService(connection);
            }
        } catch (SQLException e) {
            throw DurabilityCheck.unreachable(e);
        }
        log.info("database is {} and keeps what it acknowledges", embedded ? "embedded" : "external");
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
    private static void releaseTasksOfDeadService(Connection connection) {
        try (Statement statement = connection.createStatement()) {
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

    private record Migrations(Supplier<DatabaseAddress> address) implements FlywayConnectionDetails {
        @Override
        public String getUsername() {
            return address.get().user();
        }

        @Override
        public String getPassword() {
            return address.get().password();
        }

        @Override
        public String getJdbcUrl() {
            return address.get().url();
        }
    }

    private record Details(Supplier<DatabaseAddress> address) implements JdbcConnectionDetails {
        @Override
        public String getUsername() {
            return address.get().user();
        }

        @Override
        public String getPassword() {
            return address.get().password();
        }

        @Override
        public String getJdbcUrl() {
            return address.get().url();
        }
    }
}
