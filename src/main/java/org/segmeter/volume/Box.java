package org.segmeter.volume;

/**
 * A box of voxels, half-open: x0 &lt;= x &lt; x1 and likewise for y and z. The empty box is {@link #EMPTY}.
 *
 * @param x0 first voxel along x
 * @param x1 one past the last voxel along x
 */
public record Box(int x0, int y0, int z0, int x1, int y1, int z1) {

    public static final Box EMPTY = new Box(0, 0, 0, 0, 0, 0);

    public Box {
        if (x1 < x0 || y1 < y0 || z1 < z0) {
            throw new IllegalArgumentException(
                    "a box ends before it begins: x %d..%d, y %d..%d, z %d..%d".formatted(x0, x1, y0, y1, z0, z1));
        }
    }

    public int nx() {
        return x1 - x0;
    }

    public int ny() {
        return y1 - y0;
    }

    public int nz() {
        return z1 - z0;
    }

    public boolean isEmpty() {
        return x1 == x0 || y1 == y0 || z1 == z0;
    }

    /** Number of voxels. */
    public long voxelCount() {
        return (long) nx() * ny() * nz();
    }

    public boolean contains(int x, int y, int z) {
        return x >= x0 && x < x1 && y >= y0 && y < y1 && z >= z0 && z < z1;
    }

    /** The voxels in both boxes, {@link #EMPTY} if there is none. */
    public Box intersection(Box other) {
        int ax = Math.max(x0, other.x0);
        int ay = Math.max(y0, other.y0);
        int az = Math.max(z0, other.z0);
        int bx = Math.min(x1, other.x1);
        int by = Math.min(y1, other.y1);
        int bz = Math.min(z1, other.z1);
        return ax < bx && ay < by && az < bz ? new Box(ax, ay, az, bx, by, bz) : EMPTY;
    }

    /** The smallest box that holds both; an empty box adds nothing. */
    public Box union(Box other) {
        if (isEmpty()) {
            return other;
        }
        if (other.isEmpty()) {
            return this;
        }
        return new Box(
                Math.min(x0, other.x0),
                Math.min(y0, other.y0),
                Math.min(z0, other.z0),
                Math.max(x1, other.x1),
                Math.max(y1, other.y1),
                Math.max(z1, other.z1));
    }

    /** This box moved by whole voxels. */
    public Box translated(int dx, int dy, int dz) {
        return isEmpty() ? EMPTY : new Box(x0 + dx, y0 + dy, z0 + dz, x1 + dx, y1 + dy, z1 + dz);
    }

    /** This box grown by n voxels on every side (it may then reach outside the grid). */
    public Box grown(int n) {
        return isEmpty() ? EMPTY : new Box(x0 - n, y0 - n, z0 - n, x1 + n, y1 + n, z1 + n);
    }
}
