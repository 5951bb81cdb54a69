package org.segmeter.metric.instance;

import java.util.ArrayList;
import java.util.List;

/**
 * What was missed and what was made up, by volume.
 *
 * @param falsePositiveVoxels in predicted components without a match
 * @param falseNegativeVoxels in reference components without a match
 * @param largestSpurious voxels of the largest predicted component without a match, 0 if there is none
 * @param largestMissed voxels of the largest reference component without a match, 0 if there is none
 * @param bySize recall in classes of reference volume, ascending; classes without a component are kept
 */
public record Detection(
        long falsePositiveVoxels,
        long falseNegativeVoxels,
        long largestSpurious,
        long largestMissed,
        List<SizeClass> bySize) {

    /**
     * @param fromMl volume at which the class begins, in ml
     * @param toMl volume before which it ends; infinite for the last
     * @param references reference components in it
     * @param found those with a match
     */
    public record SizeClass(double fromMl, double toMl, int references, int found) {}

    public Detection {
        bySize = List.copyOf(bySize);
    }

    /** @param limitsMl volumes in ml, ascending and above 0, that divide the size classes */
    public static Detection of(
            Components prediction,
            Components reference,
            InstanceMatching matching,
            double voxelVolumeMm3,
            List<Double> limitsMl) {
        return of(
                prediction,
                reference,
                matching.predictionsMatched(),
                matching.referencesMatched(),
                voxelVolumeMm3,
                limitsMl);
    }

    /** Where a component is found by any voxel that it shares with the other side, however many components share it. */
    public static Detection byTouch(
            Components prediction, Components reference, double voxelVolumeMm3, List<Double> limitsMl) {
        boolean[] p = new boolean[prediction.count()];
        boolean[] r = new boolean[reference.count()];
        prediction.overlapsWith(reference).forEach((found, touched, voxels) -> {
            p[found] = true;
            r[touched] = true;
        });
        return of(prediction, reference, p, r, voxelVolumeMm3, limitsMl);
    }

    private static Detection of(
            Components prediction,
            Components reference,
            boolean[] p,
            boolean[] r,
            double voxelVolumeMm3,
            List<Double> limitsMl) {
        long falsePositive = 0;
        long spurious = 0;
        for (int i = 0; i < p.length; i++) {
            if (!p[i]) {
                falsePositive += prediction.size(i);
                spurious = Math.max(spurious, prediction.size(i));
            }
        }
        long falseNegative = 0;
        long missed = 0;
        int[] references = new int[limitsMl.size() + 1];
        int[] found = new int[limitsMl.size() + 1];
        for (int i = 0; i < r.length; i++) {
            double ml = reference.size(i) * voxelVolumeMm3 / 1000;
            int sizeClass = 0;
            while (sizeClass < limitsMl.size() && ml >= limitsMl.get(sizeClass)) {
                sizeClass++;
            }
            references[sizeClass]++;
            if (r[i]) {
                found[sizeClass]++;
            } else {
                falseNegative += reference.size(i);
                missed = Math.max(missed, reference.size(i));
            }
        }
        List<SizeClass> classes = new ArrayList<>();
        for (int i = 0; i <= limitsMl.size(); i++) {
            classes.add(new SizeClass(
                    i == 0 ? 0 : limitsMl.get(i - 1),
                    i == limitsMl.size() ? Double.POSITIVE_INFINITY : limitsMl.get(i),
                    references[i],
                    found[i]));
        }
        return new Detection(falsePositive, falseNegative, spurious, missed, classes);
    }
}
