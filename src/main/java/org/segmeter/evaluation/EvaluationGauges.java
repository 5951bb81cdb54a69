package org.segmeter.evaluation;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

/**
 * How much is queued and stored, asked of the database at most once a second. Counting what is stored takes longer the more there
 * is; it may have a hundredth of the time. What the database does not say now is no number.
 */
@Component
final class EvaluationGauges implements MeterBinder {

    private static final long FRESH = 1_000_000_000L;

    private final EvaluationRows rows;
    private final Backlog backlog;
    private long readAt = System.nanoTime() - 2 * FRESH;
    private EvaluationRows.@Nullable Load last;
    private long countAgainAt = System.nanoTime();
    private double stored = Double.NaN;

    EvaluationGauges(EvaluationRows rows, EvaluationSettings settings, ServiceMetrics metrics, Backlog backlog) {
        this.rows = rows;
        this.backlog = backlog;
        metrics.workers(settings.workers());
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        load("segmeter.jobs", "Evaluations that are not finished", "queued", EvaluationRows.Load::queued, registry);
        load("segmeter.jobs", "Evaluations that are not finished", "running", EvaluationRows.Load::running, registry);
        Gauge.builder(
                        "segmeter.job.oldest.queued.age.seconds",
                        this,
                        g -> g.read(EvaluationRows.Load::oldestQueuedSeconds))
                .description("Age of the evaluation that has been queued longest; 0 if none is")
                .register(registry);
        Gauge.builder(
                        "segmeter.backup.last.success.timestamp.seconds",
                        this,
                        g -> g.read(EvaluationRows.Load::backedUpAt))
                .description("When the last whole backup by the command was finished, seconds since 1970; 0 for never")
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
        Gauge.builder(name, this, g -> g.read(value))
                .description(description)
                .tag("state", state)
                .register(registry);
    }

    private synchronized double read(ToDoubleFunction<EvaluationRows.Load> value) {
        if (!backlog.isDatabaseAnswering()) {
            return Double.NaN; // whoever reads the metrics must not have to wait for it
        }
        if (System.nanoTime() - readAt > FRESH) {
            // Of all tenants, whoever asks for the metrics.
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                last = rows.load();
            } catch (DataAccessException e) {
                last = null;
            }
            readAt = System.nanoTime();
        }
        return last == null ? Double.NaN : value.applyAsDouble(last);
    }

    private synchronized double stored() {
        long begin = System.nanoTime();
        if (!backlog.isDatabaseAnswering()) {
            return Double.NaN;
        }
        if (begin - countAgainAt >= 0) {
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                stored = rows.blobs();
                long end = System.nanoTime();
                countAgainAt = end + Math.max(FRESH, 100 * (end - begin));
            } catch (DataAccessException e) {
                // How long it waited says nothing of how long counting takes.
                stored = Double.NaN;
                countAgainAt = System.nanoTime() + FRESH;
            }
        }
        return stored;
    }
}
