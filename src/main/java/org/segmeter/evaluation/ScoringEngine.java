package org.segmeter.evaluation;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import tools.jackson.databind.node.ObjectNode;

/** What turns a pair into a scorecard; a seam, so that tests can have one that fails, waits or ends the process. */
public interface ScoringEngine {

    /**
     * @param mask of which only the voxels are scored; null for all
     * @param request the sender's JSON; null if there was none
     * @return the scorecard's members, of which this package reads {@code protocol}, {@code engine}, {@code segments} and
     *     {@code overall}
     */
    ObjectNode score(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            @Nullable String request,
            ScoringProgress progress,
            CancelSignal cancel)
            throws InputException, IOException;
}
