package org.segmeter.evaluation;

import java.io.IOException;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.SegmentationReader;
import org.segmeter.scoring.Laboratory;
import org.segmeter.scoring.LaboratoryJson;
import org.segmeter.scoring.LaboratoryOptions;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import tools.jackson.databind.node.ObjectNode;

/**
 * Scores with all formats and protocols of this installation: on the calling thread, with the help of the processors that no other worker
 * keeps busy.
 */
final class StandardEngine implements ScoringEngine, LossEngine {

    private final Scorer scorer = Scorer.standard().withPool(ForkJoinPool.commonPool());
    private final ProtocolStore protocols;

    StandardEngine(ProtocolStore protocols) {
        this.protocols = protocols;
    }

    @Override
    public ObjectNode score(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            @Nullable String request,
            ScoringProgress progress,
            CancelSignal cancel)
            throws InputException, IOException {
        ScoringOptions options = request == null ? ScoringOptions.defaults() : ScoringOptions.parse(request);
        return ScorecardJson.tree(scorer.withProtocols(protocols.including(options.protocols()))
                .score(prediction, reference, mask, options, progress, cancel));
    }

    @Override
    public ObjectNode losses(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            @Nullable String request,
            CancelSignal cancel)
            throws InputException, IOException {
        ScoringOptions options = request == null ? ScoringOptions.defaults() : ScoringOptions.parse(request);
        Laboratory laboratory = new Laboratory(
                SegmentationReader.standard(), protocols.including(options.protocols()), ForkJoinPool.commonPool());
        return LaboratoryJson.tree(
                laboratory.measure(prediction, reference, mask, options, LaboratoryOptions.ofRequest(request), cancel));
    }
}
