package org.segmeter.evaluation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be scored; all content is in the blob store already.
 *
 * @param prediction at least one file
 * @param reference at least one file
 * @param description what it belongs to
 * @param protocols by which conventions, at least one
 * @param request the sender's JSON as received; null if there was none
 */
public record Submission(
        List<Blob> prediction,
        List<Blob> reference,
        Description description,
        List<String> protocols,
        @Nullable String request) {
    public Submission {
        prediction = List.copyOf(prediction);
        reference = List.copyOf(reference);
        protocols = List.copyOf(protocols);
        if (prediction.isEmpty() || reference.isEmpty() || protocols.isEmpty()) {
            throw new IllegalArgumentException("a submission has two sides and a protocol");
        }
    }
}
