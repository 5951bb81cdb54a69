package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;

/**
 * How well each matched component is segmented.
 *
 * @param pairs in the order of the matches
 */
public record LesionScores(List<Pair> pairs) {

    /**
     * @param dice of the two components, 0 to 1
     * @param centreDistanceMm between the centres of mass
     * @param distances between their surfaces
     */
    public record Pair(
            InstanceMatching.Match match, double dice, double centreDistanceMm, SurfaceDistances distances) {}

    public LesionScores {
        pairs = List.copyOf(pairs);
    }

    /** Measures every matched pair on its own, in its own box: what lies elsewhere costs nothing. */
    public static LesionScores of(
            Components prediction,
            Components reference,
            InstanceMatching matching,
            Spacing spacing,
            SurfaceModel model,
            CancelSignal cancel) {
        List<Pair> pairs = matching.matches().parallelStream()
                .map(m -> {
                    BitMask p = prediction.mask(m.prediction());
                    BitMask r = reference.mask(m.reference());
                    double dice =
                            2.0 * m.intersection() / (prediction.size(m.prediction()) + reference.size(m.reference()));
                    double[] a = centre(p);
                    double[] b = centre(r);
                    double dx = (a[0] - b[0]) * spacing.x();
                    double dy = (a[1] - b[1]) * spacing.y();
                    double dz = (a[2] - b[2]) * spacing.z();
                    return new Pair(
                            m,
                            dice,
                            Math.sqrt(dx * dx + dy * dy + dz * dz),
                            SurfaceDistances.between(p, r, spacing, model, cancel));
                })
                .toList();
        return new LesionScores(new ArrayList<>(pairs));
    }

    /** The centre of mass in voxel indices. */
    private static double[] centre(BitMask mask) {
        long n = 0;
        double x = 0;
        double y = 0;
        double z = 0;
        for (int k = mask.z0(); k < mask.z1(); k++) {
            for (int j = mask.y0(); j < mask.y1(); j++) {
                int row = mask.rowStart(j, k);
                for (int w = 0; w < mask.wordsPerRow(); w++) {
                    for (long bits = mask.words()[row + w]; bits != 0; bits &= bits - 1) {
                        n++;
                        x += (mask.wordX0() + w << 6) + Long.numberOfTrailingZeros(bits);
                        y += j;
                        z += k;
                    }
                }
            }
        }
        return new double[] {x / n, y / n, z / n};
    }

    /** Mean over the pairs of a value of each, 0 pairs giving NaN: ask {@link #pairs()} first. */
    public double mean(java.util.function.ToDoubleFunction<Pair> value) {
        return pairs.stream().mapToDouble(value).average().orElse(Double.NaN);
    }

    /** The 95th percentile of a pair's distances, area-weighted, the larger direction. */
    public static double hd95(Pair pair) {
        return pair.distances().percentile(95, PercentileRule.AREA_STEP_LARGER);
    }
}
