package org.segmeter.evaluation;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of reading stored files again.
 *
 * @param every how long a file may go without being read and held to its SHA-256; 0 for never reading them
 */
@ConfigurationProperties("segmeter.scrub")
public record ScrubSettings(@DefaultValue("24h") Duration every) {
    public ScrubSettings {
        if (every.isNegative()) {
            throw new IllegalArgumentException("segmeter.scrub.every is not negative; 0 switches it off");
        }
    }
}
