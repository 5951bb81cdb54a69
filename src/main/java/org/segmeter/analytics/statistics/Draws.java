package org.segmeter.analytics.statistics;

/**
 * Random numbers of one resample: the SplitMix64 generator (Steele, Lea and Flood, OOPSLA 2014), its start mixed from a seed and the
 * resample's number, so that any thread can make any resample and always makes the same one.
 */
final class Draws {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private long state;

    Draws(long seed, int resample) {
        state = mix(mix(seed) + (resample + 1L) * 0xD1B54A32D192ED03L);
    }

    long next() {
        return mix(state += GOLDEN);
    }

    /** From 0 to n - 1; biased by less than n / 2^32 (Lemire, ACM TOMACS 29:3, 2019, without the rejection). */
    int below(int n) {
        return (int) ((next() >>> 32) * n >>> 32);
    }

    /** A standard normal variate (Box and Muller, Ann. Math. Stat. 29:610, 1958), the same on every machine. */
    double normal() {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(((next() >>> 11) + 1) * 0x1p-53));
        return radius * StrictMath.cos(2 * Math.PI * ((next() >>> 11) * 0x1p-53));
    }

    private static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ a >>> 27) * 0x94D049BB133111EBL;
        return b ^ b >>> 31;
    }

    /** The sum of as many values as there are, each drawn from all of them. */
    static double resampledSum(double[] values, long seed, int resample) {
        return new Draws(seed, resample).sum(values, values.length);
    }

    /** The sum of so many values, each drawn from all of them. */
    double sum(double[] values, int count) {
        int n = values.length;
        long next = state;
        double even = 0;
        double odd = 0;
        int pairs = count >> 1;
        for (int i = 0; i < pairs; i++) {
            long bits = mix(next += GOLDEN);
            even += values[(int) ((bits >>> 32) * n >>> 32)];
            odd += values[(int) ((bits & 0xFFFFFFFFL) * n >>> 32)];
        }
        if ((count & 1) == 1) {
            even += values[(int) ((mix(next += GOLDEN) >>> 32) * n >>> 32)];
        }
        state = next;
        return even + odd;
    }
}
