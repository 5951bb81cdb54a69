package org.segmeter.analytics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.ControlChart;
import org.segmeter.analytics.statistics.NelsonRule;
import org.segmeter.database.StartRefused;
import org.segmeter.database.Tenant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Draws the control charts of models that have new results, and keeps an alert of each rule that is broken after the baseline: the
 * metrics, rules and length of the baseline of {@link AlertSettings} for every structure and version, sigma by moving ranges.
 *
 * <p>Replicas may do it at the same time: an alert is there once by its key. A watch that was interrupted begins again where the last
 * complete one ended.
 */
@Component
@EnableConfigurationProperties(AlertSettings.class)
final class AlertWatch {

    private static final Logger log = LoggerFactory.getLogger(AlertWatch.class);

    /** Scorecards of transactions that were open when the last watch looked become visible later. */
    private static final Duration OVERLAP = Duration.ofMinutes(1);

    /** Models in the label of the metric; the others are one. */
    private static final int MOST_MODELS = 20;

    private static final int MOST_BASELINE = 10_000;

    private final ValueRows values;
    private final Charts charts;
    private final AlertRows alerts;
    private final MultiGauge byModel;
    private final List<String> metrics;
    private final Set<NelsonRule> rules;
    private final int baseline;
    private final AtomicLong open = new AtomicLong();
    private final Map<List<@Nullable String>, UUID> drawn = new HashMap<>();

    AlertWatch(ValueRows values, Charts charts, AlertRows alerts, MeterRegistry registry, AlertSettings settings) {
        this.values = values;
        this.charts = charts;
        this.alerts = alerts;
        this.metrics = metrics(settings);
        this.rules = rules(settings);
        this.baseline = settings.baseline();
        if (baseline < ControlChart.FEWEST_BASELINE || baseline > MOST_BASELINE) {
            throw new StartRefused("segmeter.alerts.baseline is a whole number from " + ControlChart.FEWEST_BASELINE
                    + " to " + MOST_BASELINE);
        }
        Gauge.builder("segmeter.alerts.open", open, AtomicLong::get)
                .description("Broken rules of control charts that nobody has acknowledged")
                .register(registry);
        byModel = MultiGauge.builder("segmeter.drift.alarm")
                .description("Open alerts by model, the 20 with most and the others together, and metric")
                .register(registry);
    }

    private static List<String> metrics(AlertSettings settings) {
        if (settings.metrics().size() > AlertSettings.MOST_METRICS) {
            throw new StartRefused(
                    "segmeter.alerts.metrics has more than " + AlertSettings.MOST_METRICS + " names of metrics");
        }
        List<String> names = new ArrayList<>();
        for (String name : settings.metrics()) {
            try {
                names.add(MetricNames.require("segmeter.alerts.metrics", name).name());
            } catch (InvalidQuery e) {
                throw new StartRefused("a name in segmeter.alerts.metrics " + e.rule());
            }
        }
        return List.copyOf(names);
    }

    private static Set<NelsonRule> rules(AlertSettings settings) {
        Set<NelsonRule> rules = EnumSet.noneOf(NelsonRule.class);
        for (int number : settings.rules()) {
            if (number < 1 || number > NelsonRule.values().length) {
                throw new StartRefused("segmeter.alerts.rules has numbers from 1 to " + NelsonRule.values().length);
            }
            rules.add(NelsonRule.of(number));
        }
        return rules;
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
        for (String metric : metrics) {
            Map<Dimension, String> equal = new EnumMap<>(Dimension.class);
            equal.put(Dimension.MODEL, model);
            if (version != null) {
                equal.put(Dimension.VERSION, version);
            }
            try {
                Charts.Answer answer = charts.of(new Charts.Question(
                        new ResultFilter(equal, metric, null, null, null, null, null),
                        baseline,
                        null,
                        ControlChart.Sigma.MOVING_RANGE,
                        rules,
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
