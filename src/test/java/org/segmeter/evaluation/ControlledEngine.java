package org.segmeter.evaluation;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;
import tools.jackson.databind.node.ObjectNode;

/** The real engine, except for evaluations whose label {@code test} asks for trouble. */
public final class ControlledEngine implements ScoringEngine, LossEngine {

    private final StandardEngine engine;
    private volatile CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger measured = new AtomicInteger();
    private final AtomicInteger metFull = new AtomicInteger();
    private volatile boolean full;

    private ControlledEngine(StandardEngine engine) {
        this.engine = engine;
    }

    /** Puts this engine in place of the standard one. */
    @TestConfiguration(proxyBeanMethods = false)
    public static class Configuration {
        @Bean
        @Primary
        public ControlledEngine controlledEngine(ProtocolStore protocols) {
            return new ControlledEngine(new StandardEngine(protocols));
        }
    }

    /** Lets all evaluations labelled {@code block} go on, once one has come to the gate, and later ones wait again. */
    public void open() throws InterruptedException {
        // An evaluation is RUNNING a moment before it is at the gate.
        for (long end = System.nanoTime() + 20_000_000_000L; waiting.get() == 0 && System.nanoTime() < end; ) {
            Thread.sleep(5);
        }
        CountDownLatch opened = gate;
        gate = new CountDownLatch(1);
        opened.countDown();
    }

    /** Whether there is no space for evaluations labelled {@code full}. */
    public void full(boolean now) {
        full = now;
    }

    /** How often an evaluation met a full disk. */
    public int metFull() {
        return metFull.get();
    }

    @Override
    public ObjectNode score(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            @Nullable String request,
            ScoringProgress progress,
            CancelSignal cancel)
            throws InputException, IOException {
        String trouble = request == null
                ? ""
                : JsonDocument.read(request).path("labels").path("test").asString("");
        switch (trouble) {
            case "block" -> {
                progress.entered(ScoringProgress.Stage.DECODING);
                CountDownLatch waitFor = gate;
                waiting.incrementAndGet();
                try {
                    while (waitFor.getCount() > 0) {
                        cancel.check();
                        java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
                    }
                } finally {
                    waiting.decrementAndGet();
                }
            }
            // Does not stop when it is told to, nor when it is interrupted.
            case "spin" -> {
                progress.entered(ScoringProgress.Stage.DECODING);
                CountDownLatch waitFor = gate;
                waiting.incrementAndGet();
                try {
                    while (waitFor.getCount() > 0) {
                        java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
                    }
                } finally {
                    waiting.decrementAndGet();
                }
            }
            // Waits for something that never comes, and for nothing else.
            case "wait" -> {
                progress.entered(ScoringProgress.Stage.DECODING);
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    throw new IOException("interrupted while reading", e);
                }
            }
            case "full" -> {
                if (full) {
                    metFull.incrementAndGet();
                    throw new java.io.UncheckedIOException(new IOException("No space left on device"));
                }
            }
            case "fault" -> throw new IllegalStateException("a fault of the program, on purpose");
            default -> {
                // nothing unusual
            }
        }
        return engine.score(prediction, reference, mask, request, progress, cancel);
    }

    @Override
    public ObjectNode losses(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            @Nullable String request,
            CancelSignal cancel)
            throws InputException, IOException {
        measured.incrementAndGet();
        String trouble = request == null
                ? ""
                : JsonDocument.read(request).path("labels").path("test").asString("");
        if (trouble.equals("block-losses")) {
            CountDownLatch waitFor = gate;
            waiting.incrementAndGet();
            try {
                while (waitFor.getCount() > 0) {
                    cancel.check();
                    java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
                }
            } finally {
                waiting.decrementAndGet();
            }
        }
        if (trouble.equals("fault-losses")) {
            throw new IllegalStateException("a fault of the program, on purpose");
        }
        return engine.losses(prediction, reference, mask, request, cancel);
    }

    /** How often losses were measured. */
    public int measured() {
        return measured.get();
    }
}
