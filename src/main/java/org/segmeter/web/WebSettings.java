package org.segmeter.web;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the API.
 *
 * @param upload limits of a submission
 * @param maxWait longest time that {@code Prefer: wait} is granted
 */
@ConfigurationProperties("segmeter")
record WebSettings(
        @DefaultValue Upload upload, @DefaultValue("60s") Duration maxWait) {

    /**
     * @param maxFileSize of one file
     * @param maxRequestSize of all files of a submission together
     * @param maxParts files of both sides together
     * @param slots uploads that are received at the same time
     * @param slotsPerClient of these, of one address; 0 for no limit, as behind a proxy
     * @param minRate bytes a second that a client must send, over any window after the grace; 0 for any
     * @param minRateGrace time at the beginning of an upload that does not count
     * @param minRateWindow over which the rate is taken
     */
    record Upload(
            @DefaultValue("4GB") DataSize maxFileSize,
            @DefaultValue("16GB") DataSize maxRequestSize,
            @DefaultValue("4096") int maxParts,
            @DefaultValue("256") int slots,
            @DefaultValue("128") int slotsPerClient,
            @DefaultValue("16KB") DataSize minRate,
            @DefaultValue("10s") Duration minRateGrace,
            @DefaultValue("30s") Duration minRateWindow) {
        Upload {
            if (maxFileSize.toBytes() <= 0 || maxRequestSize.toBytes() < maxFileSize.toBytes() || maxParts < 2) {
                throw new IllegalArgumentException("segmeter.upload: max-file-size is positive, max-request-size not"
                        + " smaller than it, and max-parts at least 2");
            }
            if (slots < 1 || slotsPerClient < 0) {
                throw new IllegalArgumentException(
                        "segmeter.upload: slots is at least 1, and slots-per-client not negative");
            }
            if (minRate.isNegative() || minRateGrace.isNegative() || minRateWindow.toMillis() < 100) {
                throw new IllegalArgumentException("segmeter.upload: min-rate and min-rate-grace are not negative, and"
                        + " min-rate-window is at least 100 ms");
            }
        }
    }
}
