package org.segmeter.volume;

import java.util.concurrent.CancellationException;

/** Tells work on any thread to stop: long loops call {@link #check()} at least once per slice. */
public final class CancelSignal {

    private volatile boolean cancelled;
    private final Runnable look;

    public CancelSignal() {
        this(() -> {});
    }

    private CancelSignal(Runnable look) {
        this.look = look;
    }

    /** A signal that nobody gives. */
    public static CancelSignal none() {
        return new CancelSignal();
    }

    /** A signal that nobody gives, and a look at work that is half done: from its own threads, whenever they look whether to stop. */
    public static CancelSignal watching(Runnable look) {
        return new CancelSignal(look);
    }

    public void cancel() {
        cancelled = true;
    }

    public boolean isCancelled() {
        return cancelled;
    }

    /** @throws CancellationException if the work is to stop, or its thread was interrupted */
    public void check() {
        if (cancelled || Thread.currentThread().isInterrupted()) {
            throw new CancellationException("cancelled");
        }
        look.run();
    }
}
