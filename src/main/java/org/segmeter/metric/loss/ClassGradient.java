package org.segmeter.metric.loss;

import java.util.List;

/**
 * The gradient of a loss of several classes by the probabilities of all voxels and classes, in closed form.
 *
 * @param classes what it is by the probabilities of each class; their norms are parts of the whole
 * @param norm Euclidean norm over all voxels and classes
 * @param shareOnReference part of the squared norm that lies on each voxel's own class; NaN where the norm is 0
 * @param logitNorm norm by the logits of independent sigmoids, where each entry is multiplied by p (1 - p)
 * @param logitShareOnReference part of its square that lies on each voxel's own class; NaN where that norm is 0
 */
public record ClassGradient(
        List<GradientFacts> classes,
        double norm,
        double shareOnReference,
        double logitNorm,
        double logitShareOnReference) {

    public ClassGradient {
        classes = List.copyOf(classes);
    }

    /** @param classes the gradient by the probabilities of each class */
    static ClassGradient of(List<GradientFacts> classes) {
        double square = 0;
        double onReference = 0;
        double logitSquare = 0;
        double logitOnReference = 0;
        for (GradientFacts facts : classes) {
            double part = facts.norm() * facts.norm();
            double logitPart = facts.logitNorm() * facts.logitNorm();
            square += part;
            logitSquare += logitPart;
            // A share of nothing is no number.
            onReference += part == 0 ? 0 : part * facts.shareOnReference();
            logitOnReference += logitPart == 0 ? 0 : logitPart * facts.logitShareOnReference();
        }
        return new ClassGradient(
                classes,
                Math.sqrt(square),
                onReference / square,
                Math.sqrt(logitSquare),
                logitOnReference / logitSquare);
    }
}
