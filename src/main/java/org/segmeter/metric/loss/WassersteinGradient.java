package org.segmeter.metric.loss;

import java.util.List;

/**
 * The gradient of the generalised Wasserstein Dice loss, with a distance of 1 between any two classes, by the probabilities of all
 * voxels and classes. It is 0 by the probability of a voxel's own class, and one value for each class of the reference by those of
 * all others.
 *
 * @param perError by reference class: the slope by the probability of any other class
 * @param norm Euclidean norm over all voxels and classes
 * @param shareOnForeground part of the squared norm on voxels that are not of class 0; NaN where the norm is 0
 * @param softmaxNorm norm by the logits of the softmax that the classes share
 * @param softmaxShareOnForeground part of its square on voxels that are not of class 0; NaN where that norm is 0
 */
public record WassersteinGradient(
        List<Double> perError,
        double norm,
        double shareOnForeground,
        double softmaxNorm,
        double softmaxShareOnForeground) {

    public WassersteinGradient {
        perError = List.copyOf(perError);
    }
}
