package org.segmeter.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.annotation.Configuration;

/** Which databases are accepted, and what becomes of one whose service died. */
class DatabaseStartTest {

    private static final Path PROGRAMS = Path.of("target/postgres-programs");

    @Configuration(proxyBeanMethods = false)
    static class Nothing {}

    @Test
    void aServerThatWouldLoseWorkIsRefusedByTheNameOfTheSetting(@TempDir Path directory) throws Exception {
        try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, PROGRAMS)) {
            DurabilityCheck.verify(server.address(), true);
            // Settings on the command line win over the configuration file, so they are changed where a session gets
            // them.
            for (List<String> unsafe : List.of(
                    List.of("alter role segmeter set synchronous_commit = off", "synchronous_commit"),
                    List.of("alter role segmeter set default_transaction_read_only = on", "transaction_read_only"))) {
                execute(server.address(), unsafe.getFirst());
                assertThatThrownBy(() -> DurabilityCheck.verify(server.address(), true))
                        .isInstanceOf(StartRefused.class)
                        .hasMessageContaining(unsafe.getLast())
                        .hasMessageNotContaining("\n");
                execute(server.address(), "set default_transaction_read_only = off; alter role segmeter reset all");
            }
            DurabilityCheck.verify(server.address(), true);
        }
    }

    @Test
    void anExternalServerThatDoesNotSyncIsRefusedBeforeAnythingStarts(@TempDir Path directory, @TempDir Path data)
            throws Exception {
        try (EmbeddedPostgres server =
                EmbeddedPostgres.start(directory, PROGRAMS, "fsync=off", "full_page_writes=off")) {
            DatabaseAddress address = server.address();
            SpringApplication application = new SpringApplication(Nothing.class);
            application.setRegisterShutdownHook(false);
            assertThatThrownBy(() -> application.run(
                            "--segmeter.data-directory=" + data,
                            "--segmeter.volatile-data-directory=true",
                            "--segmeter.database.url=" + address.url(),
                            "--segmeter.database.user=" + address.user(),
                            "--segmeter.database.password=" + address.password(),
                            "--spring.main.web-application-type=none"))
                    .hasStackTraceContaining("StartRefused")
                    .hasStackTraceContaining("fsync");
            // The directory was given back.
            DataDirectory.claim(data).close();
        }
    }

    @Test
    void thePasswordIsForTheOwnerAloneWhateverModeItsFileWasGivenMeanwhile(@TempDir Path directory) throws Exception {
        Path password = directory.resolve("postgres.password");
        assumeTrue(Files.getFileAttributeView(directory, PosixFileAttributeView.class) != null, "files without modes");
        for (int start = 0; start < 2; start++) {
            try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, PROGRAMS)) {
                execute(server.address(), "select 1");
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(password)))
                        .isEqualTo("rw-------");
            }
            Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-rw-r--"));
        }
    }

    @Test
    void aServerWhoseServiceDiedIsTakenOver(@TempDir Path directory) throws Exception {
        EmbeddedPostgres orphan = EmbeddedPostgres.start(directory, PROGRAMS);
        execute(orphan.address(), "create table kept (id int); insert into kept values (1)");
        orphan.abandon();
        try (EmbeddedPostgres adopted = EmbeddedPostgres.start(directory, PROGRAMS)) {
            assertThat(adopted.address()).isEqualTo(orphan.address());
        }
        assertThat(directory.resolve("postgres/postmaster.pid")).doesNotExist();
    }

    @Test
    void aServerThatWasKilledItselfIsStartedAgainWithItsData(@TempDir Path directory) throws Exception {
        EmbeddedPostgres first = EmbeddedPostgres.start(directory, PROGRAMS);
        execute(first.address(), "create table kept (id int); insert into kept values (1)");
        Path pidFile = directory.resolve("postgres/postmaster.pid");
        long pid = Long.parseLong(Files.readAllLines(pidFile).getFirst().strip());
        ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
        first.abandon();
        server.destroyForcibly();
        server.onExit().get();
        assertThat(pidFile).exists();
        try (EmbeddedPostgres second = EmbeddedPostgres.start(directory, PROGRAMS)) {
            execute(second.address(), "insert into kept values (2)");
        }
    }

    @Test
    void aProcessNumberThatAnotherProgramHasByNowIsNoServer(@TempDir Path directory) throws Exception {
        EmbeddedPostgres.start(directory, PROGRAMS).close();
        Files.writeString(
                directory.resolve("postgres/postmaster.pid"),
                ProcessHandle.current().pid() + "\n" + directory + "\n0\n1\n");
        try (EmbeddedPostgres server = EmbeddedPostgres.start(directory, PROGRAMS)) {
            DurabilityCheck.verify(server.address(), true);
        }
    }

    @Test
    void aDirectoryBelongsToOneService(@TempDir Path directory) throws Exception {
        try (DataDirectory first = DataDirectory.claim(directory)) {
            assertThat(first.path()).isEqualTo(directory.toRealPath());
            assertThatThrownBy(() -> DataDirectory.claim(directory))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("segmeter.data-directory");
        }
        DataDirectory.claim(directory).close();
    }

    @Test
    void everyConnectionHasTimeouts() {
        DatabaseAddress address =
                new DatabaseAddress("jdbc:postgresql://host/db?socketTimeout=7", "u", "p").withTimeouts();
        assertThat(address.url())
                .contains("?socketTimeout=7&", "connectTimeout=", "tcpKeepAlive=true")
                .doesNotContain("socketTimeout=60");
        assertThat(address.toString()).doesNotContain("p]").doesNotContain("host");
        DatabaseAddress bare = new DatabaseAddress("jdbc:postgresql://host/db", "u", "p");
        assertThat(bare.withTimeouts().url()).contains("socketTimeout=60");
        assertThat(bare.forLongWork().url()).contains("socketTimeout=21600", "tcpKeepAlive=true");
    }

    private static void execute(DatabaseAddress address, String sql) throws Exception {
        try (Connection connection = address.connect();
                Statement statement = connection.createStatement()) {
            for (String one : sql.split(";", -1)) {
                statement.execute(one);
            }
        }
    }
}
