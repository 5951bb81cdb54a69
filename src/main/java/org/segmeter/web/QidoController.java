package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.format.dicom.DataElements;
import org.segmeter.format.dicom.DicomXml;
import org.segmeter.pacs.InstanceSearch;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** QIDO-RS: searches (PS3.18 section 10.6). */
@RestController
@RequestMapping(DicomWebAnswers.ROOT)
final class QidoController {

    private static final int STUDY_INSTANCE_UID = 0x0020_000D;
    private static final int SERIES_INSTANCE_UID = 0x0020_000E;
    private static final int MOST_FOUND = 1000;
    private static final int MOST_MATCHES = 16;

    private final InstanceSearch search;
    private final JsonMapper json;

    QidoController(InstanceSearch search, JsonMapper json) {
        this.search = search;
        this.json = json;
    }

    @GetMapping("/studies")
    ResponseEntity<byte[]> studies(HttpServletRequest http) {
        return find(http, InstanceSearch.Level.STUDY, Map.of());
    }

    @GetMapping("/series")
    ResponseEntity<byte[]> series(HttpServletRequest http) {
        return find(http, InstanceSearch.Level.SERIES, Map.of());
    }

    @GetMapping("/instances")
    ResponseEntity<byte[]> instances(HttpServletRequest http) {
        return find(http, InstanceSearch.Level.INSTANCE, Map.of());
    }

    @GetMapping("/studies/{study}/series")
    ResponseEntity<byte[]> seriesOfStudy(HttpServletRequest http, @PathVariable("study") String study) {
        return find(http, InstanceSearch.Level.SERIES, Map.of(STUDY_INSTANCE_UID, DicomWebAnswers.uid(study)));
    }

    @GetMapping("/studies/{study}/instances")
    ResponseEntity<byte[]> instancesOfStudy(HttpServletRequest http, @PathVariable("study") String study) {
        return find(http, InstanceSearch.Level.INSTANCE, Map.of(STUDY_INSTANCE_UID, DicomWebAnswers.uid(study)));
    }

    @GetMapping("/studies/{study}/series/{series}/instances")
    ResponseEntity<byte[]> instancesOfSeries(
            HttpServletRequest http, @PathVariable("study") String study, @PathVariable("series") String series) {
        return find(
                http,
                InstanceSearch.Level.INSTANCE,
                Map.of(
                        STUDY_INSTANCE_UID,
                        DicomWebAnswers.uid(study),
                        SERIES_INSTANCE_UID,
                        DicomWebAnswers.uid(series)));
    }

    private ResponseEntity<byte[]> find(
            HttpServletRequest http, InstanceSearch.Level level, Map<Integer, String> fromPath) {
        boolean xml = DicomWebAnswers.wantsXml(http);
        Map<Integer, String> matches = new LinkedHashMap<>();
        Set<Integer> include = new HashSet<>();
        boolean all = false;
        int limit = MOST_FOUND;
        long offset = 0;
        for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
            String name = parameter.getKey();
            String value = parameter.getValue()[0];
            if (value.indexOf('\0') >= 0 || value.length() > 2000) {
                throw invalid(name, "has a value that cannot be searched for");
            }
            switch (name) {
                case "limit" -> limit = (int) Math.min(MOST_FOUND, number(name, value, 1));
                case "offset" -> offset = number(name, value, 0);
                case "fuzzymatching" -> {
                    if (!value.equals("true") && !value.equals("false")) {
                        throw invalid(name, "is true or false");
                    }
                }
                case "includefield" -> {
                    for (String fields : parameter.getValue()) {
                        for (String field : fields.split(",")) {
                            if (field.equals("all")) {
                                all = true;
                            } else {
                                include.add(tag(field));
                            }
                        }
                    }
                }
                default -> {
                    if (parameter.getValue().length > 1) {
                        throw invalid(name, "is there more than once");
                    }
                    int tag = tag(name);
                    if (!InstanceSearch.isKey(tag) && !InstanceSearch.isUniversal(value)) {
                        throw invalid(name, "is an attribute that is not kept, so that nothing is found by it");
                    }
                    matches.put(tag, value);
                }
            }
        }
        if (matches.size() > MOST_MATCHES) {
            throw new ProblemException(
                    ServiceProblem.INVALID_PARAMETER, "A search has at most " + MOST_MATCHES + " values to match.");
        }
        fromPath.forEach((tag, value) -> {
            String asked = matches.put(tag, value);
            if (asked != null && !asked.isEmpty() && !asked.equals(value)) {
                throw invalid(String.valueOf(DataElements.keyword(tag)), "contradicts the address");
            }
        });
        InstanceSearch.Found found = search.search(
                new InstanceSearch.Query(
                        level, matches, include, all, limit, offset, DicomWebAnswers.maySeeWhose(http)),
                DicomWebAnswers::url);
        HttpHeaders headers = new HttpHeaders();
        if (found.more()) {
            headers.add(
                    HttpHeaders.WARNING,
                    "299 Segmeter "
                            + DicomWebAnswers.quoted(
                                    "There are additional results that can be requested with offset."));
        }
        if ("true".equals(http.getParameter("fuzzymatching"))) {
            headers.add(
                    HttpHeaders.WARNING,
                    "299 Segmeter "
                            + DicomWebAnswers.quoted(
                                    "The fuzzymatching parameter is not supported. Only literal matching has been"
                                            + " performed."));
        }
        if (found.results().isEmpty()) {
            return ResponseEntity.noContent().headers(headers).build();
        }
        if (xml) {
            String boundary = "segmeter-" + UUID.randomUUID();
            headers.set(HttpHeaders.CONTENT_TYPE, DicomWebAnswers.relatedXml(boundary));
            return ResponseEntity.ok().headers(headers).body(parts(found.results(), boundary));
        }
        headers.set(HttpHeaders.CONTENT_TYPE, DicomWebAnswers.JSON);
        return ResponseEntity.ok()
                .headers(headers)
                .body(json.writeValueAsString(found.results()).getBytes(StandardCharsets.UTF_8));
    }

    /** One document in the Native DICOM Model for each result. */
    private static byte[] parts(List<ObjectNode> results, String boundary) {
        StringBuilder body = new StringBuilder();
        for (ObjectNode result : results) {
            body.append("--").append(boundary).append("\r\nContent-Type: ").append(DicomWebAnswers.XML);
            body.append("\r\n\r\n").append(DicomXml.document(sink -> DicomJsonModel.tell(result, sink)));
            body.append("\r\n");
        }
        return body.append("--").append(boundary).append("--\r\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static int tag(String name) {
        OptionalInt tag = DataElements.tag(name);
        if (tag.isEmpty()) {
            throw invalid(name, "is no attribute: neither a keyword nor a tag of eight hexadecimal digits");
        }
        return tag.getAsInt();
    }

    private static long number(String name, String value, int least) {
        if (!value.matches("[0-9]{1,9}") || Long.parseLong(value) < least) {
            throw invalid(name, "is a number of at least " + least);
        }
        return Long.parseLong(value);
    }

    private static ProblemException invalid(String parameter, String rule) {
        String shown = parameter.matches("[A-Za-z0-9_.-]{1,40}") ? parameter : "?";
        return new ProblemException(
                Problem.of(ServiceProblem.INVALID_PARAMETER, "The parameter '%s' %s.".formatted(shown, rule))
                        .with("parameter", shown));
    }
}
