package org.segmeter.evaluation;

/**
 * Content that is stored.
 *
 * @param sha256 of the content as received, 64 lower-case hexadecimal digits
 * @param size in bytes
 */
public record Blob(String sha256, long size) {}
