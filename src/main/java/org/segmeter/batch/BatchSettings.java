package org.segmeter.batch;

import java.nio.file.Path;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of batches.
 *
 * @param roots directories of this machine by name, below which a manifest may name files; nothing else of the machine can be named
 * @param maxItems pairs of one batch
 * @param maxFiles files in one archive
 * @param maxUnpacked bytes of all files of one archive together
 */
@ConfigurationProperties("segmeter.batch")
public record BatchSettings(
        @DefaultValue Map<String, Path> roots,
        @DefaultValue("200000") int maxItems,
        @DefaultValue("1000000") int maxFiles,
        @DefaultValue("256GB") DataSize maxUnpacked) {
    public BatchSettings {
        roots = Map.copyOf(roots);
        for (Map.Entry<String, Path> root : roots.entrySet()) {
            if (!root.getKey().matches("[a-z0-9][a-z0-9_-]{0,39}")
                    || root.getKey().equals("sha256")) {
                throw new IllegalArgumentException(
                        "segmeter.batch.roots: a name has lower-case letters, digits, - and _, and is not sha256");
            }
        }
        if (maxItems < 1 || maxFiles < 2 || maxUnpacked.toBytes() < 1) {
            throw new IllegalArgumentException(
                    "segmeter.batch: max-items is at least 1, max-files at least 2, max-unpacked positive");
        }
    }
}
