package org.segmeter.metric.loss;

import java.util.Random;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.ProbabilityVolume;

/** Volumes that tests make. */
final class Volumes {

    private Volumes() {}

    static BitMask mask(Box box, double density, Random random) {
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

    /** Probabilities of which about a third are exactly 0 and a few exactly 1. */
    static ProbabilityVolume probabilities(Box box, Random random) {
        float[] values = new float[(int) box.voxelCount()];
        for (int i = 0; i < values.length; i++) {
            float p = random.nextFloat();
            values[i] =
                    p < 0.3 ? 0 : p < 0.35 ? 1 : p < 0.45 ? p * 1e-5f : p < 0.5 ? 1 - p * 1e-5f : random.nextFloat();
        }
        return new ProbabilityVolume(box, values);
    }

    static double at(ProbabilityVolume v, int x, int y, int z) {
        Box b = v.box();
        return b.contains(x, y, z) ? v.values()[((z - b.z0()) * b.ny() + y - b.y0()) * b.nx() + x - b.x0()] : 0;
    }
}
