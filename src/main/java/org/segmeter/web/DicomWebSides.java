package org.segmeter.web;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.Side;
import org.segmeter.pacs.Pull;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Fetches the sides of a submission that its request only names: {@code {"prediction": {"dicomweb": {"source": ..., "study": ...,
 * "series": ..., "instance": ...}}}}. The source is one of the configuration; no address comes from a request.
 */
@Component
final class DicomWebSides implements Upload.Elsewhere {

    private static final Set<String> MEMBERS = Set.of("source", "study", "series", "instance");

    private final Pull pull;
    private final WebSettings settings;

    DicomWebSides(Pull pull, WebSettings settings) {
        this.pull = pull;
        this.settings = settings;
    }

    @Override
    public List<BlobStore.Incoming> fetch(Side side, String request, boolean sent) throws IOException {
        JsonNode place;
        try {
            place = JsonDocument.read(request).path(side.word()).path(ScoringOptions.PLACE_MEMBER);
        } catch (JacksonException e) {
            return List.of(); // the request is refused with its line and column when it is read
        }
        if (place.isMissingNode()) {
            return List.of();
        }
        String name = side.word() + "." + ScoringOptions.PLACE_MEMBER;
        if (sent) {
            throw wrong(name, "files of this side and a place to fetch it from", "one of the two");
        }
        if (!place.isObject() || !MEMBERS.containsAll(place.propertyNames())) {
            throw wrong(name, "another value", "an object of source, study, series and perhaps instance");
        }
        String source = place.path("source").asString("");
        if (!pull.knows(source)) {
            throw wrong(
                    name + ".source",
                    "another name",
                    pull.sources().isEmpty()
                            ? "a source of the configuration, which has none (segmeter.pacs.sources)"
                            : "one of those of the configuration: "
                                    + pull.sources().stream().sorted().toList());
        }
        String study = uid(place, "study", name);
        String series = uid(place, "series", name);
        String instance = uid(place, "instance", name);
        if (study == null || series == null && instance == null) {
            throw wrong(name, "no study, or neither series nor instance", "study and series, or study and instance");
        }
        try {
            List<BlobStore.Incoming> files =
                    pull.side(source, study, series, instance, settings.upload().maxParts() / 2);
            if (files.isEmpty()) {
                throw new ProblemException(Problem.of(
                                ServiceProblem.SOURCE_HAS_NONE,
                                "The source has no segmentation of this study, series and instance.")
                        .with("source", source)
                        .with("side", side.word()));
            }
            return files;
        } catch (Pull.SourceFailed e) {
            throw new ProblemException(Problem.of(ServiceProblem.SOURCE_FAILED, String.valueOf(e.getMessage()))
                    .with("source", source)
                    .with("side", side.word()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProblemException(ServiceProblem.UNAVAILABLE, "The service is ending; nothing was stored.")
                    .header("Retry-After", "5");
        }
    }

    private static @Nullable String uid(JsonNode place, String member, String name) {
        JsonNode node = place.path(member);
        if (node.isMissingNode()) {
            return null;
        }
        if (!node.isString() || !node.stringValue().matches("[0-9.]{1,64}")) {
            throw wrong(name + "." + member, "another value", "a UID");
        }
        return node.stringValue();
    }

    private static ProblemException wrong(String member, String found, String expected) {
        return new ProblemException(Problem.of(new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request is not as it should be.",
                found,
                expected)));
    }
}
