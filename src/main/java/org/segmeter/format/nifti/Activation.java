package org.segmeter.format.nifti;

import java.util.List;
import org.segmeter.volume.CancelSignal;

/** Turns logits into probabilities: by the sigmoid each component for itself, by the softmax over the components. */
final class Activation {

    private Activation() {}

    /** @param softmax false: the sigmoid; of no account for a single component, to which the sigmoid is applied */
    static void apply(List<ProbabilityBuilder> components, boolean softmax, int nz, CancelSignal cancel) {
        for (int z = 0; z < nz; z++) {
            cancel.check();
            if (softmax && components.size() > 1) {
                softmax(components, z);
            } else {
                for (ProbabilityBuilder component : components) {
                    sigmoid(component.slice(z));
                }
            }
        }
    }

    private static void sigmoid(float[] slice) {
        for (int i = 0; i < slice.length; i++) {
            slice[i] = (float) (1 / (1 + Math.exp(-slice[i])));
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
