package org.segmeter.web;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.IdempotencyKey;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.stereotype.Component;

/**
 * The keys of the submissions that this process is receiving. A second request of such a key is refused before its body is read. That
 * there is one evaluation for a key does not depend on this: the database sees to it, for all replicas.
 */
@Component
final class KeysInUse {

    private final Set<IdempotencyKey> keys = ConcurrentHashMap.newKeySet();
    private final ServiceMetrics metrics;

    KeysInUse(ServiceMetrics metrics) {
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

    /** @throws ProblemException 409 if a request of this key is being received */
    Use begin(@Nullable IdempotencyKey key) {
        if (key != null && !keys.add(key)) {
            metrics.replayed(ServiceMetrics.Replay.CONFLICT);
            throw new ProblemException(
                            ServiceProblem.IDEMPOTENCY_KEY_IN_USE,
                            "The first request of this key has not been answered yet.")
                    .header("Retry-After", "1");
        }
        return new Use(key);
    }
}
