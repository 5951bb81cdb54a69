package org.segmeter.security;

import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key without its secret, of which only the digest is kept.
 *
 * @param id the part of the key that is no secret, 12 lower-case letters and digits
 * @param name what people call it
 * @param roles as they were given
 * @param expiresAt null: never. Likewise {@code revokedAt}, {@code lastUsedAt}
 * @param replaces id of the key that it takes the place of
 */
public record ApiKey(
        String id,
        String tenant,
        String name,
        String secretSha256,
        Set<Role> roles,
        Instant createdAt,
        @Nullable Instant expiresAt,
        @Nullable Instant revokedAt,
        @Nullable Instant lastUsedAt,
        @Nullable String replaces) {

    /**
     * A key that was just made: the only time that its secret is seen.
     *
     * @param token what is sent as {@code Authorization: Bearer}
     */
    public record Made(ApiKey key, String token) {}

    /** True if it opens at this time. */
    public boolean isValid(Instant now) {
        return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
    }

    /** Without the digest, which is nobody's business. */
    @Override
    public String toString() {
        return "ApiKey[" + id + "]";
    }
}
