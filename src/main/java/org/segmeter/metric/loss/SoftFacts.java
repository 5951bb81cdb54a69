package org.segmeter.metric.loss;

import java.util.List;

/**
 * What a probability map hides when it is hardened at 0.5 (p at least 0.5).
 *
 * @param softDice linear, without smoothing; NaN if both sides are empty
 * @param hardDice of the hardened prediction; NaN if both sides are empty
 * @param leak sum of p over voxels outside the reference, in voxels
 * @param leakShare part of sum(p) that leaks; NaN for an empty prediction
 * @param softVolume sum of p in voxels
 * @param hardVolume voxels with p at least 0.5
 * @param referenceVolume voxels of the reference
 * @param saturatedOnReference share of reference voxels with p &lt;= 0.01 or p &gt;= 0.99, where the slope p (1 - p) of a
 *     sigmoid is below 0.01; NaN without reference voxels
 * @param saturatedAmongWrong the same share among the voxels that the hardened prediction has wrong: errors that training can
 *     hardly reach any more; NaN if nothing is wrong
 */
public record SoftFacts(
        double softDice,
        double hardDice,
        double leak,
        double leakShare,
        double softVolume,
        long hardVolume,
        double referenceVolume,
        double saturatedOnReference,
        double saturatedAmongWrong) {

    /** @throws IllegalArgumentException if the reference is soft */
    public static SoftFacts of(ChannelStatistics statistics) {
        if (!statistics.hardReference()) {
            throw new IllegalArgumentException("soft facts need a hard reference");
        }
        SoftSums s = statistics.sums();
        List<Long> hard = statistics.countsAtLeast(1, 2);
        double tp = hard.get(0);
        double fp = hard.get(1);
        double fn = hard.get(2);
        ProbabilityCells cells = statistics.cells();
        int low = ProbabilityCells.edgeCell(1, 100) + 1;
        int high = ProbabilityCells.edgeCell(99, 100);
        int end = ProbabilityCells.CELLS;
        double surelyMissed = cells.sumG(0, low);
        double surelyFound = cells.sumG(high, end);
        double surelyWrong = surelyMissed + cells.count(high, end) - surelyFound;
        return new SoftFacts(
                2 * s.tp() / (s.p() + s.g()),
                2 * tp / (2 * tp + fp + fn),
                s.fp(),
                s.fp() / s.p(),
                s.p(),
                hard.get(0) + hard.get(1),
                s.g(),
                (surelyMissed + surelyFound) / s.g(),
                surelyWrong / (fp + fn));
    }

    /** Hard minus soft Dice: how much of the score is the threshold's doing. */
    public double softHardGap() {
        return hardDice - softDice;
    }
}
