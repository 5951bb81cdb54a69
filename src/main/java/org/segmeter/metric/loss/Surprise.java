package org.segmeter.metric.loss;

/** Minus the logarithm of a probability or of what a probability leaves, without cancellation. */
final class Surprise {

    /**
     * The largest surprise that a probability can have: the floor of torch's {@code binary_cross_entropy}, which keeps one
     * certain and wrong voxel from making the loss infinite.
     */
    static final double LARGEST = 100;

    private Surprise() {}

    /** -log(p), at most {@link #LARGEST}. */
    static double of(double p) {
        return Math.min(LARGEST, -Math.log(p) + 0.0);
    }

    /** -log(1 - p), at most {@link #LARGEST}. */
    static double ofRest(double p) {
        double q = 1 - p;
        // 1 - p is rounded; the lost part enters to first order, which is exact to the last bit.
        double lost = 1 - q - p;
        return q == 0 ? LARGEST : -(lost == 0 ? Math.log(q) : Math.log(q) + lost / q) + 0.0;
    }

    /** log(1 + exp(z)) for any z. */
    static double softplus(double z) {
        return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
    }

    /** 1 / (1 + exp(-z)) for any z, without overflow. */
    static double sigmoid(double z) {
        if (z >= 0) {
            return 1 / (1 + Math.exp(-z));
        }
        double e = Math.exp(z);
        return e / (1 + e);
    }

    static void requireProbability(double p) {
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException(
                    "a probability lies in [0, 1], not " + p + "; if the values are logits, declare them as such");
        }
    }
}
