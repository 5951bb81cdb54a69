package org.segmeter.evaluation;

import java.nio.charset.StandardCharsets;

/**
 * A client's name for one submission, by which a repeated request is known
 * (draft-ietf-httpapi-idempotency-key-header). Only its digest is kept: a key may be made of anything.
 *
 * @param sha256 of the key, in lower-case hexadecimal
 */
public record IdempotencyKey(String sha256) {

    /** @param key as the client chose it */
    public static IdempotencyKey of(String key) {
        return new IdempotencyKey(Submission.sha256(key.getBytes(StandardCharsets.UTF_8)));
    }
}
