package org.segmeter.database;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.utility.DockerImageName;

/**
 * A PostgreSQL server in a container, one for all tests of this process, with a database for each service and the two roles that
 * {@code docs/reliability.md} asks operators to make. {@code -Dsegmeter.tests.postgres-image} names another image than
 * {@value #USUAL_IMAGE}, {@code -Dsegmeter.tests.network=host} is for engines without a network of their own. What is used is printed.
 */
public final class PostgresContainer {

    private static final String USUAL_IMAGE = "postgres:18";
    private static final String IMAGE = System.getProperty("segmeter.tests.postgres-image", USUAL_IMAGE);
    private static final boolean NETWORK_OF_HOST =
            System.getProperty("segmeter.tests.network", "").equals("host");
    private static final int PORT = 5432;

    private static @Nullable PostgresContainer shared;

    private final String password = UUID.randomUUID().toString();
    private final GenericContainer<?> container;
    private final int port;

    private PostgresContainer() throws IOException {
        int own = NETWORK_OF_HOST ? freePort() : PORT;
        container = new GenericContainer<>(DockerImageName.parse(IMAGE))
                .withEnv("POSTGRES_PASSWORD", password)
                .withCommand("postgres", "-c", "port=" + own, "-c", "max_connections=200")
                .withStartupTimeout(Duration.ofMinutes(2));
        if (NETWORK_OF_HOST) {
            container.withNetworkMode("host");
        } else {
            container.addExposedPort(PORT);
        }
        container.waitingFor(new AbstractWaitStrategy() {
            @Override
            protected void waitUntilReady() {
                awaitConnection(NETWORK_OF_HOST ? own : container.getMappedPort(PORT), startupTimeout);
            }
        });
        container.start();
        port = NETWORK_OF_HOST ? own : container.getMappedPort(PORT);
    }

    /** The one of this process, which ends with it. */
    static synchronized PostgresContainer shared() throws IOException, SQLException {
        PostgresContainer found = shared;
        if (found == null) {
            found = new PostgresContainer();
            try (Connection connection = found.connect(found.port, "postgres");
                    Statement statement = connection.createStatement()) {
                statement.execute("create role segmeter_owner login password '" + found.password + "'");
                statement.execute("create role segmeter_service login password '" + found.password + "'");
                System.out.printf(
                        "PostgresContainer: tests use PostgreSQL %s in a container of the image %s%n",
                        connection.getMetaData().getDatabaseProductVersion(), IMAGE);
            }
            shared = found;
        }
        return found;
    }

    /** Makes a database, and gives the settings by which a service uses it. */
    public static List<String> newDatabase(String name) throws IOException, SQLException {
        PostgresContainer server = shared();
        try (Connection connection = server.connect(server.port, "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name + " owner segmeter_owner");
        }
        return List.of(
                "--segmeter.database.url=" + server.url(server.port, name),
                "--segmeter.database.user=segmeter_service",
                "--segmeter.database.password=" + server.password,
                "--segmeter.database.owner-user=segmeter_owner",
                "--segmeter.database.owner-password=" + server.password);
    }

    private String url(int at, String database) {
        return "jdbc:postgresql://%s:%d/%s".formatted(container.getHost(), at, database);
    }

    private Connection connect(int at, String database) throws SQLException {
        return DriverManager.getConnection(url(at, database), "postgres", password);
    }

    private void awaitConnection(int at, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try (Connection connection = connect(at, "postgres")) {
                if (connection.isValid(5)) {
                    return;
                }
            } catch (SQLException e) {
                if (System.nanoTime() > end || !container.isRunning()) {
                    throw new ContainerLaunchException("PostgreSQL in " + IMAGE + " cannot be reached", e);
                }
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ContainerLaunchException("interrupted", e);
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
