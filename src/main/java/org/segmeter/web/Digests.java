package org.segmeter.web;

import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Digest fields of RFC 9530. */
final class Digests {

    private static final Pattern SHA_256 = Pattern.compile("(?:^|,)\\s*sha-256=:([A-Za-z0-9+/=]+):");

    private Digests() {}

    /** {@code sha-256=:...:} for a digest in hexadecimal. */
    static String field(String sha256) {
        return "sha-256=:" + Base64.getEncoder().encodeToString(HexFormat.of().parseHex(sha256)) + ":";
    }

    /** The SHA-256 of a field in hexadecimal; empty if the field has none that can be read. */
    static Optional<String> sha256(String field) {
        Matcher matcher = SHA_256.matcher(field);
        if (!matcher.find()) {
            return Optional.empty();
        }
        try {
            byte[] digest = Base64.getDecoder().decode(matcher.group(1));
            return digest.length == 32 ? Optional.of(HexFormat.of().formatHex(digest)) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
