package org.segmeter.analytics.statistics;

/**
 * Patterns of a control chart that chance hardly makes (Nelson, J. Qual. Technol. 16:237, 1984), on values in sigmas from the centre.
 * Exactly on the centre or a limit is on neither side and not beyond.
 */
public enum NelsonRule {
    /** One value more than 3 sigma from the centre. */
    BEYOND_3_SIGMA(1, "one value more than 3 sigma from the centre"),
    /** Nine values in a row on one side of the centre. */
    NINE_ON_ONE_SIDE(2, "nine values in a row on one side of the centre"),
    /** Six values in a row that all rise or all fall. */
    SIX_IN_A_TREND(3, "six values in a row that all rise or all fall"),
    /** Fourteen values in a row that rise and fall in turn. */
    FOURTEEN_ALTERNATING(4, "fourteen values in a row that rise and fall in turn"),
    /** Two of three values in a row more than 2 sigma from the centre on one side. */
    TWO_OF_THREE_BEYOND_2_SIGMA(5, "two of three values in a row more than 2 sigma from the centre on one side"),
    /** Four of five values in a row more than 1 sigma from the centre on one side. */
    FOUR_OF_FIVE_BEYOND_1_SIGMA(6, "four of five values in a row more than 1 sigma from the centre on one side"),
    /** Fifteen values in a row within 1 sigma of the centre. */
    FIFTEEN_WITHIN_1_SIGMA(7, "fifteen values in a row within 1 sigma of the centre"),
    /** Eight values in a row more than 1 sigma from the centre, on both sides. */
    EIGHT_BEYOND_1_SIGMA(8, "eight values in a row more than 1 sigma from the centre, on both sides");

    private final int number;
    private final String description;

    NelsonRule(int number, String description) {
        this.number = number;
        this.description = description;
    }

    /** As Nelson counts them, 1 to 8. */
    public int number() {
        return number;
    }

    /** In words. */
    public String description() {
        return description;
    }

    /** @param number 1 to 8 */
    public static NelsonRule of(int number) {
        return values()[number - 1];
    }

    /**
     * Whether the pattern is complete with this value.
     *
     * @param z values in sigmas from the centre
     */
    boolean holdsAt(double[] z, int i) {
        return switch (this) {
            case BEYOND_3_SIGMA -> Math.abs(z[i]) > 3;
            case NINE_ON_ONE_SIDE -> beyond(z, i, 9, 9, 0, 1) || beyond(z, i, 9, 9, 0, -1);
            case SIX_IN_A_TREND -> trend(z, i, 1) || trend(z, i, -1);
            case FOURTEEN_ALTERNATING -> alternating(z, i);
            case TWO_OF_THREE_BEYOND_2_SIGMA -> beyond(z, i, 3, 2, 2, 1) || beyond(z, i, 3, 2, 2, -1);
            case FOUR_OF_FIVE_BEYOND_1_SIGMA -> beyond(z, i, 5, 4, 1, 1) || beyond(z, i, 5, 4, 1, -1);
            case FIFTEEN_WITHIN_1_SIGMA -> count(z, i, 15, true) == 15;
            case EIGHT_BEYOND_1_SIGMA ->
                count(z, i, 8, false) == 8 && onSide(z, i, 8, 1, 1) > 0 && onSide(z, i, 8, 1, -1) > 0;
        };
    }

    /** Whether this value, and enough of the last ones with it, are beyond so many sigma on a side. */
    private static boolean beyond(double[] z, int i, int window, int enough, double sigmas, int side) {
        return z[i] * side > sigmas && onSide(z, i, window, sigmas, side) >= enough;
    }

    private static int onSide(double[] z, int i, int window, double sigmas, int side) {
        int found = 0;
        for (int k = Math.max(0, i - window + 1); k <= i; k++) {
            if (z[k] * side > sigmas) {
                found++;
            }
        }
        return found;
    }

    private static int count(double[] z, int i, int window, boolean within) {
        int found = 0;
        for (int k = Math.max(0, i - window + 1); k <= i; k++) {
            if (within ? Math.abs(z[k]) < 1 : Math.abs(z[k]) > 1) {
                found++;
            }
        }
        return found;
    }

    private static boolean trend(double[] z, int i, int side) {
        if (i < 5) {
            return false;
        }
        for (int k = i - 4; k <= i; k++) {
            if ((z[k] - z[k - 1]) * side <= 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean alternating(double[] z, int i) {
        if (i < 13) {
            return false;
        }
        for (int k = i - 11; k <= i; k++) {
            if ((z[k] - z[k - 1]) * (z[k - 1] - z[k - 2]) >= 0) {
                return false;
            }
        }
        return true;
    }
}
