package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Backlog;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.security.Caller;
import org.segmeter.security.Quotas;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.telemetry.ServiceMetrics.Refusal;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;

/**
 * Decides whether an upload is taken, from its headers alone: nothing is asked of the database or read of the body before that, so that
 * sending a client away costs next to nothing. Who is sent away is told when it is worth coming back: the time that the measured
 * throughput needs until there is room, one client after the other.
 */
@Component
final class UploadAdmission {

    private static final String RETRY_WHEN_BACK = "5";
    private static final String RETRY_WHEN_ROOM = "30";

    private final Backlog backlog;
    private final DiskFloor disk;
    private final WebSettings.Upload settings;
    private final ServiceMetrics metrics;
    private final Quotas quotas;
    private final Map<String, Integer> ofClient = new ConcurrentHashMap<>();
    private final Map<String, Integer> ofKey = new ConcurrentHashMap<>();
    private final Map<String, Integer> ofTenant = new ConcurrentHashMap<>();
    private final Turns queueTurns = new Turns();
    private final Turns uploadTurns = new Turns();
    /** Changed under the lock only, as the counts above are; read without it. */
    private volatile int taken;

    private volatile double secondsOfAnUpload = 0.1;
    private volatile boolean closing;

    UploadAdmission(Backlog backlog, DiskFloor disk, WebSettings settings, ServiceMetrics metrics, Quotas quotas) {
        this.quotas = quotas;
        this.backlog = backlog;
        this.disk = disk;
        this.settings = settings.upload();
        this.metrics = metrics;
    }

    /** An upload's place among those that are being received, and its room on the disk. */
    final class Slot implements UploadBody.Watch, AutoCloseable {

        /** How often the disk is looked at, in bytes received. */
        private static final long LOOK = 8L << 20;

        private final String client;
        private final @Nullable Caller caller;
        private final DiskFloor.Promise room;
        private final MinimumRate rate =
                new MinimumRate(settings.minRate().toBytes(), settings.minRateGrace(), settings.minRateWindow());
        private final long begin = System.nanoTime();
        private long unseen;

        private Slot(String client, @Nullable Caller caller, DiskFloor.Promise room) {
            this.client = client;
            this.caller = caller;
            this.room = room;
        }

        @Override
        public void received(int bytes, long waitedNanos) {
            room.written(bytes);
            if (caller != null && quotas.limitsBytes(caller)) {
                quotas.sent(caller, bytes);
            }
            unseen += bytes;
            if (unseen >= LOOK) {
                unseen = 0;
                try {
                    disk.check();
                } catch (DiskFloor.Full e) {
                    metrics.refused(Refusal.DISK);
                    throw noRoom();
                }
            }
            if (rate.isTooSlow(bytes, waitedNanos)) {
                throw new ProblemException(Problem.of(
                                        ServiceProblem.UPLOAD_TOO_SLOW,
                                        "Less than %d bytes a second came; nothing was stored."
                                                .formatted(settings.minRate().toBytes()))
                                .with(
                                        "minimumBytesPerSecond",
                                        settings.minRate().toBytes()))
                        .header(HttpHeaders.CONNECTION, "close");
            }
        }

        @Override
        public void close() {
            room.close();
            release(client, caller, (System.nanoTime() - begin) / 1e9);
        }
    }

    /** @throws ProblemException 429, 503 or 507 with {@code Retry-After} if the upload is not taken */
    Slot admit(HttpServletRequest http) {
        return admit(http, true);
    }

    /**
     * As {@link #admit(HttpServletRequest)}, but for a batch, whose items wait by themselves however long the queue is.
     *
     * @throws ProblemException 429, 503 or 507 with {@code Retry-After} if the upload is not taken
     */
    Slot admitBatch(HttpServletRequest http) {
        return admit(http, false);
    }

    /** The answer to a submission that is not taken now; null if it may begin. Nothing is held for it. */
    @Nullable
    ProblemException refusal(HttpServletRequest http) {
        Caller caller = Caller.of(http);
        Supplier<ProblemException> no = closedTo(caller);
        if (no == null) {
            no = obstacle(http.getRemoteAddr(), caller, true);
        }
        return no == null ? null : no.get();
    }

    private Slot admit(HttpServletRequest http, boolean queued) {
        String client = http.getRemoteAddr();
        Caller caller = Caller.of(http);
        Supplier<ProblemException> no = closedTo(caller);
        if (no != null) {
            throw no.get();
        }
        take(client, caller, queued);
        try {
            return new Slot(client, caller, disk.promise(Math.max(0, http.getContentLengthLong())));
        } catch (DiskFloor.Full e) {
            release(client, caller, 0);
            metrics.refused(Refusal.DISK);
            throw noRoom();
        }
    }

    private @Nullable Supplier<ProblemException> closedTo(@Nullable Caller caller) {
        if (closing) {
            return () ->
                    refuse(Refusal.UNAVAILABLE, ServiceProblem.UNAVAILABLE, "The service is ending.", RETRY_WHEN_BACK);
        }
        if (!backlog.isDatabaseAnswering()) {
            return () -> refuse(
                    Refusal.UNAVAILABLE,
                    ServiceProblem.UNAVAILABLE,
                    "The database does not answer; try again in a few seconds.",
                    RETRY_WHEN_BACK);
        }
        if (caller == null || !quotas.limitsBytes(caller)) {
            return null;
        }
        Quotas.Left left = quotas.bytes(caller);
        return left.isOver()
                ? () -> refuse(
                        Refusal.CLIENT,
                        ServiceProblem.TOO_MANY_BYTES,
                        "More than %d bytes in a minute are not taken.".formatted(left.limit()),
                        String.valueOf(Math.max(1, left.pause().plusMillis(999).toSeconds())))
                : null;
    }

