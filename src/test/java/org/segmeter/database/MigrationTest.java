package org.segmeter.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationVersion;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A database with data in it")
class MigrationTest {

    private static final int ROWS = Integer.getInteger("segmeter.migration.rows", 5000);

    private static Flyway flyway(TestPostgres database, String target) {
        return Flyway.configure()
                .dataSource(database.url(), database.user(), database.password())
                .target(target == null ? MigrationVersion.LATEST : MigrationVersion.fromVersion(target))
                .load();
    }

    /** As the first released schema is filled: evaluations with inputs, events and scorecards. */
    private static void fill(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            for (String command : new String[] {
                "insert into blob (sha256, size_bytes) select encode(sha256(i::text::bytea), 'hex'), 100 from"
                        + " generate_series(1, %d) i",
                "insert into evaluation (id, state, finished_at, protocols) select md5(i::text)::uuid, 'SUCCEEDED',"
                        + " now(), '{segmeter@1}' from generate_series(1, %d) i",
                "insert into evaluation_input select md5(i::text)::uuid, 'prediction', 0,"
                        + " encode(sha256(i::text::bytea), 'hex') from generate_series(1, %d) i",
                "insert into evaluation_event (evaluation_id, state) select md5(i::text)::uuid, 'SUCCEEDED'"
                        + " from generate_series(1, %d) i",
                "insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256,"
                        + " engine_version, engine_commit) select md5(i::text)::uuid, 1, '{\"n\":' || i || '}',"
                        + " encode(sha256(('{\"n\":' || i || '}')::bytea), 'hex'), 'segmeter@1', 'x', '0', '0' from"
                        + " generate_series(1, %d) i",
                "insert into metric_value select md5(i::text)::uuid, s, nullif(s, -1), case when s = 0 then 'Liver'"
                        + " end, m, case m when 'nsd' then '{\"toleranceMm\":1.0}' else '{}' end, case when (i + s) % 3 >"
                        + " 0 then i / 7.0 end, case m when 'hd95' then 'mm' else '1' end, case (i + s) % 3 when 0 then"
                        + " 'PREDICTION_EMPTY' when 1 then 'OK' else 'REFERENCE_EMPTY' end from generate_series(1, %d) i,"
                        + " generate_series(-1, 1) s, unnest(array['dice', 'hd95', 'nsd']) m where i % 2 = 0 or m <>"
                        + " 'nsd'",
                "create table values_before as select * from metric_value"
            }) {
                statement.execute(command.replace("%d", String.valueOf(ROWS)));
            }
        }
    }

    @Test
    void isMigratedWhileThePreviousVersionGoesOnUsingIt(@TempDir Path directory) throws Exception {
        try (TestPostgres database = TestPostgres.start(directory);
                Connection connection = database.connect()) {
            flyway(database, "2").migrate();
            fill(connection);
            AtomicBoolean over = new AtomicBoolean();
            AtomicLong longest = new AtomicLong();
            AtomicLong accepted = new AtomicLong();
            long took;
            try (ExecutorService clients = Executors.newFixedThreadPool(2)) {
                Future<?> writer = clients.submit(() -> {
                    try (Connection own = database.connect()) {
                        own.setAutoCommit(false);
                        while (!over.get()) {
                            long begin = System.nanoTime();
                            submitAsThePreviousVersion(own);
                            own.commit();
                            accepted.incrementAndGet();
                            longest.accumulateAndGet(System.nanoTime() - begin, Math::max);
                        }
                    }
                    return null;
                });
                while (accepted.get() < 20) {
                    Thread.sleep(5);
                }
                long begin = System.nanoTime();
                flyway(database, null).migrate();
                took = System.nanoTime() - begin;
                long after = accepted.get() + 20;
                while (accepted.get() < after && !writer.isDone()) {
                    Thread.sleep(5);
                }
                over.set(true);
                writer.get();
            }
            System.out.printf(
                    "MigrationTest: %d evaluations migrated in %d ms while %d were submitted, the longest of them took"
                            + " %d ms%n",
                    ROWS, took / 1_000_000, accepted.get(), longest.get() / 1_000_000);

            assertThat(number(connection, "select count(*) from evaluation")).isEqualTo(ROWS + accepted.get());
            assertThat(number(
                            connection,
                            "select count(*) from scorecard"
                                    + " where encode(sha256(convert_to(content, 'UTF8')), 'hex') = sha256"))
                    .isEqualTo(ROWS);
            assertThat(number(
                            connection,
                            "select count(*) from values_before b full join metric_value v using (evaluation_id,"
                                    + " segment_index, metric, parameters) where row(b.segment_number, b.segment_label,"
                                    + " b.value, b.unit, b.state) is distinct from row(v.segment_number, v.segment_label,"
                                    + " v.value, v.unit, v.state)"))
                    .as("values that are not what they were")
                    .isZero();
            assertThat(number(connection, "select count(*) from metric_value")).isGreaterThan(7L * ROWS);
            assertThat(number(connection, "select count(distinct layout) from value_place"))
                    .isEqualTo(2);
            assertThat(number(connection, "select count(*) from blob where condition = 'STORED'"))
                    .isEqualTo(ROWS + accepted.get());
        }
    }

    @Test
    void isMadeByReplicasThatStartAtTheSameMoment(@TempDir Path directory) throws Exception {
        int replicas = 4;
        try (TestPostgres database = TestPostgres.start(directory);
                Connection connection = database.connect();
                ExecutorService starts = Executors.newFixedThreadPool(replicas)) {
            CyclicBarrier together = new CyclicBarrier(replicas);
            List<Future<?>> work = new ArrayList<>();
            for (int i = 0; i < replicas; i++) {
                Flyway own = Flyway.configure()
                        .dataSource(database.url(), database.user(), database.password())
                        .callbacks(new RowSecurity(true))
                        .load();
                work.add(starts.submit(() -> {
                    together.await();
                    return own.migrate();
                }));
            }
            for (Future<?> one : work) {
                one.get();
            }
            assertThat(number(connection, "select count(*) from pg_policies where policyname = 'tenant'"))
                    .isGreaterThan(10);
            assertThat(number(
                            connection, "select has_table_privilege('segmeter_service', 'evaluation', 'insert')::int"))
                    .isEqualTo(1);
        }
    }

    @Test
    void isTriedAgainWhenTheWorkOfOthersIsInItsWay(@TempDir Path directory) throws Exception {
        try (TestPostgres database = TestPostgres.start(directory);
                Connection connection = database.connect();
                Connection other = database.connect();
                ExecutorService starts = Executors.newSingleThreadExecutor()) {
            flyway(database, "28").migrate();
            PatientMigration patience = new PatientMigration(Duration.ofMillis(20), Duration.ofMillis(20), 1000);
            Flyway own = Flyway.configure()
                    .dataSource(database.url(), database.user(), database.password())
                    .callbacks(patience)
                    .load();
            other.setAutoCommit(false);
            try (Statement statement = other.createStatement()) {
                statement.execute("lock table scorecard in row exclusive mode");
            }
            Future<?> start = starts.submit(() -> patience.migrate(own));
            // It has waited in vain several times.
            long begin =
                    number(connection, "select xact_rollback from pg_stat_database where datname = current_database()");
            while (number(connection, "select xact_rollback from pg_stat_database where datname = current_database()")
                            < begin + 3
                    && !start.isDone()) {
                Thread.sleep(20);
            }
            assertThat(start).as("the migration").isNotDone();
            assertThat(number(connection, "select max(version::int) from flyway_schema_history"))
                    .isEqualTo(28);
            // Who comes behind a step that waits does not wait long.
            try (Statement statement = connection.createStatement()) {
                statement.execute("insert into scorecard select * from scorecard");
            }
            other.commit();
            start.get();
            assertThat(number(connection, "select max(version::int) from flyway_schema_history"))
                    .isGreaterThanOrEqualTo(30);
        }
    }

    private static void submitAsThePreviousVersion(Connection connection) throws Exception {
        UUID id = UUID.randomUUID();
        String sha256 = id.toString().replace("-", "").repeat(2);
        for (String command : new String[] {
            "insert into blob (sha256, size_bytes) values ('" + sha256
                    + "', 1) on conflict (sha256) do update set last_used_at = now()",
            "insert into evaluation (id, state, protocols) values ('" + id + "', 'QUEUED', '{segmeter@1}')",
            "insert into evaluation_input (evaluation_id, side, position, sha256) values ('" + id
                    + "', 'prediction', 0, '" + sha256 + "')",
            "insert into evaluation_event (evaluation_id, state) values ('" + id + "', 'QUEUED')"
        }) {
            try (PreparedStatement statement = connection.prepareStatement(command)) {
                assertThat(statement.executeUpdate()).isEqualTo(1);
            }
        }
    }

    private static long number(Connection connection, String query) throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }
}
