package org.segmeter.evaluation;

/** Failures as the log may have them: what kind and where, without texts that could quote an input. */
public final class Reasons {

    private static final int FRAMES = 8;

    private Reasons() {}

    /** The chain of causes with the first places of each. */
    public static String describe(Throwable reason) {
        StringBuilder text = new StringBuilder();
        Throwable cause = reason;
        for (int depth = 0; cause != null && depth < 5; depth++) {
            text.append(depth == 0 ? "" : " caused by ").append(cause.getClass().getName());
            StackTraceElement[] frames = cause.getStackTrace();
            for (int i = 0; i < Math.min(FRAMES, frames.length); i++) {
                text.append(i == 0 ? " at " : " < ")
                        .append(frames[i].getClassName())
                        .append('.')
                        .append(frames[i].getMethodName())
                        .append(':')
                        .append(frames[i].getLineNumber());
            }
            cause = cause.getCause() == cause ? null : cause.getCause();
        }
        return text.toString();
    }
}
