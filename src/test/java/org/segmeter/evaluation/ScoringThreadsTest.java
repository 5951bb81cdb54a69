package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.MDC;

@DisplayName("Scoring stands behind answering")
class ScoringThreadsTest {

    private final ScoringThreads threads = new ScoringThreads();

    @AfterEach
    void close() {
        threads.close();
    }

    /** The processor goes to whoever answers. What the caller starts is not behind others: it may be what answers. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void measuresWithLessPriorityThanItsCaller() throws Exception {
        int own = niceness();

        int measuring = threads.call(ScoringThreadsTest::niceness);
        AtomicInteger started = new AtomicInteger();
        Thread.ofPlatform().start(() -> started.set(niceness())).join();

        assertThat(measuring).isEqualTo(Math.min(19, own + ScoringThreads.NICENESS));
        assertThat(niceness()).isEqualTo(own);
        assertThat(started).hasValue(own);
    }

    /** A thread that is used again does not step back further. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void stepsBackOnce() throws Exception {
        int first = threads.call(ScoringThreadsTest::niceness);
        int second = threads.call(ScoringThreadsTest::niceness);

        assertThat(second).isEqualTo(first);
    }

    /** The 19th field of the thread's line in proc(5); the second is a name in parentheses. */
    private static int niceness() {
        try {
            String stat = Files.readString(Path.of("/proc/thread-self/stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[16]);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<Throwable> failures() {
        return Stream.of(
                new IOException("read"),
                new BlobStore.Lost("a file"),
                new IllegalStateException("broken"),
                new OutOfMemoryError("full"),
                new StackOverflowError());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void failsAsItsWorkDoes(Throwable failure) {
        assertThatThrownBy(() -> threads.call(() -> {
                    if (failure instanceof IOException e) {
                        throw e;
                    }
                    if (failure instanceof Error e) {
                        throw e;
                    }
                    throw (RuntimeException) failure;
                }))
                .isSameAs(failure);
    }

    /** Files that the caller closes are not closed under the work, however impatient somebody is with the caller. */
    @Test
    void waitsForItsWorkAlthoughItIsInterrupted() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        AtomicReference<List<Boolean>> seen = new AtomicReference<>(List.of());
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                threads.call(() -> {
                    begun.countDown();
                    awaitInterruption();
                    told.countDown();
                    awaitStubbornly(mayEnd);
                    ended.set(true);
                    return 0;
                });
                seen.set(List.of(ended.get(), Thread.currentThread().isInterrupted()));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });

        begun.await();
        caller.interrupt();
        told.await();
        mayEnd.countDown();
        caller.join();

        assertThat(seen.get())
                .as("the work had ended; the caller is still interrupted")
                .containsExactly(true, true);
        assertThat(threads.<Boolean>call(Thread::interrupted))
                .as("the next work is interrupted")
                .isFalse();
    }

    @Test
    void isInterruptedIfItsCallerWasBefore() throws Exception {
        Thread.currentThread().interrupt();
        boolean interrupted = threads.call(() -> {
            awaitInterruption();
            return true;
        });

        assertThat(interrupted).isTrue();
        assertThat(Thread.interrupted()).as("the caller is still interrupted").isTrue();
    }

    @Test
    void logsAsItsCaller() throws Exception {
        try (MDC.MDCCloseable ignored = MDC.putCloseable("evaluation_id", "7")) {
            assertThat(threads.<String>call(() -> String.valueOf(MDC.get("evaluation_id"))))
                    .isEqualTo("7");
        }
        assertThat(threads.<String>call(() -> String.valueOf(MDC.get("evaluation_id"))))
                .isEqualTo("null");
    }

    private static void awaitInterruption() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            // As awaited.
        }
    }

    private static void awaitStubbornly(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException e) {
                // Work that does not stop when it is told to.
            }
        }
    }
}
