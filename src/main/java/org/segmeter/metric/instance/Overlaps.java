package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Shared voxels of pairs of components: for each of the first side those of the second that it touches, ascending. */
public final class Overlaps {

    private final int others;
    /** Where the pairs of each component of the first side begin; one more entry at the end. */
    private final int[] starts;

    private final int[] partners;
    private final long[] voxels;

    private Overlaps(int others, int[] starts, int[] partners, long[] voxels) {
        this.others = others;
        this.starts = starts;
        this.partners = partners;
        this.voxels = voxels;
    }

    /** Counts shared voxels, in any order. Of noise there are millions of runs and few pairs, so it is a table of plain numbers. */
    static final class Tally {

        private final int components;
        private final int others;
        private long[] pairs = new long[64];
        /** 0 where the place is free. */
        private long[] counts = new long[64];

        private int used;

        Tally(int components, int others) {
            this.components = components;
            this.others = others;
        }

        /** @param voxels at least 1 */
        void add(int component, int other, long voxels) {
            add((long) component << 32 | other, voxels);
        }

        private void add(long pair, long voxels) {
            int mask = pairs.length - 1;
            int at = (int) (pair * 0x9E3779B97F4A7C15L >>> 32) & mask;
            while (counts[at] != 0) {
                if (pairs[at] == pair) {
                    counts[at] += voxels;
                    return;
                }
                at = at + 1 & mask;
            }
            pairs[at] = pair;
            counts[at] = voxels;
            if (++used * 2 > pairs.length) {
                grow();
            }
        }

        private void grow() {
            long[] oldPairs = pairs;
            long[] oldCounts = counts;
            pairs = new long[Math.multiplyExact(oldPairs.length, 2)];
            counts = new long[pairs.length];
            used = 0;
            for (int i = 0; i < oldPairs.length; i++) {
                if (oldCounts[i] != 0) {
                    add(oldPairs[i], oldCounts[i]);
                }
            }
        }

        private long count(long pair) {
            int mask = pairs.length - 1;
            int at = (int) (pair * 0x9E3779B97F4A7C15L >>> 32) & mask;
            while (pairs[at] != pair || counts[at] == 0) {
                at = at + 1 & mask;
            }
            return counts[at];
        }

        Overlaps overlaps() {
            long[] sorted = new long[used];
            int n = 0;
            for (int i = 0; i < pairs.length; i++) {
                if (counts[i] != 0) {
                    sorted[n++] = pairs[i];
                }
            }
            Arrays.sort(sorted);
            int[] starts = new int[components + 1];
            int[] partners = new int[n];
            long[] voxels = new long[n];
            for (int i = 0; i < n; i++) {
                starts[(int) (sorted[i] >>> 32) + 1] = i + 1;
                partners[i] = (int) sorted[i];
                voxels[i] = count(sorted[i]);
            }
            for (int c = 1; c <= components; c++) {
                starts[c] = Math.max(starts[c], starts[c - 1]);
            }
            return new Overlaps(others, starts, partners, voxels);
        }
    }

    /** Components of the first side. */
    int components() {
        return starts.length - 1;
    }

    /** Components of the second side. */
    int others() {
        return others;
    }

    /** The components of the second side that share voxels with one of the first, ascending. */
    public List<Integer> touching(int component) {
        List<Integer> touching = new ArrayList<>();
        for (int i = starts[component]; i < starts[component + 1]; i++) {
            touching.add(partners[i]);
        }
        return List.copyOf(touching);
    }

    /** Is told of a pair of components and how many voxels they share. */
    @FunctionalInterface
    interface PairSink {
        void pair(int component, int other, long voxels);
    }

    /** All pairs that share voxels, by ascending component, then other. */
    void forEach(PairSink sink) {
        for (int component = 0; component < components(); component++) {
            for (int i = starts[component]; i < starts[component + 1]; i++) {
                sink.pair(component, partners[i], voxels[i]);
            }
        }
    }

    /** Number of shared voxels, 0 if none. */
    public long voxels(int component, int other) {
        int at = Arrays.binarySearch(partners, starts[component], starts[component + 1], other);
        return at < 0 ? 0 : voxels[at];
    }
}
