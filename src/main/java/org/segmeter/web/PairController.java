package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Delivery;
import org.segmeter.pacs.Pair;
import org.segmeter.pacs.PairState;
import org.segmeter.pacs.Pairs;
import org.segmeter.pacs.StoredInstance;
import org.segmeter.pacs.StoredSegment;
import org.segmeter.security.Caller;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Pairs of the loop with a PACS: how far they have come, and what a person says about them. */
@RestController
@RequestMapping("/api/v1/pairs")
final class PairController {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST_LISTED = 500;
    private static final Set<String> PARAMETERS = Set.of("state", "study", "limit", "offset");

    private final Pairs pairs;
    private final JsonMapper json;

    PairController(Pairs pairs, JsonMapper json) {
        this.pairs = pairs;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> list(HttpServletRequest http) {
        for (String name : http.getParameterMap().keySet()) {
            if (!PARAMETERS.contains(name)) {
                throw invalid("?", "is not known; there are limit, offset, state and study");
            }
        }
        String study = http.getParameter("study");
        if (study != null && !study.matches("[0-9.]{1,64}")) {
            throw invalid("study", "is a UID");
        }
        int limit = number(http, "limit", DEFAULT_LIMIT, 1, MOST_LISTED);
        int offset = number(http, "offset", 0, 0, Integer.MAX_VALUE);
        List<Pair> found = pairs.list(state(http.getParameter("state")), study, limit + 1, offset);
        boolean more = found.size() > limit;
        List<Pair> page = more ? found.subList(0, limit) : found;
        Map<String, StoredInstance> instances = instances(page);
        ObjectNode body = json.createObjectNode();
        ArrayNode list = body.putArray("pairs");
        page.forEach(pair -> list.add(summary(pair, instances)));
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON);
        if (more) {
            StringBuilder next = new StringBuilder("/api/v1/pairs?limit=" + limit + "&offset=" + (offset + limit));
            for (String name : List.of("state", "study")) {
                if (http.getParameter(name) != null) {
                    next.append('&').append(name).append('=').append(http.getParameter(name));
                }
            }
            answer.header(HttpHeaders.LINK, "<" + next + ">; rel=\"next\"");
        }
        return answer.body(json.writeValueAsBytes(body));
    }

    @GetMapping("/{id}")
    ResponseEntity<byte[]> get(@PathVariable("id") String id) {
        return answer(find(id));
    }

    @PostMapping("/{id}/resolution")
    ResponseEntity<byte[]> resolve(@PathVariable("id") String id, HttpServletRequest http)
            throws IOException, InputException {
        Pair pair = find(id);
        JsonNode request = read(http, Set.of("counterpart", "by"));
        JsonNode counterpart = request.path("counterpart");
        if (!counterpart.isNull() && !counterpart.isString()) {
            throw wrong("counterpart", "the SOP Instance UID of one of the candidates, or null if it is none of them");
        }
        return taken(
                pair,
                pairs.resolve(pair.id(), counterpart.isNull() ? null : counterpart.stringValue(), by(http, request)));
    }

    @PostMapping("/{id}/acceptance")
    ResponseEntity<byte[]> accept(@PathVariable("id") String id, HttpServletRequest http)
            throws IOException, InputException {
        Pair pair = find(id);
        return taken(pair, pairs.accept(pair.id(), by(http, read(http, Set.of("by")))));
    }

    private ResponseEntity<byte[]> taken(Pair before, Pairs.Taken taken) throws InputException {
        return switch (taken) {
            case DONE -> answer(pairs.find(before.id()).orElseThrow(PairController::absent));
            case CONFLICT ->
                throw new ProblemException(Problem.of(
                                ServiceProblem.PAIR_STATE,
                                "The pair is %s: %s".formatted(before.state(), before.reason()))
                        .with("state", before.state().name()));
            case NO_CANDIDATE -> throw wrong("counterpart", "one of the pair's candidates");
            case ABSENT -> throw absent();
        };
    }

    private static JsonNode read(HttpServletRequest http, Set<String> members) throws IOException, InputException {
        JsonNode request = JsonBody.read(http);
        if (request.isObject() && members.containsAll(request.propertyNames())) {
            return request;
        }
        throw wrong(
                "request",
                "a JSON object with "
                        + String.join(" and ", members.stream().sorted().toList()));
    }

    /** Who decides: as the request says, and where there is a login always as the login says too. */
    private static String by(HttpServletRequest http, JsonNode request) throws InputException {
        JsonNode by = request.path("by");
        if (!by.isMissingNode() && !(by.isString() && by.stringValue().matches("[^\\p{Cntrl}]{1,100}"))) {
            throw wrong("by", "a text of 1 to 100 characters");
        }
        Caller caller = Caller.of(http);
        String known = caller == null || caller.kind() == Caller.Kind.ANYBODY
                ? null
                : caller.kind().name().toLowerCase(Locale.ROOT) + " " + caller.id();
        if (by.isMissingNode()) {
            return known == null ? "a person" : known;
        }
        return known == null ? by.stringValue() : by.stringValue() + ", " + known;
    }

