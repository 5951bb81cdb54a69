package org.segmeter.evaluation;

/** How far an evaluation has come; it only moves forward, except from RUNNING back to QUEUED when an attempt was lost. */
public enum State {
    QUEUED,
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED;

    /** True if nothing will change any more. */
    public boolean isFinal() {
        return this == SUCCEEDED || this == FAILED || this == CANCELLED;
    }
}
