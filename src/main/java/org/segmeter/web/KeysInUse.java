package org.segmeter.web;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.IdempotencyKey;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.stereotype.Component;

/**
 * The keys of the submissions that are being received. A second request of such a key is refused before its body is read: by this process
 * without asking anybody, by others because the database has a note of it. That there is one evaluation for a key does not depend on
 * this: the transaction that accepts it sees to it, for all replicas.
 */
@Component
final class KeysInUse {

    private final Set<IdempotencyKey> keys = ConcurrentHashMap.newKeySet();
    private final Evaluations evaluations;
    private final ServiceMetrics metrics;

    KeysInUse(Evaluations evaluations, ServiceMetrics metrics) {
        this.evaluations = evaluations;
        this.metrics = metrics;
    }

    /** A key while its submission is being received. */
    final class Use implements AutoCloseable {
        private final @Nullable IdempotencyKey key;

        private Use(@Nullable IdempotencyKey key) {
            this.key = key;
        }

        /** Null if the request has none. */
        @Nullable
        IdempotencyKey key() {
            return key;
        }

        @Override
        public void close() {
            if (key != null) {
                keys.remove(key);
            }
        }
    }

    /** That no other process receives the key, either. */
    static final class Hold implements AutoCloseable {
        private final @Nullable AutoCloseable note;

        private Hold(@Nullable AutoCloseable note) {
            this.note = note;
        }

        @Override
        public void close() {
            if (note != null) {
                try {
                    note.close();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    /** @throws ProblemException 409 if another process is receiving a request of this key */
    Hold hold(Use use) {
        IdempotencyKey key = use.key();
        if (key == null) {
            return new Hold(null);
        }
        return new Hold(evaluations.hold(key).orElseThrow(this::conflict));
    }

    /** @throws ProblemException 409 if a request of this key is being received */
    Use begin(@Nullable IdempotencyKey key) {
        if (key != null && !keys.add(key)) {
            throw conflict();
        }
        return new Use(key);
    }

    private ProblemException conflict() {
        metrics.replayed(ServiceMetrics.Replay.CONFLICT);
        return new ProblemException(
                        ServiceProblem.IDEMPOTENCY_KEY_IN_USE,
                        "The first request of this key has not been answered yet.")
                .header("Retry-After", "1");
    }
}
