package org.segmeter.metric.distance;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CancelSignal;

/**
 * One direction: how far the points of a surface are from those of a set, in parts that may be measured on any thread. Points that lie near,
 * as most do, are found a word at a time; the others are kept for a {@link FarSearch}.
 */
final class DirectedSearch {

    /** So many rows share what has to be looked at above and below them. */
    private static final int ROWS_PER_PART = 8192;

    /** From so many shared points of a word on, the codes of all 64 are read at once. */
    private static final int MANY_SHARED = 12;

    /** About so many words are read for a query, or work done that takes as long. */
    private static final int WORDS_OF_QUERY = 16;

    private static final int HALF = 32;

    private final Surface from;
    private final PointSet to;
    private final NearSteps steps;
    private final CancelSignal cancel;
    private final int slicesPerPart;
    private final long queries;

    /** Points that are farther away, laid out as those of the surface; null if there are none. */
    private long @Nullable [] far;

    DirectedSearch(Surface from, PointSet to, NearSteps steps, CancelSignal cancel) {
        this.from = from;
        this.to = to;
        this.steps = steps;
        this.cancel = cancel;
        PointSet q = from.points();
        slicesPerPart = Math.max(1, ROWS_PER_PART / Math.max(1, q.ny));
        queries = q.count();
    }

    int parts() {
        return (from.points().nz + slicesPerPart - 1) / slicesPerPart;
    }

    /** What all parts take, as {@link org.segmeter.volume.Parts} counts it. */
    long words() {
        return from.points().words.length + WORDS_OF_QUERY * queries;
    }

    /** Null if all points were found, once all parts have been measured. */
    synchronized long @Nullable [] far() {
        return far;
    }

    private synchronized long[] someFar() {
        long[] some = far;
        if (some == null) {
            some = new long[from.points().words.length];
            far = some;
        }
        return some;
    }

    DistanceCounts part(int part) {
        PointSet q = from.points();
        int first = part * slicesPerPart;
        Part slices = new Part(first, Math.min(q.nz, first + slicesPerPart));
        boolean single = q.stride == 3 && to.stride == 3 && q.wordX0 == to.wordX0;
        for (int i = 1; i < q.stride - 1; i++) {
            if (single) {
                slices.columns(i, -1L, 0);
            } else {
                slices.columns(i, (1L << HALF) - 1, -NearSteps.REACH);
                slices.columns(i, -1L << HALF, HALF - NearSteps.REACH);
            }
        }
        return slices.counts();
    }

    /** Some slices of the surface. */
    private final class Part {
        private final int first;
        private final int end;
        private final NearWords near;
        private final DistanceCounts counts = new DistanceCounts();

        /** How many points of both surfaces have each neighbourhood code. */
        private final long[] touching = new long[256];

        Part(int first, int end) {
            this.first = first;
            this.end = end;
            PointSet q = from.points();
            near = new NearWords(to, steps, q.y0, q.ny, q.z0 + first, end - first);
        }

        /**
         * Measures the points of some columns.
         *
         * @param i the word of each row
         * @param mask of the columns
         * @param shift how many columns after that of the word's first bit the 64 begin that are looked at; below 0 before it
         */
        void columns(int i, long mask, int shift) {
            for (int k = first; k < end; k++) {
                cancel.check();
                ask(i, k, mask, shift);
            }
            near.search(
                    (from.points().wordX0 + i << 6) + shift,
                    from,
                    counts,
                    (at, columns) -> someFar()[at] |= shift < 0 ? columns >>> -shift : columns << shift);
        }

        /** Counts the points of a slice that are the set's too, and asks for the others. */
        private void ask(int i, int k, long mask, int shift) {
            PointSet q = from.points();
            int wordX = q.wordX0 + i;
            for (int j = 0; j < q.ny; j++) {
                int at = (k * q.ny + j) * q.stride + i;
                long points = q.words[at] & mask;
                if (points == 0) {
                    continue;
                }
                int y = q.y0 + j;
                int z = q.z0 + k;
                long shared = points & to.word(wordX, y, z);
                Surface.Neighbourhood around = from.around(wordX, y, z);
                touch(shared, around);
                long apart = points & ~shared;
                if (apart != 0) {
                    near.ask(y, z, shift < 0 ? apart << -shift : apart >>> shift, at);
                }
            }
        }

        private void touch(long shared, Surface.@Nullable Neighbourhood around) {
            if (around == null) {
                touching[0] += Long.bitCount(shared);
            } else if (Long.bitCount(shared) >= MANY_SHARED) {
                around.addCodes(shared, touching);
            } else {
                for (long left = shared; left != 0; left &= left - 1) {
                    touching[Surface.code(around, Long.numberOfTrailingZeros(left))]++;
                }
            }
        }

        DistanceCounts counts() {
            near.addTo(counts);
            for (int code = 0; code < touching.length; code++) {
                if (touching[code] != 0) {
                    counts.add(0.0, from.classOf()[code], touching[code]);
                }
            }
            return counts;
        }
    }
}
