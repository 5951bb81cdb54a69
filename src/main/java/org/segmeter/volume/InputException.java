package org.segmeter.volume;

import org.jspecify.annotations.Nullable;

/**
 * An input was refused. The only exception that readers, geometry and segment matching throw for what is in a file or request;
 * every other exception is a fault of the program.
 *
 * <p>Texts carry numbers and names of the standards, never a value of a patient attribute, free text or a file name.
 */
public final class InputException extends Exception {

    private final InputProblem problem;
    private final @Nullable String found;
    private final @Nullable String expected;
    private final @Nullable String side;

    /**
     * @param message a sentence that a person can act on
     * @param found what was found, short
     * @param expected what would have been accepted, short
     */
    public InputException(InputProblem problem, String message, @Nullable String found, @Nullable String expected) {
        this(problem, message, found, expected, null);
    }

    private InputException(
            InputProblem problem,
            String message,
            @Nullable String found,
            @Nullable String expected,
            @Nullable String side) {
        super(message, null, false, false);
        this.problem = problem;
        this.found = found;
        this.expected = expected;
        this.side = side;
    }

    public InputProblem problem() {
        return problem;
    }

    public @Nullable String found() {
        return found;
    }

    public @Nullable String expected() {
        return expected;
    }

    /** {@code prediction} or {@code reference}, once it is known which one was refused; null if both are at fault together. */
    public @Nullable String side() {
        return side;
    }

    /** The same refusal, saying which side of the evaluation it concerns. */
    public InputException onSide(String which) {
        return new InputException(problem, messageOrTitle(), found, expected, which);
    }

    private String messageOrTitle() {
        String message = getMessage();
        return message == null ? problem.title() : message;
    }
}