    /** From now on nothing is taken: the service is ending, and what is being received may finish. */
    @EventListener(ContextClosedEvent.class)
    void close() {
        closing = true;
    }

    private void take(String client, @Nullable Caller caller, boolean queued) {
        // Without the lock first. While the service is full thousands are sent away a second, and one that waits here
        // for another is put behind all that arrived meanwhile.
        Supplier<ProblemException> no = obstacle(client, caller, queued);
        if (no == null) {
            synchronized (this) {
                no = obstacle(client, caller, queued);
                if (no == null) {
                    taken++;
                    ofClient.merge(client, 1, Integer::sum);
                    if (caller != null) {
                        ofKey.merge(caller.id(), 1, Integer::sum);
                        ofTenant.merge(caller.tenant(), 1, Integer::sum);
                    }
                }
            }
        }
        if (no != null) {
            throw no.get();
        }
    }

    /** Why an upload is not taken, as the answer that says so; null if nothing is in its way. */
    private @Nullable Supplier<ProblemException> obstacle(String client, @Nullable Caller caller, boolean queued) {
        if (caller != null) {
            Supplier<ProblemException> no = share(ofKey.getOrDefault(caller.id(), 0), quotas.uploadsOfKey(), "key");
            if (no == null) {
                no = share(ofTenant.getOrDefault(caller.tenant(), 0), quotas.uploadsOfTenant(), "tenant");
            }
            if (no == null && queued) {
                no = queueShare(
                        "key",
                        backlog.waiting(caller.tenant(), caller.id()),
                        ofKey.getOrDefault(caller.id(), 0),
                        quotas.queueOfKey(backlog.limit()));
            }
            if (no == null && queued) {
                no = queueShare(
                        "tenant",
                        backlog.waiting(caller.tenant()),
                        ofTenant.getOrDefault(caller.tenant(), 0),
                        quotas.queueOfTenant(backlog.limit()));
            }
            if (no != null) {
                return no;
            }
        }
        int own = ofClient.getOrDefault(client, 0);
        if (settings.slotsPerClient() > 0 && own >= settings.slotsPerClient()) {
            return () -> refuse(
                    Refusal.CLIENT,
                    ServiceProblem.TOO_MANY_UPLOADS,
                    own + " uploads of this client are being received; more are not taken at once.",
                    String.valueOf(uploadTurns.next(settings.slotsPerClient() / secondsOfAnUpload, 1)));
        }
        int all = taken;
        if (all >= settings.slots()) {
            return () -> refuse(
                    Refusal.UPLOADS,
                    ServiceProblem.OVERLOADED,
                    all + " uploads are being received; more are not taken at once.",
                    String.valueOf(uploadTurns.next(settings.slots() / secondsOfAnUpload, 1)));
        }
        // What is being received will wait too.
        long waiting = backlog.waiting();
        long excess = waiting + all - backlog.limit() + 1;
        if (queued && excess > 0) {
            return () -> refuse(
                    Refusal.QUEUE,
                    ServiceProblem.OVERLOADED,
                    waiting + " evaluations wait to be scored; more are not taken.",
                    String.valueOf(queueTurns.next(backlog.perSecond(), excess)));
        }
        return null;
    }

    /** @param received uploads that are being received, which will wait too */
    private @Nullable Supplier<ProblemException> queueShare(String whose, long waiting, int received, long most) {
        long over = waiting + received - most + 1;
        if (over <= 0) {
            return null;
        }
        return () -> {
            long seconds = queueTurns.next(backlog.perSecond(), over);
            return refuse(
                            Refusal.CLIENT,
                            ServiceProblem.TOO_MANY_WAITING,
                            "%d evaluations of this %s wait to be scored; more than %d may not."
                                    .formatted(waiting, whose, most),
                            String.valueOf(seconds))
                    .header("RateLimit-Policy", "\"waiting\";q=" + most)
                    .header("RateLimit", "\"waiting\";r=0;t=" + seconds);
        };
    }

    private @Nullable Supplier<ProblemException> share(int own, int most, String whose) {
        if (most <= 0 || own < most) {
            return null;
        }
        return () -> refuse(
                Refusal.CLIENT,
                ServiceProblem.TOO_MANY_UPLOADS,
                "%d uploads of this %s are being received; more are not taken at once.".formatted(own, whose),
                String.valueOf(uploadTurns.next(most / secondsOfAnUpload, 1)));
    }

    private synchronized void release(String client, @Nullable Caller caller, double seconds) {
        taken--;
        ofClient.computeIfPresent(client, (key, own) -> own > 1 ? own - 1 : null);
        if (caller != null) {
            ofKey.computeIfPresent(caller.id(), (key, own) -> own > 1 ? own - 1 : null);
            ofTenant.computeIfPresent(caller.tenant(), (key, own) -> own > 1 ? own - 1 : null);
        }
        if (seconds > 0) {
            secondsOfAnUpload += 0.1 * (seconds - secondsOfAnUpload);
        }
    }

    private ProblemException refuse(Refusal reason, ServiceProblem problem, String detail, String retryAfter) {
        metrics.refused(reason);
        return new ProblemException(problem, detail).header(HttpHeaders.RETRY_AFTER, retryAfter);
    }

    static ProblemException noRoom() {
        return new ProblemException(
                        ServiceProblem.INSUFFICIENT_STORAGE, "The disk of this service has no room for the upload.")
                .header(HttpHeaders.RETRY_AFTER, RETRY_WHEN_ROOM);
    }
}
