package org.segmeter.volume;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
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
    private final transient Map<String, Object> details;

    /**
     * @param message a sentence that a person can act on
     * @param found what was found, short
     * @param expected what would have been accepted, short
     */
    public InputException(InputProblem problem, String message, @Nullable String found, @Nullable String expected) {
        this(problem, message, found, expected, null, Map.of());
    }

    private InputException(
            InputProblem problem,
            String message,
            @Nullable String found,
            @Nullable String expected,
            @Nullable String side,
            Map<String, Object> details) {
        super(message, null, false, false);
        this.problem = problem;
        this.found = found;
        this.expected = expected;
        this.side = side;
        this.details = details;
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
        return new InputException(problem, messageOrTitle(), found, expected, which, details);
    }

    /** The same refusal with a number that led to it, under a stable name (a member of the problem document). */
    public InputException with(String name, Object number) {
        Map<String, Object> more = new LinkedHashMap<>(details);
        more.put(name, number);
        return new InputException(problem, messageOrTitle(), found, expected, side, Collections.unmodifiableMap(more));
    }

    /**
     * The numbers that led to the refusal, for example {@code cornerDisplacementVoxels}: finite numbers, strings, booleans or
     * lists of them, in a fixed order.
     */
    public Map<String, Object> details() {
        return details;
    }

    private String messageOrTitle() {
        String message = getMessage();
        return message == null ? problem.title() : message;
    }
}
