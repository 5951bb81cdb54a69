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
     */
    record Upload(
            @DefaultValue("4GB") DataSize maxFileSize,
            @DefaultValue("16GB") DataSize maxRequestSize,
            @DefaultValue("4096") int maxParts) {
        Upload {
            if (maxFileSize.toBytes() <= 0 || maxRequestSize.toBytes() < maxFileSize.toBytes() || maxParts < 2) {
                throw new IllegalArgumentException("segmeter.upload: max-file-size is positive, max-request-size not"
                        + " smaller than it, and max-parts at least 2");
            }
        }
    }
}
