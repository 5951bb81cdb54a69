package org.segmeter.web;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The header Prefer of RFC 7240, of which {@code wait} is known. */
final class Preference {

    private static final Pattern WAIT = Pattern.compile("(?:^|[,;])\\s*wait\\s*=\\s*\"?(\\d{1,100})\"?\\s*(?=$|[,;])");

    private Preference() {}

    /** How long the client would wait, in whole seconds, at most {@code longest}; empty if it does not say. */
    static Optional<Duration> waiting(Enumeration<String> headers, Duration longest) {
        for (String header : Collections.list(headers)) {
            Matcher matcher = WAIT.matcher(header);
            if (matcher.find()) {
                // However many digits: who would wait for ever waits as long as is granted.
                long seconds = new BigInteger(matcher.group(1))
                        .min(BigInteger.valueOf(longest.toSeconds()))
                        .longValueExact();
                return Optional.of(Duration.ofSeconds(seconds));
            }
        }
        return Optional.empty();
    }
}
