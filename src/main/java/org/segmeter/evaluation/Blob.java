package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * Content that is stored.
 *
 * @param sha256 of the content as received, 64 lower-case hexadecimal digits
 * @param size in bytes
 */
public record Blob(String sha256, long size) {

    /** The SHA-256 of all that a stream gives, in lower-case hexadecimal digits; the stream is closed. */
    public static String digest(InputStream content) throws IOException {
        MessageDigest digest = Reception.sha256();
        try (DigestInputStream in = new DigestInputStream(content, digest)) {
            byte[] buffer = new byte[1 << 17];
            while (in.read(buffer) >= 0) {
                // the digest sees what passes
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
