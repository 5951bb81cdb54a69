package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * Lesion-wise scores of the BraTS 2023 challenges (Moawad et al., arXiv 2306.00838, and the challenges' rules). Reference
 * components that merge when grown count as one lesion; a lesion is found by every predicted component that touches it grown.
 * Predicted components that touch no lesion are false positives, whatever their size; reference lesions no larger than a volume
 * are left out of the means, but what touches them is no false positive.
 *
 * @param lesions the reference lesions above the volume, in the order of their first voxel
 * @param falsePositives predicted components that touch no reference lesion
 * @param penaltyMm the HD95 of a missed lesion and of a false positive
 */
public record BratsLesions(List<Lesion> lesions, int falsePositives, double penaltyMm) {

    /**
     * @param volumeMm3 of the reference lesion
     * @param found by how many predicted components
     * @param dice of the lesion and all components that found it; 0 if missed
     * @param hd95Mm likewise; the penalty if missed
     * @param distances between the lesion and all components that found it; null if missed
     */
    public record Lesion(
            double volumeMm3,
            int found,
            double dice,
            double hd95Mm,
            @Nullable SurfaceDistances distances) {}

    /**
     * @param dilation how many times lesions are grown by their 18 neighbours: 3 for GLI, SSA and PED, 1 for MEN and MET
     * @param ignoredUpToMm3 lesions of at most this volume are not scored: 50, for MET 2
     * @param penaltyMm 374 in the challenges
     */
    public record Rules(int dilation, double ignoredUpToMm3, double penaltyMm) {
        public static final Rules GLI = new Rules(3, 50, 374);
        public static final Rules MET = new Rules(1, 2, 374);

        public Rules {
            if (dilation < 0 || !(ignoredUpToMm3 >= 0) || !(penaltyMm >= 0)) {
                throw new IllegalArgumentException("dilation, volume and penalty of lesion rules are at least 0: "
                        + dilation + ", " + ignoredUpToMm3 + ", " + penaltyMm);
            }
        }
    }

    public BratsLesions {
        lesions = List.copyOf(lesions);
    }

    /**
     * @param grid all voxels of the common grid: lesions do not grow beyond it
     * @param voxelVolumeMm3 of one voxel
     */
    public static BratsLesions of(
            BitMask prediction,
            BitMask reference,
            Box grid,
            Spacing spacing,
            double voxelVolumeMm3,
            Rules rules,
            CancelSignal cancel) {
        Components predicted = Components.of(prediction, Connectivity.CORNERS);
        Components pieces = Components.of(reference, Connectivity.CORNERS);
        Components grown =
                Components.of(Dilation.of(reference, Connectivity.EDGES, rules.dilation, grid), Connectivity.CORNERS);
        Overlaps merged = grown.overlapsWith(pieces);
        TreeSet<Integer> finders = new TreeSet<>();
        List<Lesion> lesions = new ArrayList<>();
        for (int lesion = 0; lesion < grown.count(); lesion++) {
            cancel.check();
            List<Integer> parts = merged.touching(lesion);
            BitMask voxels = pieces.mask(parts);
            Components around =
                    Components.of(Dilation.of(voxels, Connectivity.EDGES, rules.dilation, grid), Connectivity.CORNERS);
            Overlaps touched = around.overlapsWith(predicted);
            TreeSet<Integer> found = new TreeSet<>();
            for (int a = 0; a < around.count(); a++) {
                found.addAll(touched.touching(a));
            }
            finders.addAll(found);
            long size = voxels.count();
            if (size * voxelVolumeMm3 > rules.ignoredUpToMm3) {
                lesions.add(scored(predicted, found, voxels, size, spacing, voxelVolumeMm3, rules, cancel));
            }
        }
        return new BratsLesions(lesions, predicted.count() - finders.size(), rules.penaltyMm);
    }

    private static Lesion scored(
            Components predicted,
            TreeSet<Integer> found,
            BitMask lesion,
            long size,
            Spacing spacing,
            double voxelVolumeMm3,
            Rules rules,
            CancelSignal cancel) {
        if (found.isEmpty()) {
            return new Lesion(size * voxelVolumeMm3, 0, 0, rules.penaltyMm, null);
        }
        BitMask finding = predicted.mask(found);
        double dice = 2.0 * finding.intersectionCount(lesion) / (finding.count() + size);
        SurfaceDistances distances =
                SurfaceDistances.between(finding, lesion, spacing, SurfaceModel.AREA_WEIGHTED, cancel);
        double hd95 = distances.percentile(95, PercentileRule.AREA_STEP_LARGER);
        return new Lesion(size * voxelVolumeMm3, found.size(), dice, hd95, distances);
    }

    /** Reference lesions that were found. */
    public int truePositives() {
        return (int) lesions.stream().filter(l -> l.found > 0).count();
    }

    /** Reference lesions that were missed. */
    public int falseNegatives() {
        return lesions.size() - truePositives();
    }

    /** Mean Dice over lesions and false positives, which count 0; 1 if there is neither. */
    public double dice() {
        int n = lesions.size() + falsePositives;
        return n == 0 ? 1 : lesions.stream().mapToDouble(Lesion::dice).sum() / n;
    }

    /** Mean surface Dice over lesions and false positives, which count 0; 1 if there is neither. @param toleranceMm at least 0 */
    public double nsd(double toleranceMm) {
        int n = lesions.size() + falsePositives;
        double sum = 0;
        for (Lesion lesion : lesions) {
            sum += lesion.distances == null ? 0 : lesion.distances.nsd(toleranceMm);
        }
        return n == 0 ? 1 : sum / n;
    }

    /** Mean HD95 in mm over lesions and false positives, which count the penalty; 0 if there is neither. */
    public double hd95() {
        int n = lesions.size() + falsePositives;
        return n == 0 ? 0 : (lesions.stream().mapToDouble(Lesion::hd95Mm).sum() + falsePositives * penaltyMm) / n;
    }
}
