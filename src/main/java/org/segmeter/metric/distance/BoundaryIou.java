package org.segmeter.metric.distance;

import java.util.stream.IntStream;
import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * The intersection over union of the two masks' hollows: their voxels near their own boundary (Cheng et al., "Boundary IoU",
 * CVPR 2021).
 */
public final class BoundaryIou {

    /** Relative rounding within which a distance equals the limit and so is not below it. */
    private static final double ROUNDING = 1e-9;

    private BoundaryIou() {}

    /**
     * In mm: a voxel belongs to the hollow if its centre lies less than this far from the nearest point of a voxel outside the mask.
     *
     * @param prediction and reference: on one grid, not both empty
     * @param toleranceMm above 0
     * @return 0 to 1; 0 also where no voxel centre of either mask is that near to its boundary
     */
    public static double inMm(
            BitMask prediction, BitMask reference, Spacing spacing, double toleranceMm, CancelSignal cancel) {
        return ratio(
                hollow(prediction, outside(prediction), spacing, 0.5, toleranceMm, cancel),
                hollow(reference, outside(reference), spacing, 0.5, toleranceMm, cancel));
    }

    /**
     * In voxels, spacing ignored, as MetricsReloaded has it: a voxel belongs to the hollow if its centre lies less than this many
     * voxels from the centre of a voxel of the mask with a face neighbour outside.
     *
     * @param prediction and reference: on one grid, not both empty
     * @param voxels above 0
     * @return 0 to 1
     */
    public static double inVoxels(BitMask prediction, BitMask reference, double voxels, CancelSignal cancel) {
        return ratio(
                hollow(prediction, boundary(prediction), Spacing.VOXELS, 0, voxels, cancel),
                hollow(reference, boundary(reference), Spacing.VOXELS, 0, voxels, cancel));
    }

    private static double ratio(BitMask p, BitMask r) {
        long both = p.intersectionCount(r);
        long any = p.count() + r.count() - both;
        return any == 0 ? 0 : (double) both / any;
    }

    private static PointSet outside(BitMask mask) {
        return PointSet.voxels(mask, mask.box().grown(1), true);
    }

    private static PointSet boundary(BitMask mask) {
        return Surface.boundary(mask, mask.box(), Connectivity.FACES);
    }

    private static BitMask hollow(
            BitMask mask, PointSet targets, Spacing s, double nearer, double limit, CancelSignal cancel) {
        if (!(limit > 0)) {
            throw new IllegalArgumentException("the width of a boundary is above 0, not " + limit);
        }
        Box box = mask.box();
        BitMask hollow = new BitMask(box);
        if (box.isEmpty()) {
            return hollow;
        }
        NearestPoint nearest = new NearestPoint(targets, box, s, nearer);
        double below = limit * (1 - ROUNDING);
        IntStream.range(box.z0(), box.z1()).parallel().forEach(z -> {
            cancel.check();
            NearestPoint.Search search = nearest.search();
            for (int y = box.y0(); y < box.y1(); y++) {
                int from = mask.rowStart(y, z);
                int to = hollow.rowStart(y, z) - (hollow.wordX0() - mask.wordX0());
                for (int w = hollow.wordX0() - mask.wordX0();
                        w < hollow.wordX0() - mask.wordX0() + hollow.wordsPerRow();
                        w++) {
                    long near = 0;
                    for (long bits = mask.words()[from + w]; bits != 0; bits &= bits - 1) {
                        int bit = Long.numberOfTrailingZeros(bits);
                        double square = search.squared((mask.wordX0() + w << 6) + bit, y, z);
                        if (Math.sqrt(square) < below) {
                            near |= 1L << bit;
                        }
                    }
                    hollow.words()[to + w] = near;
                }
            }
        });
        return hollow;
    }
}
