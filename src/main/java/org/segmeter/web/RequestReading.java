package org.segmeter.web;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.ProtocolStore;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;

/** Reads the JSON that may come with a submission, so that a mistake in it is answered at once. */
@Component
final class RequestReading {

    private final ProtocolStore protocols;

    RequestReading(ProtocolStore protocols) {
        this.protocols = protocols;
    }

    /** @param protocols by which to score, at least one, all of which exist */
    record Request(Description description, List<String> protocols) {}

    /** @throws InputException INVALID_REQUEST naming the member */
    Request read(@Nullable String json) throws InputException {
        if (json == null) {
            return new Request(Description.NONE, List.of(ScoringOptions.DEFAULT_PROTOCOL));
        }
        if (json.indexOf('\0') >= 0 || json.contains("\\u0000")) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The request contains a null character.",
                    "U+0000",
                    "text without it");
        }
        ScoringOptions options = ScoringOptions.parse(json);
        protocols.require(options.protocols());
        try {
            return new Request(Description.parse(JsonDocument.read(json)), options.protocols());
        } catch (JacksonException e) {
            throw new IllegalStateException("was parsed a moment ago", e);
        }
    }
}
