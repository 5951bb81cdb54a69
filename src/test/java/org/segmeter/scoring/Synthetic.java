package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Voxels;

/** Segmentations made in memory, for tests. */
final class Synthetic {

    private Synthetic() {}

    static Grid grid(int nx, int ny, int nz, double dx, double dy, double dz) {
        return new Grid(nx, ny, nz, new Affine(dx, 0, 0, 0, 0, dy, 0, 0, 0, 0, dz, 0));
    }

    static BitMask box(int x0, int y0, int z0, int x1, int y1, int z1) {
        BitMask mask = new BitMask(new Box(x0, y0, z0, x1, y1, z1));
        for (int z = z0; z < z1; z++) {
            for (int y = y0; y < y1; y++) {
                mask.setRun(y, z, x0, x1);
            }
        }
        return mask;
    }

    static BitMask noise(Box box, double density, Random random) {
        BitMask mask = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (random.nextDouble() < density) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    /** Segments 1, 2, ... known by their number alone. */
    static Segmentation of(Grid grid, Voxels... voxels) {
        List<Segmentation.SegmentVoxels> segments = new ArrayList<>();
        for (int i = 0; i < voxels.length; i++) {
            segments.add(new Segmentation.SegmentVoxels(Segment.ofLabelValue(i + 1), voxels[i]));
        }
        return new Segmentation(
                grid,
                voxels.length > 0 && !(voxels[0] instanceof Mask)
                        ? Segmentation.Encoding.PROBABILITY
                        : Segmentation.Encoding.BINARY,
                segments,
                new Segmentation.Source("synthetic", null, true, List.of()));
    }
}
