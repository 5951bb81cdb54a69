package org.segmeter.web;

import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.IdempotencyKey;
import org.segmeter.evaluation.ServiceProblem;

/**
 * The header Idempotency-Key of draft-ietf-httpapi-idempotency-key-header: a string of RFC 9651 in quotes, or, as many clients send
 * it, the same characters bare. {@code "a"} and {@code a} are one key.
 */
final class KeyHeader {

    static final String NAME = "Idempotency-Key";

    private static final int LONGEST = 255;

    /** RFC 9651 section 3.3.3: visible ASCII and space; the quote and the backslash are escaped. */
    private static final Pattern QUOTED =
            Pattern.compile("\"((?:[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]|\\\\[\"\\\\])*)\"");

    private static final Pattern BARE = Pattern.compile("[\\x21\\x23-\\x7E]*");

    private static final String RULE = "A key has 1 to " + LONGEST + " visible ASCII characters, in quotes or bare.";

    private KeyHeader() {}

    /**
     * The key of a request; null if it has none.
     *
     * @throws ProblemException 400 if it cannot be read, or there are two
     */
    static @Nullable IdempotencyKey read(Enumeration<String> headers) {
        List<String> values = Collections.list(headers);
        if (values.isEmpty()) {
            return null;
        }
        if (values.size() > 1) {
            throw invalid("The header Idempotency-Key is there %d times.".formatted(values.size()));
        }
        String value = values.getFirst().strip();
        if (value.length() > 2 * LONGEST + 2) {
            throw invalid(RULE);
        }
        Matcher quoted = QUOTED.matcher(value);
        String key = quoted.matches()
                ? quoted.group(1).replaceAll("\\\\(.)", "$1")
                : BARE.matcher(value).matches() ? value : "";
        if (key.isEmpty() || key.length() > LONGEST) {
            throw invalid(RULE);
        }
        return IdempotencyKey.of(key);
    }

    private static ProblemException invalid(String detail) {
        return new ProblemException(ServiceProblem.INVALID_IDEMPOTENCY_KEY, detail);
    }
}
