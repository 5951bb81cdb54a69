package org.segmeter.database;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Prints a refusal as the one line that it is, on standard error, instead of a stack trace. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class StartRefusedReporter implements SpringBootExceptionReporter {

    @Override
    @SuppressWarnings("SystemOut")
    public boolean reportException(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = next(cause)) {
            if (cause instanceof StartRefused refused) {
                System.err.println("segmeter: refused to start: " + refused.getMessage());
                return true;
            }
            if (cause instanceof BindException wrong) {
                System.err.println("segmeter: refused to start: " + line(wrong));
                return true;
            }
        }
        return false;
    }

    /** The setting, and what is wrong with it. */
    private static String line(BindException wrong) {
        String setting = wrong.getProperty() != null
                ? wrong.getProperty().getName().toString()
                : wrong.getName().toString();
        Throwable reason = wrong;
        for (Throwable cause = next(wrong); cause != null; cause = next(cause)) {
            reason = cause;
        }
        String words =
                String.valueOf(reason.getMessage()).replaceAll("\\s+", " ").strip();
        return words.contains(setting) ? words : setting + ": " + words;
    }

    private static @Nullable Throwable next(Throwable cause) {
        return cause.getCause() == cause ? null : cause.getCause();
    }
}
