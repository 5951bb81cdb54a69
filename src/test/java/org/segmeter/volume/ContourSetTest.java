package org.segmeter.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Contours become voxels as their definition says, on grids of any orientation; what does not lie in slices is refused. */
class ContourSetTest {

    private static final long MANY = 1L << 20;

    /** Oblique, with three spacings, none of them 1. */
    private static final Affine OBLIQUE = Affine.of(
            new double[] {0.72, 0.54, 0}, new double[] {-0.48, 0.64, 0.6}, new double[] {0.8, -1.1, 1.9}, new double[] {
                -31.5, 12.25, 400
            });

    private static Grid grid(int nx, int ny, int nz) {
        return new Grid(nx, ny, nz, OBLIQUE);
    }

    private static ContourSet set(List<List<double[]>> structures) {
        List<ContourSet.Structure> list = new ArrayList<>();
        for (List<double[]> contours : structures) {
            list.add(new ContourSet.Structure(Segment.ofLabelValue(list.size() + 1), contours));
        }
        return new ContourSet(list, new Segmentation.Source("dicom-rtstruct", "1.2.3", true, List.of()));
    }

    /** A contour in patient space of points in voxel indexes; {@code axis} is the one along which the slices are numbered. */
    private static double[] contour(Grid grid, int axis, double slice, double... uv) {
        double[] points = new double[uv.length / 2 * 3];
        for (int i = 0; i < uv.length / 2; i++) {
            double[] index = new double[3];
            index[axis] = slice;
            index[axis == 0 ? 1 : 0] = uv[2 * i];
            index[axis == 2 ? 1 : 2] = uv[2 * i + 1];
            System.arraycopy(grid.indexToPatient().apply(index[0], index[1], index[2]), 0, points, 3 * i, 3);
        }
        return points;
    }

    private static Mask mask(Segmentation s, int structure) {
        return (Mask) s.segments().get(structure).voxels();
    }

    private static InputException refusal(ContourSet set, Grid grid) {
        return catchThrowableOfType(InputException.class, () -> set.onto(grid, MANY, CancelSignal.none()));
    }

