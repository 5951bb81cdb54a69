package org.segmeter.scoring;

/**
 * An explicit pairing of two segments.
 *
 * @param prediction a segment of the prediction
 * @param reference the segment of the reference that it is scored against
 */
public record SegmentMapping(SegmentSelector prediction, SegmentSelector reference) {}
