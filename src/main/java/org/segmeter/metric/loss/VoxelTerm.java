package org.segmeter.metric.loss;

/**
 * A loss of one voxel as a function of its error, which shared passes sum. With p the probability and g the reference
 * (0 or 1) of a voxel: e = |p - g|, and the probability given to what is right is 1 - e.
 *
 * <p>For a soft reference the terms of the logarithm are mixed, g times the term at g = 1 plus (1 - g) times the term at
 * g = 0; the others take e = |p - g| as it is.
 */
public sealed interface VoxelTerm {

    /**
     * @param error e in [0, 1]
     * @param surprise -log(1 - e) without the cancellation of computing it from e; at most 100 for probabilities (the floor of
     *     torch's {@code binary_cross_entropy}), unbounded for logits
     */
    double at(double error, double surprise);

    /**
     * The sum of {@link #at} over the first n voxels. Each term has this loop for itself, so that its {@code at} is compiled into
     * it: one loop for all terms took three times as long.
     */
    double sum(double[] errors, double[] surprises, int n);

    /** True if a soft reference mixes the two hard ones; false if it enters by |p - g|. */
    default boolean mixes() {
        return true;
    }

    /** True if the surprise that it takes is that of the error, -log(e), instead of -log(1 - e). */
    default boolean contrary() {
        return false;
    }

    /** A term whose slope enters the gradient of a loss that is reported. */
    sealed interface Sloped extends VoxelTerm {
        /**
         * The derivative of the term by the surprise, (1 - e) times that by the error: unlike the latter it stays finite where the
         * probability given to what is right is 0.
         */
        double bySurprise(double error, double surprise);
    }

    /**
     * The slope of a term or its square, for the norm of a gradient.
     *
     * @param power 1 for the slope, 2 for its square
     * @param throughSigmoid false for the derivative by the error, true for that by the logit, which is e (1 - e) times as large;
     *     the first power is then multiplied by e (1 - e) once more, as it meets the slope of the other part of a loss there
     */
    record Slope(Sloped of, int power, boolean throughSigmoid) implements VoxelTerm {

        public Slope {
            if (power != 1 && power != 2) {
                throw new IllegalArgumentException("the slope or its square, not the power " + power);
            }
        }

