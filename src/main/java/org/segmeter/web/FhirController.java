package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.EvaluationQuery;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.State;
import org.segmeter.evaluation.StoredScorecard;
import org.segmeter.pacs.Observations;
import org.segmeter.pacs.Pair;
import org.segmeter.pacs.Pairs;
import org.segmeter.scoring.EngineVersion;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.UriUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /fhir}: a FHIR R4 server that can be read: Observations of scored pairs. */
@RestController
@RequestMapping("/fhir")
final class FhirController {

    private static final String TYPE = "application/fhir+json;charset=UTF-8";

    /** Evaluations on a page; each has an Observation for every segment and reported metric. */
    private static final int DEFAULT_COUNT = 20;

    private static final int MOST = 200;

    /** A page ends with the evaluation with which it has so many Observations; each takes some kilobytes. */
    private static final int MOST_OBSERVATIONS = 5_000;

    private static final Set<String> PARAMETERS =
            Set.of("derived-from", "derived-from:identifier", "identifier", "code", "_count", "_cursor", "_format");

    private final Evaluations evaluations;
    private final Pairs pairs;
    private final Observations observations;
    private final JsonMapper json;

    FhirController(Evaluations evaluations, Pairs pairs, Observations observations, JsonMapper json) {
        this.evaluations = evaluations;
        this.pairs = pairs;
        this.observations = observations;
        this.json = json;
    }

    @GetMapping("/metadata")
    ResponseEntity<byte[]> metadata() {
        ObjectNode statement = json.createObjectNode();
        statement.put("resourceType", "CapabilityStatement");
        statement.put("status", "active");
        statement.put("date", "2026-11-28");
        statement.put("kind", "instance");
        ObjectNode software = statement.putObject("software");
        software.put("name", "Segmeter");
        software.put("version", EngineVersion.current().version());
        statement.putObject("implementation").put("description", "Agreement of segmentations");
        statement.put("fhirVersion", "4.0.1");
        statement.putArray("format").add("application/fhir+json").add("json");
        ObjectNode rest = statement.putArray("rest").addObject();
        rest.put("mode", "server");
        ObjectNode resource = rest.putArray("resource").addObject();
        resource.put("type", "Observation");
        ArrayNode interactions = resource.putArray("interaction");
        interactions.addObject().put("code", "read");
        interactions.addObject().put("code", "search-type");
        ArrayNode search = resource.putArray("searchParam");
        search.addObject().put("name", "derived-from").put("type", "reference");
        search.addObject().put("name", "identifier").put("type", "token");
        search.addObject().put("name", "code").put("type", "token");
        return answer(200, statement);
    }

    @GetMapping("/Observation/{id}")
    ResponseEntity<byte[]> read(@PathVariable("id") String id) {
        return outcome(() -> {
            int dot = id.indexOf('.');
            UUID evaluation = dot == 36 ? uuid(id.substring(0, dot)) : null;
            return Optional.ofNullable(evaluation)
                    .flatMap(evaluations::find)
                    .flatMap(found -> of(found, null)
                            .filter(one -> one.path("id").asString().equals(id))
                            .findFirst())
                    .orElseThrow(() -> new ProblemException(ServiceProblem.NOT_FOUND, "There is no such Observation."));
        });
    }

