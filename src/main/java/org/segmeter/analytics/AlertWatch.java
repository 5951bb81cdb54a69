package org.segmeter.analytics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.ControlChart;
import org.segmeter.database.Tenant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Draws the control charts of models that have new results, and keeps an alert of each rule that is broken after the baseline: Dice of
 * every structure, the first 30 cases of each version as baseline, sigma by moving ranges, the rules 1, 2, 3 and 5 of Nelson.
 *
 * <p>Replicas may do it at the same time: an alert is there once by its key. A watch that was interrupted begins again where the last
 * complete one ended.
 */
@Component
final class AlertWatch {

    private static final Logger log = LoggerFactory.getLogger(AlertWatch.class);

    /** Scorecards of transactions that were open when the last watch looked become visible later. */
    private static final Duration OVERLAP = Duration.ofMinutes(1);

    /** Models in the label of the metric; the others are one. */
    private static final int MOST_MODELS = 20;

    private static final List<String> METRICS = List.of("dice");
    private final ValueRows values;
    private final Charts charts;
    private final AlertRows alerts;
    private final MultiGauge byModel;
    private final AtomicLong open = new AtomicLong();
    private final Map<List<@Nullable String>, UUID> drawn = new HashMap<>();

    AlertWatch(ValueRows values, Charts charts, AlertRows alerts, MeterRegistry registry) {
        this.values = values;
        this.charts = charts;
        this.alerts = alerts;
        Gauge.builder("segmeter.alerts.open", open, AtomicLong::get)
                .description("Broken rules of control charts that nobody has acknowledged")
                .register(registry);
        byModel = MultiGauge.builder("segmeter.drift.alarm")
                .description("Open alerts by model, the 20 with most and the others together, and metric")
                .register(registry);
    }

    @Scheduled(initialDelay = 3000, fixedDelay = 5000)
    synchronized void watch() {
        try {
            Instant now = alerts.now();
            Instant seen = alerts.seen();
            boolean any = false;
            for (List<@Nullable String> model : values.changedModels(seen.minus(OVERLAP))) {
                // A model of one tenant has nothing to do with one of the same name of another.
                try (Tenant.Binding ignored = Tenant.bind(model.getFirst())) {
                    any |= look(model);
                }
            }
            if (any || now.isAfter(seen.plus(OVERLAP))) {
                alerts.seen(now);
            }
            export();
        } catch (DataAccessException | TransactionException e) {
            log.warn("the control charts could not be watched: {}", e.getClass().getSimpleName());
        }
    }

    /** Draws a model's charts if it has results that were not drawn yet: within the overlap it is found again and again. */
    private boolean look(List<@Nullable String> model) {
        UUID newest = values.newestScorecard(model.get(1), model.get(2));
        if (newest != null && newest.equals(drawn.get(model))) {
            return false;
        }
        draw(model.get(1), model.get(2));
        if (newest != null) {
            remember(model, newest);
        }
        return true;
    }

    private void remember(List<@Nullable String> model, UUID newest) {
        if (drawn.size() > 10_000) {
            drawn.clear();
        }
        drawn.put(model, newest);
    }

    private void draw(@Nullable String model, @Nullable String version) {
        if (model == null) {
            return;
        }
        for (String metric : METRICS) {
            Map<Dimension, String> equal = new EnumMap<>(Dimension.class);
            equal.put(Dimension.MODEL, model);
            if (version != null) {
                equal.put(Dimension.VERSION, version);
            }
            try {
                Charts.Answer answer = charts.of(new Charts.Question(
                        new ResultFilter(equal, metric, null, null, null, null, null),
                        Charts.BASELINE,
                        null,
                        ControlChart.Sigma.MOVING_RANGE,
                        Alerts.RULES,
                        null));
                for (Charts.Series series : answer.series()) {
                    if (java.util.Objects.equals(series.version(), version) && series.baseline() != null) {
                        keep(metric, model, series, series.baseline());
                    }
                }
            } catch (InvalidQuery e) {
                throw new IllegalStateException("a metric of the watch is not in the catalogue", e);
            }
        }
    }

    private void keep(String metric, String model, Charts.Series series, Charts.Baseline baseline) {
        Map<UUID, String> cases = new HashMap<>();
        for (Charts.Point point : series.points()) {
            if (point.caseId() != null) {
                cases.put(point.evaluation(), point.caseId());
            }
        }
        int kept = 0;
        for (Charts.Violation violation : series.violations()) {
            if (alerts.insert(metric, series, model, baseline, violation, cases.get(violation.evaluation()))) {
                kept++;
            }
        }
        if (kept > 0) {
            log.info("{} new alerts of a control chart of {}", kept, metric);
        }
    }

    private void export() {
        List<AlertRows.Open> all = alerts.open();
        open.set(all.stream().mapToLong(AlertRows.Open::alerts).sum());
        Map<List<String>, Long> labelled = new LinkedHashMap<>();
        Set<String> models = new java.util.LinkedHashSet<>();
        for (AlertRows.Open one : all) {
            if (models.size() < MOST_MODELS) {
                models.add(one.model());
            }
            String model = models.contains(one.model()) ? one.model() : "other";
            labelled.merge(List.of(model, one.metric()), one.alerts(), Long::sum);
        }
        List<MultiGauge.Row<?>> rowsOfGauge = new ArrayList<>();
        labelled.forEach((key, count) ->
                rowsOfGauge.add(MultiGauge.Row.of(Tags.of("model", key.getFirst(), "metric", key.getLast()), count)));
        byModel.register(rowsOfGauge, true);
    }
}
