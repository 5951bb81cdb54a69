package org.segmeter.evaluation;

/**
 * A document about a finished evaluation beside its scorecard, as it is served: immutable.
 *
 * @param content JSON
 * @param sha256 of its UTF-8 bytes
 */
public record LossDocument(String content, String sha256) {

    /** What a document is about. */
    public enum Kind {
        /** Every loss with its parameters, its gradient, and the facts about soft predictions. */
        LOSS("loss"),
        /** How far probabilities can be trusted, and what other thresholds would give. */
        CALIBRATION("calibration"),
        /** Why each Dice value is what it is. */
        FRAGILITY("fragility");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** The last part of its address. */
        public String word() {
            return word;
        }
    }
}
