package org.segmeter.format.nifti;

import java.util.List;
import org.segmeter.volume.CancelSignal;

/** Turns logits into probabilities: the sigmoid for one component, the softmax over the components for several. */
final class Activation {

    private Activation() {}

    static void apply(List<ProbabilityBuilder> components, int nz, CancelSignal cancel) {
        for (int z = 0; z < nz; z++) {
            cancel.check();
            if (components.size() == 1) {
                float[] slice = components.getFirst().slice(z);
                for (int i = 0; i < slice.length; i++) {
                    slice[i] = (float) (1 / (1 + Math.exp(-slice[i])));
                }
            } else {
                softmax(components, z);
            }
        }
    }

    private static void softmax(List<ProbabilityBuilder> components, int z) {
        float[][] slices = new float[components.size()][];
        for (int c = 0; c < slices.length; c++) {
            slices[c] = components.get(c).slice(z);
        }
        double[] exp = new double[slices.length];
        for (int i = 0; i < slices[0].length; i++) {
            float max = Float.NEGATIVE_INFINITY;
            for (float[] slice : slices) {
                max = Math.max(max, slice[i]);
            }
            double sum = 0;
            for (int c = 0; c < slices.length; c++) {
                // Two infinite logits share the probability; their difference would not be a number.
                exp[c] = slices[c][i] == max ? 1 : Math.exp(slices[c][i] - max);
                sum += exp[c];
            }
            for (int c = 0; c < slices.length; c++) {
                slices[c][i] = (float) (exp[c] / sum);
            }
        }
    }
}
