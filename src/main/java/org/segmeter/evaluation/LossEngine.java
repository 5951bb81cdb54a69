package org.segmeter.evaluation;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import tools.jackson.databind.node.ObjectNode;

/** What measures the losses of a pair; a seam like {@link ScoringEngine}. */
public interface LossEngine {

    /**
     * Measures losses, calibration and fragility.
     *
     * @param mask of which only the voxels are scored; null for all
     * @param request the sender's JSON; null if there was none
     * @return the documents {@code loss}, {@code calibration} and {@code fragility}
     */
    ObjectNode losses(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            @Nullable String request,
            CancelSignal cancel)
            throws InputException, IOException;
}