        @Override
        public double at(double error, double surprise) {
            double bySurprise = of.bySurprise(error, surprise);
            if (throughSigmoid) {
                // A root has an infinite slope where the error is 0, but not through a sigmoid.
                double byLogit = error == 0 ? 0 : bySurprise * error;
                return byLogit * (power == 1 ? error * right(error, surprise) : byLogit);
            }
            double byError = bySurprise == 0 ? 0 : bySurprise / right(error, surprise);
            return power == 1 ? byError : byError * byError;
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /** Cross-entropy in nats: -log(1 - e). */
    record CrossEntropy() implements Sloped {
        @Override
        public double bySurprise(double error, double surprise) {
            return 1;
        }

        @Override
        public double at(double error, double surprise) {
            return surprise;
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /**
     * Cross-entropy in nats against the opposite of the reference: -log(e). Together with {@link CrossEntropy} it is the
     * cross-entropy against smoothed targets.
     */
    record ContraryCrossEntropy() implements VoxelTerm {
        @Override
        public double at(double error, double surprise) {
            return surprise;
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            return new CrossEntropy().sum(errors, surprises, n);
        }

        @Override
        public boolean contrary() {
            return true;
        }
    }

    /**
     * Cross-entropy of a probability clipped to [clip, 1 - clip].
     *
     * @param clip in (0, 0.5)
     */
    record ClippedCrossEntropy(double clip) implements Sloped {
        @Override
        public double bySurprise(double error, double surprise) {
            return isWithin(clip, error) ? 1 : 0;
        }

        @Override
        public double at(double error, double surprise) {
            return Math.min(Math.max(surprise, least(clip)), most(clip));
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double least = least(clip);
            double most = most(clip);
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += Math.min(Math.max(surprises[i], least), most);
            }
            return sum;
        }
    }

    /**
     * The error of a probability clipped to [clip, 1 - clip].
     *
     * @param clip in (0, 0.5)
     */
    record ClippedError(double clip) implements Sloped {
        @Override
        public double bySurprise(double error, double surprise) {
            return isWithin(clip, error) ? right(error, surprise) : 0;
        }

        @Override
        public double at(double error, double surprise) {
            return Math.min(Math.max(error, clip), 1 - clip);
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /**
     * Focal term e^gamma * -log(1 - e) (Lin et al. 2017).
     *
     * @param gamma at least 0
     */
    record Focal(double gamma) implements Sloped {
        @Override
        public double bySurprise(double error, double surprise) {
            return focalBySurprise(gamma, error, surprise);
        }

        @Override
        public double at(double error, double surprise) {
            return power(error, gamma) * surprise;
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /** Focal term of a probability clipped to [clip, 1 - clip]. */
    record ClippedFocal(double gamma, double clip) implements Sloped {
        @Override
        public double bySurprise(double error, double surprise) {
            return isWithin(clip, error) ? focalBySurprise(gamma, error, surprise) : 0;
        }

        @Override
        public double at(double error, double surprise) {
            return power(Math.min(Math.max(error, clip), 1 - clip), gamma)
                    * Math.min(Math.max(surprise, least(clip)), most(clip));
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double least = least(clip);
            double most = most(clip);
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += power(Math.min(Math.max(errors[i], clip), 1 - clip), gamma)
                        * Math.min(Math.max(surprises[i], least), most);
            }
            return sum;
        }
    }

    /**
     * Focal term with a smoothed target, as in SegLossOdyssey: with one-hot targets clamped to [s, 1 - s],
     * p_t = (1 - s)(1 - e) + s e + s.
     */
    record SmoothedFocal(double gamma, double smooth) implements VoxelTerm {
        @Override
        public double at(double error, double surprise) {
            // 1 - p_t without the cancellation of computing it from p_t.
            double rest = (1 - 2 * smooth) * error;
            return -power(rest, gamma) * Math.log1p(-rest);
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /**
     * Power of the surprise, (-log(1 - e))^gamma: the voxel part of the exponential logarithmic loss (Wong et al. 2018).
     *
     * @param gamma positive
     */
    record LogPower(double gamma) implements Sloped {
        @Override
        public double bySurprise(double error, double surprise) {
            return gamma * power(surprise, gamma - 1);
        }

        @Override
        public double at(double error, double surprise) {
            return power(surprise, gamma);
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /**
     * Hinge of the logit: max(0, 1 - z) for a reference voxel and max(0, 1 + z) elsewhere, or its square. The logit is got
     * back from the error: z = log((1 - e) / e).
     */
    record LogitHinge(boolean squared) implements VoxelTerm {
        @Override
        public double at(double error, double surprise) {
            double hinge = error == 0 ? 0 : Math.max(0, 1 + surprise + Math.log(error));
            return squared ? hinge * hinge : hinge;
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }
    }

    /**
     * Huber term: e^2 / 2 up to delta, then delta (e - delta / 2).
     *
     * @param delta positive
     */
    record Huber(double delta) implements VoxelTerm {
        @Override
        public double at(double error, double surprise) {
            return error <= delta ? 0.5 * error * error : delta * (error - 0.5 * delta);
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }

        @Override
        public boolean mixes() {
            return false;
        }
    }

    /** log(cosh(e)). */
    record LogCosh() implements VoxelTerm {
        @Override
        public double at(double error, double surprise) {
            if (error < 0x1p-6) {
                double t = error * error;
                return t * (0.5 - t * (1.0 / 12 - t * (1.0 / 45 - t * (17.0 / 2520))));
            }
            return error + Math.log(0.5 * (1 + Math.exp(-2 * error)));
        }

        @Override
        public double sum(double[] errors, double[] surprises, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += at(errors[i], surprises[i]);
            }
            return sum;
        }

        @Override
        public boolean mixes() {
            return false;
        }
    }

    private static double focalBySurprise(double gamma, double error, double surprise) {
        if (error == 0) {
            return gamma == 0 ? 1 : 0;
        }
        return gamma * power(error, gamma - 1) * right(error, surprise) * surprise + power(error, gamma);
    }

    /** 1 - e; 0 where that has no logarithm, or one that was cut off. */
    private static double right(double error, double surprise) {
        if (error <= 0.99) {
            return 1 - error;
        }
        return error == 1 && surprise == Surprise.LARGEST ? 0 : Math.exp(-surprise);
    }

    private static boolean isWithin(double clip, double error) {
        return error >= clip && error <= 1 - clip;
    }

    /** The surprise of a probability of 1 after clipping. */
    private static double least(double clip) {
        return -Math.log1p(-clip);
    }

    /** The surprise of a probability of 0 after clipping. */
    private static double most(double clip) {
        return -Math.log(clip);
    }

    /** base to the exponent; products for the exponents in common use. */
    private static double power(double base, double exponent) {
        if (exponent == 2) {
            return base * base;
        }
        if (exponent == 1) {
            return base;
        }
        if (exponent == 0.5) {
            return Math.sqrt(base);
        }
        return exponent == 0 ? 1 : Math.pow(base, exponent);
    }
}
