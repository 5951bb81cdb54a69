package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The steps from a lattice point to those around it, the shortest first: all that are shorter than one that is not among them. A step along
 * x stands for both directions. Depends on the spacing alone, and is kept for it. Immutable.
 */
final class NearSteps {

    /** Most points along an axis. */
    static final int REACH = 16;

    /** At most about so many steps there are: of voxels that are cubes those up to 11 voxels long. */
    private static final int MOST = 2700;

    /** Spacings in use at a time are few. */
    private static final int MOST_KEPT = 64;

    private static final Map<Spacing, NearSteps> KEPT = new ConcurrentHashMap<>();

    /** Points along x, 0 to {@link #REACH}; along y and z to both sides. */
    final int[] x;

    final int[] y;
    final int[] z;

    /** The place of each step's length among {@link #squares}: many steps are equally long. */
    final int[] length;

    /** The lengths squared, in mm2, ascending, each once: {@code (y + z) + x}, as {@link NearestPoint} has it. */
    final double[] squares;

    /** Most points along y and z. */
    final int reachY;

    final int reachZ;

    /**
     * For each number of {@linkplain NearWords#grow growths} from 0 on the first step that leads out of the body that a point has grown to, and
     * after the last one the number of steps.
     */
    private final int[] firstOutside;

    /** For each number of growths the number of steps up to the last one within that body. */
    private final int[] endInside;

    private record Step(int x, int y, int z, double square) {}

    private NearSteps(Spacing spacing) {
        double[] costX = NearestPoint.costs(spacing.x(), 0, REACH + 1);
        double[] costY = NearestPoint.costs(spacing.y(), 0, REACH + 1);
        double[] costZ = NearestPoint.costs(spacing.z(), 0, REACH + 1);
        // Half of a ball that holds so many voxels; but a step beyond the reach would not be among them.
        double radius = Math.cbrt(MOST * 1.5 / Math.PI * spacing.x() * spacing.y() * spacing.z());
        double limit =
                Math.min(radius * radius, Math.min(costX[REACH + 1], Math.min(costY[REACH + 1], costZ[REACH + 1])));
        List<Step> steps = new ArrayList<>();
        for (int dz = -REACH; dz <= REACH; dz++) {
            for (int dy = -REACH; dy <= REACH; dy++) {
                double ofRow = costY[Math.abs(dy)] + costZ[Math.abs(dz)];
                for (int dx = 0; dx <= REACH && ofRow + costX[dx] < limit; dx++) {
                    steps.add(new Step(dx, dy, dz, ofRow + costX[dx]));
                }
            }
        }
        steps.sort(Comparator.comparingDouble(Step::square));
        int n = steps.size();
        x = new int[n];
        y = new int[n];
        z = new int[n];
        length = new int[n];
        double[] distinct = new double[n];
        int lengths = 0;
        int farthestY = 0;
        int farthestZ = 0;
        for (int i = 0; i < n; i++) {
            Step step = steps.get(i);
            x[i] = step.x();
            y[i] = step.y();
            z[i] = step.z();
            if (i == 0 || step.square() != distinct[lengths - 1]) {
                distinct[lengths++] = step.square();
            }
            length[i] = lengths - 1;
            farthestY = Math.max(farthestY, step.y());
            farthestZ = Math.max(farthestZ, step.z());
        }
        squares = Arrays.copyOf(distinct, lengths);
        reachY = farthestY;
        reachZ = farthestZ;
        int[] outside = new int[3 * REACH + 2];
        int[] inside = new int[outside.length];
        Arrays.fill(outside, n);
        for (int i = n - 1; i >= 0; i--) {
            int within = growths(x[i], Math.abs(y[i]), Math.abs(z[i]));
            for (int growths = 0; growths < outside.length; growths++) {
                if (growths < within) {
                    outside[growths] = i;
                } else {
                    inside[growths] = Math.max(inside[growths], i + 1);
                }
            }
        }
        firstOutside = outside;
        endInside = inside;
    }

    int count() {
        return x.length;
    }

    /** How often a point must grow to reach one that is so many steps away: every other time by one of them, else by one along each axis. */
    private static int growths(int dx, int dy, int dz) {
        for (int growths = 0; ; growths++) {
            int boxes = growths / 2;
            int left = Math.max(dx - boxes, 0) + Math.max(dy - boxes, 0) + Math.max(dz - boxes, 0);
            if (left <= growths - boxes) {
                return growths;
            }
        }
    }

    /** The first step that leads from a point to one that it has not reached after so many growths; the number of steps if there is none. */
    int firstOutside(int growths) {
        return firstOutside[Math.min(growths, firstOutside.length - 1)];
    }

    /** After the last step that leads from a point to one that it has reached after so many growths. */
    int endInside(int growths) {
        return endInside[Math.min(growths, endInside.length - 1)];
    }

    static NearSteps of(Spacing spacing) {
        NearSteps known = KEPT.get(spacing);
        if (known == null) {
            known = new NearSteps(spacing);
            if (KEPT.size() >= MOST_KEPT) {
                KEPT.clear();
            }
            KEPT.put(spacing, known);
        }
        return known;
    }
}
