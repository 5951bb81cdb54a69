package org.segmeter.evaluation;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The time by which retention may remove things: the database's, when nothing speaks against it. Two readings of it must be as far apart
 * as this process's monotonic clock says, and agree with this machine's clock. A clock that jumped a year ahead makes nothing a year old.
 */
final class RetentionClock {

    private static final Logger log = LoggerFactory.getLogger(RetentionClock.class);

    /** Clocks that differ by more are not trusted. */
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    /** Added to every age, so that no error of a clock up to a day removes anything early. */
    static final Duration GUARD = Duration.ofHours(24);

    private final Supplier<Instant> database;
    private final Clock machine;
    private final LongSupplier nanos;
    private Optional<Instant> before = Optional.empty();
    private long beforeNanos;
    private boolean doubted;

    RetentionClock(Supplier<Instant> database, Clock machine, LongSupplier nanos) {
        this.database = database;
        this.machine = machine;
        this.nanos = nanos;
    }

    /** The database's time; empty at the first reading, and when a clock has jumped since the last one. */
    synchronized Optional<Instant> read() {
        Instant now = database.get();
        long nowNanos = nanos.getAsLong();
        Optional<Instant> last = before;
        Duration passed = Duration.ofNanos(nowNanos - beforeNanos);
        before = Optional.of(now);
        beforeNanos = nowNanos;
        if (last.isEmpty()) {
            return Optional.empty();
        }
        boolean doubtful =
                apart(now, machine.instant()) || apart(now, last.get().plus(passed));
        if (doubtful && !doubted) {
            log.warn("the database's clock has jumped or differs from this machine's; retention removes nothing until"
                    + " both agree");
        }
        doubted = doubtful;
        return doubtful ? Optional.empty() : Optional.of(now);
    }

    private static boolean apart(Instant a, Instant b) {
        return Duration.between(a, b).abs().compareTo(TOLERANCE) > 0;
    }
}
