package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** At least 16 KiB a second over any 30 seconds of waiting, after 10 seconds of grace. */
class MinimumRateTest {

    private static final long SECOND = 1_000_000_000L;
    private static final int RATE = 16 << 10;

    private static MinimumRate rate() {
        return new MinimumRate(RATE, Duration.ofSeconds(10), Duration.ofSeconds(30));
    }

    /** Seconds of waiting after which pieces of this size, one each so many seconds, are too slow; -1 if never in 10 minutes. */
    private static long endedAfter(int bytes, int everySeconds) {
        MinimumRate rate = rate();
        for (long waited = everySeconds; waited <= 600; waited += everySeconds) {
            if (rate.isTooSlow(bytes, everySeconds * SECOND)) {
                return waited;
            }
        }
        return -1;
    }

    @Property(tries = 200)
    void whoSendsFastEnoughIsNeverEndedAndWhoSendsTooSlowlyAlwaysIs(
            @ForAll @IntRange(min = 1, max = 10) int every, @ForAll @IntRange(min = 1, max = 99) int percent) {
        assertThat(endedAfter(RATE * every, every)).isEqualTo(-1);
        int slow = (int) ((long) RATE * every * percent / 100);
        assertThat(endedAfter(slow, every)).isBetween(40L, 60L);
    }

    @Test
    void aByteEachTenSecondsIsEndedWithinAMinute() {
        assertThat(endedAfter(1, 10)).isBetween(40L, 60L);
    }

    @Test
    void aPauseAfterAFastBeginningIsEndedToo() {
        MinimumRate rate = rate();
        for (int second = 0; second < 60; second++) {
            assertThat(rate.isTooSlow(10 * RATE, SECOND)).isFalse();
        }
        int more = 0;
        while (!rate.isTooSlow(1, SECOND)) {
            more++;
        }
        // Three seconds of the fast beginning are as much as thirty need.
        assertThat(more).isBetween(26, 28);
    }

    @Test
    void timeInWhichNothingWasWaitedForDoesNotCount() {
        MinimumRate rate = rate();
        for (int i = 0; i < 1_000_000; i++) {
            assertThat(rate.isTooSlow(1, 0)).isFalse();
        }
    }
}
