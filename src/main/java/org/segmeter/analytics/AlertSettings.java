package org.segmeter.analytics;

import java.util.List;
import org.segmeter.analytics.statistics.NelsonRule;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the watch over control charts alarms for.
 *
 * @param metrics by their names in the catalogue, at most {@value #MOST_METRICS}; a metric with parameters has a chart for each of them
 * @param rules Nelson's numbers, 1 to 8; none for 1, 2, 3 and 5
 * @param baseline cases from the beginning of a chart that make its centre and limits
 */
@ConfigurationProperties("segmeter.alerts")
public record AlertSettings(
        @DefaultValue("dice") List<String> metrics,
        @DefaultValue List<Integer> rules,
        @DefaultValue("30") int baseline) {

    /** They are labels of a metric of the service. */
    static final int MOST_METRICS = 20;

    public AlertSettings {
        metrics = metrics.stream().map(String::strip).distinct().toList();
        rules = rules.isEmpty()
                ? Alerts.RULES.stream().map(NelsonRule::number).toList()
                : rules.stream().distinct().toList();
    }
}
