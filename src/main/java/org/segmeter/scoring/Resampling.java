package org.segmeter.scoring;

import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;

/**
 * Brings the prediction onto the reference's grid where a protocol allows it: nearest neighbour for masks (a voxel centre of the target
 * takes the source voxel that it lies in), linear for probabilities. Outside the source there is background.
 */
final class Resampling {

    private final Grid target;
    private final Affine toSource;

    /** @param toSource from an index of the target grid to one of the source grid */
    Resampling(Grid target, Affine toSource) {
        this.target = target;
        this.toSource = toSource;
    }

    BitMask nearest(Mask source, CancelSignal cancel) {
        BitMask bits = source.toBitMask();
        Box from = bits.box();
        Box box = targetBox(from, 0.5);
        BitMask result = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            cancel.check();
            for (int y = box.y0(); y < box.y1(); y++) {
                double bx = toSource.yi() * y + toSource.zi() * z + toSource.ti();
                double by = toSource.yj() * y + toSource.zj() * z + toSource.tj();
                double bz = toSource.yk() * y + toSource.zk() * z + toSource.tk();
                for (int x = box.x0(); x < box.x1(); x++) {
                    int sx = (int) Math.floor(toSource.xi() * x + bx + 0.5);
                    int sy = (int) Math.floor(toSource.xj() * x + by + 0.5);
                    int sz = (int) Math.floor(toSource.xk() * x + bz + 0.5);
                    if (bits.contains(sx, sy, sz)) {
                        result.set(x, y, z);
                    }
                }
            }
        }
        return result;
    }

    ProbabilityVolume linear(ProbabilityVolume source, CancelSignal cancel) {
        Box box = targetBox(source.box(), 1);
        float[] values = new float[Math.toIntExact(box.voxelCount())];
        int at = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            cancel.check();
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    double[] p = toSource.apply(x, y, z);
                    values[at++] = (float) interpolated(source, p[0], p[1], p[2]);
                }
            }
        }
        return new ProbabilityVolume(box, values);
    }

    private static double interpolated(ProbabilityVolume v, double x, double y, double z) {
        int x0 = (int) Math.floor(x);
        int y0 = (int) Math.floor(y);
        int z0 = (int) Math.floor(z);
        double fx = x - x0;
        double fy = y - y0;
        double fz = z - z0;
        double sum = 0;
        for (int corner = 0; corner < 8; corner++) {
            int cx = corner & 1;
            int cy = corner >> 1 & 1;
            int cz = corner >> 2;
            double weight = (cx == 0 ? 1 - fx : fx) * (cy == 0 ? 1 - fy : fy) * (cz == 0 ? 1 - fz : fz);
            if (weight > 0 && v.box().contains(x0 + cx, y0 + cy, z0 + cz)) {
                Box b = v.box();
                sum += weight
                        * v.values()[((z0 + cz - b.z0()) * b.ny() + (y0 + cy - b.y0())) * b.nx() + x0 + cx - b.x0()];
            }
        }
        return Math.min(1, sum);
    }

    /** The voxels of the target that voxels of a source box, grown by a margin, can reach. */
    private Box targetBox(Box source, double margin) {
        if (source.isEmpty()) {
            return Box.EMPTY;
        }
        Affine toTarget = toSource.inverse();
        double[] low = {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
        double[] high = {-Double.MAX_VALUE, -Double.MAX_VALUE, -Double.MAX_VALUE};
        for (int corner = 0; corner < 8; corner++) {
            double[] p = toTarget.apply(
                    (corner & 1) == 0 ? source.x0() - margin : source.x1() - 1 + margin,
                    (corner & 2) == 0 ? source.y0() - margin : source.y1() - 1 + margin,
                    (corner & 4) == 0 ? source.z0() - margin : source.z1() - 1 + margin);
            for (int i = 0; i < 3; i++) {
                low[i] = Math.min(low[i], p[i]);
                high[i] = Math.max(high[i], p[i]);
            }
        }
        int[] from = new int[3];
        int[] to = new int[3];
        for (int i = 0; i < 3; i++) {
            from[i] = (int) Math.max(0, Math.floor(low[i]));
            to[i] = (int) Math.min(target.size(i), Math.ceil(high[i]) + 1);
            if (from[i] >= to[i]) {
                return Box.EMPTY;
            }
        }
        return new Box(from[0], from[1], from[2], to[0], to[1], to[2]);
    }
}
