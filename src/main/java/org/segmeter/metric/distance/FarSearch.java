package org.segmeter.metric.distance;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CancelSignal;

/**
 * How far those points of a surface are from a set that no near point was found for: each is searched for, or rows of points are swept,
 * whichever is cheaper. In parts that may be measured on any thread.
 */
final class FarSearch {

    private static final int ROWS_PER_PART = 2048;
    private static final int SWEPT_ROWS_PER_PART = 256;

    /** Fewer queries are searched for without asking what that costs. */
    private static final int FEW_QUERIES = 2048;

    /** About so many words are read for a query, or work done that takes as long. */
    private static final int WORDS_OF_QUERY = 64;

    private static final int SAMPLED_ROWS = 32;
    private static final int SAMPLED_OF_ROW = 16;

    private final Surface from;
    private final PointSet to;
    private final long[] far;
    private final NearestPoint nearest;
    private final CancelSignal cancel;
    /** Null if each query is searched for. */
    private final RowSweep.@Nullable Columns columns;
    /** Slices of a part or, if rows are swept, rows of each slice. */
    private final int slicesPerPart;

    private final long queries;
    private final int rows;

    /** @param far the points, laid out as those of the surface */
    FarSearch(Surface from, PointSet to, long[] far, Spacing spacing, CancelSignal cancel) {
        this.from = from;
        this.to = to;
        this.far = far;
        this.cancel = cancel;
        PointSet q = from.points();
        nearest = new NearestPoint(to, q.box(), spacing, 0);
        long n = 0;
        int occupied = 0;
        for (int k = 0; k < q.nz; k++) {
            for (int j = 0; j < q.ny; j++) {
                int ofRow = queriesOfRow(j, k);
                n += ofRow;
                occupied += ofRow > 0 ? 1 : 0;
            }
        }
        queries = n;
        rows = occupied;
        columns = cheaperSwept();
        slicesPerPart = columns == null
                ? Math.max(1, ROWS_PER_PART / Math.max(1, q.ny))
                : Math.max(1, SWEPT_ROWS_PER_PART / Math.max(1, q.nz));
    }

    /** What a sweep needs if it is cheaper than searching, as a sample of the queries tells. */
    private RowSweep.@Nullable Columns cheaperSwept() {
        PointSet q = from.points();
        if (queries < FEW_QUERIES) {
            return null;
        }
        RowSweep.Columns candidate = new RowSweep.Columns(to);
        double sweep = candidate.steps(to, q.ny, rows, queries);
        NearestPoint.Search search = nearest.search();
        long steps = 0;
        long sampled = 0;
        int every = Math.max(1, rows / SAMPLED_ROWS);
        int row = 0;
        for (int k = 0; k < q.nz && steps < sweep; k++) {
            for (int j = 0; j < q.ny; j++) {
                if (queriesOfRow(j, k) > 0 && row++ % every == every / 2) {
                    int n = 0;
                    long before = 0;
                    for (int i = 1; i < q.stride - 1 && n <= SAMPLED_OF_ROW; i++) {
                        int wordX = q.wordX0 + i;
                        long left = far[(k * q.ny + j) * q.stride + i];
                        for (; left != 0 && n <= SAMPLED_OF_ROW; left &= left - 1) {
                            search.squared((wordX << 6) + Long.numberOfTrailingZeros(left), q.y0 + j, q.z0 + k);
                            // The first of a row has no neighbour to start from, as most others have.
                            if (n++ == 0) {
                                before = search.steps();
                            }
                        }
                    }
                    if (n > 1) {
                        sampled += n - 1;
                        steps += search.steps() - before;
                    }
                }
            }
        }
        return sampled > 0 && (double) steps / sampled * queries > sweep ? candidate : null;
    }

    private int queriesOfRow(int j, int k) {
        PointSet q = from.points();
        int row = (k * q.ny + j) * q.stride;
        int n = 0;
        for (int i = 1; i < q.stride - 1; i++) {
            n += Long.bitCount(far[row + i]);
        }
        return n;
    }

    int parts() {
        PointSet q = from.points();
        return ((columns == null ? q.nz : q.ny) + slicesPerPart - 1) / slicesPerPart;
    }

    /** What all parts take, as {@link org.segmeter.volume.Parts} counts it. */
    long words() {
        return far.length + WORDS_OF_QUERY * queries;
    }

    DistanceCounts part(int part) {
        DistanceCounts counts = new DistanceCounts();
        PointSet q = from.points();
        int first = part * slicesPerPart;
        if (columns == null) {
            DistanceLookup search = nearest.search();
            for (int k = first; k < Math.min(q.nz, first + slicesPerPart); k++) {
                cancel.check();
                for (int j = 0; j < q.ny; j++) {
                    row(j, k, search, counts);
                }
            }
        } else {
            DistanceLookup sweep = nearest.sweep(columns);
            for (int j = first; j < Math.min(q.ny, first + slicesPerPart); j++) {
                for (int k = 0; k < q.nz; k++) {
                    cancel.check();
                    row(j, k, sweep, counts);
                }
            }
        }
        return counts;
    }

    private void row(int j, int k, DistanceLookup lookup, DistanceCounts counts) {
        PointSet q = from.points();
        int row = (k * q.ny + j) * q.stride;
        for (int i = 1; i < q.stride - 1; i++) {
            long left = far[row + i];
            if (left == 0) {
                continue;
            }
            int wordX = q.wordX0 + i;
            int y = q.y0 + j;
            int z = q.z0 + k;
            Surface.Neighbourhood around = from.around(wordX, y, z);
            for (; left != 0; left &= left - 1) {
                int bit = Long.numberOfTrailingZeros(left);
                counts.add(lookup.squared((wordX << 6) + bit, y, z), around == null ? 0 : from.classAt(around, bit), 1);
            }
        }
    }
}
