package org.segmeter.evaluation;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.Inspection;
import org.segmeter.scoring.Laboratory;
import org.segmeter.scoring.LaboratoryOptions;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import tools.jackson.databind.node.ObjectNode;

/**
 * The engines, as they work within a {@link MemoryBudget}: an evaluation begins when there is the memory that its headers declare, and goes on
 * to measuring when there is what its structures take.
 */
final class MemoryAdmission implements ScoringEngine, LossEngine, MeterBinder {

    /** What skeletons and distances of a segment take for each voxel of the box around it. */
    private static final long DENSE_BYTES = 100;

    /** What sorting takes for each voxel with a probability between 0 and 1: a list that grows, its sorted copy, a buffer. */
    private static final long SORTED_BYTES = 28;

    private final ScoringEngine engine;
    private final LossEngine laboratory;
    private final MemoryBudget budget;

    MemoryAdmission(ScoringEngine engine, LossEngine laboratory, MemoryBudget budget) {
        this.engine = engine;
        this.laboratory = laboratory;
        this.budget = budget;
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
        return budget.admitted(
                prediction,
                reference,
                mask,
                options,
                cancel,
                promise -> engine.score(prediction, reference, mask, request, told(progress, promise), cancel));
    }

    private static ScoringProgress told(ScoringProgress progress, MemoryBudget.Promise promise) {
        return new ScoringProgress() {
            @Override
            public void entered(Stage stage) {
                progress.entered(stage);
            }

            @Override
            public void takes(long bytes, boolean all) {
                promise.becomes(bytes, all);
            }
        };
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
        Inspection p = budget.inspected(prediction, options.predictionReadOptions(), "prediction");
        Inspection r = budget.inspected(reference, options.referenceReadOptions(), "reference");
        // Logits are kept beside their probabilities. Skeletons, distances and sorted voxels are left out beyond a
        // number of
        // voxels, and are measured for one segment at a time.
        LaboratoryOptions measured = LaboratoryOptions.ofRequest(request);
        long fields = ((measured.dense() ? DENSE_BYTES : 0) + (measured.ranked() ? SORTED_BYTES : 0))
                * Math.min(Laboratory.MOST_DENSE_VOXELS, Math.max(p.voxels(), r.voxels()));
        return budget.admitted(
                MemoryBudget.saturated(2, MemoryBudget.declared(p, r))
                        + MemoryBudget.declared(r, p)
                        + budget.ofMask(mask, options)
                        + MemoryBudget.BASE
                        + fields,
                cancel,
                promise -> laboratory.losses(prediction, reference, mask, request, cancel));
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("segmeter.admission.memory.bytes", budget, MemoryBudget::promised)
                .description("Memory promised to evaluations that are being scored")
                .register(registry);
        Gauge.builder("segmeter.admission.memory.limit.bytes", budget, MemoryBudget::limit)
                .description("Memory that may be promised to evaluations")
                .register(registry);
        FunctionCounter.builder("segmeter.admission.memory.restarts", budget, MemoryBudget::again)
                .description("Evaluations that let go of their memory to wait for more, and began again")
                .register(registry);
        FunctionCounter.builder("segmeter.admission.rejections", budget, MemoryBudget::refused)
                .description("Evaluations refused because they could never fit into memory")
                .tag("reason", "memory")
                .register(registry);
    }
}
