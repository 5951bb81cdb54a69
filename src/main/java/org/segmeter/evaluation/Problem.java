package org.segmeter.evaluation;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;

/**
 * A problem document of RFC 9457, as stored with a failed evaluation and as answered.
 *
 * @param slug last part of its {@code type}, {@code /problems/<slug>}
 * @param members beside type, title, status and detail, in order
 */
public record Problem(String slug, String title, int status, String detail, Map<String, Object> members) {

    public Problem {
        members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    }

    public static Problem of(ServiceProblem problem, String detail) {
        return new Problem(problem.slug(), problem.title(), problem.status(), detail, Map.of());
    }

    /** What a refused input has to say. */
    public static Problem of(InputException refusal) {
        Map<String, Object> members = new LinkedHashMap<>();
        put(members, "side", refusal.side());
        put(members, "found", refusal.found());
        put(members, "expected", refusal.expected());
        members.putAll(refusal.details());
        String message = refusal.getMessage();
        return new Problem(
                refusal.problem().slug(),
                refusal.problem().title(),
                refusal.problem().status(),
                message == null ? refusal.problem().title() : message,
                members);
    }

    /** The same with one more member. */
    public Problem with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(members);
        more.put(name, value);
        return new Problem(slug, title, status, detail, more);
    }

    /** The same, pointing at the evaluation that it concerns. */
    public Problem about(UUID evaluation) {
        return with("instance", "/api/v1/evaluations/" + evaluation);
    }

    /** The document's members, standard ones first. */
    public Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("type", "/problems/" + slug);
        document.put("title", title);
        document.put("status", status);
        document.put("detail", detail);
        members.forEach(document::putIfAbsent);
        return document;
    }

    private static void put(Map<String, Object> members, String name, @Nullable String value) {
        if (value != null) {
            members.put(name, value);
        }
    }
}
