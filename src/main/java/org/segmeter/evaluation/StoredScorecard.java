package org.segmeter.evaluation;

/**
 * A result as it is served: immutable.
 *
 * @param content JSON
 * @param sha256 of its UTF-8 bytes
 */
public record StoredScorecard(String content, String sha256) {}
