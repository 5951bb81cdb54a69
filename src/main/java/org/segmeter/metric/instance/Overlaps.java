package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Shared voxels of pairs of components: for each of the first side those of the second that it touches, ascending. */
public final class Overlaps {

    private final List<TreeMap<Integer, Long>> shared;
    private final int others;

    Overlaps(int components, int others) {
        this.others = others;
        shared = new ArrayList<>(components);
        for (int i = 0; i < components; i++) {
            shared.add(new TreeMap<>());
        }
    }

    void add(int component, int other, long voxels) {
        shared.get(component).merge(other, voxels, Long::sum);
    }

    /** Components of the first side. */
    int components() {
        return shared.size();
    }

    /** Components of the second side. */
    int others() {
        return others;
    }

    /** The components of the second side that share voxels with one of the first, ascending. */
    public List<Integer> touching(int component) {
        return List.copyOf(shared.get(component).keySet());
    }

    /** Number of shared voxels, 0 if none. */
    public long voxels(int component, int other) {
        return shared.get(component).getOrDefault(other, 0L);
    }
}
