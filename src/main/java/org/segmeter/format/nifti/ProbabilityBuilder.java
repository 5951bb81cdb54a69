package org.segmeter.format.nifti;

import java.util.Arrays;
import org.segmeter.volume.Box;
import org.segmeter.volume.ProbabilityVolume;

/** Collects the values of one component slice by slice and crops them to where they are not 0. */
final class ProbabilityBuilder {

    private final int nx;
    private final int ny;
    private static final float[] ALL_ZERO = {};
    private final float[][] slices;

    ProbabilityBuilder(int nx, int ny, int nz) {
        this.nx = nx;
        this.ny = ny;
        this.slices = new float[nz][];
        Arrays.fill(slices, ALL_ZERO);
    }

    /** The same value for voxels from {@code from} to before {@code to}, numbered x fastest. */
    void fill(long from, long to, float value) {
        int sliceVoxels = nx * ny;
        long at = from;
        while (at < to) {
            int z = (int) (at / sliceVoxels);
            int start = (int) (at - (long) z * sliceVoxels);
            int end = (int) Math.min(sliceVoxels, to - (long) z * sliceVoxels);
            float[] slice = slices[z];
            if (slice.length == 0) {
                slice = new float[sliceVoxels];
                slices[z] = slice;
            }
            for (int i = start; i < end; i++) {
                slice[i] = value;
            }
            at += end - start;
        }
    }

    /** A slice, or an empty array if it is all 0. */
    float[] slice(int z) {
        return slices[z];
    }

    ProbabilityVolume build() {
        Box box = box();
        float[] values = new float[Math.toIntExact(box.voxelCount())];
        int at = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            float[] slice = slices[z];
            for (int y = box.y0(); y < box.y1(); y++) {
                if (slice.length > 0) {
                    System.arraycopy(slice, y * nx + box.x0(), values, at, box.nx());
                }
                at += box.nx();
            }
            slices[z] = ALL_ZERO;
        }
        return new ProbabilityVolume(box, values);
    }

    /** The values of all voxels, 0 where none was given. */
    float[] whole() {
        float[] values = new float[Math.multiplyExact(nx * ny, slices.length)];
        for (int z = 0; z < slices.length; z++) {
            System.arraycopy(slices[z], 0, values, z * nx * ny, slices[z].length);
        }
        return values;
    }

    private Box box() {
        int x0 = nx;
        int x1 = 0;
        int y0 = ny;
        int y1 = 0;
        int z0 = slices.length;
        int z1 = 0;
        for (int z = 0; z < slices.length; z++) {
            float[] slice = slices[z];
            if (slice.length == 0) {
                continue;
            }
            for (int y = 0; y < ny; y++) {
                int first = 0;
                while (first < nx && slice[y * nx + first] == 0) {
                    first++;
                }
                if (first == nx) {
                    continue;
                }
                int last = nx - 1;
                while (slice[y * nx + last] == 0) {
                    last--;
                }
                x0 = Math.min(x0, first);
                x1 = Math.max(x1, last + 1);
                y0 = Math.min(y0, y);
                y1 = Math.max(y1, y + 1);
                z0 = Math.min(z0, z);
                z1 = z + 1;
            }
        }
        return x1 == 0 ? Box.EMPTY : new Box(x0, y0, z0, x1, y1, z1);
    }
}
