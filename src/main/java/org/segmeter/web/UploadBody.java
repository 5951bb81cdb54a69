package org.segmeter.web;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * The body of a submission as it comes from the connection, up to a limit. It remembers how it ended: the parser stops reading
 * at the last boundary, so whoever has seen the end of the body, or its breaking off, has not seen the last boundary.
 */
final class UploadBody extends FilterInputStream {

    /** What is known of the rest of the body. */
    enum State {
        /** There may be more. */
        OPEN,
        /** It is over, or the connection broke. */
        ENDED,
        /** More than the limit was sent. */
        TOO_LARGE
    }

    /** Is told of every piece, and may end the upload. */
    @FunctionalInterface
    interface Watch {
        Watch NONE = (bytes, waitedNanos) -> {};

        /**
         * @param bytes that came
         * @param waitedNanos how long the sender was waited for
         * @throws ProblemException to end the upload
         */
        void received(int bytes, long waitedNanos);
    }

    private final Watch watch;
    private long left;
    private State state = State.OPEN;

    /** @param limit most bytes that are accepted */
    UploadBody(InputStream connection, long limit, Watch watch) {
        super(connection);
        this.watch = watch;
        this.left = limit;
    }

    State state() {
        return state;
    }

    /** @throws EOFException if there cannot be more */
    void requireOpen() throws EOFException {
        if (state != State.OPEN) {
            throw new EOFException("the body is over");
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (state == State.TOO_LARGE) {
            throw tooLarge();
        }
        int n;
        long begin = System.nanoTime();
        try {
            // Not beyond the limit, so that the answer is the same in whatever pieces the body comes; then one byte to
            // tell.
            n = super.read(into, offset, (int) Math.min(length, Math.max(1, left)));
        } catch (IOException e) {
            state = State.ENDED;
            throw e;
        }
        if (n < 0) {
            state = State.ENDED;
            return n;
        }
        if (n > left) {
            state = State.TOO_LARGE;
            throw tooLarge();
        }
        left -= n;
        watch.received(n, System.nanoTime() - begin);
        return n;
    }

    private static IOException tooLarge() {
        return new IOException("the body is larger than the limit");
    }
}
