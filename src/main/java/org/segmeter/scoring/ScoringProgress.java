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

    /**
     * Told before measuring, from the thread that scores, what that takes.
     *
     * @param bytes of memory at the peak, the voxels of both sides included; may throw, which ends the evaluation
     * @param all false if the conventions or voxels are of a kind that may take more
     */
    default void takes(long bytes, boolean all) {
        // most do not mind
    }
}
