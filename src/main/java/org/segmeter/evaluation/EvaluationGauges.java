package org.segmeter.evaluation;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

/**
 * How much is queued and stored, asked of the database at most once a second. Counting what is stored takes longer the more there
 * is; it may have a hundredth of the time.
 */
@Component
final class EvaluationGauges implements MeterBinder {

    private static final long FRESH = 1_000_000_000L;

    private final EvaluationRows rows;
    private long readAt = System.nanoTime() - 2 * FRESH;
    private EvaluationRows.Load last = new EvaluationRows.Load(0, 0, 0);
    private long countAgainAt = System.nanoTime();
    private long stored;

    EvaluationGauges(EvaluationRows rows, EvaluationSettings settings, ServiceMetrics metrics) {
        this.rows = rows;
        metrics.workers(settings.workers());
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        load("segmeter.jobs", "Evaluations that are not finished", "queued", EvaluationRows.Load::queued, registry);
        load("segmeter.jobs", "Evaluations that are not finished", "running", EvaluationRows.Load::running, registry);
        Gauge.builder(
                        "segmeter.job.oldest.queued.age.seconds",
                        this,
                        g -> g.load().oldestQueuedSeconds())
                .description("Age of the evaluation that has been queued longest; 0 if none is")
                .register(registry);
        Gauge.builder("segmeter.storage.objects", this, g -> g.stored())
                .description("Different files stored; counted again after a hundred times as long as counting took")
                .tag("volume", "blobs")
                .register(registry);
    }

    private void load(
            String name,
            String description,
            String state,
            ToDoubleFunction<EvaluationRows.Load> value,
            MeterRegistry registry) {
        Gauge.builder(name, this, g -> value.applyAsDouble(g.load()))
                .description(description)
                .tag("state", state)
                .register(registry);
    }

    private synchronized EvaluationRows.Load load() {
        if (System.nanoTime() - readAt > FRESH) {
            try {
                last = rows.load();
            } catch (DataAccessException e) {
                last = new EvaluationRows.Load(-1, -1, -1);
            }
            readAt = System.nanoTime();
        }
        return last;
    }

    private synchronized double stored() {
        long begin = System.nanoTime();
        if (begin - countAgainAt >= 0) {
            try {
                stored = rows.blobs();
            } catch (DataAccessException e) {
                stored = -1;
            }
            long end = System.nanoTime();
            countAgainAt = end + Math.max(FRESH, 100 * (end - begin));
        }
        return stored;
    }
}
