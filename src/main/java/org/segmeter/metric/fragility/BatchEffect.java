package org.segmeter.metric.fragility;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.metric.loss.RegionLoss;
import org.segmeter.metric.loss.SoftSums;

/**
 * What pooling does to the loss of a batch: the mean of the cases' losses against the loss of their summed voxels ("batch
 * Dice"), in which large structures drown small ones.
 *
 * @param meanOfCases mean of the losses of single cases, over those that have one
 * @param pooled the loss of all voxels together
 * @param cases each case's part, in the order given
 */
public record BatchEffect(double meanOfCases, double pooled, List<Case> cases) {

    /**
     * A case's part.
     *
     * @param loss of the case alone; NaN if both of its sides are empty and nothing smooths
     * @param weight share of the pooled sum(p) + sum(g) that is the case's; NaN if all are empty
     * @param pooledWithout pooled loss of the other cases; NaN if there is none or they have no voxel
     */
    public record Case(double loss, double weight, double pooledWithout) {}

    public BatchEffect {
        cases = List.copyOf(cases);
    }

    /** @throws IllegalArgumentException without a case */
    public static BatchEffect of(List<SoftSums> batch, RegionLoss loss) {
        if (batch.isEmpty()) {
            throw new IllegalArgumentException("a batch has at least one case");
        }
        SoftSums all = SoftSums.NONE;
        double sum = 0;
        int defined = 0;
        for (SoftSums s : batch) {
            all = all.plus(s);
            double value = loss.of(s);
            if (!Double.isNaN(value)) {
                sum += value;
                defined++;
            }
        }
        List<SoftSums> before = running(batch);
        List<SoftSums> behind = running(batch.reversed());
        List<Case> cases = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            SoftSums s = batch.get(i);
            SoftSums others = before.get(i).plus(behind.get(batch.size() - 1 - i));
            double without = batch.size() == 1 ? Double.NaN : loss.of(others);
            cases.add(new Case(loss.of(s), (s.p() + s.g()) / (all.p() + all.g()), without));
        }
        return new BatchEffect(sum / defined, loss.of(all), cases);
    }

    /** Element i is the sum of the first i. */
    private static List<SoftSums> running(List<SoftSums> batch) {
        List<SoftSums> sums = new ArrayList<>();
        SoftSums sum = SoftSums.NONE;
        for (SoftSums s : batch) {
            sums.add(sum);
            sum = sum.plus(s);
        }
        return sums;
    }
}
