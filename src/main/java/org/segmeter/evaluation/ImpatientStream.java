package org.segmeter.evaluation;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer that has to come on: every 64 KiB of it, or what is left, in the given time. Otherwise what it is read from is
 * closed, which ends a read that waits, and reading fails with {@link HttpTimeoutException}. The timeout of a request of the JDK's client
 * ends with the header of the answer, so that who asks for a stream would wait for ever for a body that stands still.
 */
public final class ImpatientStream extends FilterInputStream {

    private static final int STEP = 1 << 16;

    private final Duration patience;
    private int left;
    private @Nullable CompletableFuture<?> watch;
    private volatile boolean late;

    /** @param patience for each 64 KiB */
    public ImpatientStream(InputStream body, Duration patience) {
        super(body);
        this.patience = patience;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (watch == null && !late) {
            begin();
        }
        int read;
        try {
            read = super.read(buffer, offset, length);
        } catch (IOException e) {
            end();
            throw late ? new HttpTimeoutException("the body does not come on") : e;
        }
        if (late) {
            // It may have been closed between two pieces, and then seems to be over.
            throw new HttpTimeoutException("the body does not come on");
        }
        left -= Math.max(0, read);
        if (read < 0 || left <= 0) {
            end();
        }
        return read;
    }

    @Override
    public long skip(long bytes) throws IOException {
        return bytes <= 0 ? 0 : Math.max(0, read(new byte[(int) Math.min(bytes, STEP)]));
    }

    private void begin() {
        left = STEP;
        CompletableFuture<?> begun = new CompletableFuture<>().orTimeout(patience.toNanos(), TimeUnit.NANOSECONDS);
        begun.whenComplete((done, timeout) -> {
            if (timeout != null) {
                late = true;
                try {
                    in.close();
                } catch (IOException e) {
                    // who reads is told that it is late
                }
            }
        });
        watch = begun;
    }

    private void end() {
        CompletableFuture<?> begun = watch;
        if (begun != null) {
            begun.complete(null);
            watch = null;
        }
    }

    @Override
    public void close() throws IOException {
        end();
        super.close();
    }
}
