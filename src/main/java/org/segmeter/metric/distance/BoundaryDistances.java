package org.segmeter.metric.distance;

import org.jspecify.annotations.Nullable;
import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * How far each surface voxel of a mask is from the nearest surface voxel of the other, in three dimensions and mm, for pictures: a
 * surface voxel has a face neighbour outside its mask ({@link SurfaceModel#BOUNDARY_6}); beyond the volume everything is outside.
 *
 * <p>Immutable once made; each thread asks a {@link Search} of its own.
 */
public final class BoundaryDistances {

    private final @Nullable PointSet prediction;
    private final @Nullable PointSet reference;
    private final @Nullable NearestPoint toPrediction;
    private final @Nullable NearestPoint toReference;

    private BoundaryDistances(@Nullable PointSet prediction, @Nullable PointSet reference, Box box, Spacing spacing) {
        this.prediction = prediction;
        this.reference = reference;
        toPrediction = prediction == null ? null : new NearestPoint(prediction, box, spacing, 0);
        toReference = reference == null ? null : new NearestPoint(reference, box, spacing, 0);
    }

    /** Either mask may be empty. */
    public static BoundaryDistances between(BitMask prediction, BitMask reference, Spacing spacing) {
        return new BoundaryDistances(
                surface(prediction), surface(reference), prediction.box().union(reference.box()), spacing);
    }

    private static @Nullable PointSet surface(BitMask mask) {
        return mask.isEmpty() ? null : Surface.boundary(mask, mask.box(), Connectivity.FACES);
    }

    public Search search() {
        return new Search();
    }

    /** The search of one thread. */
    public final class Search {

        private final NearestPoint.@Nullable Search nearestPrediction =
                toPrediction == null ? null : toPrediction.search();
        private final NearestPoint.@Nullable Search nearestReference =
                toReference == null ? null : toReference.search();

        /**
         * The distance of a voxel of either mask's surface from the other surface; 0 where it is on both.
         *
         * @return mm; infinite if the other mask is empty; NaN if the voxel is on no surface
         */
        public double mm(int x, int y, int z) {
            boolean ofPrediction = has(prediction, x, y, z);
            boolean ofReference = has(reference, x, y, z);
            if (ofPrediction && ofReference) {
                return 0;
            }
            if (ofPrediction) {
                return nearest(nearestReference, x, y, z);
            }
            return ofReference ? nearest(nearestPrediction, x, y, z) : Double.NaN;
        }

        private static double nearest(NearestPoint.@Nullable Search search, int x, int y, int z) {
            return search == null ? Double.POSITIVE_INFINITY : Math.sqrt(search.squared(x, y, z));
        }

        private static boolean has(@Nullable PointSet set, int x, int y, int z) {
            return set != null && (set.word(x >> 6, y, z) >>> x & 1) != 0;
        }
    }
}
