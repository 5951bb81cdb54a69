package org.segmeter.evaluation;

import com.github.kagkarlsson.scheduler.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The time by which the queue says what is due, and which worker was not heard of for too long: the database's, which all replicas share.
 * Between two questions it goes on by the monotonic clock of this process. The clock of a machine may jump, or be another than that of
 * the next one: nothing waits for that, and nobody who works is taken for dead.
 */
@Component
final class DatabaseClock implements Clock {

    private static final Logger log = LoggerFactory.getLogger(DatabaseClock.class);

    /** An answer that took longer says too little of the time. */
    private static final long LONGEST_ANSWER_NANOS = Duration.ofSeconds(1).toNanos();

    private final Supplier<Instant> database;
    private final LongSupplier nanos;
    private volatile @Nullable Reading last;

    private record Reading(Instant database, long nanos) {}

    @Autowired
    DatabaseClock(JdbcClient sql) {
        this(
                () -> sql.sql("select clock_timestamp()")
                        .query((row, number) -> row.getTimestamp(1).toInstant())
                        .single(),
                System::nanoTime);
    }

    /** @param nanos as {@link System#nanoTime()} */
    DatabaseClock(Supplier<Instant> database, LongSupplier nanos) {
        this.database = database;
        this.nanos = nanos;
    }

    /** Never behind the database by more than clocks drift in some seconds; that of this machine as long as the database was never reached. */
    @Override
    public Instant now() {
        if (last == null) {
            read();
        }
        Reading known = last;
        return known == null ? Instant.now() : known.database().plusNanos(nanos.getAsLong() - known.nanos());
    }

    @Scheduled(initialDelay = 10_000, fixedDelay = 10_000)
    void read() {
        long before = nanos.getAsLong();
        try {
            Instant now = database.get();
            if (last == null || nanos.getAsLong() - before < LONGEST_ANSWER_NANOS) {
                last = new Reading(now, before);
            }
        } catch (DataAccessException e) {
            log.debug("the database's clock cannot be read; its time goes on by this process's");
        }
    }
}
