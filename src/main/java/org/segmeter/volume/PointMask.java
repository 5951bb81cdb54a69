package org.segmeter.volume;

import java.util.Arrays;

/**
 * A thinly scattered set of voxels: their offsets inside a box, ascending, 4 bytes each.
 *
 * @see Mask
 */
public final class PointMask implements Mask {

    private final Box box;
    private final int[] offsets;

    /**
     * @param box the smallest box that holds every voxel, of fewer than 2^31 voxels
     * @param offsets {@code ((z - z0) * ny + (y - y0)) * nx + (x - x0)} of each voxel within the box, strictly ascending; not copied
     */
    public PointMask(Box box, int[] offsets) {
        if (box.voxelCount() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a point mask spans fewer than 2^31 voxels: " + box);
        }
        this.box = box;
        this.offsets = offsets;
    }

    /** Receives the voxels of a set in ascending order. */
    @FunctionalInterface
    public interface VoxelConsumer {
        void accept(int x, int y, int z);
    }

    /** Visits every voxel, x fastest. */
    public void forEach(VoxelConsumer consumer) {
        int nx = box.nx();
        int ny = box.ny();
        for (int offset : offsets) {
            int row = offset / nx;
            consumer.accept(box.x0() + offset - row * nx, box.y0() + row % ny, box.z0() + row / ny);
        }
    }

    @Override
    public Box box() {
        return box;
    }

    @Override
    public long count() {
        return offsets.length;
    }

    @Override
    public boolean contains(int x, int y, int z) {
        return box.contains(x, y, z)
                && Arrays.binarySearch(offsets, ((z - box.z0()) * box.ny() + (y - box.y0())) * box.nx() + x - box.x0())
                        >= 0;
    }

    @Override
    public long intersectionCount(Mask other) {
        if (other instanceof PointMask p && p.offsets.length < offsets.length) {
            return p.intersectionCount(this);
        }
        long[] n = new long[1];
        forEach((x, y, z) -> {
            if (other.contains(x, y, z)) {
                n[0]++;
            }
        });
        return n[0];
    }

    @Override
    public BitMask toBitMask() {
        BitMask mask = new BitMask(box);
        forEach(mask::set);
        return mask;
    }

    /** True if both list the same voxels. */
    @Override
    public boolean equals(Object other) {
        return other instanceof PointMask p && box.equals(p.box) && Arrays.equals(offsets, p.offsets);
    }

    @Override
    public int hashCode() {
        return 31 * box.hashCode() + Arrays.hashCode(offsets);
    }

    @Override
    public String toString() {
        return "PointMask[" + offsets.length + " voxels in " + box + "]";
    }
}
