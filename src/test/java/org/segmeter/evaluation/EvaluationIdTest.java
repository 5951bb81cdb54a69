package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The name of an evaluation")
class EvaluationIdTest {

    @Test
    void beginsWithTheTimeAndIsNeverGivenTwice() {
        long before = System.currentTimeMillis();
        Set<UUID> all = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            UUID id = EvaluationId.next();
            assertThat(id.version()).isEqualTo(7);
            assertThat(id.variant()).isEqualTo(2);
            assertThat(id.getMostSignificantBits() >>> 16).isBetween(before, System.currentTimeMillis());
            assertThat(all.add(id)).as("new").isTrue();
        }
    }
}
