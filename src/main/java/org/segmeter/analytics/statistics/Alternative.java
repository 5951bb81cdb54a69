package org.segmeter.analytics.statistics;

/** What a test of a difference is against. */
public enum Alternative {
    TWO_SIDED,
    /** The differences tend to be above zero. */
    GREATER,
    /** The differences tend to be below zero. */
    LESS
}
