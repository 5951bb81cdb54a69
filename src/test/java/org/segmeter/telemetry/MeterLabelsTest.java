package org.segmeter.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class MeterLabelsTest {

    @Test
    void whatIsBeyondTheNumberOfSeriesIsCountedUnderOther() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        MeterLabels labels = new MeterLabels();
        registry.config().meterFilter(labels.fewLabels()).meterFilter(labels.noMoreSeries());

        for (int i = 0; i < MeterLabels.MOST_REQUESTS + 7; i++) {
            for (int again = 0; again < 2; again++) {
                Timer.builder("segmeter.http.request.duration")
                        .tag("uri", "/" + i)
                        .tag("exception", "E" + i + again)
                        .register(registry)
                        .record(Duration.ofMillis(1));
            }
        }

        assertThat(registry.find("segmeter.http.request.duration").timers())
                .hasSize(MeterLabels.MOST_REQUESTS + 1)
                .allSatisfy(timer -> {
                    assertThat(timer.getId().getDescription()).isNotBlank();
                    assertThat(timer.getId().getTag("exception")).isNull();
                });
        assertThat(registry.get("segmeter.http.request.duration")
                        .tag("uri", "other")
                        .timer()
                        .count())
                .isEqualTo(14);
    }
}
