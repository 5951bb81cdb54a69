package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.TestPostgres;
import org.segmeter.scoring.Scorecard;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@DisplayName("Stored content")
class ContentCareTest {

    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    static Path databaseDirectory;

    private static TestPostgres database;
    private static com.zaxxer.hikari.HikariDataSource pool;

    @TempDir
    Path directory;

    private final long seed = Long.getLong("segmeter.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private JdbcClient sql;
    private BlobStore store;
    private Replica one;
    private Replica two;

    private static final String[] TABLES_OF_AN_EVALUATION = {
        "blob", "evaluation", "evaluation_input", "evaluation_event", "scheduled_tasks", "scorecard"
    };

    /** What each replica has of its own. */
    private final class Replica {
        final StoredBlobs stored = new StoredBlobs(
                sql, new JdbcTemplate(pool), new TransactionTemplate(new DataSourceTransactionManager(pool)), store);
        final Chores chores = new Chores(sql);
        final Orphans orphans = new Orphans(stored, store, chores);
        final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        final Scrub scrub = new Scrub(stored, store, new ScrubSettings(DAY), metrics);

        Retention retention(@Nullable Duration inputs, @Nullable Duration results, @Nullable Duration audit) {
            return new Retention(sql, stored, store, chores, new RetentionSettings(inputs, results, audit));
        }

        double scrubbed(String result) {
            return metrics.get("segmeter.scrub.objects")
                    .tag("result", result)
                    .counter()
                    .count();
        }
    }

    @BeforeAll
    static void start() throws Exception {
        database = TestPostgres.start(databaseDirectory);
        pool = new com.zaxxer.hikari.HikariDataSource();
        pool.setJdbcUrl(database.url());
        pool.setUsername(database.user());
        pool.setPassword(database.password());
        pool.setMaximumPoolSize(12);
        Flyway.configure().dataSource(pool).load().migrate();
        // The planner is to know nothing of them but that they are small, as after every start of a new installation.
        for (String table : TABLES_OF_AN_EVALUATION) {
            JdbcClient.create(pool)
                    .sql("alter table " + table + " set (autovacuum_enabled = false)")
                    .update();
        }
    }

    @AfterAll
    static void stop() throws Exception {
        pool.close();
        database.close();
    }

    @BeforeEach
    void clean() throws Exception {
        sql = JdbcClient.create(pool);
        for (String table : List.of("evaluation", "blob_hold", "blob", "chore")) {
            sql.sql("delete from " + table).update();
        }
        store = BlobStore.inDirectory(directory);
        one = new Replica();
        two = new Replica();
    }

    @Test
    void anEvaluationWithoutAJobGetsOneAgain() {
        EvaluationRows rows = new EvaluationRows(
                sql, tools.jackson.databind.json.JsonMapper.builder().build());
        UUID forgotten = evaluation(null);
        UUID ended = evaluation(DAY);
        assertThat(rows.recallForgotten()).as("younger than a minute").isZero();
        sql.sql("update evaluation set created_at = now() - interval '2 minutes'")
                .update();
        assertThat(rows.recallForgotten()).isEqualTo(1);
        assertThat(rows.recallForgotten()).as("it has one now").isZero();
        assertThat(sql.sql("select task_instance from scheduled_tasks where task_name = 'evaluation'")
                        .query(String.class)
                        .list())
                .containsExactly(forgotten.toString())
                .doesNotContain(ended.toString());
        sql.sql("delete from scheduled_tasks").update();
    }

    @Test
    void whatIsToBeCancelledDoesNotGoBackIntoTheQueue() {
        EvaluationRows rows = new EvaluationRows(
                sql, tools.jackson.databind.json.JsonMapper.builder().build());
        UUID id = evaluation(null);
        sql.sql("update evaluation set state = 'QUEUED'").update();
        EvaluationRows.Claim first = rows.claim(id, "worker-1", false).orElseThrow();
        assertThat(rows.requeue(first, true)).isTrue();
        EvaluationRows.Claim second = rows.claim(id, "worker-2", true).orElseThrow();
        assertThat(rows.requestCancel(id)).isTrue();
        assertThat(rows.requeue(second, false)).isFalse();
        assertThat(rows.state(id)).contains(State.RUNNING);
        assertThat(rows.cancelRequested(List.of(id))).containsExactly(id);
        assertThat(rows.finish(first, State.CANCELLED, null, null))
                .as("an attempt that is over")
                .isFalse();
        assertThat(rows.finish(second, State.CANCELLED, null, null)).isTrue();
        assertThat(rows.locked(id)).contains(State.CANCELLED);
    }

    /** A plan that reads a whole table is the best one while there is nothing in it, and is kept while it grows. */
    @Test
    void noStatementOfAnEvaluationReadsAWholeTable() {
        EvaluationRows rows = new EvaluationRows(
                sql, tools.jackson.databind.json.JsonMapper.builder().build());
        Blob prediction = new Blob(Submission.sha256(content()), 200);
        Blob reference = new Blob(Submission.sha256(content()), 200);
        Submission submission = new Submission(
                List.of(prediction),
                List.of(reference),
                List.of(),
                List.of(),
                Description.NONE,
                List.of("segmeter@1"),
                null);
        UUID id = UUID.randomUUID();
        new TransactionTemplate(new DataSourceTransactionManager(pool)).executeWithoutResult(status -> {
            sql.sql("set local plan_cache_mode = force_generic_plan").update();
            List<String> before = wholeReads();
            one.stored.take(submission.files());
            rows.insert(id, submission, 0);
            EvaluationRows.Claim claim = rows.claim(id, "worker", false).orElseThrow();
            assertThat(claim.inputs()).extracting(Evaluation.Input::blob).containsExactly(prediction, reference);
            assertThat(rows.succeed(
                            claim,
                            new EvaluationRows.Result(
                                    new StoredScorecard("{}", "0"),
                                    "segmeter@1",
                                    "0",
                                    new Scorecard.Engine("1", "0", "scalar"),
                                    List.of()),
                            List.of()))
                    .isTrue();
            assertThat(wholeReads()).isEqualTo(before);
            status.setRollbackOnly();
        });
    }

    /** How often each table was read whole by this connection since its numbers went to the server's, which is not while a transaction is open. */
    private List<String> wholeReads() {
        return sql.sql("select relname || ' ' || seq_scan from pg_stat_xact_user_tables where relname = any(:tables)"
                        + " order by 1")
                .param("tables", TABLES_OF_AN_EVALUATION)
                .query(String.class)
                .list();
    }

    private Blob keep(Replica replica, byte[] content) throws IOException {
        try (BlobStore.Incoming incoming = store.receive(new ByteArrayInputStream(content), Long.MAX_VALUE)) {
            UUID holder = UUID.randomUUID();
            replica.stored.hold(holder, List.of(incoming.blob()));
            incoming.keep();
            replica.stored.kept(holder, List.of(incoming.blob()));
            return incoming.blob();
        }
    }

    private byte[] content() {
        byte[] content = new byte[200];
        random.nextBytes(content);
        return content;
    }

    /** An evaluation that ended some time ago, or has not ended. */
    private UUID evaluation(@Nullable Duration endedAgo, Blob... inputs) {
        UUID id = UUID.randomUUID();
        sql.sql("insert into evaluation (id, state, protocols, finished_at) values (:id, :state, '{segmeter@1}',"
                        + " now() - make_interval(secs => :ago))")
                .param("id", id)
                .param("state", endedAgo == null ? "RUNNING" : "SUCCEEDED")
                .param("ago", endedAgo == null ? null : endedAgo.toSeconds() * 1.0, java.sql.Types.DOUBLE)
                .update();
        for (int i = 0; i < inputs.length; i++) {
            sql.sql("insert into evaluation_input (evaluation_id, side, position, sha256) values (:id,"
                            + " 'prediction', :i, :sha)")
                    .param("id", id)
                    .param("i", i)
                    .param("sha", inputs[i].sha256())
                    .update();
        }
        return id;
    }

    private void age(Duration by) {
        sql.sql("update blob set last_used_at = last_used_at - make_interval(secs => :by)")
                .param("by", by.toSeconds() * 1.0)
                .update();
    }

    private boolean isThere(Blob blob) throws IOException {
        return Scrub.look(store, blob) == StoredBlobs.Condition.STORED;
    }

    private StoredBlobs.Condition condition(Blob blob) {
        return one.stored.condition(blob.sha256()).orElseThrow();
    }

    @Test
    void thatNothingNamesGoesAfterADayUnlessSomebodyHoldsIt() throws Exception {
        Blob unused = keep(one, content());
        Blob named = keep(one, content());
        Blob held = keep(one, content());
        evaluation(DAY, named);
        assertThat(two.orphans.collect(DAY)).isZero();
        age(DAY.plusMinutes(1));
        UUID holder = UUID.randomUUID();
        one.stored.hold(holder, List.of(held));
        sql.sql("update blob set last_used_at = now() - interval '3 days'").update();

        assertThat(two.orphans.collect(DAY)).isEqualTo(1);
        assertThat(isThere(unused)).isFalse();
        assertThat(isThere(named)).isTrue();
        assertThat(isThere(held)).isTrue();

        one.stored.release(holder);
        assertThat(two.orphans.collect(DAY)).isEqualTo(1);
        assertThat(isThere(held)).isFalse();
    }

    @Test
    void thatTheDatabaseNeverHeardOfGoesADayAfterItWasFound() throws Exception {
        Blob stray;
        try (BlobStore.Incoming incoming = store.receive(new ByteArrayInputStream(content()), Long.MAX_VALUE)) {
            incoming.keep();
            stray = incoming.blob();
        }
        keep(one, content());
        assertThat(one.orphans.adoptUnknown()).isEqualTo(1);
        assertThat(two.orphans.adoptUnknown()).isZero();
        assertThat(one.orphans.collect(DAY)).isZero();
        assertThat(isThere(stray)).isTrue();
        age(DAY.plusMinutes(1));
        assertThat(one.orphans.collect(DAY)).isEqualTo(2);
        assertThat(isThere(stray)).isFalse();
    }

    /**
     * Two replicas accept the same few files again and again, one to three in a submission, while both collect without any grace, remove
     * the inputs of what has ended, and some files have not been sent for a while: nothing is lost, and nobody waits crosswise.
     */
    @RepeatedTest(3)
    void isNeverRemovedBetweenBeingKeptAndBeingNamed() throws Exception {
        List<byte[]> contents = Stream.generate(this::content).limit(3).toList();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger removed = new AtomicInteger();
        AtomicInteger accepted = new AtomicInteger();
        TransactionTemplate transaction = new TransactionTemplate(new DataSourceTransactionManager(pool));
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            List<Future<?>> work = new ArrayList<>();
            for (Replica replica : List.of(one, two)) {
                work.add(threads.submit(() -> {
                    while (!over.get()) {
                        removed.addAndGet(replica.orphans.collect(Duration.ZERO));
                        sql.sql("update blob set last_used_at = now() - interval '2 minutes' where sha256 ="
                                        + " (select min(sha256) from blob where random() < 0.5)")
                                .update();
                    }
                    return null;
                }));
            }
            List<Future<?>> senders = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Replica replica = i % 2 == 0 ? one : two;
                boolean atOnce = i < 2; // as with a directory; the others as with a bucket
                Random own = new Random(seed + i);
                senders.add(threads.submit(() -> {
                    for (int n = 0; n < 60; n++) {
                        List<byte[]> sent = new ArrayList<>(contents);
                        Collections.shuffle(sent, own);
                        Sent submission = submit(replica, transaction, sent.subList(0, 1 + own.nextInt(3)), atOnce);
                        for (Blob blob : submission.blobs) {
                            assertThat(isThere(blob)).as("seed %d", seed).isTrue();
                        }
                        accepted.incrementAndGet();
                        if (own.nextBoolean()) {
                            replica.retention(Duration.ZERO, null, null).ended(submission.evaluation);
                        }
                        sql.sql("delete from evaluation where id = :id")
                                .param("id", submission.evaluation)
                                .update();
                    }
                    return null;
                }));
            }
            try {
                for (Future<?> sender : senders) {
                    sender.get();
                }
            } finally {
                over.set(true); // or closing the threads would wait for the collectors for ever
            }
            for (Future<?> one : work) {
                one.get();
            }
        }
        assertThat(accepted).hasValue(240);
        assertThat(removed.get()).as("files removed meanwhile").isPositive();
    }

    private record Sent(UUID evaluation, List<Blob> blobs) {}

    /** As a submission does it: with its files kept within the transaction that names them, or held before. */
    private Sent submit(Replica replica, TransactionTemplate transaction, List<byte[]> contents, boolean atOnce)
            throws IOException {
        UUID holder = UUID.randomUUID();
        List<BlobStore.Incoming> incoming = new ArrayList<>();
        try {
            for (byte[] content : contents) {
                incoming.add(store.receive(new ByteArrayInputStream(content), Long.MAX_VALUE));
            }
            List<Blob> blobs = incoming.stream().map(BlobStore.Incoming::blob).toList();
            if (!atOnce) {
                replica.stored.hold(holder, blobs);
                keep(incoming);
            }
            UUID id = transaction.execute(status -> {
                if (atOnce) {
                    replica.stored.take(blobs);
                    keep(incoming);
                } else {
                    replica.stored.kept(holder, blobs);
                }
                return evaluation(DAY, blobs.toArray(Blob[]::new));
            });
            return new Sent(id, blobs);
        } finally {
            for (BlobStore.Incoming one : incoming) {
                one.close();
            }
        }
    }

    private static void keep(List<BlobStore.Incoming> incoming) {
        for (BlobStore.Incoming one : incoming) {
            try {
                one.keep();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Test
    void whoseRemovalWasInterruptedGoesLaterUnlessItWasSentAgain() throws Exception {
        byte[] again = content();
        Blob sentAgain = keep(one, again);
        Blob left = keep(one, content());
        Blob held = keep(one, content());
        evaluation(DAY, left, held);
        // As a crash between the two steps leaves them.
        sql.sql("update blob set condition = 'REMOVED', remains = true").update();
        UUID holder = UUID.randomUUID();
        one.stored.hold(holder, List.of(held));
        keep(two, again);

        assertThat(one.stored.removeRest()).isEqualTo(1);
        assertThat(isThere(left)).isFalse();
        assertThat(condition(left)).isEqualTo(StoredBlobs.Condition.REMOVED);
        assertThat(isThere(sentAgain)).isTrue();
        assertThat(condition(sentAgain)).isEqualTo(StoredBlobs.Condition.STORED);
        assertThat(isThere(held)).as("somebody is sending it").isTrue();

        one.stored.release(holder);
        assertThat(two.stored.removeRest()).isEqualTo(1);
        assertThat(isThere(held)).isFalse();
        assertThat(one.stored.removeRest()).isZero();
    }

    @Test
    void thatIsDamagedOrMissingIsFoundByTheScrubAndMendedBySendingItAgain() throws Exception {
        int number = Integer.getInteger("segmeter.flips", 100);
        List<byte[]> contents = new ArrayList<>();
        List<Blob> blobs = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            contents.add(content());
            blobs.add(keep(one, contents.getLast()));
        }
        Blob good = keep(one, content());
        for (int i = 0; i < number; i++) {
            Path file = directory
                    .resolve("blobs")
                    .resolve(BlobStore.place(blobs.get(i).sha256()));
            if (i % 10 == 9) {
                Files.delete(file);
            } else {
                byte[] flipped = contents.get(i).clone();
                flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
                Files.write(file, flipped);
            }
        }
        assertThat(one.scrub.scrub(DAY)).as("nothing is due yet").isZero();
        sql.sql("update blob set verified_at = now() - interval '25 hours'").update();
        // Both replicas at once: each file is read by one of them.
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<?>> work = new ArrayList<>();
            for (Replica replica : List.of(one, two)) {
                work.add(threads.submit(() -> {
                    while (replica.scrub.scrub(DAY) > 0) {
                        // until nothing is due
                    }
                    return null;
                }));
            }
            for (Future<?> done : work) {
                done.get();
            }
        }
        assertThat(one.scrubbed("corrupt") + two.scrubbed("corrupt"))
                .as("seed %d", seed)
                .isEqualTo(number - number / 10);
        assertThat(one.scrubbed("missing") + two.scrubbed("missing")).isEqualTo(number / 10);
        assertThat(one.scrubbed("ok") + two.scrubbed("ok")).isEqualTo(1);
        assertThat(condition(good)).isEqualTo(StoredBlobs.Condition.STORED);
        assertThat(condition(blobs.getFirst())).isEqualTo(StoredBlobs.Condition.CORRUPT);
        assertThat(condition(blobs.get(9))).isEqualTo(StoredBlobs.Condition.MISSING);
        assertThat(directory.resolve("corrupt").resolve(blobs.getFirst().sha256()))
                .exists();

        keep(two, contents.getFirst());
        assertThat(condition(blobs.getFirst())).isEqualTo(StoredBlobs.Condition.STORED);
        assertThat(isThere(blobs.getFirst())).isTrue();
    }

    @Test
    void goesWithTheLastEvaluationThatNeedsItWhenInputsAreNotKept() throws Exception {
        Blob shared = keep(one, content());
        Blob own = keep(one, content());
        UUID first = evaluation(Duration.ZERO, shared, own);
        UUID second = evaluation(null, shared);
        Retention retention = one.retention(Duration.ZERO, null, null);

        retention.ended(first);
        assertThat(condition(own)).isEqualTo(StoredBlobs.Condition.REMOVED);
        assertThat(isThere(own)).isFalse();
        assertThat(isThere(shared)).as("the second evaluation has not ended").isTrue();
        assertThat(condition(shared)).isEqualTo(StoredBlobs.Condition.STORED);

        sql.sql("update evaluation set finished_at = now(), state = 'SUCCEEDED' where id = :id")
                .param("id", second)
                .update();
        two.retention(Duration.ZERO, null, null).ended(second);
        assertThat(isThere(shared)).isFalse();
        assertThat(condition(shared)).isEqualTo(StoredBlobs.Condition.REMOVED);
    }

    @Test
    void thatSomebodyIsSendingIsLeftForLater() throws Exception {
        byte[] content = content();
        Blob blob = keep(one, content);
        UUID evaluation = evaluation(Duration.ZERO, blob);
        UUID holder = UUID.randomUUID();
        two.stored.hold(holder, List.of(blob));

        one.retention(Duration.ZERO, null, null).ended(evaluation);
        assertThat(isThere(blob)).isTrue();

        two.stored.release(holder);
        one.retention(Duration.ZERO, null, null).run(Instant.now());
        assertThat(isThere(blob)).isFalse();
    }

    @Test
    void isKeptForItsTimeAndADayAndTheDryRunSaysWhatWouldGo() throws Exception {
        Duration month = Duration.ofDays(30);
        Blob old = keep(one, content());
        Blob young = keep(one, content());
        evaluation(month.plusDays(2), old);
        evaluation(month.plusHours(12), young);
        UUID ancient = evaluation(Duration.ofDays(400));
        sql.sql("insert into evaluation_event (evaluation_id, at, state) select id, finished_at, 'SUCCEEDED'"
                        + " from evaluation")
                .update();
        Retention retention = one.retention(month, Duration.ofDays(365), Duration.ofDays(20));

        List<Retention.Due> due = retention.due();
        assertThat(due)
                .extracting(Retention.Due::kind, Retention.Due::due)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(Retention.Kind.INPUTS, 2L),
                        org.assertj.core.groups.Tuple.tuple(Retention.Kind.RESULTS, 1L),
                        org.assertj.core.groups.Tuple.tuple(Retention.Kind.AUDIT, 3L));
        assertThat(due.getFirst().bytes()).isEqualTo(old.size());
        assertThat(isThere(old)).as("a dry run removes nothing").isTrue();

        retention.run(Instant.now());
        assertThat(isThere(old)).isFalse();
        assertThat(isThere(young)).as("a day of guard").isTrue();
        assertThat(sql.sql("select count(*) from evaluation where id = :id")
                        .param("id", ancient)
                        .query(Long.class)
                        .single())
                .isZero();
        assertThat(sql.sql("select count(*) from evaluation").query(Long.class).single())
                .isEqualTo(2);
        assertThat(sql.sql("select count(*) from evaluation_event")
                        .query(Long.class)
                        .single())
                .isZero();
        assertThat(retention.due()).allSatisfy(kind -> assertThat(kind.due()).isZero());
    }

    @Test
    void choresAreDoneByOneReplicaAtATime() {
        Duration hour = Duration.ofHours(1);
        assertThat(one.chores.take("list", hour)).isTrue();
        assertThat(two.chores.take("list", hour)).as("leased").isFalse();
        sql.sql("update chore set leased_until = now() - interval '1 second'").update();
        assertThat(two.chores.take("list", hour)).as("its holder is dead").isTrue();
        two.chores.done("list");
        assertThat(one.chores.take("list", hour)).as("done a moment ago").isFalse();
        sql.sql("update chore set last_at = now() - interval '2 hours'").update();
        assertThat(one.chores.take("list", hour)).isTrue();
        one.chores.failed("list");
        assertThat(two.chores.take("list", hour)).as("failed, so due at once").isTrue();
    }
}
