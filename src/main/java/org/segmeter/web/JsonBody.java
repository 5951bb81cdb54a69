package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** A request's body of JSON, of at most a mebibyte. */
final class JsonBody {

    private static final int LONGEST = 1 << 20;

    private JsonBody() {}

    /**
     * @throws ProblemException 400 if it is not what its digest says, 413 or 415
     * @throws InputException INVALID_REQUEST if it is no JSON
     */
    static JsonNode read(HttpServletRequest http) throws IOException, InputException {
        if (!isJson(http.getContentType())) {
            throw new ProblemException(ServiceProblem.UNSUPPORTED_MEDIA_TYPE, "The body is application/json.")
                    .header("Accept-Post", "application/json");
        }
        Hashing whole = new Hashing(http.getInputStream(), Digests.ofBody(http));
        byte[] bytes = whole.stream().readNBytes(LONGEST + 1);
        if (bytes.length > LONGEST) {
            throw new ProblemException(
                    Problem.of(ServiceProblem.PAYLOAD_TOO_LARGE, "The body is longer than %d bytes.".formatted(LONGEST))
                            .with("limit", LONGEST));
        }
        whole.verify(Problem.of(ServiceProblem.DIGEST_MISMATCH, "The body is not what its digest says."));
        return parse(new String(bytes, StandardCharsets.UTF_8));
    }

    /** @throws InputException INVALID_REQUEST if it is no JSON */
    static JsonNode parse(String text) throws InputException {
        try {
            if (text.indexOf('\0') < 0 && !text.contains("\\u0000")) {
                return JsonDocument.read(text);
            }
        } catch (JacksonException e) {
            // falls through to the refusal
        }
        throw new InputException(
                InputProblem.INVALID_REQUEST, "The body is no JSON.", "another text", "JSON without U+0000");
    }

    private static boolean isJson(@org.jspecify.annotations.Nullable String type) {
        try {
            return type != null && MediaType.parseMediaType(type).isCompatibleWith(MediaType.APPLICATION_JSON);
        } catch (InvalidMediaTypeException e) {
            return false;
        }
    }
}
