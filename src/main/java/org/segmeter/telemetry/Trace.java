package org.segmeter.telemetry;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * What joins the log lines of a request and of the work that came of it, on whichever replica: the trace of W3C Trace Context, taken from the
 * header {@code traceparent} or begun here. Every line has {@code trace_id}, and {@code span_id} for the part of it that wrote the line: the
 * request, or one attempt at the work.
 */
public final class Trace {

    private static final String ID = "trace_id";
    private static final String SPAN = "span_id";

    /** Ids of nothing but zeros are none, ff is no version, and only after versions to come may more follow. */
    private static final Pattern PARENT =
            Pattern.compile("(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

    private Trace() {}

    /** What ends with {@link #close}. */
    public static final class Span implements AutoCloseable {
        private final @Nullable String traceBefore = MDC.get(ID);
        private final @Nullable String spanBefore = MDC.get(SPAN);

        private Span(String trace) {
            MDC.put(ID, trace);
            MDC.put(SPAN, "%016x".formatted(random()));
        }

        @Override
        public void close() {
            restore(ID, traceBefore);
            restore(SPAN, spanBefore);
        }

        private static void restore(String name, @Nullable String before) {
            if (before == null) {
                MDC.remove(name);
            } else {
                MDC.put(name, before);
            }
        }
    }

    /** Until it is closed, by the same thread, the thread works for a trace; null for one that begins now. */
    public static Span span(@Nullable String trace) {
        return new Span(trace == null ? "%016x%016x".formatted(random(), random()) : trace);
    }

    /** Id of the trace that this thread works for, 32 hexadecimal digits; null for none. */
    public static @Nullable String current() {
        return MDC.get(ID);
    }

    /** The id in a header {@code traceparent}; empty if it is none of that form, and another trace begins. */
    public static Optional<String> parent(@Nullable String header) {
        Matcher matcher = PARENT.matcher(header == null ? "" : header);
        return matcher.matches()
                        && (matcher.group(3) == null || !matcher.group(1).equals("00"))
                ? Optional.of(matcher.group(2))
                : Optional.empty();
    }

    private static long random() {
        long random = ThreadLocalRandom.current().nextLong();
        return random == 0 ? 1 : random;
    }
}
