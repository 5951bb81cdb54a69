package org.segmeter.telemetry;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Keeps the labels of every instrument few: names of exceptions are none, and no instrument has more series than it may. */
@Configuration(proxyBeanMethods = false)
class MeterLabels {

    /** Of one name. The largest of the service's own, the HTTP durations, need routes times methods times statuses. */
    static final int MOST_SERIES = 300;

    /** They say what answered, which the status does already, and grow with the code. */
    private static final Set<String> LEFT_OUT = Set.of("exception", "error", "code.function", "code.namespace");

    @Bean
    MeterFilter fewLabels() {
        return new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                List<Tag> kept = id.getTags().stream()
                        .filter(tag -> !LEFT_OUT.contains(tag.getKey()))
                        .toList();
                return kept.size() == id.getTags().size() ? id : id.replaceTags(kept);
            }
        };
    }

    /** The guard that is left when everything else has failed: what is beyond the number is not recorded. */
    @Bean
    MeterFilter noMoreSeries() {
        ConcurrentHashMap<String, Set<Meter.Id>> series = new ConcurrentHashMap<>();
        return new MeterFilter() {
            @Override
            public MeterFilterReply accept(Meter.Id id) {
                Set<Meter.Id> known = series.computeIfAbsent(id.getName(), name -> ConcurrentHashMap.newKeySet());
                if (known.contains(id)) {
                    return MeterFilterReply.NEUTRAL;
                }
                if (known.size() >= MOST_SERIES) {
                    return MeterFilterReply.DENY;
                }
                known.add(id);
                return MeterFilterReply.NEUTRAL;
            }
        };
    }
}
