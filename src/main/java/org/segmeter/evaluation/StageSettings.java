package org.segmeter.evaluation;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.segmeter.scoring.ScoringProgress;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of how long an evaluation may take.
 *
 * @param stageTimeout longest time in one stage
 * @param stageTimeouts longest time in the stages named, for which it is another
 */
@ConfigurationProperties("segmeter")
public record StageSettings(
        @DefaultValue("30m") Duration stageTimeout,
        @DefaultValue Map<String, Duration> stageTimeouts) {
    public StageSettings {
        stageTimeouts = Map.copyOf(stageTimeouts);
        if (stageTimeout.toMillis() < 1) {
            throw new IllegalArgumentException("segmeter.stage-timeout is longer than nothing");
        }
        stageTimeouts.forEach((stage, limit) -> {
            boolean known = java.util.Arrays.stream(ScoringProgress.Stage.values())
                    .anyMatch(one -> word(one).equals(stage));
            if (!known || limit.toMillis() < 1) {
                throw new IllegalArgumentException("segmeter.stage-timeouts." + (known ? stage : "*")
                        + ": the stages are decoding, aligning and measuring, and a limit is longer than nothing");
            }
        });
    }

    /** Longest time in a stage. */
    Duration limit(String stage) {
        return stageTimeouts.getOrDefault(stage, stageTimeout);
    }

    /** Longest time in a stage. */
    Duration limit(ScoringProgress.Stage stage) {
        return limit(word(stage));
    }

    private static String word(ScoringProgress.Stage stage) {
        return stage.name().toLowerCase(Locale.ROOT);
    }
}
