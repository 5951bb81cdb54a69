package org.segmeter.evaluation;

import java.util.List;
import java.util.Locale;

/** What the files of an evaluation are: the two sides, perhaps a mask of what of them is scored, and an image to be seen behind them. */
public enum Side {
    PREDICTION,
    REFERENCE,
    MASK,
    /** Never scored. */
    IMAGE;

    /** Those that no evaluation is without. */
    public static final List<Side> PAIR = List.of(PREDICTION, REFERENCE);

    /** As in the API: lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Side of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
