package org.segmeter.evaluation;

import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Where received files are kept: in the data directory, or in a bucket of an S3-compatible server if one is named.
 *
 * @param bucket name of the bucket; empty for the data directory
 * @param endpoint address of the server; empty for Amazon's own of the region
 * @param region as the server names it
 * @param pathStyle true to put the bucket's name into the path, as most servers other than Amazon's need; false for the host name
 * @param accessKey who this service is for the server; empty for what the environment, the profile or the machine says
 * @param secretKey its secret
 * @param secretKeyFile a file that holds the secret, instead of it
 * @param cacheSize bytes of local copies that are kept for scoring
 */
@ConfigurationProperties("segmeter.store")
public record StoreSettings(
        @DefaultValue("") String bucket,
        @DefaultValue("") String endpoint,
        @DefaultValue("us-east-1") String region,
        @DefaultValue("true") boolean pathStyle,
        @DefaultValue("") String accessKey,
        @DefaultValue("") String secretKey,
        @Nullable Path secretKeyFile,
        @DefaultValue("10GB") DataSize cacheSize) {

    public StoreSettings {
        if (!endpoint.isEmpty()) {
            String scheme = URI.create(endpoint).getScheme();
            if (!"http".equals(scheme) && !"https".equals(scheme)) {
                throw new IllegalArgumentException("segmeter.store.endpoint begins with http:// or https://");
            }
        }
        if (cacheSize.toBytes() < 0) {
            throw new IllegalArgumentException("segmeter.store.cache-size is not negative");
        }
    }

    /** True if content goes to a bucket. */
    public boolean isBucket() {
        return !bucket.isEmpty();
    }

    /** Without the secret, which must not reach a log. */
    @Override
    public String toString() {
        return "StoreSettings[" + (isBucket() ? "bucket" : "directory") + "]";
    }
}
