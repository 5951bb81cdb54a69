package org.segmeter.web;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Tells clients that were sent away when to come back: each a little later than the one before, as fast as room is made, so that they
 * do not all come at once. Takes no lock: who is sent away does not wait for others who are.
 */
final class Turns {

    /** Clients that never come back must not make those wait that do. */
    private static final double LONGEST_SECONDS = 120;

    /** If nothing is known of the speed. */
    private static final double UNKNOWN_SECONDS = 10;

    private final LongSupplier nanoTime;
    private final long origin;

    /** Seconds after the origin, as the bits of a double. */
    private final AtomicLong lastTurn = new AtomicLong();

    Turns() {
        this(System::nanoTime);
    }

    /** @param nanoTime as {@link System#nanoTime()} */
    Turns(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.origin = nanoTime.getAsLong();
    }

    /**
     * The next turn.
     *
     * @param perSecond how many can be served a second; 0 if that is not known
     * @param before how many must be served before there is room for one more
     * @return whole seconds from now, 1 to 120
     */
    long next(double perSecond, long before) {
        double now = (nanoTime.getAsLong() - origin) / 1e9;
        long bits = lastTurn.updateAndGet(
                last -> Double.doubleToRawLongBits(turn(Double.longBitsToDouble(last), now, perSecond, before)));
        return Math.max(1, (long) Math.ceil(Double.longBitsToDouble(bits) - now));
    }

    private static double turn(double last, double now, double perSecond, long before) {
        double turn = perSecond > 0
                ? Math.max(now + before / perSecond, last + 1 / perSecond)
                : Math.max(now + UNKNOWN_SECONDS, last);
        return Math.min(turn, now + LONGEST_SECONDS);
    }
}
