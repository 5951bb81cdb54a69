package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("What is done regularly")
class RegularWorkTest {

    private static final long PATIENCE_SECONDS = 30;

    /** Never asked for a connection. */
    private final DriverManagerDataSource nowhere = new DriverManagerDataSource();

    private final RunningEvaluations running = new RunningEvaluations(
            new EvaluationRows(JdbcClient.create(nowhere), JsonMapper.builder().build()),
            new TransactionTemplate(new DataSourceTransactionManager(nowhere)),
            new Changes(),
            new StageSettings(Duration.ofMillis(100), Map.of()));

    @AfterEach
    void stop() {
        running.stop();
    }

    @Test
    void isNotHeldUpByWhatTakesLong() throws Exception {
        ThreadPoolTaskScheduler scheduler = EvaluationConfiguration.taskScheduler();
        scheduler.initialize();
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch others = new CountDownLatch(3);
        try {
            for (int i = 0; i < 20; i++) {
                scheduler.scheduleWithFixedDelay(() -> await(over), Duration.ofMillis(1));
            }
            scheduler.scheduleWithFixedDelay(others::countDown, Duration.ofMillis(1));
            assertThat(others.await(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("one goes on beside twenty that do not come back")
                    .isTrue();
        } finally {
            over.countDown();
            scheduler.shutdown();
        }
    }

    @Test
    void endsAnEvaluationThatDoesNotStopOnceTheDatabaseAnswersAgain() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        CountDownLatch ended = new CountDownLatch(1);
        CountDownLatch seen = new CountDownLatch(1);
        running.start();
        Thread stuck = Thread.ofVirtual().start(() -> {
            try (RunningEvaluations.Run run = running.begin(claim(), one -> {
                if (tries.incrementAndGet() == 1) {
                    throw new DataAccessResourceFailureException("away");
                }
                ended.countDown();
            })) {
                run.entered("decoding");
                while (seen.getCount() > 0) {
                    LockSupport.parkNanos(1_000_000);
                    Thread.interrupted(); // it does not stop for that, either
                }
            }
        });
        assertThat(ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(tries).hasValue(2);
        seen.countDown();
        stuck.join();
    }

    @Test
    void seesThatFetchingFilesTakesTooLongAndThatNothingIsLimitedMeanwhile() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        running.start();
        try (RunningEvaluations.Run waits = running.begin(claim(), one -> {});
                RunningEvaluations.Run fetches = running.begin(claim(), one -> ended.countDown())) {
            waits.limitedAs("decoding");
            waits.limitedAs(null);
            fetches.limitedAs("decoding");
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (ended.getCount() > 0 && System.nanoTime() < end) {
                LockSupport.parkNanos(1_000_000);
                Thread.interrupted(); // this is the thread that is told to stop
            }
            assertThat(ended.getCount()).isZero();
            assertThat(fetches.timedOut()).isEqualTo("decoding");
            assertThat(fetches.takeStages()).as("no stage has begun").isEmpty();
            assertThat(waits.timedOut()).isNull();
        }
    }

    @Test
    void goesByTheTimeOfTheDatabaseWhateverThisMachineTakesItFor() {
        AtomicLong nanos = new AtomicLong(7);
        AtomicReference<Instant> database = new AtomicReference<>(Instant.EPOCH);
        DatabaseClock clock = new DatabaseClock(
                () -> {
                    if (database.get() == null) {
                        throw new DataAccessResourceFailureException("away");
                    }
                    return database.get();
                },
                nanos::get);
        assertThat(clock.now()).isEqualTo(Instant.EPOCH);
        nanos.addAndGet(Duration.ofSeconds(3).toNanos());
        assertThat(clock.now()).isEqualTo(Instant.EPOCH.plusSeconds(3));
        database.set(null);
        clock.read();
        assertThat(clock.now()).as("it goes on without the database").isEqualTo(Instant.EPOCH.plusSeconds(3));
        database.set(Instant.EPOCH.plus(Duration.ofDays(365)));
        clock.read();
        nanos.incrementAndGet();
        assertThat(clock.now())
                .isEqualTo(Instant.EPOCH.plus(Duration.ofDays(365)).plusNanos(1));
    }

    private static EvaluationRows.Claim claim() {
        return new EvaluationRows.Claim(
                UUID.randomUUID(),
                1,
                1,
                false,
                Instant.EPOCH,
                Instant.EPOCH,
                0,
                Description.NONE,
                null,
                "worker",
                null,
                List.of());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
