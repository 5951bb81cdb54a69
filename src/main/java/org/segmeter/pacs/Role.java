package org.segmeter.pacs;

/** Which part a segmentation plays. */
public enum Role {
    PREDICTION,
    REFERENCE
}
