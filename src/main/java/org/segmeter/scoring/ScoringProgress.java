package org.segmeter.scoring;

/** Is told how far an evaluation has come; called from the thread that scores, must return at once. */
@FunctionalInterface
public interface ScoringProgress {

    /** The stages of an evaluation, in order; {@code segmeter_job_stage_duration_seconds} has them as its label. */
    enum Stage {
        DECODING,
        ALIGNING,
        MEASURING
    }

    ScoringProgress NONE = stage -> {};

    void entered(Stage stage);
}
