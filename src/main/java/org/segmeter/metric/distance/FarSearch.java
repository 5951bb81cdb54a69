package org.segmeter.metric.distance;

import java.util.BitSet;
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
    private final long[] @Nullable [] far;
    private final NearestPoint nearest;
    private final CancelSignal cancel;

    /** Null if each query is searched for. */
    private final RowSweep.@Nullable Columns columns;
    /** Slices of a part or, if rows are swept, rows of each slice. */
    private final int slicesPerPart;

    private final long queries;

    /** Rows with queries, and how many different y they have. */
    private final int rows;

    private final int ys;

    /** @param far the points: of each slice its rows, laid out as those of the surface; null where there are none */
    FarSearch(Surface from, PointSet to, long[] @Nullable [] far, Spacing spacing, CancelSignal cancel) {
        this.from = from;
        this.to = to;
        this.far = far;
        this.cancel = cancel;
        PointSet q = from.points();
        nearest = NearestPoint.far(to, q.box(), spacing);
        long n = 0;
        int occupied = 0;
        BitSet y = new BitSet();
        for (int k = 0; k < q.nz; k++) {
            for (int j = 0; far[k] != null && j < q.ny; j++) {
                int ofRow = queriesOfRow(j, k);
                n += ofRow;
                if (ofRow > 0) {
                    occupied++;
                    y.set(j);
                }
            }
        }
        queries = n;
        rows = occupied;
        ys = y.cardinality();
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
        double sweep = RowSweep.Columns.leastSteps(to, ys, rows, queries);
        NearestPoint.Search search = nearest.search();
        long steps = 0;
        long sampled = 0;
        int every = Math.max(1, rows / SAMPLED_ROWS);
        int row = 0;
        for (int k = 0; k < q.nz && steps < sweep; k++) {
            for (int j = 0; far[k] != null && j < q.ny; j++) {
                if (queriesOfRow(j, k) > 0 && row++ % every == every / 2) {
                    int n = 0;
                    long before = 0;
                    for (int i = 1; i < q.stride - 1 && n <= SAMPLED_OF_ROW; i++) {
                        int wordX = q.wordX0 + i;
                        long left = queries(i, j, k);
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
        double searched = sampled > 0 ? (double) steps / sampled * queries : 0;
        if (searched <= sweep) {
            return null;
        }
        RowSweep.Columns candidate = new RowSweep.Columns(to);
        return searched > candidate.steps(to, ys, rows, queries) ? candidate : null;
    }

    private int queriesOfRow(int j, int k) {
        int n = 0;
        for (int i = 1; i < from.points().stride - 1; i++) {
            n += Long.bitCount(queries(i, j, k));
        }
        return n;
    }

    private long queries(int i, int j, int k) {
        long[] slice = far[k];
        return slice == null ? 0 : slice[j * from.points().stride + i];
    }

    int parts() {
        PointSet q = from.points();
        return ((columns == null ? q.nz : q.ny) + slicesPerPart - 1) / slicesPerPart;
    }

    /** What all parts take, as {@link org.segmeter.volume.Parts} counts it. */
    long words() {
        return (long) rows * from.points().stride + WORDS_OF_QUERY * queries;
    }

    DistanceCounts part(int part) {
        DistanceCounts counts = new DistanceCounts();
        PointSet q = from.points();
        int first = part * slicesPerPart;
        if (columns == null) {
            DistanceLookup search = nearest.search();
            for (int k = first; k < Math.min(q.nz, first + slicesPerPart); k++) {
                cancel.check();
                for (int j = 0; far[k] != null && j < q.ny; j++) {
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
        for (int i = 1; i < q.stride - 1; i++) {
            long left = queries(i, j, k);
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
