package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.Models;
import org.segmeter.evaluation.ServiceProblem;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** {@code /api/v1/models}: which models have been evaluated, in which versions, how often and for what. */
@RestController
final class ModelController {

    private final Models models;
    private final JsonMapper json;

    ModelController(Models models, JsonMapper json) {
        this.models = models;
        this.json = json;
    }

    @GetMapping("/api/v1/models")
    ResponseEntity<byte[]> list(HttpServletRequest http) {
        AnalyticsParameters parameters = AnalyticsParameters.of(http);
        for (String name : http.getParameterMap().keySet()) {
            if (!name.equals("model") && !name.equals("limit") && !name.equals("cursor")) {
                throw AnalyticsParameters.invalid(
                        AnalyticsParameters.shown(name), "is not known; there are cursor, limit, model");
            }
        }
        Models.Page page = models.list(
                parameters.text("model"), after(http.getParameter("cursor")), parameters.integer("limit", 50, 1, 200));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("models", page.models());
        if (page.next() != null) {
            body.put(
                    "nextCursor",
                    Base64.getUrlEncoder()
                            .withoutPadding()
                            .encodeToString(page.next().getBytes(StandardCharsets.UTF_8)));
        }
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(body));
    }

    private static @Nullable String after(@Nullable String cursor) {
        if (cursor == null) {
            return null;
        }
        try {
            String name = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            if (name.indexOf('\0') < 0) {
                return name;
            }
        } catch (IllegalArgumentException e) {
            // falls through to the refusal
        }
        throw new ProblemException(
                ServiceProblem.INVALID_CURSOR, "The parameter 'cursor' is not one that this service gave.");
    }
}
