package org.segmeter.database;

/** The service must not start as it is configured; the message is one line that names the setting and what to do. */
public final class StartRefused extends RuntimeException {

    public StartRefused(String line) {
        super(line.replaceAll("\\s+", " ").strip(), null, false, false);
    }
}
