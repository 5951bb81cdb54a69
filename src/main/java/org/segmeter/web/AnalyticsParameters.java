package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.ResultFilter;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.JsonNode;

/** Query parameters and members of requests about many results, and how they are refused. */
final class AnalyticsParameters {

    private final HttpServletRequest http;
    private final Set<String> own;

    private AnalyticsParameters(HttpServletRequest http, Set<String> own) {
        this.http = http;
        this.own = own;
    }

    /**
     * @param own names beside those of the filter
     * @throws ProblemException 400 for a parameter that is there more than once
     */
    static AnalyticsParameters of(HttpServletRequest http, String... own) {
        for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
            if (parameter.getValue().length != 1) {
                throw invalid(shown(parameter.getKey()), "is there more than once");
            }
        }
        return new AnalyticsParameters(http, Set.of(own));
    }

    /** What is not a parameter of the caller's own must be a condition. */
    ResultFilter filter() {
        Map<String, String> conditions = new LinkedHashMap<>();
        http.getParameterMap().forEach((name, value) -> {
            if (!own.contains(name)) {
                conditions.put(name, value[0]);
            }
        });
        try {
            return ResultFilter.parse(conditions);
        } catch (InvalidQuery e) {
            String also = e.rule().startsWith("is not known") && !own.isEmpty()
                    ? ", " + String.join(", ", new TreeSet<>(own))
                    : "";
            throw invalid(e.parameter(), e.rule() + also);
        }
    }

    @Nullable
    String text(String name) {
        String value = http.getParameter(name);
        if (value != null
                && (value.isEmpty() || value.length() > 200 || value.chars().anyMatch(Character::isISOControl))) {
            throw invalid(name, "has 1 to 200 characters");
        }
        return value;
    }

    int integer(String name, int otherwise, int least, int most) {
        String value = http.getParameter(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) < least || Integer.parseInt(value) > most) {
            throw invalid(name, "is a whole number from " + least + " to " + most);
        }
        return Integer.parseInt(value);
    }

    long seed(long otherwise) {
        String value = http.getParameter("seed");
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("-?[0-9]{1,18}")) {
            throw invalid("seed", "is a whole number of at most 18 digits");
        }
        return Long.parseLong(value);
    }

    /** A number above zero; null if it is not there. */
    @Nullable
    Double positive(String name) {
        String value = http.getParameter(name);
        if (value == null) {
            return null;
        }
        try {
            double number = Double.parseDouble(value);
            if (number > 0 && number <= 1e9) {
                return number;
            }
        } catch (NumberFormatException e) {
            // falls through to the refusal
        }
        throw invalid(name, "is a number above 0");
    }

    /** Words between commas; empty if it is not there. */
    List<String> words(String name) {
        String value = http.getParameter(name);
        return value == null || value.isEmpty()
                ? List.of()
                : Arrays.stream(value.split(",", -1)).map(String::strip).toList();
    }

    /** One of an enumeration's constants, written in any case and with - for _. */
    static <E extends Enum<E>> E constant(String name, String word, Class<E> type) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(word.toUpperCase(Locale.ROOT).replace('-', '_'))) {
                return constant;
            }
        }
        throw invalid(
                name,
                "is one of "
                        + String.join(
                                ", ",
                                Arrays.stream(type.getEnumConstants())
                                        .map(AnalyticsParameters::word)
                                        .toList()));
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static ProblemException invalid(String parameter, String rule) {
        return new ProblemException(
                Problem.of(ServiceProblem.INVALID_PARAMETER, "The parameter '%s' %s.".formatted(parameter, rule))
                        .with("parameter", parameter));
    }

    static ProblemException invalid(InvalidQuery e) {
        return invalid(e.parameter(), e.rule());
    }

    /** A member of a body that is wrong. */
    static InputException wrong(String member, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request " + expected + ".",
                "another value",
                expected);
    }

    /** Conditions of a body's member: texts, and {@code parameters} as an object. */
    static ResultFilter filter(JsonNode node, String member, Map<String, String> common) throws InputException {
        if (!node.isObject()) {
            throw wrong(member, "is an object with conditions: " + ResultFilter.names());
        }
        Map<String, String> conditions = new LinkedHashMap<>(common);
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            JsonNode value = entry.getValue();
            boolean object = entry.getKey().equals("parameters") && value.isObject();
            if (!value.isString() && !object) {
                throw wrong(member + "." + shown(entry.getKey()), object ? "is an object" : "is a text");
            }
            conditions.put(entry.getKey(), object ? value.toString() : value.stringValue());
        }
        try {
            return ResultFilter.parse(conditions);
        } catch (InvalidQuery e) {
            throw wrong(common.containsKey(e.parameter()) ? e.parameter() : member + "." + e.parameter(), e.rule());
        }
    }

    static String shown(String name) {
        return name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?";
    }

    /** JSON with the digest of its bytes as ETag, or that the client has it. */
    static ResponseEntity<byte[]> tagged(HttpServletRequest http, byte[] body) {
        String etag = "\"" + sha256(body) + "\"";
        for (String known : Collections.list(http.getHeaders(HttpHeaders.IF_NONE_MATCH))) {
            if (known.contains(etag) || known.strip().equals("*")) {
                return ResponseEntity.status(304)
                        .header(HttpHeaders.ETAG, etag)
                        .header(HttpHeaders.CACHE_CONTROL, "private, no-cache")
                        .build();
            }
        }
        return ResponseEntity.ok()
                .header(HttpHeaders.ETAG, etag)
                .header(HttpHeaders.CACHE_CONTROL, "private, no-cache")
                .contentType(MediaType.APPLICATION_JSON)
                .body(body);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
