package org.segmeter.volume;

import java.util.concurrent.CancellationException;

/** Tells work on any thread to stop: long loops call {@link #check()} at least once per slice. */
public final class CancelSignal {

    private volatile boolean cancelled;

    /** A signal that nobody gives. */
    public static CancelSignal none() {
        return new CancelSignal();
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
    }
}
