package org.segmeter.process;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * How long it took each time until the service was itself again.
 *
 * @param millis in the order in which it happened
 */
record Recoveries(List<Long> millis) {

    Recoveries {
        millis = List.copyOf(millis);
    }

    /** The smallest time that so many of all are not longer than; 0 if there is none. */
    long quantile(double share) {
        List<Long> sorted = millis.stream().sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get((int) Math.round(share * (sorted.size() - 1)));
    }

    long longerThan(Duration limit) {
        return millis.stream().filter(one -> one > limit.toMillis()).count();
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "p50 %d ms, p99 %d ms, at most %d ms", quantile(0.5), quantile(0.99), quantile(1));
    }
}
