package org.segmeter.metric.loss;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * Sums over voxels of g_k p_l for every pair of classes, and how often the most probable class is right, from one pass over all
 * channels.
 *
 * @param sums row k: reference class, column l: predicted class
 * @param confidence histogram of the largest probability of a voxel, with g = 1 where its class is the reference's
 * @param voxels of the region
 * @param references voxels of each class in the reference
 * @param slopes by reference class the sum of p_k^2 ((1 - p_k)^2 + sum over the others of p_l^2), p_k of the voxel's own class: the
 *     squared norm, through a softmax, of a slope of 1 by the probability of each other class
 */
public record CrossMoments(
        double[][] sums, ProbabilityCells confidence, long voxels, double[] references, double[] slopes) {

    /**
     * @param channels of all classes, background included, so that each voxel's probabilities sum to 1
     * @throws IllegalArgumentException without a channel, or for a value that is no probability
     */
    public static CrossMoments of(List<Channel> channels, Region region, CancelSignal cancel) {
        int n = channels.size();
        if (n == 0) {
            throw new IllegalArgumentException("no channels");
        }
        Box box = region.box();
        SideReader[] p = new SideReader[n];
        SideReader[] g = new SideReader[n];
        for (int c = 0; c < n; c++) {
            p[c] = SideReader.of(channels.get(c).prediction(), box);
            g[c] = SideReader.of(channels.get(c).reference(), box);
        }
        double[][] sums = new double[n][n];
        double[] references = new double[n];
        double[] slopes = new double[n];
        ProbabilityCells confidence = ProbabilityCells.empty();
        long voxels = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            cancel.check();
            double[][] slice = new double[n][n];
            double[] sliceReferences = new double[n];
            double[] sliceSlopes = new double[n];
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int c = 0; c < n; c++) {
                    p[c].read(y, z);
                    g[c].read(y, z);
                }
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (region.within() != null && !region.within().contains(x, y, z)) {
                        continue;
                    }
                    int i = x - box.x0();
                    voxels++;
                    int best = 0;
                    double squares = 0;
                    for (int l = 0; l < n; l++) {
                        double pl = p[l].p[i];
                        if (pl > p[best].p[i]) {
                            best = l;
                        }
                        squares += pl * pl;
                        if (pl != 0) {
                            for (int k = 0; k < n; k++) {
                                slice[k][l] += g[k].p[i] * pl;
                            }
                        }
                    }
                    for (int k = 0; k < n; k++) {
                        double gk = g[k].p[i];
                        if (gk != 0) {
                            double pk = p[k].p[i];
                            double rest = p[k].q[i];
                            sliceReferences[k] += gk;
                            sliceSlopes[k] += gk * pk * pk * (rest * rest + Math.max(0, squares - pk * pk));
                        }
                    }
                    confidence.add(p[best].p[i], g[best].p[i]);
                }
            }
            for (int k = 0; k < n; k++) {
                references[k] += sliceReferences[k];
                slopes[k] += sliceSlopes[k];
                for (int l = 0; l < n; l++) {
                    sums[k][l] += slice[k][l];
                }
            }
        }
        return new CrossMoments(sums, confidence, voxels, references, slopes);
    }

    /**
     * Generalised Wasserstein Dice loss (Fidon et al. 2017), as in MONAI's {@code GeneralizedWassersteinDiceLoss}.
     *
     * @param distances between classes; divided by its largest entry
     * @param byVolume false: the paper's weights (1 for foreground classes, 0 for class 0 in the true positives); true: weights
     *     1 / (volume + 1) in true positives and errors ("GDL")
     */
    public double generalizedWassersteinDice(double[][] distances, boolean byVolume, double smooth) {
        int n = sums.length;
        double largest = 0;
        for (double[] row : distances) {
            for (double d : row) {
                largest = Math.max(largest, d);
            }
        }
        double truePositive = 0;
        double error = 0;
        for (int k = 0; k < n; k++) {
            double volume = 0;
            double distance = 0;
            for (int l = 0; l < n; l++) {
                volume += sums[k][l];
                distance += largest == 0 ? 0 : distances[k][l] / largest * sums[k][l];
            }
            double weight = byVolume ? 1 / (volume + 1) : k == 0 ? 0 : 1;
            truePositive += weight * (volume - distance);
            error += byVolume ? weight * distance : distance;
        }
        return 1 - (2 * truePositive + smooth) / (2 * truePositive + error + smooth);
    }

    /**
     * The gradient of {@link #generalizedWassersteinDice} with {@link #equalDistances}. A voxel's probabilities sum to 1, so that its
     * part in the true positives is 1 less the probability of other classes.
     */
    WassersteinGradient generalizedWassersteinGradient(boolean byVolume, double smooth) {
        int n = sums.length;
        double truePositive = 0;
        double error = 0;
        double[] weights = new double[n];
        for (int k = 0; k < n; k++) {
            double volume = 0;
            for (int l = 0; l < n; l++) {
                volume += sums[k][l];
            }
            double wrong = volume - sums[k][k];
            weights[k] = byVolume ? 1 / (volume + 1) : k == 0 ? 0 : 1;
            truePositive += weights[k] * (volume - wrong);
            error += byVolume ? weights[k] * wrong : wrong;
        }
        double numerator = 2 * truePositive + smooth;
        double denominator = numerator + error;
        List<Double> perError = new ArrayList<>();
        double square = 0;
        double softmaxSquare = 0;
        double ofBackground = 0;
        double softmaxOfBackground = 0;
        for (int k = 0; k < n; k++) {
            double ofError = byVolume ? weights[k] : 1;
            double slope = (2 * weights[k] * denominator + numerator * (ofError - 2 * weights[k]))
                    / (denominator * denominator);
            perError.add(slope);
            square += references[k] * (n - 1) * slope * slope;
            softmaxSquare += slopes[k] * slope * slope;
            if (k == 0) {
                ofBackground = square;
                softmaxOfBackground = softmaxSquare;
            }
        }
        return new WassersteinGradient(
                perError,
                Math.sqrt(square),
                (square - ofBackground) / square,
                Math.sqrt(softmaxSquare),
                (softmaxSquare - softmaxOfBackground) / softmaxSquare);
    }

    /** Distances of 1 between different classes. */
    public static double[][] equalDistances(int classes) {
        double[][] d = new double[classes][classes];
        for (int k = 0; k < classes; k++) {
            for (int l = 0; l < classes; l++) {
                d[k][l] = k == l ? 0 : 1;
            }
        }
        return d;
    }
}
