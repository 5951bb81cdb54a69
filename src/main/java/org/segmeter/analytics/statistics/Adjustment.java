package org.segmeter.analytics.statistics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Probabilities of several tests, adjusted for there being several. */
public final class Adjustment {

    private Adjustment() {}

    /** Keeps the chance of any false finding: the step-down method of Holm (Scand. J. Stat. 6:65, 1979). */
    public static double[] holm(double[] p) {
        Integer[] order = ascending(p);
        double[] adjusted = new double[p.length];
        double most = 0;
        for (int i = 0; i < p.length; i++) {
            most = Math.max(most, Math.min(1, (p.length - i) * p[order[i]]));
            adjusted[order[i]] = most;
        }
        return adjusted;
    }

    /** Keeps the expected share of false ones among the findings (Benjamini and Hochberg, J. R. Stat. Soc. B 57:289, 1995). */
    public static double[] benjaminiHochberg(double[] p) {
        Integer[] order = ascending(p);
        double[] adjusted = new double[p.length];
        double least = 1;
        for (int i = p.length - 1; i >= 0; i--) {
            least = Math.min(least, p.length * p[order[i]] / (i + 1));
            adjusted[order[i]] = least;
        }
        return adjusted;
    }

    private static Integer[] ascending(double[] p) {
        Integer[] order = IntStream.range(0, p.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(i -> p[i]));
        return order;
    }
}
