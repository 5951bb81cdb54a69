package org.segmeter.web;

import java.io.IOException;
import java.util.List;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.Side;
import org.segmeter.pacs.Pull;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.InputException;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Fetches the sides of a submission that its request only names: {@code {"prediction": {"dicomweb": {"source": ..., "study": ...,
 * "series": ..., "instance": ...}}}}. The source is one of the configuration; no address comes from a request.
 */
@Component
final class DicomWebSides implements Upload.Elsewhere {

    private final Pull pull;
    private final WebSettings settings;

    DicomWebSides(Pull pull, WebSettings settings) {
        this.pull = pull;
        this.settings = settings;
    }

    @Override
    public List<BlobStore.Incoming> fetch(Side side, String request, boolean sent) throws IOException {
        JsonNode named;
        try {
            named = JsonDocument.read(request).path(side.word()).path(ScoringOptions.PLACE_MEMBER);
        } catch (JacksonException e) {
            return List.of(); // the request is refused with its line and column when it is read
        }
        if (named.isMissingNode()) {
            return List.of();
        }
        String name = side.word() + "." + ScoringOptions.PLACE_MEMBER;
        SourcePlace place;
        try {
            if (sent) {
                throw SourcePlace.wrong(name, "files of this side and a place to fetch it from", "one of the two");
            }
            place = SourcePlace.read(named, name, pull);
            if (place.study() == null || place.series() == null && place.instance() == null) {
                throw SourcePlace.wrong(
                        name, "no study, or neither series nor instance", "study and series, or study and instance");
            }
        } catch (InputException e) {
            throw new ProblemException(Problem.of(e));
        }
        try {
            List<BlobStore.Incoming> files = pull.side(
                    place.source(),
                    place.study(),
                    place.series(),
                    place.instance(),
                    settings.upload().maxParts() / 2);
            if (files.isEmpty()) {
                throw new ProblemException(Problem.of(
                                ServiceProblem.SOURCE_HAS_NONE,
                                "The source has no segmentation of this study, series and instance.")
                        .with("source", place.source())
                        .with("side", side.word()));
            }
            return files;
        } catch (Pull.SourceFailed e) {
            throw new ProblemException(Problem.of(ServiceProblem.SOURCE_FAILED, String.valueOf(e.getMessage()))
                    .with("source", place.source())
                    .with("side", side.word()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProblemException(ServiceProblem.UNAVAILABLE, "The service is ending; nothing was stored.")
                    .header("Retry-After", "5");
        }
    }
}
