package org.segmeter.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Component;

/** The instruments of the service; each label takes values from a fixed list only. */
@Component
public final class ServiceMetrics {

    private static final Duration[] WAIT_BUCKETS = {
        Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(250), Duration.ofSeconds(1),
        Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofMinutes(2), Duration.ofMinutes(10)
    };
    private static final double KIB = 1024;
    private static final double[] SIZE_BUCKETS = {
        KIB, 32 * KIB, KIB * KIB, 32 * KIB * KIB, 256 * KIB * KIB, KIB * KIB * KIB, 4 * KIB * KIB * KIB
    };

    /** How large an evaluation's inputs are together; the label {@code size_class}. */
    public enum SizeClass {
        SMALL,
        MEDIUM,
        LARGE,
        HUGE;

        /** Up to 1 MiB, 32 MiB, 512 MiB, or more. */
        public static SizeClass of(long bytes) {
            return bytes <= 1L << 20 ? SMALL : bytes <= 32L << 20 ? MEDIUM : bytes <= 512L << 20 ? LARGE : HUGE;
        }
    }

    /** How work on an evaluation ended; the label {@code outcome}. */
    public enum Outcome {
        OK,
        INVALID,
        FAILED,
        TIMEOUT,
        CANCELLED,
        QUARANTINED
    }

    /** How an attempt ended; the label {@code outcome}. */
    public enum Attempt {
        FINISHED,
        RETRIED,
        HANDED_BACK,
        FENCED
    }

    /** Why an upload was not accepted; the label {@code reason}. */
    public enum UploadFailure {
        TOO_LARGE,
        INCOMPLETE,
        MALFORMED,
        DIGEST,
        STORAGE,
        TOO_SLOW,
        REFUSED
    }

    /** Why an upload was not taken; the label {@code reason}, which is {@code memory} for what could never be scored. */
    public enum Refusal {
        /** As many wait as may wait. */
        QUEUE,
        /** As many uploads are being received as may be. */
        UPLOADS,
        /** As many uploads of this client are being received as may be. */
        CLIENT,
        /** There is no room on a disk. */
        DISK,
        /** The database does not answer, or the service is ending. */
        UNAVAILABLE
    }

    /** Why a request was not let in; the label {@code reason}. */
    public enum Denial {
        /** It does not say who sends it. */
        NO_CREDENTIALS,
        /** Its key, token or session is not known, or not valid any more. */
        WRONG_CREDENTIALS,
        /** Who sends it may not do this. */
        ROLE,
        /** A page of another site sent it. */
        CROSS_SITE
    }

    /** What a key of a submission that was known led to; the label {@code result}. */
    public enum Replay {
        HIT,
        CONFLICT,
        MISMATCH
    }

    /** The label {@code format}: what a file seems to be. */
    private static final String[] FORMATS = {"nifti", "dicom", "archive", "other"};

    private final MeterRegistry registry;
    private final AtomicInteger uploads = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private final AtomicInteger workers = new AtomicInteger();
    private final AtomicLong lastCompleted = new AtomicLong();
    private final Counter submitted;
    private final Counter fenced;
    private final Counter leasesLost;
    private final Counter rateLimited;
    private final Counter requestsLimited;
    /** Not looked for at each refusal, of which there may be thousands a second. */
    private final Map<Refusal, Counter> refusals = new EnumMap<>(Refusal.class);

    public ServiceMetrics(MeterRegistry registry) {
        this.registry = registry;
        Gauge.builder("segmeter.uploads.in.progress", uploads, AtomicInteger::get)
                .description("Uploads that are being received")
                .register(registry);
        submitted = Counter.builder("segmeter.jobs.submitted")
                .description("Evaluations accepted")
                .tag("source", "rest")
                .register(registry);
        fenced = Counter.builder("segmeter.job.fenced.writes")
                .description("Results refused because a later attempt had taken over")
                .register(registry);
        leasesLost = Counter.builder("segmeter.job.leases.lost")
                .description("Attempts whose worker was taken for dead")
                .register(registry);
        for (String format : FORMATS) {
            uploadBytesCounter(format);
            uploadSize(format);
        }
        rateLimited = limitedCounter("client");
        requestsLimited = limitedCounter("requests");
        for (Denial reason : Denial.values()) {
            denialCounter(reason);
        }
        Gauge.builder("segmeter.workers", workers, AtomicInteger::get)
                .description("Threads that score")
                .register(registry);
        Gauge.builder("segmeter.workers.busy", busy, AtomicInteger::get)
                .description("Threads that are scoring")
                .register(registry);
        Gauge.builder("segmeter.job.last.completed.timestamp.seconds", lastCompleted, at -> at.get() / 1000.0)
                .description(
                        "When the last evaluation was completed by this replica, seconds since 1970; 0 for none yet")
                .register(registry);
        for (Outcome outcome : Outcome.values()) {
            completedCounter(outcome);
        }
        for (Attempt attempt : Attempt.values()) {
            attemptCounter(attempt);
        }
        for (UploadFailure reason : UploadFailure.values()) {
            uploadFailureCounter(reason);
        }
        for (Refusal reason : Refusal.values()) {
            refusals.put(reason, refusalCounter(reason));
        }
        for (Replay result : Replay.values()) {
            replayCounter(result);
        }
    }

