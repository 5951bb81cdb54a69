package org.segmeter.backup;

/** A backup cannot be made or restored; the message is for the person who asked. */
public final class BackupRefused extends RuntimeException {
    public BackupRefused(String message) {
        super(message, null, false, false);
    }
}
