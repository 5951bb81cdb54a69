package org.segmeter.metric.instance;

/**
 * When a predicted and a reference component may be matched; each component is matched at most once, and of all such matchings the
 * one with the largest sum of intersection over union is taken.
 *
 * @param iou the intersection over union to reach, 0 to 1; with 0 and {@code above} any shared voxel will do
 * @param above true if the value itself is not enough
 */
public record MatchRule(double iou, boolean above) {

    /** Any shared voxel. */
    public static final MatchRule ANY_OVERLAP = new MatchRule(0, true);

    public MatchRule {
        if (!(iou >= 0 && iou <= 1)) {
            throw new IllegalArgumentException("an intersection over union is 0 to 1, not " + iou);
        }
    }

    boolean admits(double value) {
        return above ? value > iou : value >= iou;
    }
}
