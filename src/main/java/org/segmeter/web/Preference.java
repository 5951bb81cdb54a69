package org.segmeter.web;

import java.time.Duration;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The header Prefer of RFC 7240, of which {@code wait} is known. */
final class Preference {

    private static final Pattern WAIT = Pattern.compile("(?:^|[,;])\\s*wait\\s*=\\s*\"?(\\d{1,9})\"?\\s*(?=$|[,;])");

    private Preference() {}

    /** How long the client would wait, in whole seconds, at most {@code longest}; empty if it does not say. */
    static Optional<Duration> waiting(Enumeration<String> headers, Duration longest) {
        for (String header : Collections.list(headers)) {
            Matcher matcher = WAIT.matcher(header);
            if (matcher.find()) {
                long seconds = Math.min(Long.parseLong(matcher.group(1)), longest.toSeconds());
                return Optional.of(Duration.ofSeconds(seconds));
            }
        }
        return Optional.empty();
    }
}
