package org.segmeter.telemetry;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Keeps the labels of every instrument few: names of exceptions are none, and no instrument has more series than it may. */
@Configuration(proxyBeanMethods = false)
class MeterLabels {

    /** Of one name. */
    static final int MOST_SERIES = 300;

    /** Of the HTTP durations, each of which is nine series: buckets, number, sum and longest. */
    static final int MOST_REQUESTS = 200;

    private static final String REQUESTS = "segmeter.http.request.duration";

    /** Limits of the buckets: those of the service's objectives for reading, listing, submitting and first views, and one for what waits. */
    private static final Duration[] REQUEST_BUCKETS = {
        Duration.ofMillis(50),
        Duration.ofMillis(150),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5)
    };

    /** They say what answered, which the status does already, and grow with the code. */
    private static final Set<String> LEFT_OUT = Set.of("exception", "error", "code.function", "code.namespace");

    @Bean
    MeterFilter fewLabels() {
        return new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                Tags kept = Tags.of(id.getTags().stream()
                        .filter(tag -> !LEFT_OUT.contains(tag.getKey()))
                        .toList());
                return id.getName().equals(REQUESTS)
                        ? new Meter.Id(
                                id.getName(), kept, id.getBaseUnit(), "Time from a request to its answer", id.getType())
                        : id.replaceTags(kept);
            }

            @Override
            public @Nullable DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return id.getName().equals(REQUESTS)
                        ? DistributionStatisticConfig.builder()
                                .serviceLevelObjectives(Arrays.stream(REQUEST_BUCKETS)
                                        .mapToDouble(Duration::toNanos)
                                        .toArray())
                                .build()
                                .merge(config)
                        : config;
            }
        };
    }

    /** The guard that is left when everything else has failed: what is beyond the number is counted under "other". */
    @Bean
    MeterFilter noMoreSeries() {
        ConcurrentHashMap<String, Set<Meter.Id>> series = new ConcurrentHashMap<>();
        return new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                Set<Meter.Id> known = series.computeIfAbsent(id.getName(), name -> ConcurrentHashMap.newKeySet());
                if (known.contains(id)) {
                    return id;
                }
                if (known.size() >= (id.getName().equals(REQUESTS) ? MOST_REQUESTS : MOST_SERIES)) {
                    return id.replaceTags(Tags.of(id.getTags().stream()
                            .map(tag -> Tag.of(tag.getKey(), "other"))
                            .toList()));
                }
                known.add(id);
                return id;
            }
        };
    }
}
