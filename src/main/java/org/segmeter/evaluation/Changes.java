package org.segmeter.evaluation;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Wakes those who wait for an evaluation that changes on this replica. A hint only: changes on other replicas are found by
 * looking again after a while.
 */
final class Changes {

    private final Map<UUID, Set<Semaphore>> waiting = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Somebody who waits; to be closed. */
    final class Watch implements AutoCloseable {
        private final UUID id;
        private final Semaphore signal = new Semaphore(0);

        private Watch(UUID id) {
            this.id = id;
            waiting.compute(id, (key, others) -> {
                Set<Semaphore> all = others == null ? ConcurrentHashMap.newKeySet() : others;
                all.add(signal);
                return all;
            });
        }

        /** Returns after a change since the last call, or when the time is over. */
        void await(Duration longest) throws InterruptedException {
            if (!closed && signal.tryAcquire(Math.max(1, longest.toMillis()), TimeUnit.MILLISECONDS)) {
                signal.drainPermits();
            }
        }

        @Override
        public void close() {
            waiting.computeIfPresent(id, (key, others) -> {
                others.remove(signal);
                return others.isEmpty() ? null : others;
            });
        }
    }

    Watch watch(UUID id) {
        return new Watch(id);
    }

    void changed(UUID id) {
        Set<Semaphore> watchers = waiting.get(id);
        if (watchers != null) {
            watchers.forEach(Semaphore::release);
        }
    }

    /** The service ends: nobody waits any longer. */
    void close() {
        closed = true;
        waiting.values().forEach(watchers -> watchers.forEach(Semaphore::release));
    }

    boolean isClosed() {
        return closed;
    }
}
