package org.segmeter.pacs;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the loop with a PACS.
 *
 * @param sources DICOMweb servers by name: what is pulled is pulled from these only, and reports go to these only
 * @param resultsTo names of the sources that reports are stored to
 * @param expireAfter how long a segmentation waits for its counterpart
 * @param retryFor how long a delivery is tried
 */
@ConfigurationProperties("segmeter.pacs")
record PacsSettings(
        @DefaultValue Map<String, Source> sources,
        @DefaultValue List<String> resultsTo,
        @DefaultValue("30d") Duration expireAfter,
        @DefaultValue("7d") Duration retryFor) {

    PacsSettings {
        sources = Map.copyOf(sources);
        resultsTo = List.copyOf(resultsTo);
        for (String name : resultsTo) {
            if (!sources.containsKey(name)) {
                throw new IllegalArgumentException(
                        "segmeter.pacs.results-to names '" + name + "', which is not among segmeter.pacs.sources");
            }
        }
    }

    /**
     * A DICOMweb server.
     *
     * @param url its root, for example {@code http://orthanc:8042/dicom-web}
     * @param user for basic authentication; null for none
     * @param token for bearer authentication; null for none
     * @param connectTimeout until the connection is there
     * @param timeout until the answer is there
     * @param pageSize results that are asked for at once, at least 1
     * @param maxSize of an instance that is pulled
     */
    record Source(
            URI url,
            @Nullable String user,
            @Nullable String password,
            @Nullable String token,
            @DefaultValue("5s") Duration connectTimeout,
            @DefaultValue("60s") Duration timeout,
            @DefaultValue("100") int pageSize,
            @DefaultValue("4GB") DataSize maxSize) {

        Source {
            String scheme = url.getScheme();
            if (scheme == null || !scheme.matches("https?") || url.getHost() == null || url.getUserInfo() != null) {
                throw new IllegalArgumentException(
                        "segmeter.pacs.sources.*.url is an http or https URL without user and password");
            }
            if (pageSize < 1 || maxSize.toBytes() < 1) {
                throw new IllegalArgumentException("segmeter.pacs.sources.*: page-size and max-size are positive");
            }
            if (user != null && token != null) {
                throw new IllegalArgumentException("segmeter.pacs.sources.* has either a user or a token");
            }
        }

        /** Not for logs. */
        @Override
        public String toString() {
            return "Source[" + url + "]";
        }
    }
}
