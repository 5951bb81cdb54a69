package org.segmeter.metric.loss;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What one pass over the voxels of a channel yields: the region sums, the sums of the voxel-wise terms, the histogram of
 * probabilities and the sums that gradients through a sigmoid need.
 *
 * @param sums region sums
 * @param terms per term asked for its sums over reference and other voxels
 * @param cells histogram of probabilities
 * @param slopes sums of sigmoid slopes
 * @param referenceEntropy sum over voxels of the entropy of g in nats; 0 for a hard reference
 * @param hardReference false if the reference is a soft label
 */
public record ChannelStatistics(
        SoftSums sums,
        Map<VoxelTerm, TermSum> terms,
        ProbabilityCells cells,
        SlopeSums slopes,
        double referenceEntropy,
        boolean hardReference) {

    /**
     * The sum of a voxel-wise term.
     *
     * @param onReference over voxels with g = 1 (for a soft reference weighted by g)
     * @param elsewhere over voxels with g = 0 (for a soft reference weighted by 1 - g)
     */
    public record TermSum(double onReference, double elsewhere) {
        public double all() {
            return onReference + elsewhere;
        }

        TermSum plus(TermSum other) {
            return new TermSum(onReference + other.onReference, elsewhere + other.elsewhere);
        }
    }

    /**
     * Sums of the squared slope q = p (1 - p) of the sigmoid and its products with p, over voxels with g = 1 ({@code r...}) and
     * g = 0 ({@code o...}); for a soft reference weighted by g and 1 - g.
     *
     * @param rQ2 sum of q^2
     * @param rEQ2 sum of (1 - p) q^2
     * @param rE2Q2 sum of (1 - p)^2 q^2
     * @param oQ2 sum of q^2
     * @param oEQ2 sum of p q^2
     * @param oE2Q2 sum of p^2 q^2
     */
    public record SlopeSums(double rQ2, double rEQ2, double rE2Q2, double oQ2, double oEQ2, double oE2Q2) {
        SlopeSums background() {
            return new SlopeSums(oQ2, oEQ2, oE2Q2, rQ2, rEQ2, rE2Q2);
        }
    }

    public ChannelStatistics {
        terms = Map.copyOf(terms);
    }

    /** The sum of a term that the pass was asked for. */
    public TermSum term(VoxelTerm term) {
        TermSum sum = terms.get(term);
        if (sum == null) {
            throw new IllegalArgumentException("the pass was not asked for " + term);
        }
        return sum;
    }

    /** The mean of a term over all voxels. */
    public double mean(VoxelTerm term) {
        return term(term).all() / sums.voxels();
    }

    /** The statistics of 1 - p against 1 - g. */
    public ChannelStatistics background() {
        Map<VoxelTerm, TermSum> swapped = new HashMap<>();
        terms.forEach((term, sum) -> swapped.put(term, new TermSum(sum.elsewhere(), sum.onReference())));
        return new ChannelStatistics(
                sums.background(), swapped, cells.background(), slopes.background(), referenceEntropy, hardReference);
    }

    /** Confusion counts of p at least k/parts against a hard reference: tp, fp, fn, tn. */
    public List<Long> countsAtLeast(int k, int parts) {
        int from = ProbabilityCells.edgeCell(k, parts);
        long predicted = cells.count(from, ProbabilityCells.CELLS);
        long tp = Math.round(cells.sumG(from, ProbabilityCells.CELLS));
        long reference = Math.round(sums.g());
        return List.of(tp, predicted - tp, reference - tp, sums.voxels() - predicted - (reference - tp));
    }
}
