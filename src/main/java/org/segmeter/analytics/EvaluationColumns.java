package org.segmeter.analytics;

import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is known of all evaluations, in columns: some 50 bytes each. Evaluations are only added, each with a number that it keeps; one
 * that was removed is marked.
 */
final class EvaluationColumns {

    static final int REMOVED = -1;

    private static final int FIRST = 1 << 10;

    /** What evaluations are told apart by; few are different. */
    record About(
            String tenant,
            @Nullable String model,
            @Nullable String version,
            @Nullable String site,
            @Nullable String scanner,
            @Nullable String reader,
            @Nullable String protocol) {

        @Nullable
        String value(Dimension dimension) {
            return switch (dimension) {
                case MODEL -> model;
                case VERSION -> version;
                case SITE -> site;
                case SCANNER -> scanner;
                case READER -> reader;
                case PROTOCOL -> protocol;
                case STRUCTURE, CASE, DAY, WEEK, MONTH ->
                    throw new IllegalArgumentException(dimension + " is not said of evaluations here");
            };
        }
    }

    private final EvaluationNumbers numbers = new EvaluationNumbers();
    private final Dictionary<About> abouts = new Dictionary<>();
    private long[] submitted = new long[FIRST];
    private int[] about = new int[FIRST];
    private int removed;

    /**
     * Adds an evaluation, or says anew what one that is there belongs to.
     *
     * @param micros when it was submitted, microseconds since 1970
     */
    void put(UUID id, long micros, About what) {
        int number = numbers.add(id);
        if (number == EvaluationNumbers.NONE) {
            number = numbers.of(id);
            if (about[number] == REMOVED) {
                removed--;
            }
        } else if (number == about.length) {
            about = Arrays.copyOf(about, 2 * number);
            submitted = Arrays.copyOf(submitted, 2 * number);
        }
        submitted[number] = micros;
        about[number] = abouts.number(what);
    }

    /** Its values count no more. */
    void remove(UUID id) {
        int number = numbers.of(id);
        if (number != EvaluationNumbers.NONE && about[number] != REMOVED) {
            about[number] = REMOVED;
            removed++;
        }
    }

    /** From now on only those count that are put once more. Views that were taken before keep what they have. */
    void forgetDescriptions() {
        submitted = submitted.clone();
        about = about.clone();
        Arrays.fill(about, REMOVED);
        removed = numbers.size();
    }

    /** {@link EvaluationNumbers#NONE} if it is not there. */
    int number(UUID id) {
        return numbers.of(id);
    }

    UUID id(int number) {
        return numbers.id(number);
    }

    /** True if so much was removed that it is better read anew. */
    boolean isWorn() {
        return removed > FIRST && removed > numbers.size() / 4;
    }

    int different() {
        return abouts.size();
    }

    long bytes() {
        return numbers.bytes() + 12L * about.length + 200L * abouts.size();
    }

    /** What there is at this moment; what is added later is not seen, what is removed may be. */
    View view() {
        return new View(abouts.all(), submitted, about);
    }

    /**
     * Columns that nobody writes any more, as far as they are looked at.
     *
     * @param submitted microseconds since 1970, by the number of the evaluation
     * @param about the index of what it belongs to, or {@link #REMOVED}, by the number of the evaluation
     */
    record View(List<About> abouts, long[] submitted, int[] about) {}
}
