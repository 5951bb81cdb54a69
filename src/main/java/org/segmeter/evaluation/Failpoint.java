package org.segmeter.evaluation;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The places where the fault tests end the process as {@code kill -9} would, between one step and the next. They do nothing unless the
 * virtual machine was started with {@code -Dsegmeter.failpoints=NAME} or {@code NAME:n} for the n-th time; no setting of the service,
 * no environment variable and no request can switch one on.
 *
 * <p>Of several, separated by commas, each holds the thread that reaches it, which the log says; when all hold one, or a minute after
 * the first does, the process ends with all of them where they are.
 */
public enum Failpoint {
    /** The headers of a submission were accepted, nothing of its body was read. */
    HEADERS_READ,
    /** A piece of a file was written. */
    MID_BODY,
    /** A file is complete and not yet forced to the disk. */
    BODY_COMPLETE,
    /** A file is forced to the disk and has no name yet. */
    FILE_FORCED,
    /** The files have their names, the database does not know of them. */
    CONTENT_KEPT,
    /** The transaction that accepts an evaluation is open. */
    IN_TRANSACTION,
    /** It is committed, nothing was answered. */
    COMMITTED,
    /** The answer was sent. */
    ANSWERED,
    /** A worker has the evaluation. */
    CLAIMED,
    /** The inputs are being decoded. */
    DECODING,
    /** The metrics are being computed. */
    COMPUTING,
    /** The transaction that writes the result is open. */
    RESULT_TRANSACTION,
    /** It is committed, the job is still in the queue. */
    RESULT_COMMITTED,
    /** A backup is being written. */
    EXPORTING,
    /** Retention has removed content and not yet said so. */
    RETENTION,
    /** The evaluation of a pair has ended, its report is not made. */
    PAIR_EVALUATED,
    /** A report or message was taken by its destination; nothing here says so yet. */
    DELIVERED,
    /** The service is starting; its database is there and checked. */
    RECOVERY;

    /** How long the first thread that is held waits for the others. */
    private static final Duration LONGEST_HOLD = Duration.ofSeconds(60);

    private static final String NAMES = "segmeter.failpoints";
    private static final Logger log = LoggerFactory.getLogger(Failpoint.class);

    /** The status that a shell gives for {@code kill -9}. */
    private static final int KILLED = 137;

    /** Where the process is to end, and after how many times more; empty unless names were given. */
    private static final Map<Failpoint, AtomicInteger> ARMED = armed(System.getProperty(NAMES, ""));

    private static final boolean ANY = !ARMED.isEmpty();
    private static final AtomicInteger HELD = new AtomicInteger();

    private static Map<Failpoint, AtomicInteger> armed(String wanted) {
        Map<Failpoint, AtomicInteger> armed = new EnumMap<>(Failpoint.class);
        if (!wanted.isEmpty()) {
            for (String one : wanted.split(",", -1)) {
                String[] parts = one.split(":", 2);
                armed.put(valueOf(parts[0]), new AtomicInteger(parts.length > 1 ? Integer.parseInt(parts[1]) : 1));
            }
            log.warn("{}: this process will end itself at {}, for a test", NAMES, wanted);
        }
        return armed;
    }

    /** True if the process was started to end here. */
    public boolean isArmed() {
        return ARMED.containsKey(this);
    }

    /** Ends the process at once, if it was started to end here; or holds this thread until it ends. */
    public void reach() {
        if (!ANY) {
            return;
        }
        AtomicInteger left = ARMED.get(this);
        if (left == null || left.decrementAndGet() != 0) {
            return;
        }
        if (ARMED.size() > 1) {
            log.warn("{}: a thread is held at {}", NAMES, this);
            int held = HELD.incrementAndGet();
            if (held == 1) {
                Thread.ofPlatform().daemon().name("failpoints").start(() -> {
                    LockSupport.parkNanos(LONGEST_HOLD.toNanos());
                    end();
                });
            }
            while (held < ARMED.size()) {
                LockSupport.park();
                Thread.interrupted(); // whoever gives up on this thread does not free it
            }
        }
        end();
    }

    private static void end() {
        Runtime.getRuntime().halt(KILLED);
    }
}
