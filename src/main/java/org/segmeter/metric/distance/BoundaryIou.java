package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Parts;

/**
 * The intersection over union of the two masks' hollows: their voxels near their own boundary (Cheng et al., "Boundary IoU",
 * CVPR 2021).
 */
public final class BoundaryIou {

    /** Relative rounding within which a distance equals the limit and so is not below it. */
    private static final double ROUNDING = 1e-9;

    /** Up to so many rows are spread for each row of the mask; for more a search, which stops early, is cheaper. */
    private static final int MOST_ROWS = 1024;

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

    /**
     * Slice by slice along z, as the authors have it: a voxel belongs to the hollow if this many erosions by 3 x 3 pixels take it away;
     * what lies outside the volume is background.
     *
     * @param prediction and reference: on one grid, not both empty
     * @param erosions at least 1
     * @return 0 to 1
     */
    public static double inSlices(BitMask prediction, BitMask reference, int erosions, CancelSignal cancel) {
        if (erosions < 1) {
            throw new IllegalArgumentException("a hollow takes at least one erosion, not " + erosions);
        }
        return ratio(peeled(prediction, erosions, cancel), peeled(reference, erosions, cancel));
    }

    private static BitMask peeled(BitMask mask, int erosions, CancelSignal cancel) {
        Box box = mask.box();
        BitMask peeled = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            Box flat = new Box(box.x0(), box.y0(), z, box.x1(), box.y1(), z + 1);
            PointSet whole = PointSet.voxels(mask, flat, false);
            long[] left = whole.words.clone();
            for (int i = 0; i < erosions; i++) {
                cancel.check();
                left = eroded(left, whole.stride, whole.ny);
            }
            for (int j = 0; j < whole.ny; j++) {
                int to = peeled.rowStart(whole.y0 + j, z);
                for (int w = 0; w < peeled.wordsPerRow(); w++) {
                    int at = j * whole.stride + w + 1;
                    peeled.words()[to + w] = whole.words[at] & ~left[at];
                }
            }
        }
        return peeled;
    }

    /** One slice after one erosion; rows have an empty word at each end. */
    private static long[] eroded(long[] words, int stride, int rows) {
        long[] along = new long[words.length];
        for (int at = 1; at + 1 < words.length; at++) {
            along[at] = words[at] & (words[at] << 1 | words[at - 1] >>> 63) & (words[at] >>> 1 | words[at + 1] << 63);
        }
        long[] result = new long[words.length];
        for (int j = 1; j + 1 < rows; j++) {
            for (int i = 0; i < stride; i++) {
                int at = j * stride + i;
                result[at] = along[at] & along[at - stride] & along[at + stride];
            }
        }
        return result;
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
        double below = limit * (1 - ROUNDING);
        List<RowReach> rows = rows(box.union(targets.box()), s, nearer, below);
        if (rows.size() <= MOST_ROWS) {
            dilated(mask, targets, rows, hollow, cancel);
        } else {
            searched(mask, targets, new NearestPoint(targets, box, s, nearer), below, hollow, cancel);
        }
        return hollow;
    }

    /** Rows of targets that may be near a voxel: how many rows away along y and z, and how many voxels along x are still near enough. */
    private record RowReach(int dy, int dz, int reach) {}

    /** Every row with a voxel that is near enough, those that reach farthest along x first; more than {@link #MOST_ROWS} are not listed. */
    private static List<RowReach> rows(Box around, Spacing s, double nearer, double below) {
        double[] costX = NearestPoint.costs(s.x(), nearer, around.nx());
        double[] costY = NearestPoint.costs(s.y(), nearer, around.ny());
        double[] costZ = NearestPoint.costs(s.z(), nearer, around.nz());
        List<RowReach> rows = new ArrayList<>();
        for (int dz = 0; dz < costZ.length && Math.sqrt(costZ[dz]) < below; dz++) {
            for (int dy = 0; dy < costY.length && Math.sqrt(costY[dy] + costZ[dz]) < below; dy++) {
                int reach = 0;
                while (reach + 1 < costX.length && Math.sqrt(costY[dy] + costZ[dz] + costX[reach + 1]) < below) {
                    reach++;
                }
                for (int signZ = dz == 0 ? 1 : -1; signZ <= 1; signZ += 2) {
                    for (int signY = dy == 0 ? 1 : -1; signY <= 1; signY += 2) {
                        rows.add(new RowReach(signY * dy, signZ * dz, reach));
                    }
                }
                if (rows.size() > MOST_ROWS) {
                    return rows;
                }
            }
        }
        rows.sort(Comparator.comparingInt(RowReach::reach).reversed());
        return rows;
    }

    /** The voxels of the mask with a target near enough, 64 at a time: each row of targets is spread along x by its reach. */
    private static void dilated(
            BitMask mask, PointSet targets, List<RowReach> rows, BitMask hollow, CancelSignal cancel) {
        RowReach[] reaches = rows.toArray(RowReach[]::new);
        if (reaches.length == 0) {
            return;
        }
        long words = (long) reaches.length * targets.stride * (hollow.y1() - hollow.y0()) * (hollow.z1() - hollow.z0());
        Parts.of(hollow.z1() - hollow.z0(), words).forEach(slice -> {
            cancel.check();
            // The words at the ends of a row of targets are empty.
            if (targets.stride == 3) {
                dilatedInWords(mask, targets, reaches, hollow, hollow.z0() + slice);
            } else {
                dilatedInRows(mask, targets, reaches, hollow, hollow.z0() + slice);
            }
        });
    }

    private static void dilatedInRows(BitMask mask, PointSet targets, RowReach[] reaches, BitMask hollow, int z) {
        long[] near = new long[targets.stride - 2];
        long[] spread = new long[near.length];
        for (int y = hollow.y0(); y < hollow.y1(); y++) {
            int from = mask.rowStart(y, z) + hollow.wordX0() - mask.wordX0();
            if (isZero(mask.words(), from, hollow.wordsPerRow())) {
                continue;
            }
            Arrays.fill(near, 0);
            int reach = reaches[0].reach;
            for (RowReach row : reaches) {
                spread(near, spread, reach - row.reach);
                reach = row.reach;
                int j = y + row.dy - targets.y0;
                int k = z + row.dz - targets.z0;
                if (j >= 0 && j < targets.ny && k >= 0 && k < targets.nz) {
                    int at = (k * targets.ny + j) * targets.stride + 1;
                    for (int i = 0; i < near.length; i++) {
                        near[i] |= targets.words[at + i];
                    }
                }
            }
            spread(near, spread, reach);
            int to = hollow.rowStart(y, z);
            int first = hollow.wordX0() - targets.wordX0 - 1;
            for (int w = 0; w < hollow.wordsPerRow(); w++) {
                hollow.words()[to + w] = mask.words()[from + w] & near[first + w];
            }
        }
    }

    /** The same where a row is one word, as of small volumes. */
    private static void dilatedInWords(BitMask mask, PointSet targets, RowReach[] reaches, BitMask hollow, int z) {
        long[] words = targets.words;
        for (int y = hollow.y0(); y < hollow.y1(); y++) {
            long voxels = mask.words()[mask.rowStart(y, z) + hollow.wordX0() - mask.wordX0()];
            if (voxels == 0) {
                continue;
            }
            long near = 0;
            int reach = reaches[0].reach;
            for (RowReach row : reaches) {
                if (row.reach < reach) {
                    near = spread(near, reach - row.reach);
                    reach = row.reach;
                    if ((voxels & ~near) == 0) {
                        break;
                    }
                }
                int j = y + row.dy - targets.y0;
                int k = z + row.dz - targets.z0;
                if (j >= 0 && j < targets.ny && k >= 0 && k < targets.nz) {
                    near |= words[(k * targets.ny + j) * 3 + 1];
                }
            }
            hollow.words()[hollow.rowStart(y, z)] = voxels & spread(near, reach);
        }
    }

    private static long spread(long row, int by) {
        long spread = row;
        for (int done = 0; done < by; ) {
            int step = Math.min(Math.min(2 * done + 1, by - done), 63);
            spread |= spread << step | spread >>> step;
            done += step;
        }
        return spread;
    }

    private static boolean isZero(long[] words, int from, int n) {
        long any = 0;
        for (int i = from; i < from + n; i++) {
            any |= words[i];
        }
        return any == 0;
    }

    /** Adds to the bits of a row all that lie at most so many places beside one of them. */
    private static void spread(long[] row, long[] other, int by) {
        int done = 0;
        while (done < by) {
            int step = Math.min(Math.min(2 * done + 1, by - done), 63);
            for (int i = 0; i < row.length; i++) {
                long before = i > 0 ? row[i - 1] >>> 64 - step : 0;
                long after = i + 1 < row.length ? row[i + 1] << 64 - step : 0;
                other[i] = row[i] | row[i] << step | before | row[i] >>> step | after;
            }
            System.arraycopy(other, 0, row, 0, row.length);
            done += step;
        }
    }

    /** The same voxel by voxel, for widths that reach over many rows. */
    private static void searched(
            BitMask mask, PointSet targets, NearestPoint nearest, double below, BitMask hollow, CancelSignal cancel) {
        IntStream.range(hollow.z0(), hollow.z1()).parallel().forEach(z -> {
            cancel.check();
            NearestPoint.Search search = nearest.search();
            for (int y = hollow.y0(); y < hollow.y1(); y++) {
                int from = mask.rowStart(y, z) + hollow.wordX0() - mask.wordX0();
                int to = hollow.rowStart(y, z);
                for (int w = 0; w < hollow.wordsPerRow(); w++) {
                    int wordX = hollow.wordX0() + w;
                    long near = mask.words()[from + w] & targets.word(wordX, y, z);
                    for (long bits = mask.words()[from + w] & ~near; bits != 0; bits &= bits - 1) {
                        int bit = Long.numberOfTrailingZeros(bits);
                        if (search.isNearer((wordX << 6) + bit, y, z, below)) {
                            near |= 1L << bit;
                        }
                    }
                    hollow.words()[to + w] = near;
                }
            }
        });
    }
}
