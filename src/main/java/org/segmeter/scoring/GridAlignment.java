package org.segmeter.scoring;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * Brings two grids together: finds the axis permutation, flips and whole-voxel shift that make them one lattice, measures what is
 * left, and decides.
 *
 * <p>What is left is the largest displacement of the eight corners of the smaller grid (in voxels), mapped through both affines,
 * divided by the smallest spacing of the reference: one number in voxels. The corners of the smaller grid, because nothing outside it
 * is claimed by both; a single slice of an unknown thickness fits a volume.
 *
 * @param evaluation the union of both grids, with the reference's axes
 * @param prediction where voxels of the prediction lie in it; where it was resampled, from the reference's grid
 * @param reference where voxels of the reference lie in it
 * @param displacement corner displacement in voxels
 * @param verdict what was decided
 * @param toPrediction from an index of the reference's grid to one of the prediction's: for resampling; null unless resampled
 */
record GridAlignment(
        Grid evaluation,
        Reindexing prediction,
        Reindexing reference,
        Reindexing predictionInReference,
        double displacement,
        GeometryReport.Verdict verdict,
        @Nullable Affine toPrediction) {

    static final double IDENTICAL = 0.01;
    static final double ROUNDING = 0.1;
    static final double LENIENT = 0.5;

    /** Voxels or degrees by which one way of laying the axes must be better than another. */
    private static final double NOTHING = 1e-9;

    private static final int[][] PERMUTATIONS = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};

    /** Shifts beyond this are no placement of two images of one patient, and would overflow indices. */
    private static final double FARTHEST_SHIFT = 1 << 24;

    /**
     * @param mostVoxels that the evaluation grid may have
     * @throws InputException GEOMETRY_MISMATCH with the numbers, or TOO_LARGE if the union has too many voxels
     */
    static GridAlignment of(Grid given, Grid givenReference, GeometryPolicy policy, long mostVoxels)
            throws InputException {
        // Along an axis of one voxel a grid does not know the step between voxels (a slice's thickness is not a
        // distance); the other
        // one may.
        Reindexing axes = byDirection(given, givenReference);
        Grid prediction = given;
        Grid reference = givenReference;
        for (int t = 0; t < 3; t++) {
            int a = axes.axis(t);
            if (givenReference.size(t) == 1 && given.size(a) > 1) {
                reference = withStep(reference, t, given.indexToPatient().step(a), axes.direction(t));
            } else if (given.size(a) == 1 && givenReference.size(t) > 1) {
                prediction =
                        withStep(prediction, a, givenReference.indexToPatient().step(t), axes.direction(t));
            }
        }
        Candidate best = best(prediction, reference);
        double limit = policy == GeometryPolicy.STRICT ? ROUNDING : LENIENT;
        if (best.reindexing() != null && best.displacement() <= limit) {
            return placed(prediction, reference, best.reindexing(), best.displacement(), mostVoxels);
        }
        if (policy == GeometryPolicy.RESAMPLE) {
            Affine toPrediction = compose(prediction.indexToPatient().inverse(), reference.indexToPatient());
            return new GridAlignment(
                    reference,
                    Reindexing.NONE,
                    Reindexing.NONE,
                    Reindexing.NONE,
                    best.displacement(),
                    GeometryReport.Verdict.RESAMPLED,
                    toPrediction);
        }
        throw mismatch(prediction, reference, best, limit);
    }

    private record Candidate(@Nullable Reindexing reindexing, int[] axes, int[] directions, double displacement) {}

    private static GridAlignment placed(
            Grid prediction, Grid reference, Reindexing map, double displacement, long mostVoxels)
            throws InputException {
        Box inReference = map.apply(prediction.box());
        Box union = inReference.union(reference.box());
        long voxels = 1;
        for (int n : new int[] {union.nx(), union.ny(), union.nz()}) {
            voxels = voxels > mostVoxels ? voxels : voxels * n;
        }
        if (voxels > mostVoxels) {
            throw new InputException(
                            InputProblem.TOO_LARGE,
                            "The grids lie on one lattice, but so far apart that the smallest grid that holds both is"
                                    + " larger than this installation accepts. Check the origins.",
                            "%d x %d x %d voxels".formatted(union.nx(), union.ny(), union.nz()),
                            "at most " + mostVoxels + " voxels")
                    .with("offset", List.of(inReference.x0(), inReference.y0(), inReference.z0()));
        }
        Affine affine = reference.indexToPatient();
        Affine best = affine.movedTo(union.x0(), union.y0(), union.z0());
        Grid evaluation = new Grid(union.nx(), union.ny(), union.nz(), best);
        GeometryReport.Verdict verdict = displacement <= IDENTICAL
                ? GeometryReport.Verdict.IDENTICAL
                : displacement <= ROUNDING ? GeometryReport.Verdict.ROUNDING : GeometryReport.Verdict.LENIENT;
        return new GridAlignment(
                evaluation,
                map.shifted(-union.x0(), -union.y0(), -union.z0()),
                Reindexing.NONE.shifted(-union.x0(), -union.y0(), -union.z0()),
                map,
                displacement,
                verdict,
                null);
    }

    private static Grid withStep(Grid grid, int axis, double[] step, int direction) {
        double[] turned = {direction * step[0], direction * step[1], direction * step[2]};
        Affine a = grid.indexToPatient();
        Affine changed = Affine.of(
                axis == 0 ? turned : a.step(0),
                axis == 1 ? turned : a.step(1),
                axis == 2 ? turned : a.step(2),
                a.origin());
        double det = changed.determinant();
        return Double.isFinite(det) && det != 0 ? new Grid(grid.nx(), grid.ny(), grid.nz(), changed) : grid;
    }

    /** Tries all 48 axis permutations and flips; the first of equals wins, so that nothing changes where nothing must. */
    private static Candidate best(Grid prediction, Grid reference) {
        Affine toReference = compose(reference.indexToPatient().inverse(), prediction.indexToPatient());
        Candidate best = null;
        for (int[] axes : PERMUTATIONS) {
            for (int flips = 0; flips < 8; flips++) {
                int[] directions = {(flips & 1) == 0 ? 1 : -1, (flips & 2) == 0 ? 1 : -1, (flips & 4) == 0 ? 1 : -1};
                Candidate c = candidate(prediction, reference, toReference, axes, directions);
                if (best == null || c.displacement() < best.displacement() - NOTHING) {
                    best = c;
                }
                if (best.displacement() <= NOTHING) {
                    return best; // no other can be better
                }
            }
        }
        if (best == null) {
            throw new IllegalStateException("48 candidates were tried");
        }
        return best;
    }

    private static Candidate candidate(
            Grid prediction, Grid reference, Affine toReference, int[] axes, int[] directions) {
        double[] centre = toReference.apply(
                (prediction.nx() - 1) / 2.0, (prediction.ny() - 1) / 2.0, (prediction.nz() - 1) / 2.0);
        double[] offsets = new double[3];
        boolean near = true;
        for (int t = 0; t < 3; t++) {
            // Half a voxel up or down: round half to even is no better; the residual decides.
            offsets[t] = Math.rint(centre[t] - directions[t] * (prediction.size(axes[t]) - 1) / 2.0);
            near &= Math.abs(offsets[t]) <= FARTHEST_SHIFT;
        }
        double smallest = Math.min(reference.spacing(0), Math.min(reference.spacing(1), reference.spacing(2)));
        double displacement = 0;
        boolean byPrediction = prediction.voxelCount() <= reference.voxelCount();
        boolean byReference = reference.voxelCount() <= prediction.voxelCount();
        for (int corner = 0; corner < 8; corner++) {
            if (byPrediction) {
                double[] index = {
                    (corner & 1) * (prediction.nx() - 1),
                    (corner >> 1 & 1) * (prediction.ny() - 1),
                    (corner >> 2) * (prediction.nz() - 1)
                };
                displacement =
                        Math.max(displacement, displacement(reference, toReference, axes, directions, offsets, index));
            }
            if (byReference) {
                double[] target = {
                    (corner & 1) * (reference.nx() - 1),
                    (corner >> 1 & 1) * (reference.ny() - 1),
                    (corner >> 2) * (reference.nz() - 1)
                };
                double[] index = new double[3];
                for (int t = 0; t < 3; t++) {
                    index[axes[t]] = directions[t] * (target[t] - offsets[t]);
                }
                displacement =
                        Math.max(displacement, displacement(reference, toReference, axes, directions, offsets, index));
            }
        }
        Reindexing map = near
                ? new Reindexing(
                        axes[0],
                        axes[1],
                        axes[2],
                        directions[0],
                        directions[1],
                        directions[2],
                        (int) offsets[0],
                        (int) offsets[1],
                        (int) offsets[2])
                : null;
        return new Candidate(map, axes, directions, displacement / smallest);
    }

    /** How far (mm) a voxel of the prediction really lies from where the re-indexing puts it. */
    private static double displacement(
            Grid reference, Affine toReference, int[] axes, int[] directions, double[] offsets, double[] index) {
        double[] really = toReference.apply(index[0], index[1], index[2]);
        double[] d = new double[3];
        for (int t = 0; t < 3; t++) {
            d[t] = really[t] - (offsets[t] + directions[t] * index[axes[t]]);
        }
        Affine r = reference.indexToPatient();
        double x = r.xi() * d[0] + r.yi() * d[1] + r.zi() * d[2];
        double y = r.xj() * d[0] + r.yj() * d[1] + r.zj() * d[2];
        double z = r.xk() * d[0] + r.yk() * d[1] + r.zk() * d[2];
        return Math.sqrt(x * x + y * y + z * z);
    }

    /** The map that applies {@code first}, then {@code then}. */
    static Affine compose(Affine then, Affine first) {
        double[] origin = first.origin();
        return Affine.of(
                linear(then, first.step(0)),
                linear(then, first.step(1)),
                linear(then, first.step(2)),
                then.apply(origin[0], origin[1], origin[2]));
    }

    private static double[] linear(Affine a, double[] v) {
        return new double[] {
            a.xi() * v[0] + a.yi() * v[1] + a.zi() * v[2],
            a.xj() * v[0] + a.yj() * v[1] + a.zj() * v[2],
            a.xk() * v[0] + a.yk() * v[1] + a.zk() * v[2]
        };
    }

    /** Spacing of the prediction over that of the reference, along the reference's axes. */
    static List<Double> spacingRatio(Grid prediction, Grid reference, Reindexing map) {
        return List.of(
                prediction.spacing(map.sx()) / reference.spacing(0),
                prediction.spacing(map.sy()) / reference.spacing(1),
                prediction.spacing(map.sz()) / reference.spacing(2));
    }

    /** The largest angle between corresponding axes, degrees. */
    static double angle(Grid prediction, Grid reference, Reindexing map) {
        double largest = 0;
        for (int t = 0; t < 3; t++) {
            double[] a = prediction.indexToPatient().step(map.axis(t));
            double[] b = reference.indexToPatient().step(t);
            double dot = map.direction(t) * (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
            double cx = a[1] * b[2] - a[2] * b[1];
            double cy = a[2] * b[0] - a[0] * b[2];
            double cz = a[0] * b[1] - a[1] * b[0];
            largest = Math.max(largest, Math.atan2(Math.sqrt(cx * cx + cy * cy + cz * cz), dot));
        }
        return Math.toDegrees(largest);
    }

    /** The permutation and flips under which the axes point the same way best, whatever the spacing. */
    static Reindexing byDirection(Grid prediction, Grid reference) {
        Reindexing best = Reindexing.NONE;
        double bestAngle = Double.MAX_VALUE;
        for (int[] axes : PERMUTATIONS) {
            for (int flips = 0; flips < 8; flips++) {
                Reindexing map = new Reindexing(
                        axes[0],
                        axes[1],
                        axes[2],
                        (flips & 1) == 0 ? 1 : -1,
                        (flips & 2) == 0 ? 1 : -1,
                        (flips & 4) == 0 ? 1 : -1,
                        0,
                        0,
                        0);
                double angle = angle(prediction, reference, map);
                if (angle < bestAngle - NOTHING) {
                    bestAngle = angle;
                    best = map;
                }
                if (bestAngle <= NOTHING) {
                    return best; // no other can be better
                }
            }
        }
        return best;
    }

    private static InputException mismatch(Grid prediction, Grid reference, Candidate best, double limit) {
        Reindexing map = byDirection(prediction, reference);
        List<Double> ratio = spacingRatio(prediction, reference, map);
        double angle = angle(prediction, reference, map);
        boolean spacing = ratio.stream().anyMatch(r -> Math.abs(r - 1) > 1e-3);
        boolean turned = angle > 0.1;
        String why = spacing
                ? "their spacing differs"
                : turned
                        ? "their axes point different ways"
                        : "they are shifted against each other by a fraction of a voxel";
        String what = spacing || turned
                ? "Export both on one grid, or use a protocol that resamples, for example segmeter-resample@1."
                : "Check the origins; up to 0.5 voxel segmeter-lenient@1 accepts it, beyond that segmeter-resample@1"
                        + " resamples.";
        return new InputException(
                        InputProblem.GEOMETRY_MISMATCH,
                        "Prediction and reference do not lie on one lattice: " + why + ". " + what,
                        String.format(
                                Locale.ROOT,
                                "corners %.4g voxels apart; prediction %s, reference %s",
                                best.displacement(),
                                shown(prediction),
                                shown(reference)),
                        String.format(Locale.ROOT, "corners at most %s voxel apart", limit))
                .with("cornerDisplacementVoxels", best.displacement())
                .with("cornerDisplacementLimit", limit)
                .with("spacingRatio", ratio)
                .with("orientationAngleDeg", angle)
                .with("predictionSize", List.of(prediction.nx(), prediction.ny(), prediction.nz()))
                .with("referenceSize", List.of(reference.nx(), reference.ny(), reference.nz()))
                .with(
                        "predictionSpacingMm",
                        List.of(prediction.spacing(0), prediction.spacing(1), prediction.spacing(2)))
                .with("referenceSpacingMm", List.of(reference.spacing(0), reference.spacing(1), reference.spacing(2)));
    }

    private static String shown(Grid grid) {
        return String.format(
                Locale.ROOT,
                "%d x %d x %d at %.4g x %.4g x %.4g mm",
                grid.nx(),
                grid.ny(),
                grid.nz(),
                grid.spacing(0),
                grid.spacing(1),
                grid.spacing(2));
    }
}
