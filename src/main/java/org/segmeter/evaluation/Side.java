package org.segmeter.evaluation;

import java.util.Locale;

/** The two sides of an evaluation. */
public enum Side {
    PREDICTION,
    REFERENCE;

    /** As in the API: lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
