package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The clock of retention")
class RetentionClockTest {

    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

    private Instant database = START;
    private Instant machine = START;
    private long nanos = 12345;
    private final RetentionClock clock = new RetentionClock(
            () -> database,
            new Clock() {
                @Override
                public Instant instant() {
                    return machine;
                }

                @Override
                public java.time.ZoneId getZone() {
                    return ZoneOffset.UTC;
                }

                @Override
                public Clock withZone(java.time.ZoneId zone) {
                    return this;
                }
            },
            () -> nanos);

    private void pass(Duration time) {
        database = database.plus(time);
        machine = machine.plus(time);
        nanos += time.toNanos();
    }

    @Test
    void isTrustedFromTheSecondReadingOn() {
        assertThat(clock.read()).isEmpty();
        pass(Duration.ofMinutes(1));
        assertThat(clock.read()).contains(START.plusSeconds(60));
        pass(Duration.ofHours(5));
        assertThat(clock.read()).contains(START.plusSeconds(60).plus(Duration.ofHours(5)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1H", "PT-1H", "P365D", "P-365D"})
    void isNotTrustedWhenTheDatabasesClockJumps(Duration jump) {
        clock.read();
        pass(Duration.ofMinutes(1));
        assertThat(clock.read()).isPresent();
        database = database.plus(jump);
        pass(Duration.ofMinutes(1));
        assertThat(clock.read()).isEmpty();
        pass(Duration.ofMinutes(1));
        assertThat(clock.read()).as("it still differs from the machine's").isEmpty();
        machine = machine.plus(jump);
        pass(Duration.ofMinutes(1));
        assertThat(clock.read()).as("both agree and run").isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT1H", "PT-1H", "P365D", "P-365D"})
    void isNotTrustedWhenBothClocksJumpTogether(Duration jump) {
        clock.read();
        pass(Duration.ofMinutes(1));
        database = database.plus(jump);
        machine = machine.plus(jump);
        assertThat(clock.read()).isEmpty();
    }

    @Test
    void neverSaysMoreThanATruthfulClockWouldWhileOneStrobes() {
        Random random = new Random(Long.getLong("segmeter.seed", 7));
        Instant truth = START;
        int trusted = 0;
        for (int i = 0; i < 300; i++) {
            pass(Duration.ofMinutes(1));
            truth = truth.plus(Duration.ofMinutes(1));
            Instant right = database;
            if (random.nextBoolean()) {
                database = database.plusSeconds(random.nextBoolean() ? 1 : 365 * 24 * 3600L);
            }
            Instant now = clock.read().orElse(Instant.MIN);
            trusted += now.equals(Instant.MIN) ? 0 : 1;
            assertThat(now).isBefore(truth.plus(RetentionClock.GUARD));
            database = right;
        }
        assertThat(trusted).isPositive();
    }
}
