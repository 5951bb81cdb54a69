package org.segmeter.evaluation;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of how much is taken before clients are sent away.
 *
 * @param queueLimit evaluations that may wait for a worker, over all replicas
 * @param naturalIdempotency whether a submission without a key that is the same as an earlier one is answered with that one
 * @param diskFloor bytes that are always left free where files are written; null for 5 % of the volume, at most 2 GiB
 */
@ConfigurationProperties("segmeter")
public record IntakeSettings(
        @DefaultValue("10000") int queueLimit,
        @DefaultValue("true") boolean naturalIdempotency,
        @Nullable DataSize diskFloor) {
    public IntakeSettings {
        if (queueLimit < 1) {
            throw new IllegalArgumentException("segmeter.queue-limit is at least 1");
        }
        if (diskFloor != null && diskFloor.isNegative()) {
            throw new IllegalArgumentException("segmeter.disk-floor is not negative");
        }
    }
}
