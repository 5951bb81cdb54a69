package org.segmeter.security;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How many requests a caller may send: a bucket of tokens for each key, token or session's key, one for each tenant, and one for each
 * address from which wrong credentials come, so that nobody guesses for long.
 */
final class RequestRate {

    private static final int MOST = 100_000;

    private final int perMinute;
    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();

    /** @param perMinute of a key; 0 for any number */
    RequestRate(int perMinute) {
        this.perMinute = perMinute;
    }

    /**
     * What is left.
     *
     * @param limit requests a minute
     * @param remaining requests that may be sent at once now
     * @param pause until the next may be sent; zero if it may now
     */
    record Left(int limit, int remaining, Duration pause) {
        boolean isOver() {
            return !pause.isZero();
        }
    }

    private static final class Bucket {
        private double tokens;
        private long at = System.nanoTime();

        Bucket(int full) {
            tokens = full;
        }

        synchronized Left take(int limit, boolean needed) {
            long now = System.nanoTime();
            tokens = Math.min(limit, tokens + (now - at) / 60e9 * limit);
            at = now;
            if (tokens < 1) {
                return new Left(limit, 0, Duration.ofMillis((long) Math.ceil((1 - tokens) * 60_000 / limit) + 1));
            }
            tokens -= needed ? 1 : 0;
            return new Left(limit, (int) tokens, Duration.ZERO);
        }
    }

    boolean isLimited() {
        return perMinute > 0;
    }

    /** Counts a request of a caller. */
    Left of(Caller caller) {
        Left own = take("caller " + caller.id(), perMinute, true);
        // A tenant may have ten keys' worth.
        Left tenant = take("tenant " + caller.tenant(), 10 * perMinute, !own.isOver());
        return tenant.isOver() ? tenant : own;
    }

    /** Whether an address may try once more. */
    Left guesses(HttpServletRequest request) {
        return take("address " + request.getRemoteAddr(), perMinute, false);
    }

    /** Counts a wrong try. */
    void guessed(HttpServletRequest request) {
        take("address " + request.getRemoteAddr(), perMinute, true);
    }

    private Left take(String whose, int limit, boolean needed) {
        if (buckets.size() > MOST) {
            buckets.clear();
        }
        return buckets.computeIfAbsent(whose, key -> new Bucket(limit)).take(limit, needed);
    }
}
