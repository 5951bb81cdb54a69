package org.segmeter.analytics.statistics;

/**
 * Agreement of two measurements of the same quantity (Bland and Altman, Lancet 327:307, 1986).
 *
 * @param bias mean of a - b
 * @param sd of a - b, with n - 1; NaN for one case
 * @param lower bias - 1.96 sd, the lower limit of agreement
 * @param upper bias + 1.96 sd
 */
public record BlandAltman(int n, double bias, double sd, double lower, double upper) {

    private static final double Z = 1.96;

    /** @param a and b: measurements of the same cases in the same order, at least one */
    public static BlandAltman of(double[] a, double[] b) {
        double[] differences = PairedComparison.differences(a, b);
        double bias = Moments.mean(differences);
        double sd = Moments.sd(differences);
        return new BlandAltman(differences.length, bias, sd, bias - Z * sd, bias + Z * sd);
    }
}
