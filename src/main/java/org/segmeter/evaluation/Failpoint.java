package org.segmeter.evaluation;

import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The places where the fault tests end the process as {@code kill -9} would, between one step and the next. They do nothing unless the
 * virtual machine was started with {@code -Dsegmeter.failpoints=NAME} or {@code NAME:n} for the n-th time; no setting of the service,
 * no environment variable and no request can switch one on.
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

    /** Where the process is to end; the rest is only there when a name was given. */
    private static final @Nullable Failpoint ARMED;

    private static final java.util.concurrent.atomic.AtomicInteger LEFT;

    static {
        String wanted = System.getProperty("segmeter.failpoints");
        if (wanted == null) {
            ARMED = null;
            LEFT = new java.util.concurrent.atomic.AtomicInteger();
        } else {
            String[] parts = wanted.split(":", 2);
            ARMED = valueOf(parts[0]);
            LEFT = new java.util.concurrent.atomic.AtomicInteger(parts.length > 1 ? Integer.parseInt(parts[1]) : 1);
            LoggerFactory.getLogger(Failpoint.class)
                    .warn("segmeter.failpoints: this process will end itself at {}, for a test", wanted);
        }
    }

    /** True if the process was started to end here. */
    public boolean isArmed() {
        return this == ARMED;
    }

    /** Ends the process at once, if it was started to end here. */
    public void reach() {
        if (ARMED != null && this == ARMED && LEFT.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(137);
        }
    }
}
