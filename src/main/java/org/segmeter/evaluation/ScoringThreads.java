package org.segmeter.evaluation;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.slf4j.MDC;
import org.springframework.stereotype.Component;

/**
 * Threads on which volumes are decoded and measured, behind those that answer: whoever asks for something, or must be told that there is no
 * room for it, waits for milliseconds; whoever scores, for seconds. On Linux their niceness is greater by {@value #NICENESS}, which
 * takes no rights; on other systems they run as all others.
 *
 * <p>The workers themselves stay as they are. A thread passes its niceness on to those it starts, among them the carriers of virtual threads,
 * which are started by whoever makes one runnable, and nobody may take it back: so none but the measuring itself is done here.
 */
@Component
final class ScoringThreads implements AutoCloseable {

    /** A tenth of the processor time of a thread that answers, as long as both want it all. */
    static final int NICENESS = 10;

    private final AtomicInteger number = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> Thread.ofPlatform()
            .daemon()
            .name("measuring-" + number.incrementAndGet())
            .unstarted(() -> {
                stepBack();
                work.run();
            }));

    /** Work that fails as scoring does. */
    interface Work<T> {
        T run() throws InputException, IOException;
    }

    /**
     * Does the work as if on the calling thread: what interrupts the caller interrupts the work, and the caller goes on when it has ended,
     * not before.
     */
    <T> T call(Work<T> work) throws InputException, IOException {
        Job<T> job = new Job<>(work, MDC.getCopyOfContextMap());
        threads.execute(job.task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return job.task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    job.interrupt();
                }
            }
        } catch (ExecutionException e) {
            switch (Objects.requireNonNull(e.getCause())) {
                case InputException of -> throw of;
                case IOException of -> throw of;
                case RuntimeException of -> throw of;
                case Error of -> throw of;
                default -> throw new IllegalStateException(e);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One piece of work, and the thread that has it. */
    private static final class Job<T> {
        private final FutureTask<T> task;
        private @Nullable Thread thread;
        private boolean interrupted;

        Job(Work<T> work, @Nullable Map<String, String> context) {
            task = new FutureTask<>(() -> {
                begin();
                try {
                    MDC.setContextMap(context == null ? Map.of() : context);
                    return work.run();
                } finally {
                    MDC.clear();
                    end();
                }
            });
        }

        private synchronized void begin() {
            thread = Thread.currentThread();
            if (interrupted) {
                thread.interrupt();
            }
        }

        /** The thread's next work is not disturbed by what was meant for this. */
        private synchronized void end() {
            thread = null;
            Thread.interrupted();
        }

        synchronized void interrupt() {
            interrupted = true;
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    /** Puts this thread behind those that answer, as long as it lives. */
    private static void stepBack() {
        if (Nice.CALL.isEmpty()) {
            return;
        }
        try {
            int ignored = (int) Nice.CALL.get().invokeExact(NICENESS);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** nice(2), where it is of the thread that calls it and not of the whole process. */
    private static final class Nice {
        static final Optional<MethodHandle> CALL = find();

        private static Optional<MethodHandle> find() {
            if (!System.getProperty("os.name", "").equals("Linux")) {
                return Optional.empty();
            }
            Linker linker = Linker.nativeLinker();
            return linker.defaultLookup()
                    .find("nice")
                    .map(function -> linker.downcallHandle(
                            function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)));
        }
    }

    /** Work that is under way goes on; no more is begun. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