    public void refused(Refusal reason) {
        Objects.requireNonNull(refusals.get(reason)).increment();
        if (reason == Refusal.CLIENT) {
            rateLimited.increment();
        }
    }

    /** Somebody sends more requests than are answered. */
    public void tooManyRequests() {
        requestsLimited.increment();
    }

    public void denied(Denial reason) {
        denialCounter(reason).increment();
    }

    public void uploadBegan() {
        uploads.incrementAndGet();
    }

    public void uploadEnded() {
        uploads.decrementAndGet();
    }

    /** @param format from a fixed list of four */
    public void fileReceived(String format, long bytes) {
        uploadBytesCounter(format).increment(bytes);
        uploadSize(format).record(bytes);
    }

    /** @param kind from a fixed list of six */
    public void preambleSeen(String kind) {
        Counter.builder("segmeter.preamble.nonzero")
                .description("DICOM files received with something in their preamble, by what it looks like")
                .tag("kind", kind)
                .register(registry)
                .increment();
    }

    /** A worker is taken for dead: it has not been heard of for as long as its work was its own. */
    public void leaseLost() {
        leasesLost.increment();
    }

    public void uploadFailed(UploadFailure reason) {
        uploadFailureCounter(reason).increment();
    }

    public void replayed(Replay result) {
        replayCounter(result).increment();
    }

    public void submitted() {
        submitted.increment();
    }

    public void completed(Outcome outcome) {
        completedCounter(outcome).increment();
        lastCompleted.set(System.currentTimeMillis());
    }

    public void attemptEnded(Attempt attempt) {
        attemptCounter(attempt).increment();
        if (attempt == Attempt.FENCED) {
            fenced.increment();
        }
    }

    /**
     * @param format from a fixed list of four
     * @param code slug of the problem, from a fixed list
     */
    public void rejected(String format, String code) {
        Counter.builder("segmeter.parse.rejections")
                .description("Inputs that were refused, by problem")
                .tag("format", format)
                .tag("code", code)
                .register(registry)
                .increment();
    }

    public void waited(SizeClass size, Duration inQueue) {
        Timer.builder("segmeter.job.queue.wait")
                .description("From acceptance to the start of work")
                .tag("size_class", word(size))
                .serviceLevelObjectives(WAIT_BUCKETS)
                .register(registry)
                .record(inQueue.isNegative() ? Duration.ZERO : inQueue);
    }

    /** @param stage from a fixed list */
    public void stage(String stage, SizeClass size, Duration duration) {
        Timer.builder("segmeter.job.stage.duration")
                .description("Time in a stage of an evaluation")
                .tag("stage", stage)
                .tag("size_class", word(size))
                .serviceLevelObjectives(WAIT_BUCKETS)
                .register(registry)
                .record(duration);
    }

    public void workers(int number) {
        workers.set(number);
    }

    public void workerBegan() {
        busy.incrementAndGet();
    }

    public void workerEnded() {
        busy.decrementAndGet();
    }

    /** @param scope {@code client}: uploads of an address at once; {@code requests}: of a caller in a minute */
    private Counter limitedCounter(String scope) {
        return Counter.builder("segmeter.rate.limited")
                .description("Requests answered with 429")
                .tag("scope", scope)
                .register(registry);
    }

    private Counter denialCounter(Denial reason) {
        return Counter.builder("segmeter.auth.failures")
                .description("Requests that were not let in")
                .tag("reason", word(reason))
                .register(registry);
    }

    private Counter completedCounter(Outcome outcome) {
        return Counter.builder("segmeter.jobs.completed")
                .description("Evaluations that reached a final state")
                .tag("outcome", word(outcome))
                .register(registry);
    }

    private Counter attemptCounter(Attempt attempt) {
        return Counter.builder("segmeter.job.attempts")
                .description("Attempts at evaluations, by how they ended")
                .tag("outcome", word(attempt))
                .register(registry);
    }

    private Counter uploadFailureCounter(UploadFailure reason) {
        return Counter.builder("segmeter.upload.failures")
                .description("Uploads that were not accepted")
                .tag("reason", word(reason))
                .register(registry);
    }

    private Counter refusalCounter(Refusal reason) {
        return Counter.builder("segmeter.admission.rejections")
                .description("Work that was not taken")
                .tag("reason", word(reason))
                .register(registry);
    }

    private Counter uploadBytesCounter(String format) {
        return Counter.builder("segmeter.upload.bytes")
                .description("Bytes of files received")
                .tag("format", format)
                .register(registry);
    }

    private DistributionSummary uploadSize(String format) {
        return DistributionSummary.builder("segmeter.upload.size.bytes")
                .description("Size of a received file in bytes")
                .tag("format", format)
                .serviceLevelObjectives(SIZE_BUCKETS)
                .register(registry);
    }

    private Counter replayCounter(Replay result) {
        return Counter.builder("segmeter.idempotency.replays")
                .description("Submissions whose Idempotency-Key was known")
                .tag("result", word(result))
                .register(registry);
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
