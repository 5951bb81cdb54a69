package org.segmeter.metric;

import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * The rounds of a randomised comparison, each with random numbers of its own: they run on all processors, and one can be repeated
 * alone. {@code -Dsegmeter.rounds=10000} sets how many, for all comparisons.
 */
public final class Rounds {

    /** As many as a comparison needs to be worth its time in every build. */
    public static final int COUNT = Integer.getInteger("segmeter.rounds", 10_000);

    private Rounds() {}

    /** @param round is given the random numbers of one round, and a name by which to find it again */
    public static void each(long seed, BiConsumer<Random, String> round) {
        each(seed, COUNT, round);
    }

    /** @param count of rounds, unless the property says another */
    public static void each(long seed, int count, BiConsumer<Random, String> round) {
        IntStream.range(0, count(count))
                .parallel()
                .forEach(i -> round.accept(of(seed, i), "seed " + seed + ", round " + i));
    }

    /** @param usual rounds of a comparison */
    public static int count(int usual) {
        return Integer.getInteger("segmeter.rounds", usual);
    }

    /** The random numbers of one round: neighbouring rounds have nothing in common. */
    public static Random of(long seed, int round) {
        return new Random(new SplittableRandom(seed * 1_000_003 + round).nextLong());
    }
}
