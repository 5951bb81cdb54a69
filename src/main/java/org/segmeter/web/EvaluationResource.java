package org.segmeter.web;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.LossDocument;
import org.segmeter.evaluation.Side;
import org.segmeter.evaluation.State;
import org.segmeter.evaluation.StoredImages;
import org.segmeter.evaluation.StoredScorecard;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/** An evaluation as JSON. */
@Component
final class EvaluationResource {

    private final JsonMapper json;
    private final StoredImages images;

    EvaluationResource(JsonMapper json, StoredImages images) {
        this.json = json;
        this.images = images;
    }

    /** @param scorecard is put in as it is stored; null to leave it out */
    Map<String, Object> of(Evaluation evaluation, @Nullable StoredScorecard scorecard) {
        Map<String, Object> resource = new LinkedHashMap<>();
        resource.put("id", evaluation.id().toString());
        resource.put("state", evaluation.state().name());
        put(resource, "stage", evaluation.stage());
        resource.put("createdAt", evaluation.createdAt().toString());
        put(resource, "startedAt", text(evaluation.startedAt()));
        put(resource, "finishedAt", text(evaluation.finishedAt()));
        resource.put("attempt", evaluation.attempt());
        if (evaluation.cancelRequested() && !evaluation.state().isFinal()) {
            resource.put("cancelRequested", true);
        }
        describe(resource, evaluation.description());
        resource.put("protocols", evaluation.protocols());
        if (!evaluation.inputs().isEmpty()) {
            Map<String, Object> inputs = new LinkedHashMap<>();
            for (Side side : Side.values()) {
                List<Map<String, Object>> files = files(evaluation, side);
                if (!files.isEmpty() || Side.PAIR.contains(side)) {
                    inputs.put(side.word(), files);
                }
            }
            resource.put("inputs", inputs);
        }
        if (evaluation.problem() != null) {
            resource.put("problem", new RawValue(evaluation.problem()));
        }
        resource.put("links", links(evaluation));
        if (scorecard != null) {
            resource.put("scorecard", new RawValue(scorecard.content()));
        }
        return resource;
    }

    byte[] bytes(Map<String, Object> resource) {
        return json.writeValueAsBytes(resource);
    }

    static String path(Evaluation evaluation) {
        return "/api/v1/evaluations/" + evaluation.id();
    }

    private Map<String, String> links(Evaluation evaluation) {
        String self = path(evaluation);
        Map<String, String> links = new LinkedHashMap<>();
        links.put("self", self);
        links.put("events", self + "/events");
        if (evaluation.state() == State.SUCCEEDED) {
            links.put("scorecard", self + "/scorecard");
            for (LossDocument.Kind kind : LossDocument.Kind.values()) {
                links.put(kind.word(), self + "/" + kind.word());
            }
            if (images.mayBeElsewhere() || evaluation.inputs().stream().anyMatch(input -> input.side() == Side.IMAGE)) {
                links.put("image", self + "/image");
            }
        }
        return links;
    }

    private static List<Map<String, Object>> files(Evaluation evaluation, Side side) {
        List<Map<String, Object>> files = new ArrayList<>();
        for (Evaluation.Input input : evaluation.inputs()) {
            if (input.side() == side) {
                Map<String, Object> file = new LinkedHashMap<>();
                file.put("sha256", input.blob().sha256());
                file.put("size", input.blob().size());
                file.put("reprDigest", Digests.field(input.blob().sha256()));
                files.add(file);
            }
        }
        return files;
    }

    static void describe(Map<String, Object> resource, Description description) {
        put(resource, "caseId", description.caseId());
        if (description.modelName() != null) {
            Map<String, Object> model = new LinkedHashMap<>();
            model.put("name", description.modelName());
            put(model, "version", description.modelVersion());
            resource.put("model", model);
        }
        put(resource, "site", description.site());
        if (!description.labels().isEmpty()) {
            resource.put("labels", description.labels());
        }
    }

    private static @Nullable String text(@Nullable Object value) {
        return value == null ? null : value.toString();
    }

    private static void put(Map<String, Object> resource, String name, @Nullable String value) {
        if (value != null) {
            resource.put(name, value);
        }
    }
}
