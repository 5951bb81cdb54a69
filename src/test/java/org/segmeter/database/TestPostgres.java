package org.segmeter.database;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** A PostgreSQL server of a test's own, made of the programs that the service carries; for services it is an external one. */
public final class TestPostgres implements AutoCloseable {

    private static final Path PROGRAMS = Path.of("target/postgres-programs").toAbsolutePath();

    private final Path directory;
    private EmbeddedPostgres server;

    private TestPostgres(Path directory, EmbeddedPostgres server) {
        this.directory = directory;
        this.server = server;
    }

    public static TestPostgres start(Path directory) throws IOException {
        Files.createDirectories(directory);
        return new TestPostgres(directory, EmbeddedPostgres.start(directory, PROGRAMS));
    }

    /** The server of a service's data directory, which may be running or not; it is stopped with this. */
    public static TestPostgres of(Path dataDirectory) {
        return new TestPostgres(dataDirectory, EmbeddedPostgres.start(dataDirectory, PROGRAMS));
    }

    public int port() {
        String url = server.address().url();
        return Integer.parseInt(url.substring(url.lastIndexOf(':') + 1, url.lastIndexOf('/')));
    }

    /** Settings by which a service uses it, through a port of this machine. */
    public List<String> settings(int port, String parameters) {
        return List.of(
                "--segmeter.database.url=jdbc:postgresql://127.0.0.1:" + port + "/postgres" + parameters,
                "--segmeter.database.user=" + server.address().user(),
                "--segmeter.database.password=" + server.address().password());
    }

    public String url() {
        return server.address().url();
    }

    public String user() {
        return server.address().user();
    }

    public String password() {
        return server.address().password();
    }

    public Connection connect() throws SQLException {
        return server.address().connect();
    }

    /** The process id of the server. */
    public long pid() throws IOException {
        return Long.parseLong(Files.readAllLines(directory.resolve("postgres/postmaster.pid"))
                .getFirst()
                .strip());
    }

    /** Ends the server as a crash would, with all its processes, and starts it again; it may have another port then. */
    public void crashAndRestart() throws IOException, InterruptedException {
        ProcessHandle postmaster = ProcessHandle.of(pid()).orElseThrow();
        server.abandon();
        List<ProcessHandle> all = postmaster.descendants().toList();
        postmaster.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        while (postmaster.isAlive() || all.stream().anyMatch(ProcessHandle::isAlive)) {
            Thread.sleep(20);
        }
        server = EmbeddedPostgres.start(directory, PROGRAMS);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
