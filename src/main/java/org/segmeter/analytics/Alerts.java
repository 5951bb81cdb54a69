package org.segmeter.analytics;

import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.NelsonRule;
import org.springframework.stereotype.Component;

/** Broken rules of control charts, until a person has taken note of them and ever after. */
@Component
public final class Alerts {

    private final AlertRows rows;

    Alerts(AlertRows rows) {
        this.rows = rows;
    }

    /** The rules that are watched, and drawn where no others are asked for: 1, 2, 3 and 5 of Nelson. */
    public static final Set<NelsonRule> RULES = Collections.unmodifiableSet(EnumSet.of(
            NelsonRule.BEYOND_3_SIGMA,
            NelsonRule.NINE_ON_ONE_SIDE,
            NelsonRule.SIX_IN_A_TREND,
            NelsonRule.TWO_OF_THREE_BEYOND_2_SIGMA));

    /** Whether a person has taken note of an alert. */
    public enum State {
        OPEN,
        ACKNOWLEDGED
    }

    /** A place in the list: what is older comes after it. */
    public record Position(Instant at, UUID id) {}

    /** @param next where the next page begins; null on the last one */
    public record Page(List<Alert> alerts, @Nullable Position next) {}

    /** How an acknowledgement ended. */
    public enum Outcome {
        DONE,
        /** Somebody else has taken note of it. */
        CONFLICT,
        ABSENT
    }

    /** @param equal conditions by state, model, version, structure and metric */
    public Page list(Map<String, String> equal, @Nullable Position after, int limit) {
        List<Alert> found = rows.list(equal, after, limit + 1);
        if (found.size() <= limit) {
            return new Page(found, null);
        }
        Alert last = found.get(limit - 1);
        return new Page(found.subList(0, limit), new Position(last.at(), last.id()));
    }

    public Optional<Alert> find(UUID id) {
        return rows.find(id);
    }

    /** Taking note of it twice in the same words is once. */
    public Outcome acknowledge(UUID id, String by, String reason) {
        if (rows.acknowledge(id, by, reason)) {
            return Outcome.DONE;
        }
        return rows.find(id)
                .map(alert -> by.equals(alert.acknowledgedBy()) && reason.equals(alert.reason())
                        ? Outcome.DONE
                        : Outcome.CONFLICT)
                .orElse(Outcome.ABSENT);
    }
}
