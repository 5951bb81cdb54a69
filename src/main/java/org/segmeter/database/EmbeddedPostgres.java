package org.segmeter.database;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * A PostgreSQL server of this service's own, listening on the loopback interface with a password that only the data directory
 * knows. It outlives a service that was killed; the next one takes it over, by the process id that the server itself wrote. If it
 * ends while its service runs, it is started again.
 */
final class EmbeddedPostgres implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EmbeddedPostgres.class);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** A server that recovers from a crash on a slow disk is waited for: whoever ends it makes it begin again. */
    private static final Duration PATIENCE_WITH_RECOVERY = Duration.ofMinutes(10);

    /** SQL state of PostgreSQL: cannot_connect_now. */
    private static final String STARTING_UP = "57P03";

    private static final long LOOK_AGAIN_MILLIS = 200;
    private static final long SHORTEST_PAUSE = 250;
    private static final long LONGEST_PAUSE = 5_000;
    private static final String USER = "segmeter";
    private static final String CLUSTER = "postgres";

    private final PostgresBinaries binaries;
    private final Path directory;
    private final Path cluster;
    private final DatabaseAddress address;
    private final int port;
    private final String[] more;
    private volatile boolean closing;

    private EmbeddedPostgres(PostgresBinaries binaries, Path directory, int port, String password, String... more) {
        this.binaries = binaries;
        this.directory = directory;
        this.cluster = directory.resolve(CLUSTER);
        this.address = address(port, password);
        this.port = port;
        this.more = more;
    }

    /**
     * Starts the server of a data directory, or adopts the one that is still running on it.
     *
     * @param directory locked by the caller, so that every server found in it is an orphan
     * @param programs where the programs of PostgreSQL are unpacked
     * @param more settings of the server that win over the service's own
     */
    static EmbeddedPostgres start(Path directory, Path programs, String... more) {
        try {
            PostgresBinaries binaries = PostgresBinaries.unpack(programs);
            Path cluster = directory.resolve(CLUSTER);
            Path passwordFile = directory.resolve("postgres.password");
            if (!Files.isRegularFile(cluster.resolve("PG_VERSION"))) {
                initialise(binaries, directory, cluster, passwordFile);
            }
            ownerOnly(passwordFile);
            String password = Files.readString(passwordFile).strip();
            OptionalInt running = adopt(cluster, password);
            if (running.isPresent()) {
                log.info("took over the embedded PostgreSQL that a previous service left running");
                EmbeddedPostgres adopted =
                        new EmbeddedPostgres(binaries, directory, running.getAsInt(), password, more);
                adopted.watch();
                return adopted;
            }
            return launch(binaries, directory, password, more);
        } catch (IOException e) {
            throw new StartRefused("segmeter.data-directory: the embedded PostgreSQL cannot be prepared ("
                    + e.getClass().getSimpleName() + "); check space and permissions of the directory");
        }
    }

    /** The server of a data directory that a service is using; empty if none is running. Nothing is changed. */
    static Optional<DatabaseAddress> running(Path directory) {
        Path cluster = directory.resolve("postgres");
        try {
            List<String> lines = Files.readAllLines(cluster.resolve("postmaster.pid"), StandardCharsets.UTF_8);
            if (lines.size() > 3 && process(lines).isPresent()) {
                String password =
                        Files.readString(directory.resolve("postgres.password")).strip();
                DatabaseAddress address = address(Integer.parseInt(lines.get(3).strip()), password);
                return servesDirectory(address, cluster) ? Optional.of(address) : Optional.empty();
            }
        } catch (IOException | SQLException | NumberFormatException e) {
            log.debug("no running server: {}", e.getClass().getSimpleName());
        }
        return Optional.empty();
    }

    DatabaseAddress address() {
        return address;
    }

    /** Has the server started again, at the same port, if it ends while it is needed. */
    private void watch() {
        try {
            process(Files.readAllLines(cluster.resolve("postmaster.pid"), StandardCharsets.UTF_8))
                    .ifPresent(server -> server.onExit()
                            .thenRun(() -> Thread.ofPlatform()
                                    .daemon()
                                    .name("postgres-watch")
                                    .start(this::again)));
        } catch (IOException e) {
            log.warn("the embedded PostgreSQL is not watched ({})", e.getClass().getSimpleName());
        }
    }

    /** Tries until the server is there, ever more seldom: a full disk may take its time to be emptied. */
    private void again() {
        long pause = SHORTEST_PAUSE;
        if (!closing) {
            log.warn("the embedded PostgreSQL ended; it is started again");
        }
        while (!closing && Files.isDirectory(cluster)) {
            try {
                Files.deleteIfExists(cluster.resolve("postmaster.pid"));
                launch();
                log.info("the embedded PostgreSQL is there again");
                watch();
                return;
            } catch (IOException e) {
                // Processes of the old server may still be ending: they keep its memory until then.
                log.debug("not yet", e);
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
    }

    /** Leaves the server to itself, as the end of this process would. */
    void abandon() {
        closing = true;
    }

    /** Stops the server in good order; committed work needs no recovery then. */
    @Override
    public void close() throws IOException {
        closing = true;
        run(binaries.command("pg_ctl", List.of("stop", "-w", "-m", "fast", "-t", "60", "-D", cluster.toString())));
    }

    private static void initialise(PostgresBinaries binaries, Path directory, Path cluster, Path passwordFile)
            throws IOException {
        // initdb makes its directory under another name first: a half-made cluster never looks like a whole one.
        Path unfinished = directory.resolve("postgres.initdb");
        FileSystemUtils.deleteRecursively(unfinished);
        byte[] secret = new byte[24];
        new SecureRandom().nextBytes(secret);
        Files.deleteIfExists(passwordFile);
        Files.createFile(passwordFile);
        ownerOnly(passwordFile);
        try (FileChannel file = FileChannel.open(passwordFile, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(HexFormat.of().formatHex(secret).getBytes(StandardCharsets.US_ASCII)));
            file.force(true); // without it nobody would get at what the cluster keeps
        }
        run(binaries.command(
                "initdb",
                List.of(
                        "-k",
                        "-A",
                        "scram-sha-256",
                        "-U",
                        USER,
                        "--pwfile",
                        passwordFile.toString(),
                        "-E",
                        "UTF8",
                        "--locale=C",
                        "-D",
                        unfinished.toString())));
        Files.move(unfinished, cluster, StandardCopyOption.ATOMIC_MOVE);
        DataDirectory.force(directory);
    }

    /** Mode 0600, where files have modes: volumes of a cluster may be given others from one start to the next. */
    private static void ownerOnly(Path file) throws IOException {
        PosixFileAttributeView mode = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (mode != null) {
            mode.setPermissions(EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
        }
    }

    private static OptionalInt adopt(Path cluster, String password) throws IOException {
        Path pidFile = cluster.resolve("postmaster.pid");
        if (!Files.isRegularFile(pidFile)) {
            return OptionalInt.empty();
        }
        List<String> lines = Files.readAllLines(pidFile, StandardCharsets.UTF_8);
        Optional<ProcessHandle> process = process(lines);
        if (process.isEmpty()) {
            // Of a process that is gone, or of a number that another program has by now (as after a container restart).
            // The directory is locked by this service, so no server can be starting on it.
            Files.deleteIfExists(pidFile);
            return OptionalInt.empty();
        }
        if (lines.size() > 3) {
            try {
                int port = Integer.parseInt(lines.get(3).strip());
                if (servesDirectoryOnceItIsUp(address(port, password).withTimeouts(), cluster, process.get())) {
                    return OptionalInt.of(port);
                }
            } catch (NumberFormatException | SQLException e) {
                log.warn("the embedded PostgreSQL that was left running does not answer; it is stopped");
            }
        }
        stop(process.get());
        return OptionalInt.empty();
    }

    private static boolean servesDirectoryOnceItIsUp(DatabaseAddress address, Path cluster, ProcessHandle server)
            throws SQLException, IOException {
        long end = System.nanoTime() + PATIENCE_WITH_RECOVERY.toNanos();
        while (true) {
            try {
                return servesDirectory(address, cluster);
            } catch (SQLException e) {
                if (!STARTING_UP.equals(e.getSQLState()) || !server.isAlive() || System.nanoTime() > end) {
                    throw e;
                }
            }
            try {
                Thread.sleep(LOOK_AGAIN_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }

    private static boolean servesDirectory(DatabaseAddress address, Path cluster) throws SQLException, IOException {
        try (Connection connection = address.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("show data_directory")) {
            row.next();
            return Files.isSameFile(Path.of(row.getString(1)), cluster);
        }
    }

    private static Optional<ProcessHandle> process(List<String> lines) {
        try {
            return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
                    .filter(ProcessHandle::isAlive)
                    .filter(handle -> handle.info()
                            .command()
                            .map(c -> c.endsWith("postgres"))
                            .orElse(true));
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }

    private static void stop(ProcessHandle server) throws IOException {
        server.destroy();
        if (!ends(server, Duration.ofSeconds(10))) {
            server.destroyForcibly();
            if (!ends(server, Duration.ofSeconds(10))) {
                throw new IOException("the old server does not end");
            }
        }
    }

    private static boolean ends(ProcessHandle process, Duration patience) throws IOException {
        try {
            process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (java.util.concurrent.TimeoutException e) {
            return false;
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private static EmbeddedPostgres launch(PostgresBinaries binaries, Path directory, String password, String... more)
            throws IOException {
        IOException last = null;
        for (int attempt = 0; attempt < 3; attempt++) { // the free port may be taken by another program meanwhile
            EmbeddedPostgres server = new EmbeddedPostgres(binaries, directory, freePort(), password, more);
            try {
                server.launch();
                server.watch();
                return server;
            } catch (IOException e) {
                last = e;
            }
        }
        throw new StartRefused("the embedded PostgreSQL does not start; see postgres.log in segmeter.data-directory"
                + (last == null ? "" : " (" + last.getMessage() + ")"));
    }

    private void launch() throws IOException {
        Stream<String> own = Stream.of(
                "port=" + port,
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "fsync=on",
                "synchronous_commit=on",
                "full_page_writes=on",
                "max_connections=100",
                "shared_buffers=128MB",
                "max_wal_size=1GB",
                "timezone=UTC",
                "log_timezone=UTC",
                "logging_collector=off",
                // Statements carry what users sent: the server's own log must not.
                "log_min_error_statement=panic",
                "log_parameter_max_length_on_error=0",
                "log_error_verbosity=terse");
        String settings = Stream.concat(own, Stream.of(more))
                .map(setting -> "-c " + setting)
                .reduce((a, b) -> a + " " + b)
                .orElseThrow();
        Files.deleteIfExists(directory.resolve("postgres.log"));
        run(binaries.command(
                "pg_ctl",
                List.of(
                        "start",
                        "-w",
                        "-t",
                        String.valueOf(PATIENCE_WITH_RECOVERY.toSeconds()),
                        "-D",
                        cluster.toString(),
                        "-l",
                        directory.resolve("postgres.log").toString(),
                        "-o",
                        settings)));
    }

    private static DatabaseAddress address(int port, String password) {
        return new DatabaseAddress("jdbc:postgresql://127.0.0.1:" + port + "/postgres", USER, password);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private static void run(List<String> command) throws IOException {
        // Output is discarded: it quotes paths. pg_ctl's child would keep a pipe open for ever.
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                .start();
        try {
            if (!process.waitFor(PATIENCE_WITH_RECOVERY.plus(PATIENCE).toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("a program of PostgreSQL did not end in time");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("a program of PostgreSQL ended with status " + process.exitValue());
        }
    }
}
