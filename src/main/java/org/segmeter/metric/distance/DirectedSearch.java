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

    /** Points that are farther away: of each slice its rows, laid out as those of the surface; null where there are none. */
    private final long[] @Nullable [] far;

    DirectedSearch(Surface from, PointSet to, NearSteps steps, CancelSignal cancel) {
        this.from = from;
        this.to = to;
        this.steps = steps;
        this.cancel = cancel;
        PointSet q = from.points();
        slicesPerPart = Math.max(1, ROWS_PER_PART / Math.max(1, q.ny));
        far = new long[q.nz][];
    }

    int parts() {
        return (from.points().nz + slicesPerPart - 1) / slicesPerPart;
    }

    /** What all parts take, as {@link org.segmeter.volume.Parts} counts it. */
    long words() {
        return from.points().words.length + WORDS_OF_QUERY * from.points().count();
    }

    /** The search for the points that were not found, once all parts have been measured; null if there are none. */
    @Nullable
    FarSearch far(Spacing spacing) {
        for (long[] slice : far) {
            if (slice != null) {
                return new FarSearch(from, to, far, spacing, cancel);
            }
        }
        return null;
    }

    DistanceCounts part(int part) {
        PointSet q = from.points();
        int first = part * slicesPerPart;
        Part slices = new Part(first, Math.min(q.nz, first + slicesPerPart));
        boolean single = q.stride == 3 && to.stride == 3 && q.wordX0 == to.wordX0;
        for (int i = 1; i < q.stride - 1; i++) {
            cancel.check();
            slices.touch(i);
            if (single) {
                slices.search(i, -1L, 0);
            } else {
                // Steps along x lead out of a word, and so many columns to either side are looked at with each half of
                // it.
                slices.search(i, (1L << HALF) - 1, -NearSteps.REACH);
                slices.search(i, -1L << HALF, HALF - NearSteps.REACH);
            }
        }
        return slices.counts();
    }

    /** Some slices of the surface. */
    private final class Part {
        private final PointSet q = from.points();
        private final int first;

        /** The first word of the first row. */
        private final int start;

        private final NearWords near;
        private final DistanceCounts counts = new DistanceCounts();

        /** For each word of a row, in bits, the rows of all slices in which it has points: most of a large box have none. */
        private final long[] occupied;

        private final int wordsOfRows;

        /** How many points of both surfaces have each neighbourhood code. */
        private final long[] touching = new long[256];

        Part(int first, int end) {
            this.first = first;
            near = new NearWords(from, to, steps, q.z0 + first, end - first);
            int rows = (end - first) * q.ny;
            start = first * q.ny * q.stride;
            wordsOfRows = rows + 63 >> 6;
            occupied = new long[q.stride * wordsOfRows];
            for (int row = 0; row < rows; row++) {
                occupy(row);
            }
        }

        private void occupy(int row) {
            int at = start + row * q.stride;
            for (int i = 1; i < q.stride - 1; i++) {
                if (q.words[at + i] != 0) {
                    occupied[i * wordsOfRows + (row >> 6)] |= 1L << row;
                }
            }
        }

        /** Counts the points of a word of each row that are the set's too; rows without others are not looked at again. */
        void touch(int i) {
            int wordX = q.wordX0 + i;
            for (int w = i * wordsOfRows; w < (i + 1) * wordsOfRows; w++) {
                for (long left = occupied[w]; left != 0; left &= left - 1) {
                    int row = (w - i * wordsOfRows << 6) + Long.numberOfTrailingZeros(left);
                    int y = q.y0 + row % q.ny;
                    int z = q.z0 + first + row / q.ny;
                    long points = q.words[start + row * q.stride + i];
                    long shared = points & to.word(wordX, y, z);
                    if (shared != 0) {
                        touch(shared, from.around(wordX, y, z));
                        if (shared == points) {
                            occupied[w] &= ~(1L << row);
                        }
                    }
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

        /**
         * Measures the other points.
         *
         * @param i the word of each row
         * @param mask of the columns
         * @param shift how many columns after that of the word's first bit the 64 begin that are looked at; below 0 before it
         */
        void search(int i, long mask, int shift) {
            int wordX = q.wordX0 + i;
            for (int w = i * wordsOfRows; w < (i + 1) * wordsOfRows; w++) {
                for (long left = occupied[w]; left != 0; left &= left - 1) {
                    int row = (w - i * wordsOfRows << 6) + Long.numberOfTrailingZeros(left);
                    long points = q.words[start + row * q.stride + i] & mask;
                    if (points != 0) {
                        int y = q.y0 + row % q.ny;
                        int z = q.z0 + first + row / q.ny;
                        long apart = points & ~to.word(wordX, y, z);
                        if (apart != 0) {
                            near.ask(y, z, shift < 0 ? apart << -shift : apart >>> shift);
                        }
                    }
                }
            }
            near.search(
                    wordX,
                    shift,
                    (y, z, columns) -> addFar(i, y, z, shift < 0 ? columns >>> -shift : columns << shift));
        }

        /** Slices are those of this part alone. */
        private void addFar(int i, int y, int z, long points) {
            int k = z - q.z0;
            long[] slice = far[k];
            if (slice == null) {
                slice = new long[q.ny * q.stride];
                far[k] = slice;
            }
            slice[(y - q.y0) * q.stride + i] |= points;
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
