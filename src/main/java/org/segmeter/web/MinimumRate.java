package org.segmeter.web;

import java.time.Duration;

/**
 * Whether a client sends fast enough. Only the time is counted in which this service waited for the client: what the service needs
 * to write is not held against it.
 */
final class MinimumRate {

    private static final int BUCKETS = 30;

    private final long bytesPerSecond;
    private final long graceNanos;
    private final long bucketNanos;

    /** Bytes of the last whole buckets of waiting time and the one that is running, round robin. */
    private final double[] bytesIn = new double[BUCKETS + 1];

    private long waited;
    private long bucket;

    /**
     * @param bytesPerSecond least that is fast enough; 0 for any
     * @param grace waiting time that does not count, at the beginning
     * @param window waiting time over which the rate is taken
     */
    MinimumRate(long bytesPerSecond, Duration grace, Duration window) {
        this.bytesPerSecond = bytesPerSecond;
        this.graceNanos = grace.toNanos();
        this.bucketNanos = Math.max(1, window.toNanos() / BUCKETS);
    }

    /**
     * Counts what came.
     *
     * @param bytes that came
     * @param nanos for which they were waited for
     * @return true if over the last window of waiting, after the grace, too little came
     */
    boolean isTooSlow(int bytes, long nanos) {
        if (bytesPerSecond == 0) {
            return false;
        }
        waited += nanos;
        long now = waited - graceNanos;
        if (now < 0) {
            return false;
        }
        long reached = now / bucketNanos;
        long begin = Math.max(0, now - nanos);
        // What came is spread over the time in which it was waited for.
        for (long b = Math.max(begin / bucketNanos, reached - BUCKETS); b <= reached; b++) {
            if (b > bucket) {
                bytesIn[(int) (b % bytesIn.length)] = 0;
            }
            long within = Math.min(now, (b + 1) * bucketNanos) - Math.max(begin, b * bucketNanos);
            bytesIn[(int) (b % bytesIn.length)] += nanos == 0 ? bytes : bytes * ((double) within / nanos);
        }
        boolean over = reached > bucket;
        bucket = reached;
        if (!over || reached < BUCKETS) {
            return false;
        }
        double sum = 0;
        for (long b = reached - BUCKETS; b < reached; b++) {
            sum += bytesIn[(int) (b % bytesIn.length)];
        }
        // A thousandth less, so that rounding never ends who is just fast enough.
        return sum * 1.001 < bytesPerSecond * (BUCKETS * bucketNanos) / 1e9;
    }
}
