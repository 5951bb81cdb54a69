package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.tomcat.util.http.fileupload.FileItemHeaders;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;

/** Digest fields of RFC 9530. */
final class Digests {

    /** The header fields in which a sender declares a digest. Without an encoding, which is refused, both are of the same bytes. */
    private static final List<String> FIELDS = List.of("Content-Digest", "Repr-Digest");

    /**
     * A member of a dictionary of structured fields (RFC 9651) whose value is a byte sequence. Possessive, and only looked at where the
     * member before ended: time grows with the length, not with its square or cube.
     */
    private static final Pattern MEMBER = Pattern.compile("[ \\t]*+([a-z*][a-z0-9_.*-]*+)[ \\t]*+"
            + "(?:=[ \\t]*+(:[A-Za-z0-9+/]*+={0,2}+:|[^,;]*+)(?:;[^,]*+)?)?"
            + "[ \\t]*+(?:,|$)");

    private static final int LONGEST = 1000;

    private Digests() {}

    /** The algorithms that are checked; others are ignored, as RFC 9530 allows. */
    enum Algorithm {
        SHA_256("sha-256", "SHA-256", 32),
        SHA_512("sha-512", "SHA-512", 64);

        private final String key;
        private final String name;
        private final int length;

        Algorithm(String key, String name, int length) {
            this.key = key;
            this.name = name;
            this.length = length;
        }

        MessageDigest start() {
            try {
                return MessageDigest.getInstance(name);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /**
     * What a sender says of a content.
     *
     * @param field the name of the header field
     * @param digest in hexadecimal
     */
    record Declared(String field, Algorithm algorithm, String digest) {

        /** @throws ProblemException 400 with both digests, if the content has another one */
        void verify(String actual, Problem of) {
            if (!actual.equals(digest)) {
                throw new ProblemException(of.with("found", Digests.field(algorithm, actual))
                        .with("expected", Digests.field(algorithm, digest)));
            }
        }
    }

    /** {@code sha-256=:...:} for a digest in hexadecimal. */
    static String field(String sha256) {
        return field(Algorithm.SHA_256, sha256);
    }

    /** {@code sha-256=:...:} for bytes that are sent. */
    static String of(byte[] content) {
        return field(
                Algorithm.SHA_256,
                HexFormat.of().formatHex(Algorithm.SHA_256.start().digest(content)));
    }

    static String field(Algorithm algorithm, String digest) {
        return algorithm.key + "=:"
                + Base64.getEncoder().encodeToString(HexFormat.of().parseHex(digest)) + ":";
    }

    /**
     * The digests that the body of a request is to have; each line of a field that is there more than once counts.
     *
     * @throws ProblemException 400 if one cannot be read
     */
    static List<Declared> ofBody(HttpServletRequest http) {
        return declared(name -> http.getHeaders(name).asIterator(), "the body");
    }

    /**
     * As {@link #ofBody}, of a part of a body.
     *
     * @param what the part is, for the answer
     */
    static List<Declared> ofPart(FileItemHeaders headers, String what) {
        return declared(headers::getHeaders, what);
    }

    private static List<Declared> declared(Function<String, Iterator<String>> lines, String what) {
        List<Declared> all = new ArrayList<>();
        for (String field : FIELDS) {
            lines.apply(field).forEachRemaining(value -> all.addAll(read(field, value, what)));
        }
        return all;
    }

    /**
     * Reads the value of a digest field.
     *
     * @param name of the field
     * @param what it belongs to, for the answer
     * @throws ProblemException 400 if it cannot be read
     */
    private static List<Declared> read(String name, String value, String what) {
        if (value.length() > LONGEST) {
            throw malformed(name, what, "it has more than %d characters".formatted(LONGEST));
        }
        Map<Algorithm, String> found = new EnumMap<>(Algorithm.class);
        Matcher member = MEMBER.matcher(value);
        int at = 0;
        while (at < value.length()) {
            if (!member.region(at, value.length()).lookingAt() || member.end() == at) {
                throw malformed(name, what, "it is no list of algorithm=:digest:");
            }
            at = member.end();
            for (Algorithm algorithm : Algorithm.values()) {
                if (algorithm.key.equals(member.group(1))) {
                    found.put(algorithm, bytes(algorithm, member.group(2), name, what));
                }
            }
        }
        if (value.isBlank() || value.stripTrailing().endsWith(",")) {
            throw malformed(name, what, "it is no list of algorithm=:digest:");
        }
        List<Declared> all = new ArrayList<>();
        found.forEach((algorithm, digest) -> all.add(new Declared(name, algorithm, digest)));
        return all;
    }

    private static String bytes(Algorithm algorithm, @Nullable String value, String name, String what) {
        if (value == null || value.length() < 2 || !value.startsWith(":") || !value.endsWith(":")) {
            throw malformed(name, what, "the value of %s does not stand between colons".formatted(algorithm.key));
        }
        byte[] digest;
        try {
            digest = Base64.getDecoder().decode(value.substring(1, value.length() - 1));
        } catch (IllegalArgumentException e) {
            throw malformed(name, what, "the value of %s is no base64".formatted(algorithm.key));
        }
        if (digest.length != algorithm.length) {
            throw malformed(
                    name,
                    what,
                    "the value of %s has %d bytes instead of %d"
                            .formatted(algorithm.key, digest.length, algorithm.length));
        }
        return HexFormat.of().formatHex(digest);
    }

    private static ProblemException malformed(String name, String what, String why) {
        return new ProblemException(Problem.of(
                                ServiceProblem.INVALID_DIGEST,
                                "The %s of %s cannot be read: %s.".formatted(name, what, why))
                        .with("expected", "sha-256=:<base64>: or sha-512=:<base64>:"))
                .header("Want-" + name, "sha-256=10, sha-512=9");
    }
}
