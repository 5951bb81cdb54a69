package org.segmeter.pacs;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The key of the pseudonyms.
 *
 * @param key at least 32 characters; null: the one that was made when the service started first, and is kept with the files
 * @param keyFile a file that holds it
 */
@ConfigurationProperties("segmeter.pseudonyms")
record PseudonymSettings(@Nullable String key, @Nullable Path keyFile) {}
