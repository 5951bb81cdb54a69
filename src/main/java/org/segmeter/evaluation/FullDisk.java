package org.segmeter.evaluation;

import java.sql.SQLException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Tells a disk without space, this service's or the database's, from every other reason why something was not written. */
public final class FullDisk {

    /** SQL state of PostgreSQL: disk_full. */
    private static final String DISK_FULL = "53100";

    private static final int DEEPEST = 10;

    private FullDisk() {}

    /** True if a cause of the failure is want of space. The JDK has no type for it, only the system's words. */
    public static boolean is(Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = next(cause), depth++) {
            if (cause instanceof SQLException database && DISK_FULL.equals(database.getSQLState())) {
                return true;
            }
            if (cause instanceof java.io.IOException && saysFull(cause.getMessage())) {
                return true;
            }
        }
        return false;
    }

    private static boolean saysFull(@Nullable String message) {
        if (message == null) {
            return false;
        }
        String words = message.toLowerCase(Locale.ROOT);
        return words.contains("no space left")
                || words.contains("quota exceeded")
                || words.contains("not enough space")
                || words.contains("file too large");
    }

    private static @Nullable Throwable next(Throwable cause) {
        return cause.getCause() == cause ? null : cause.getCause();
    }
}
