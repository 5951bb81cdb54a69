package org.segmeter.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Clients of a service under faults: each does its work again and again, with random numbers of its own, until it has done or is told to stop. */
final class Clients implements AutoCloseable {

    /** What a client does each time. */
    interface Work {
        /** @return true if it is to be done again */
        boolean again(Random own) throws Exception;
    }

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Future<?>> running = new ArrayList<>();

    /** @param seeds where the clients' random numbers come from, so that a seed of the run decides them too */
    Clients start(int number, Random seeds, Work work) {
        for (int i = 0; i < number; i++) {
            Random own = new Random(seeds.nextLong());
            running.add(threads.submit(() -> {
                while (!over.get() && work.again(own)) {
                    // and once more
                }
                return null;
            }));
        }
        return this;
    }

    /** Waits until all have done; fails as the first of them that failed. */
    void await() throws Exception {
        for (Future<?> one : running) {
            try {
                one.get();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
    }

    /** Tells all to stop after what they are doing, and waits for that; fails as the first of them that failed. */
    void stop() throws Exception {
        over.set(true);
        await();
    }

    /** As {@link #stop}, and does not fail. */
    @Override
    public void close() {
        over.set(true);
        threads.close();
    }
}
