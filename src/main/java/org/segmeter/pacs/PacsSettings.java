package org.segmeter.pacs;

import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricCatalogue;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the loop with a PACS.
 *
 * @param sources DICOMweb servers by name: what is pulled is pulled from these only, and reports go to these only
 * @param nodes application entities by name, for reports by C-STORE
 * @param resultsTo names of the sources and nodes that reports are stored to
 * @param webhooks who is told of the pairs, by name
 * @param limits what a scored pair is held to, by name
 * @param expireAfter how long a segmentation waits for its counterpart
 * @param retryFor how long a delivery is tried
 */
@ConfigurationProperties("segmeter.pacs")
record PacsSettings(
        @DefaultValue Map<String, Source> sources,
        @DefaultValue Map<String, DimseNode> nodes,
        @DefaultValue List<String> resultsTo,
        @DefaultValue Map<String, Webhook> webhooks,
        @DefaultValue Map<String, Limit> limits,
        @DefaultValue("30d") Duration expireAfter,
        @DefaultValue("7d") Duration retryFor) {

    PacsSettings {
        sources = Map.copyOf(sources);
        nodes = Map.copyOf(nodes);
        resultsTo = List.copyOf(resultsTo);
        webhooks = Map.copyOf(webhooks);
        limits = Map.copyOf(limits);
        for (String name : resultsTo) {
            if (!sources.containsKey(name) && !nodes.containsKey(name)) {
                throw new IllegalArgumentException("segmeter.pacs.results-to names '" + name
                        + "', which is neither among segmeter.pacs.sources nor among segmeter.pacs.nodes");
            }
        }
        for (String name : nodes.keySet()) {
            if (sources.containsKey(name)) {
                throw new IllegalArgumentException(
                        "segmeter.pacs.nodes and segmeter.pacs.sources have the same name '" + name + "'");
            }
        }
    }

    /** @throws IllegalArgumentException which the start is refused with: later it would be a delivery that fails */
    static void positive(Duration time, String setting) {
        if (!time.isPositive()) {
            throw new IllegalArgumentException(setting + " is positive");
        }
    }

    /**
     * Somebody who is told of the pairs by HTTP POST.
     *
     * @param url where the messages go
     * @param secret at least 24 bytes in base64, with or without {@code whsec_} before them; signs every message
     * @param events which messages: states of a pair in lower case ({@code scored}, {@code not-scored}, {@code ambiguous} ...) and
     *     {@code outside-limits}; empty for all
     * @param timeout until the answer is there
     */
    record Webhook(
            URI url,
            String secret,
            @DefaultValue Set<String> events,
            @DefaultValue("10s") Duration timeout) {

        private static final int SHORTEST_SECRET = 24;

        Webhook {
            String scheme = url.getScheme();
            if (scheme == null || !scheme.matches("https?") || url.getHost() == null || url.getUserInfo() != null) {
                throw new IllegalArgumentException(
                        "segmeter.pacs.webhooks.*.url is an http or https URL without user and password");
            }
            if (decode(secret).length < SHORTEST_SECRET) {
                throw new IllegalArgumentException("segmeter.pacs.webhooks.*.secret is at least " + SHORTEST_SECRET
                        + " bytes in base64; make one with: openssl rand -base64 32");
            }
            positive(timeout, "segmeter.pacs.webhooks.*: timeout");
            events = Set.copyOf(events);
            Set<String> unknown = new TreeSet<>(events);
            unknown.removeAll(Messages.EVENTS);
            if (!unknown.isEmpty()) {
                throw new IllegalArgumentException("segmeter.pacs.webhooks.*.events has " + unknown + ", and there are "
                        + new TreeSet<>(Messages.EVENTS));
            }
        }

        byte[] key() {
            return decode(secret);
        }

        boolean wants(String event) {
            return events.isEmpty() || events.contains(event);
        }

        private static byte[] decode(String secret) {
            try {
                return Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
            } catch (IllegalArgumentException e) {
                return new byte[0];
            }
        }

        /** Not for logs. */
        @Override
        public String toString() {
            return "Webhook[" + url + "]";
        }
    }

    /**
     * What a metric of a scored pair must not leave.
     *
     * @param metric its name in the catalogue
     * @param structure label of the segments that it is about, in any case; null for all
     * @param min smallest value that is within; null for none
     * @param max largest value that is within; null for none
     */
    record Limit(
            String metric,
            @Nullable String structure,
            @Nullable Double min,
            @Nullable Double max) {

        Limit {
            if (MetricCatalogue.find(metric).isEmpty()) {
                // What no scorecard has would never be outside.
                throw new IllegalArgumentException(
                        "segmeter.pacs.limits.*.metric is '" + metric + "', which is no metric of /api/v1/metrics");
            }
            if (min == null && max == null || min != null && max != null && min > max) {
                throw new IllegalArgumentException(
                        "segmeter.pacs.limits.* has min, max or both, and min is not larger than max");
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
            positive(connectTimeout, "segmeter.pacs.sources.*: connect-timeout");
            positive(timeout, "segmeter.pacs.sources.*: timeout");
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
