package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Who was sent away is told when there will be room, one after the other. */
class TurnsTest {

    private long now;
    private final Turns turns = new Turns(() -> now);

    @Test
    void theTimeIsWhatTheThroughputNeeds() {
        assertThat(turns.next(2, 20)).isEqualTo(10);
    }

    @Test
    void oneAfterTheOther() {
        assertThat(turns.next(0.5, 1)).isEqualTo(2);
        assertThat(turns.next(0.5, 1)).isEqualTo(4);
        assertThat(turns.next(0.5, 1)).isEqualTo(6);
        now += 60_000_000_000L;
        assertThat(turns.next(0.5, 1)).isEqualTo(2);
    }

    @Test
    void neverLongerThanTwoMinutesAndNeverAtOnce() {
        for (int i = 0; i < 1000; i++) {
            assertThat(turns.next(0.01, 50)).isBetween(1L, 120L);
        }
        now += 3_600_000_000_000L;
        assertThat(turns.next(1e9, 0)).isEqualTo(1);
    }

    @Test
    void withoutAnyMeasurementItIsTenSeconds() {
        assertThat(turns.next(0, 5)).isEqualTo(10);
    }

    /** Clients that come back when they were told find room: an hour of twice as many clients as can be served. */
    @Test
    void whoObeysIsAcceptedAtTheFirstRetry() {
        double perSecond = 10;
        long limit = 100;
        java.util.PriorityQueue<Long> retries = new java.util.PriorityQueue<>();
        double waiting = 0;
        long refusedAgain = 0;
        long retried = 0;
        for (long second = 0; second < 3600; second++) {
            now = second * 1_000_000_000L;
            waiting = Math.max(0, waiting - perSecond);
            while (!retries.isEmpty() && retries.peek() <= second) {
                retries.remove();
                retried++;
                if (waiting < limit) {
                    waiting++;
                } else {
                    refusedAgain++;
                }
            }
            // A burst of 50 each ten seconds, half of what can be served, and the retries of those before.
            for (int i = 0; second % 10 == 0 && i < 50 + (second == 0 ? 400 : 0); i++) {
                if (waiting < limit) {
                    waiting++;
                } else {
                    retries.add(second + turns.next(perSecond, (long) waiting - limit + 1));
                }
            }
        }
        assertThat(retried).isGreaterThan(100);
        assertThat(refusedAgain).isLessThanOrEqualTo(retried / 20);
    }
}
