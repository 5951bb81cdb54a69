package org.segmeter.metric.loss;

import java.util.Arrays;
import java.util.List;
import org.segmeter.volume.Box;

/** Reads a side row by row over a box: p, 1 - p and their surprises, each without cancellation. */
final class SideReader {

    final double[] p;
    final double[] q;
    /** -log(p). */
    final double[] surpriseOfP;
    /** -log(1 - p). */
    final double[] surpriseOfQ;

    private final Side side;
    private final Box box;
    private final boolean flipped;

    private SideReader(Side side, Box box, boolean flipped) {
        this.side = side;
        this.box = box;
        this.flipped = flipped;
        p = new double[box.nx()];
        q = new double[box.nx()];
        surpriseOfP = new double[box.nx()];
        surpriseOfQ = new double[box.nx()];
    }

    static SideReader of(Side side, Box box) {
        boolean flipped = false;
        Side at = side;
        while (at instanceof Side.Rest rest) {
            at = rest.of();
            flipped = !flipped;
        }
        return new SideReader(at, box, flipped);
    }

    /** Reads row (y, z) of the box. */
    void read(int y, int z) {
        if (flipped) {
            readInto(y, z, q, p, surpriseOfQ, surpriseOfP);
        } else {
            readInto(y, z, p, q, surpriseOfP, surpriseOfQ);
        }
    }

    private void readInto(int y, int z, double[] p, double[] q, double[] surpriseOfP, double[] surpriseOfQ) {
        boolean certainOutside = side instanceof Side.SoftmaxLogit s && s.channel() == 0;
        Arrays.fill(p, certainOutside ? 1 : 0);
        Arrays.fill(q, certainOutside ? 0 : 1);
        Arrays.fill(surpriseOfP, certainOutside ? 0 : Surprise.LARGEST);
        Arrays.fill(surpriseOfQ, certainOutside ? Surprise.LARGEST : 0);
        switch (side) {
            case Side.Hard hard -> {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (hard.mask().contains(x, y, z)) {
                        int i = x - box.x0();
                        p[i] = 1;
                        q[i] = 0;
                        surpriseOfP[i] = 0;
                        surpriseOfQ[i] = Surprise.LARGEST;
                    }
                }
            }
            case Side.Probability probability -> {
                Box stored = probability.volume().box();
                float[] values = probability.volume().values();
                if (hasRow(stored, y, z)) {
                    int start = rowStart(stored, y, z);
                    for (int x = Math.max(box.x0(), stored.x0()); x < Math.min(box.x1(), stored.x1()); x++) {
                        int i = x - box.x0();
                        double value = values[start + x];
                        Surprise.requireProbability(value);
                        p[i] = value;
                        q[i] = 1 - value;
                        surpriseOfP[i] = Surprise.of(value);
                        surpriseOfQ[i] = Surprise.ofRest(value);
                    }
                }
            }
            case Side.Logit logit -> {
                if (hasRow(logit.box(), y, z)) {
                    int start = rowStart(logit.box(), y, z);
                    for (int x = Math.max(box.x0(), logit.box().x0());
                            x < Math.min(box.x1(), logit.box().x1());
                            x++) {
                        set(x - box.x0(), logit.logits()[start + x], p, q, surpriseOfP, surpriseOfQ);
                    }
                }
            }
            case Side.SoftmaxLogit softmax -> {
                if (hasRow(softmax.box(), y, z)) {
                    int start = rowStart(softmax.box(), y, z);
                    int from = Math.max(box.x0(), softmax.box().x0());
                    for (int x = from; x < Math.min(box.x1(), softmax.box().x1()); x++) {
                        double margin = margin(softmax.logits(), softmax.channel(), start + x);
                        set(x - box.x0(), margin, p, q, surpriseOfP, surpriseOfQ);
                    }
                }
            }
            case Side.Rest rest -> throw new IllegalStateException("resolved when the reader was made");
        }
    }

    /**
     * The logit whose sigmoid is the softmax probability: z_c - log(sum over the others of exp(z_k)). Channels that share an
     * infinite maximum share the probability.
     */
    private static double margin(List<float[]> logits, int channel, int at) {
        double own = logits.get(channel)[at];
        double largest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < logits.size(); k++) {
            if (k != channel) {
                largest = Math.max(largest, logits.get(k)[at]);
            }
        }
        if (largest == Double.NEGATIVE_INFINITY && own != largest) {
            return Double.POSITIVE_INFINITY;
        }
        if (largest == Double.POSITIVE_INFINITY && own != largest) {
            return Double.NEGATIVE_INFINITY;
        }
        boolean shared = Double.isInfinite(largest);
        double sum = 0;
        for (int k = 0; k < logits.size(); k++) {
            if (k != channel) {
                double other = logits.get(k)[at];
                // Two infinite logits have no difference.
                sum += other == largest ? 1 : Math.exp(other - largest);
            }
        }
        return (shared ? 0 : own - largest) - Math.log(sum);
    }

    private static void set(int i, double z, double[] p, double[] q, double[] surpriseOfP, double[] surpriseOfQ) {
        if (Double.isNaN(z)) {
            throw new IllegalArgumentException("a logit is not a number");
        }
        p[i] = Surprise.sigmoid(z);
        q[i] = Surprise.sigmoid(-z);
        // An infinite logit is a certain probability, and falls under the same floor.
        surpriseOfP[i] = z == Double.NEGATIVE_INFINITY ? Surprise.LARGEST : Surprise.softplus(-z);
        surpriseOfQ[i] = z == Double.POSITIVE_INFINITY ? Surprise.LARGEST : Surprise.softplus(z);
    }

    private static boolean hasRow(Box stored, int y, int z) {
        return y >= stored.y0() && y < stored.y1() && z >= stored.z0() && z < stored.z1();
    }

    private static int rowStart(Box stored, int y, int z) {
        return ((z - stored.z0()) * stored.ny() + (y - stored.y0())) * stored.nx() - stored.x0();
    }
}