    @GetMapping("/Observation")
    ResponseEntity<byte[]> search(HttpServletRequest http) {
        return outcome(() -> {
            for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
                if (!PARAMETERS.contains(parameter.getKey()) || parameter.getValue().length != 1) {
                    throw invalid(
                            "A search parameter is not known or there twice; there are derived-from, identifier, code,"
                                    + " _count and _cursor.");
                }
            }
            int count = count(http.getParameter("_count"));
            String code = code(http.getParameter("code"));
            String study = study(http);
            String identifier = http.getParameter("identifier");
            ObjectNode bundle = json.createObjectNode();
            bundle.put("resourceType", "Bundle");
            bundle.put("type", "searchset");
            bundle.put("timestamp", Instant.now().toString());
            ArrayNode links = bundle.putArray("link");
            links.addObject().put("relation", "self").put("url", url(http, null));
            List<ObjectNode> found = new ArrayList<>();
            String next;
            if (identifier != null) {
                next = null;
                UUID evaluation = uuid(
                        identifier.replaceFirst("^urn:ietf:rfc:3986\\|", "").replaceFirst("^urn:uuid:", ""));
                if (evaluation != null) {
                    evaluations.find(evaluation).ifPresent(one -> of(one, code).forEach(found::add));
                }
            } else if (study != null) {
                int offset = offset(http.getParameter("_cursor"));
                List<Pair> some = pairs.evaluated(study, count + 1, offset);
                if (some.isEmpty() && offset == 0) {
                    some = pairs.evaluatedWith(study).stream().toList();
                }
                int shown = 0;
                while (shown < Math.min(count, some.size()) && found.size() < MOST_OBSERVATIONS) {
                    UUID evaluation = some.get(shown++).evaluation();
                    if (evaluation != null) {
                        evaluations
                                .find(evaluation)
                                .ifPresent(one -> of(one, code).forEach(found::add));
                    }
                }
                next = some.size() > shown ? Integer.toString(offset + shown) : null;
            } else {
                String cursor = http.getParameter("_cursor");
                EvaluationQuery.Page page = evaluations.list(new EvaluationQuery(
                        null,
                        null,
                        null,
                        State.SUCCEEDED,
                        null,
                        null,
                        cursor == null ? null : Cursor.decode(cursor),
                        count));
                EvaluationQuery.Position end = page.next();
                for (Evaluation one : page.evaluations()) {
                    of(one, code).forEach(found::add);
                    if (found.size() >= MOST_OBSERVATIONS
                            && one != page.evaluations().getLast()) {
                        end = new EvaluationQuery.Position(one.createdAt(), one.id());
                        break;
                    }
                }
                next = end == null ? null : Cursor.encode(end);
            }
            if (next != null) {
                links.addObject().put("relation", "next").put("url", url(http, next));
            }
            ArrayNode entries = json.createArrayNode();
            for (ObjectNode one : found) {
                ObjectNode entry = entries.addObject();
                entry.put("fullUrl", base() + "/Observation/" + one.path("id").asString());
                entry.set("resource", one);
                entry.putObject("search").put("mode", "match");
            }
            if (!entries.isEmpty()) {
                bundle.set("entry", entries);
            }
            return bundle;
        });
    }

    private Stream<ObjectNode> of(Evaluation evaluation, @Nullable String code) {
        Optional<StoredScorecard> card = evaluations.scorecard(evaluation.id());
        if (card.isEmpty()) {
            return Stream.empty();
        }
        JsonNode content = json.readTree(card.get().content());
        return observations.of(
                evaluation, content, pairs.scoredBy(evaluation.id()).orElse(null), code);
    }

    private static @Nullable String study(HttpServletRequest http) {
        String by = http.getParameter("derived-from:identifier");
        String value = by == null ? http.getParameter("derived-from") : by;
        if (value == null) {
            return null;
        }
        String uid = value.replaceFirst("^urn:dicom:uid\\|", "").replaceFirst("^urn:oid:", "");
        if (!uid.matches("[0-9.]{1,64}")) {
            throw invalid(
                    "derived-from is the UID of a study or of a segmentation, such as urn:dicom:uid|urn:oid:1.2.3");
        }
        return uid;
    }

    private static @Nullable String code(@Nullable String value) {
        if (value == null) {
            return null;
        }
        String code = value;
        for (String system : Observations.SYSTEMS_OF_CODES) {
            if (value.startsWith(system + "|")) {
                code = value.substring(system.length() + 1);
            }
        }
        if (!code.matches("[A-Z0-9]{1,16}")) {
            throw invalid("code is one of " + Observations.CODES + ", such as DSC, or 118565006 for volumes");
        }
        return code;
    }

    private static int count(@Nullable String value) {
        if (value == null) {
            return DEFAULT_COUNT;
        }
        if (!value.matches("[1-9][0-9]{0,2}") || Integer.parseInt(value) > MOST) {
            throw invalid("_count counts evaluations and is a number from 1 to " + MOST);
        }
        return Integer.parseInt(value);
    }

    private static int offset(@Nullable String value) {
        if (value == null) {
            return 0;
        }
        if (!value.matches("[0-9]{1,8}")) {
            throw invalid("_cursor was not made by this service");
        }
        return Integer.parseInt(value);
    }

    private static @Nullable UUID uuid(String text) {
        try {
            return text.length() == 36 ? UUID.fromString(text) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static String base() {
        return org.springframework.web.servlet.support.ServletUriComponentsBuilder.fromCurrentContextPath()
                .path("/fhir")
                .build()
                .toUriString();
    }

    private static String url(HttpServletRequest http, @Nullable String cursor) {
        StringBuilder url = new StringBuilder(base() + "/Observation");
        char before = '?';
        for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
            if (cursor == null || !parameter.getKey().equals("_cursor")) {
                url.append(before)
                        .append(UriUtils.encode(parameter.getKey(), StandardCharsets.UTF_8))
                        .append('=')
                        .append(UriUtils.encode(parameter.getValue()[0], StandardCharsets.UTF_8));
                before = '&';
            }
        }
        if (cursor != null) {
            url.append(before).append("_cursor=").append(cursor);
        }
        return url.toString();
    }

    private static ProblemException invalid(String detail) {
        return new ProblemException(ServiceProblem.INVALID_PARAMETER, detail);
    }

    /** An error is an OperationOutcome here. */
    private ResponseEntity<byte[]> outcome(Supplier<ObjectNode> work) {
        try {
            return answer(200, work.get());
        } catch (ProblemException e) {
            ObjectNode outcome = json.createObjectNode();
            outcome.put("resourceType", "OperationOutcome");
            ObjectNode issue = outcome.putArray("issue").addObject();
            issue.put("severity", "error");
            issue.put("code", e.problem().status() == 404 ? "not-found" : "invalid");
            issue.put("diagnostics", e.problem().detail());
            return answer(e.problem().status(), outcome);
        }
    }

    private ResponseEntity<byte[]> answer(int status, ObjectNode resource) {
        return ResponseEntity.status(status)
                .header(HttpHeaders.CONTENT_TYPE, TYPE)
                .header(HttpHeaders.CACHE_CONTROL, "private, no-cache")
                .body(json.writeValueAsBytes(resource));
    }
}
