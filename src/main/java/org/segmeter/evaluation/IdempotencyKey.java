package org.segmeter.evaluation;

import java.nio.charset.StandardCharsets;
import org.segmeter.database.Tenant;

/**
 * A client's name for one submission, by which a repeated request is known
 * (draft-ietf-httpapi-idempotency-key-header). Only its digest is kept: a key may be made of anything.
 *
 * @param sha256 of the key, in lower-case hexadecimal
 */
public record IdempotencyKey(String sha256) {

    /**
     * The key of the tenant that this thread works for: the same name of another tenant is another key.
     *
     * @param key as the client chose it
     */
    public static IdempotencyKey of(String key) {
        return new IdempotencyKey(Submission.sha256(ofTenant(key).getBytes(StandardCharsets.UTF_8)));
    }

    /** A text that is another one for each tenant; no client's key has a line feed. */
    static String ofTenant(String text) {
        String tenant = Tenant.current();
        return tenant.equals(Tenant.DEFAULT) ? text : tenant + "\n" + text;
    }
}
