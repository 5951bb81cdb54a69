package org.segmeter.evaluation;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.Inspection;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.scoring.Laboratory;
import org.segmeter.scoring.LaboratoryOptions;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.databind.node.ObjectNode;

/**
 * Lets an evaluation begin only when what its headers declare fits into the memory that is not yet promised to others. The headers
 * alone are read for that; what could never fit is refused, what does not fit now waits for its turn, in order.
 */
public final class MemoryAdmission implements ScoringEngine, LossEngine, MeterBinder {

    private static final long MIB = 1L << 20;

    /** What an evaluation takes beside its voxels: buffers of decoding, surfaces, the scorecard. */
    private static final long BASE = 16 * MIB;

    /** What skeletons and distances of a segment take for each voxel of the box around it. */
    private static final long DENSE_BYTES = 100;

    /** What sorting takes for each voxel with a probability between 0 and 1: a list that grows, its sorted copy, a buffer. */
    private static final long SORTED_BYTES = 28;

    private final ScoringEngine engine;
    private final LossEngine laboratory;
    private final SegmentationReader reader = SegmentationReader.standard();
    private final int limitMib;
    private final Semaphore free;
    private final LongAdder refused = new LongAdder();

    /** @param limitBytes that all evaluations together may be promised */
    MemoryAdmission(ScoringEngine engine, LossEngine laboratory, long limitBytes) {
        this.engine = engine;
        this.laboratory = laboratory;
        limitMib = (int) Math.min(Integer.MAX_VALUE, limitBytes / MIB);
        free = new Semaphore(limitMib, true);
    }

    /** For work that is no evaluation of the service, with the share of the heap that the service would have. */
    public static MemoryAdmission ofHeap() {
        return new MemoryAdmission(
                (prediction, reference, mask, request, progress, cancel) -> {
                    throw new UnsupportedOperationException();
                },
                (prediction, reference, mask, request, cancel) -> {
                    throw new UnsupportedOperationException();
                },
                shareOfHeap());
    }

    /** Six tenths of the largest heap: the rest is for requests, the database's answers and the collector. */
    static long shareOfHeap() {
        return Runtime.getRuntime().maxMemory() / 10 * 6;
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
        return admitted(
                prediction,
                reference,
                mask,
                options,
                cancel,
                () -> engine.score(prediction, reference, mask, request, progress, cancel));
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
        Inspection p = inspected(prediction, options.predictionReadOptions(), "prediction");
        Inspection r = inspected(reference, options.referenceReadOptions(), "reference");
        // Logits are kept beside their probabilities. Skeletons, distances and sorted voxels are left out beyond a
        // number of
        // voxels, and are measured for one segment at a time.
        LaboratoryOptions measured = LaboratoryOptions.ofRequest(request);
        long fields = ((measured.dense() ? DENSE_BYTES : 0) + (measured.ranked() ? SORTED_BYTES : 0))
                * Math.min(Laboratory.MOST_DENSE_VOXELS, Math.max(p.voxels(), r.voxels()));
        return admitted(
                saturated(2, declared(p, r)) + declared(r, p) + ofMask(mask, options) + BASE + fields,
                cancel,
                () -> laboratory.losses(prediction, reference, mask, request, cancel));
    }

    /**
     * Lets something be done with both sides, once there is the memory for it that scoring them takes.
     *
     * @param mask of what is scored; null for all
     * @throws InputException if they could never fit, or what the work throws
     */
    public <T> T admitted(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            ScoringOptions options,
            CancelSignal cancel,
            Work<T> work)
            throws InputException, IOException {
        Inspection p = inspected(prediction, options.predictionReadOptions(), "prediction");
        Inspection r = inspected(reference, options.referenceReadOptions(), "reference");
        return admitted(BASE + declared(p, r) + declared(r, p) + ofMask(mask, options), cancel, work);
    }

    private long ofMask(@Nullable ScoringInput mask, ScoringOptions options) throws InputException, IOException {
        if (mask == null) {
            return 0;
        }
        Inspection m = inspected(mask, ReadOptions.defaults().withLimits(options.limits()), "mask");
        return declared(m, m);
    }

    /** What is done once there is memory for it. */
    public interface Work<T> {
        T run() throws InputException, IOException;
    }

    private <T> T admitted(long bytes, CancelSignal cancel, Work<T> work) throws InputException, IOException {
        int mib = (int) Math.min(Integer.MAX_VALUE, (bytes + MIB - 1) / MIB);
        if (mib > limitMib) {
            refused.increment();
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The two sides declare more voxels than fit into the memory of this installation. "
                            + "Crop them, or give the service more heap (-Xmx or -XX:MaxRAMPercentage).",
                    mib + " MiB declared",
                    "at most " + limitMib + " MiB, six tenths of the heap");
        }
        acquire(mib, cancel);
        try {
            return work.run();
        } finally {
            free.release(mib);
        }
    }

    private void acquire(int mib, CancelSignal cancel) {
        try {
            while (!free.tryAcquire(mib, 200, TimeUnit.MILLISECONDS)) {
                cancel.check();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cancel.check();
        }
    }

    /**
     * An upper bound of what the voxels of a side take once decoded: never more than a float for each voxel and segment, and where
     * contours become voxels on the other side's grid, their points and what {@link org.segmeter.volume.ContourSet#onto} allows.
     */
    private static long declared(Inspection header, Inspection other) {
        if (header.voxels() == 0) {
            return header.declaredVoxelBytes() + saturated(4, other.voxels());
        }
        long floats = saturated(saturated(4, header.voxels()), Math.max(1, header.segments()));
        return Math.min(header.declaredVoxelBytes(), floats);
    }

    private Inspection inspected(ScoringInput side, ReadOptions options, String name)
            throws InputException, IOException {
        try {
            return reader.inspectFiles(side.files(), options);
        } catch (InputException e) {
            throw e.onSide(name);
        }
    }

    private static long saturated(long a, long b) {
        return Math.multiplyHigh(a, b) == 0 && a * b >= 0 ? Math.min(a * b, Long.MAX_VALUE / 4) : Long.MAX_VALUE / 4;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder(
                        "segmeter.admission.memory.bytes",
                        this,
                        a -> (double) (a.limitMib - a.free.availablePermits()) * MIB)
                .description("Memory promised to evaluations that are being scored")
                .register(registry);
        Gauge.builder("segmeter.admission.memory.limit.bytes", this, a -> (double) a.limitMib * MIB)
                .description("Memory that may be promised to evaluations")
                .register(registry);
        FunctionCounter.builder("segmeter.admission.rejections", refused, LongAdder::doubleValue)
                .description("Evaluations refused because they could never fit into memory")
                .tag("reason", "memory")
                .register(registry);
    }
}
