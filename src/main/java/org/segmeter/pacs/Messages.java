package org.segmeter.pacs;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What webhooks are told of pairs: written in the transaction of the change that it tells of, so there is no change without its message
 * and no message without its change. Nothing of a patient and no UID is in a message; who may know more follows its links.
 */
@Component
final class Messages {

    /** A scored pair has a value outside its limits. */
    static final String OUTSIDE_LIMITS = "outside-limits";

    /** All that can be told. */
    static final Set<String> EVENTS = Stream.concat(
                    Arrays.stream(PairState.values()).map(Messages::word), Stream.of(OUTSIDE_LIMITS))
            .collect(Collectors.toUnmodifiableSet());

    private final DeliveryRows deliveries;
    private final Map<String, PacsSettings.Webhook> webhooks;
    private final JsonMapper json;

    Messages(DeliveryRows deliveries, PacsSettings settings, JsonMapper json) {
        this.deliveries = deliveries;
        this.webhooks = settings.webhooks();
        this.json = json;
    }

    /** A pair changed its state; in the transaction of the change. */
    void changed(UUID pair, @Nullable PairState from, PairState to, String reason, @Nullable UUID evaluation) {
        String event = word(to);
        List<String> told = told(event);
        if (told.isEmpty()) {
            return;
        }
        ObjectNode data = data(pair, evaluation);
        data.put("state", to.name());
        if (from != null) {
            data.put("before", from.name());
        }
        data.put("reason", reason);
        send(told, event, pair, data);
    }

    /** A pair was scored, and values of it are outside their limits; in the transaction that says it is scored. */
    void outsideLimits(UUID pair, @Nullable UUID evaluation, List<Limits.Finding> findings) {
        List<String> told = told(OUTSIDE_LIMITS);
        if (told.isEmpty()) {
            return;
        }
        ObjectNode data = data(pair, evaluation);
        ArrayNode list = data.putArray("findings");
        for (Limits.Finding finding : findings) {
            ObjectNode one = list.addObject();
            one.put("limit", finding.limit());
            one.put("metric", finding.metric());
            one.put("segment", finding.segment());
            one.put("value", finding.value());
            one.put("state", finding.state());
            one.put("min", finding.min());
            one.put("max", finding.max());
        }
        send(told, OUTSIDE_LIMITS, pair, data);
    }

    private List<String> told(String event) {
        if (!Tenant.isOfTheInstallation()) {
            return List.of();
        }
        return webhooks.entrySet().stream()
                .filter(webhook -> webhook.getValue().wants(event))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    private ObjectNode data(UUID pair, @Nullable UUID evaluation) {
        ObjectNode data = json.createObjectNode();
        data.put("pair", pair.toString());
        ObjectNode links = data.putObject("links");
        links.put("pair", "/api/v1/pairs/" + pair);
        if (evaluation != null) {
            data.put("evaluation", evaluation.toString());
            links.put("evaluation", "/api/v1/evaluations/" + evaluation);
        }
        return data;
    }

    private void send(List<String> told, String event, UUID pair, ObjectNode data) {
        ObjectNode message = json.createObjectNode();
        message.put("type", "pair." + event);
        message.put("timestamp", Instant.now().toString());
        message.set("data", data);
        String body = message.toString();
        for (String name : told) {
            deliveries.insert(Delivery.Kind.WEBHOOK, name, pair, null, body);
        }
    }

    static String word(PairState state) {
        return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