    private static InputException wrong(String member, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request is not as it should be.",
                "another value",
                expected);
    }

    private Pair find(String id) {
        if (id.matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")) {
            Optional<Pair> found = pairs.find(UUID.fromString(id));
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw absent();
    }

    private static ProblemException absent() {
        return new ProblemException(ServiceProblem.PAIR_NOT_FOUND, "No pair has this id.");
    }

    private Map<String, StoredInstance> instances(List<Pair> page) {
        List<String> sops = new ArrayList<>();
        for (Pair pair : page) {
            add(sops, pair.predictionSop());
            add(sops, pair.referenceSop());
            add(sops, pair.reportSop());
            sops.addAll(pair.candidates());
        }
        Map<String, StoredInstance> instances = new LinkedHashMap<>();
        pairs.instances(sops).forEach(one -> instances.put(one.sopInstanceUid(), one));
        return instances;
    }

    private static void add(List<String> sops, @Nullable String sop) {
        if (sop != null) {
            sops.add(sop);
        }
    }

    private ResponseEntity<byte[]> answer(Pair pair) {
        ObjectNode body = summary(pair, instances(List.of(pair)));
        ArrayNode history = body.putArray("history");
        for (Pair.Transition transition : pairs.history(pair.id())) {
            ObjectNode node = history.addObject();
            node.put("at", transition.at().toString());
            if (transition.from() != null) {
                node.put("from", transition.from().name());
            }
            node.put("to", transition.to().name());
            node.put("reason", transition.reason());
        }
        ArrayNode deliveries = body.putArray("deliveries");
        for (Delivery delivery : pairs.deliveries(pair.id())) {
            ObjectNode node = deliveries.addObject();
            node.put("kind", delivery.kind().name());
            node.put("destination", delivery.destination());
            node.put("state", delivery.state().name());
            node.put("attempts", delivery.attempts());
            if (delivery.state() == Delivery.State.PENDING) {
                node.put("nextAttemptAt", delivery.nextAttemptAt().toString());
            }
            if (delivery.lastError() != null) {
                node.put("lastError", delivery.lastError());
            }
        }
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(body));
    }

    private ObjectNode summary(Pair pair, Map<String, StoredInstance> instances) {
        ObjectNode node = json.createObjectNode();
        node.put("id", pair.id().toString());
        node.put("state", pair.state().name());
        node.put("reason", pair.reason());
        node.put("study", pair.studyUid());
        node.put("createdAt", pair.createdAt().toString());
        node.put("changedAt", pair.changedAt().toString());
        if (pair.predictionSop() != null) {
            node.set("prediction", instance(pair.predictionSop(), instances));
        }
        if (pair.referenceSop() != null) {
            node.set("reference", instance(pair.referenceSop(), instances));
        }
        if (!pair.candidates().isEmpty()) {
            ArrayNode candidates = node.putArray("candidates");
            pair.candidates().forEach(sop -> candidates.add(instance(sop, instances)));
        }
        ArrayNode keys = node.putArray("structures");
        pair.keys().forEach(keys::add);
        if (pair.supersededBy() != null) {
            node.put("supersededBy", pair.supersededBy());
        }
        ObjectNode links = node.putObject("links");
        links.put("self", "/api/v1/pairs/" + pair.id());
        if (pair.evaluation() != null) {
            links.put("evaluation", "/api/v1/evaluations/" + pair.evaluation());
            if (pair.reportSop() != null) {
                links.put("scorecard", "/api/v1/evaluations/" + pair.evaluation() + "/scorecard");
            }
        }
        StoredInstance report = pair.reportSop() == null ? null : instances.get(pair.reportSop());
        if (report != null) {
            links.put("report", DicomWebAnswers.ROOT + report.path());
        }
        return node;
    }

    private ObjectNode instance(String sop, Map<String, StoredInstance> instances) {
        ObjectNode node = json.createObjectNode();
        node.put("sopInstanceUid", sop);
        StoredInstance one = instances.get(sop);
        if (one != null) {
            node.put("seriesInstanceUid", one.seriesUid());
            node.put("receivedAt", one.receivedAt().toString());
            if (one.source() != null) {
                node.put("source", one.source());
            }
            ArrayNode segments = node.putArray("segments");
            for (StoredSegment segment : one.segments()) {
                ObjectNode each = segments.addObject();
                each.put("number", segment.number());
                each.put("label", segment.label());
                if (segment.algorithmType() != null) {
                    each.put("algorithmType", segment.algorithmType());
                }
                if (segment.algorithmName() != null) {
                    each.put("algorithmName", segment.algorithmName());
                }
                if (segment.algorithmVersion() != null) {
                    each.put("algorithmVersion", segment.algorithmVersion());
                }
            }
            node.put("link", DicomWebAnswers.ROOT + one.path());
        }
        return node;
    }

    private static @Nullable PairState state(@Nullable String value) {
        if (value == null) {
            return null;
        }
        try {
            return PairState.valueOf(value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw invalid("state", "is one of " + List.of(PairState.values()));
        }
    }

    private static int number(HttpServletRequest http, String name, int otherwise, int least, int most) {
        String value = http.getParameter(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) < least || Integer.parseInt(value) > most) {
            throw invalid(name, "is a number from " + least + " to " + most);
        }
        return Integer.parseInt(value);
    }

    private static ProblemException invalid(String parameter, String rule) {
        return new ProblemException(
                Problem.of(ServiceProblem.INVALID_PARAMETER, "The parameter '%s' %s.".formatted(parameter, rule))
                        .with("parameter", parameter));
    }
}
