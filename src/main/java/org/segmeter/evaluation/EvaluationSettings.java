package org.segmeter.evaluation;

import java.nio.file.Path;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of storing and scoring.
 *
 * @param dataDirectory where the embedded database and received files are kept
 * @param workers threads that score; 0 for as many as there are processors
 * @param idempotencyKeep how long the key of a submission is remembered, at least a second
 */
@ConfigurationProperties("segmeter")
public record EvaluationSettings(
        @DefaultValue("data") Path dataDirectory,
        @DefaultValue("0") int workers,
        @DefaultValue("24h") Duration idempotencyKeep) {
    public EvaluationSettings {
        if (workers < 0) {
            throw new IllegalArgumentException("segmeter.workers is the number of scoring threads, or 0");
        }
        if (idempotencyKeep.toMillis() < 1000) {
            throw new IllegalArgumentException("segmeter.idempotency-keep is at least one second");
        }
        if (workers == 0) {
            workers = Runtime.getRuntime().availableProcessors();
        }
    }
}
