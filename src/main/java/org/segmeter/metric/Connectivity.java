package org.segmeter.metric;

/** Which voxels are neighbours of a voxel: those that share a face, also those that share an edge, also those that share a corner. */
public enum Connectivity {
    /** 6 neighbours. */
    FACES(6, 1),
    /** 18 neighbours. */
    EDGES(18, 2),
    /** 26 neighbours. */
    CORNERS(26, 3);

    private final int neighbours;
    private final int steps;

    Connectivity(int neighbours, int steps) {
        this.neighbours = neighbours;
        this.steps = steps;
    }

    /** 6, 18 or 26. */
    public int neighbours() {
        return neighbours;
    }

    /** True if voxels that differ by (dx, dy, dz), each -1, 0 or 1 and not all 0, are neighbours. */
    public boolean joins(int dx, int dy, int dz) {
        int moved = dx * dx + dy * dy + dz * dz;
        return moved > 0 && moved <= steps;
    }

    /** @throws IllegalArgumentException if neighbours is not 6, 18 or 26 */
    public static Connectivity of(int neighbours) {
        for (Connectivity c : values()) {
            if (c.neighbours == neighbours) {
                return c;
            }
        }
        throw new IllegalArgumentException("a connectivity is 6, 18 or 26, not " + neighbours);
    }
}
