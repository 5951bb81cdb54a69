package org.segmeter.evaluation;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of storing and scoring.
 *
 * @param dataDirectory where the embedded database and received files are kept
 * @param workers threads that score; 0 for as many as there are processors
 */
@ConfigurationProperties("segmeter")
public record EvaluationSettings(
        @DefaultValue("data") Path dataDirectory,
        @DefaultValue("0") int workers) {
    public EvaluationSettings {
        if (workers < 0) {
            throw new IllegalArgumentException("segmeter.workers is the number of scoring threads, or 0");
        }
        if (workers == 0) {
            workers = Runtime.getRuntime().availableProcessors();
        }
    }
}