    /** The definition, word for word. Points in voxel indexes of the plane. */
    private static boolean inside(List<double[]> contours, double x, double y) {
        int crossed = 0;
        for (double[] c : contours) {
            int n = c.length / 2;
            for (int i = 0; i < n; i++) {
                double ax = c[2 * i];
                double ay = c[2 * i + 1];
                double bx = c[2 * ((i + 1) % n)];
                double by = c[2 * ((i + 1) % n) + 1];
                double t = (bx - ax) * (bx - ax) + (by - ay) * (by - ay);
                double s = t == 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / t));
                if (Math.hypot(ax + s * (bx - ax) - x, ay + s * (by - ay) - y) <= 0.01) {
                    return true;
                }
                if (ay > y != by > y && x < (bx - ax) * (y - ay) / (by - ay) + ax) {
                    crossed++;
                }
            }
        }
        return crossed % 2 == 1;
    }

    @Test
    void theVoxelsAreThoseOfTheDefinition() throws Exception {
        long seed = Long.getLong("segmeter.contours.seed", 20261128L);
        int tries = Integer.getInteger("segmeter.contours.tries", 300);
        System.out.println("contours with -Dsegmeter.contours.seed=" + seed);
        Random random = new Random(seed);
        long voxels = 0;
        for (int attempt = 0; attempt < tries; attempt++) {
            int[] size = {3 + random.nextInt(140), 3 + random.nextInt(20), 3 + random.nextInt(8)};
            int axis = random.nextInt(3);
            Grid grid = grid(size[0], size[1], size[2]);
            int nu = size[axis == 0 ? 1 : 0];
            int nv = size[axis == 2 ? 1 : 2];
            int slice = random.nextInt(size[axis]);
            List<double[]> plane = new ArrayList<>();
            List<double[]> contours = new ArrayList<>();
            for (int k = 1 + random.nextInt(3); k > 0; k--) {
                double[] uv = new double[2 * (1 + random.nextInt(9))];
                boolean whole = random.nextInt(3) == 0; // through voxel centres
                for (int i = 0; i < uv.length; i++) {
                    uv[i] = (i % 2 == 0 ? nu - 1 : nv - 1) * random.nextDouble();
                    uv[i] = whole ? Math.rint(2 * uv[i]) / 2 : uv[i];
                }
                plane.add(uv);
                contours.add(contour(grid, axis, slice, uv));
            }
            // A thin triangle over all of the slice beside it: the slices' direction is known without doubt.
            int beside = slice == 0 ? 1 : slice - 1;
            List<double[]> other = List.of(contour(grid, axis, beside, 0, 0, nu - 1, 0.3, nu - 1, nv - 1));
            Segmentation read = set(List.of(contours, other)).onto(grid, MANY, CancelSignal.none());
            assertThat(read.grid()).isEqualTo(grid);
            BitMask expected = new BitMask(grid.box());
            for (int v = 0; v < nv; v++) {
                for (int u = 0; u < nu; u++) {
                    if (inside(plane, u, v)) {
                        expected.set(
                                axis == 0 ? slice : u, axis == 0 ? u : axis == 1 ? slice : v, axis == 2 ? slice : v);
                    }
                }
            }
            assertThat(mask(read, 0).toBitMask())
                    .as("try %d, axis %d, %s", attempt, axis, Arrays.deepToString(plane.toArray()))
                    .isEqualTo(expected);
            voxels += expected.count();
        }
        assertThat(voxels).isGreaterThan(tries);
    }

    @Test
    void aContourInsideAnotherIsAHoleAndSoIsOneAtTheEndOfAChannel() throws Exception {
        Grid grid = grid(20, 20, 2);
        double[] outer = contour(grid, 2, 0, 2.5, 2.5, 14.5, 2.5, 14.5, 14.5, 2.5, 14.5);
        double[] hole = contour(grid, 2, 0, 5.5, 5.5, 9.5, 5.5, 9.5, 9.5, 5.5, 9.5);
        double[] island = contour(grid, 2, 0, 6.5, 6.5, 8.5, 6.5, 8.5, 8.5, 6.5, 8.5);
        double[] channel = contour(
                grid, 2, 0, 2.5, 2.5, 14.5, 2.5, 14.5, 14.5, 2.5, 14.5, 2.5, 7.3, 5.5, 7.3, 5.5, 9.5, 9.5, 9.5, 9.5,
                5.5, 5.5, 5.5, 5.5, 7.3, 2.5, 7.3);
        Segmentation read = set(List.of(List.of(outer, hole, island), List.of(channel), List.of(island, island)))
                .onto(grid, MANY, CancelSignal.none());
        assertThat(mask(read, 0).toBitMask().count()).isEqualTo(144 - 16 + 4);
        assertThat(mask(read, 1).toBitMask().count()).isEqualTo(144 - 16);
        assertThat(mask(read, 2).toBitMask().count())
                .as("the same contour twice is none")
                .isZero();
    }

    @Test
    void contoursThroughVoxelCentresHoldThoseVoxels() throws Exception {
        Grid grid = grid(9, 9, 1);
        double[] square = contour(grid, 2, 0, 2, 2, 6, 2, 6, 5, 2, 5);
        double[] rounded = contour(grid, 2, 0, 2.004, 2.003, 5.996, 2.002, 5.997, 4.996, 2.003, 4.995);
        double[] one = contour(grid, 2, 0, 4, 4);
        Segmentation read =
                set(List.of(List.of(square), List.of(rounded), List.of(one))).onto(grid, MANY, CancelSignal.none());
        assertThat(mask(read, 0).toBitMask().count()).isEqualTo(20);
        assertThat(mask(read, 1).toBitMask()).isEqualTo(mask(read, 0).toBitMask());
        assertThat(mask(read, 2).toBitMask().count()).isOne();
    }

    @Test
    void theGridIsExtendedForContoursThatReachBeyondIt() throws Exception {
        Grid grid = grid(5, 5, 3);
        ContourSet beyond = set(List.of(List.of(
                contour(grid, 2, -1, -2.5, 0.5, 3.5, 0.5, 3.5, 7.5, -2.5, 7.5),
                contour(grid, 2, 0, 0.5, 0.5, 1.5, 0.5, 1.5, 1.5, 0.5, 1.5))));
        Segmentation read = beyond.onto(grid, MANY, CancelSignal.none());
        assertThat(read.grid()).isEqualTo(new Grid(7, 8, 4, OBLIQUE.movedTo(-2, 0, -1)));
        assertThat(mask(read, 0).toBitMask().count()).isEqualTo(6 * 7 + 1);
        assertThat(read.source().notices()).anyMatch(n -> n.contains("beyond the other side's grid"));
        assertThat(refusal(set(List.of(List.of(contour(grid, 2, 0, 0, 0, 1e6, 0, 1e6, 1e6)))), grid)
                        .problem())
                .isEqualTo(InputProblem.TOO_LARGE);
    }

    @Test
    void contoursThatDoNotLieInSlicesAreRefusedWithTheNumbers() {
        Grid grid = grid(10, 10, 10);
        double[] square = {1, 1, 5, 1, 5, 5, 1, 5};
        InputException between = refusal(set(List.of(List.of(contour(grid, 2, 3.4, square)))), grid);
        assertThat(between.problem()).isEqualTo(InputProblem.GEOMETRY_MISMATCH);
        assertThat(between.found()).startsWith("contours up to 0.4 slice off");

        double[] inclined = contour(grid, 2, 3, square);
        double[] lifted = contour(grid, 2, 4, square);
        System.arraycopy(lifted, 6, inclined, 6, 6);
        assertThat(refusal(set(List.of(List.of(inclined))), grid))
                .hasMessageContaining("inclined")
                .extracting(InputException::problem)
                .isEqualTo(InputProblem.GEOMETRY_MISMATCH);

        InputException sparse = refusal(
                set(List.of(List.of(
                        contour(grid, 2, 0, square), contour(grid, 2, 3, square), contour(grid, 2, 9, square)))),
                grid);
        assertThat(sparse.problem()).isEqualTo(InputProblem.GEOMETRY_MISMATCH);
        assertThat(sparse.found()).isEqualTo("contours at least 3 slices apart");
    }

    @Test
    void aSliceAFewHundredthsOffIsAcceptedWithANoticeThatReadsTheSameInEveryCountry() throws Exception {
        Grid grid = grid(10, 10, 10);
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            Segmentation read = set(List.of(List.of(contour(grid, 2, 3.05, 1, 1, 5, 1, 5, 5, 1, 5))))
                    .onto(grid, MANY, CancelSignal.none());
            assertThat(mask(read, 0).box().z0()).isEqualTo(3);
            assertThat(read.source().notices()).anyMatch(n -> n.contains("0.050 slice off"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void emptySlicesWithinAStructureAreTold() throws Exception {
        Grid grid = grid(10, 10, 10);
        double[] square = {1, 1, 5, 1, 5, 5, 1, 5};
        Segmentation read = set(List.of(
                        List.of(contour(grid, 2, 1, square), contour(grid, 2, 2, square), contour(grid, 2, 6, square))))
                .onto(grid, MANY, CancelSignal.none());
        assertThat(read.source().notices()).anyMatch(n -> n.contains("3 slices hold none"));
    }

    @Test
    void zigzagsWithoutEndAndMasksWithoutEndAreRefused() {
        Grid grid = grid(4, 1000, 1);
        double[] zigzag = new double[2 * 300_000];
        for (int i = 0; i < zigzag.length / 2; i++) {
            zigzag[2 * i] = 1 + i % 3 / 3.0;
            zigzag[2 * i + 1] = i % 2 == 0 ? 0 : 999;
        }
        assertThat(refusal(set(List.of(List.of(contour(grid, 2, 0, zigzag)))), grid)
                        .getMessage())
                .contains("cross the rows");

        Grid wide = grid(1000, 1000, 1);
        double[] all = contour(wide, 2, 0, 0, 0, 999, 0, 999, 999, 0, 999);
        List<List<double[]>> many = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            many.add(List.of(all));
        }
        assertThat(refusal(set(many), wide).problem()).isEqualTo(InputProblem.TOO_LARGE);
    }

    @Test
    void aStructureWithoutContoursIsEmpty() throws Exception {
        Grid grid = grid(5, 5, 5);
        Segmentation read = set(List.of(List.of(), List.of(contour(grid, 2, 1, 1, 1, 3, 1, 3, 3))))
                .onto(grid, MANY, CancelSignal.none());
        assertThat(mask(read, 0).toBitMask().count()).isZero();
        assertThat(mask(read, 1).toBitMask().count()).isEqualTo(6);
    }
}
