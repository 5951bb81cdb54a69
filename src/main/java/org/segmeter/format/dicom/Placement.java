package org.segmeter.format.dicom;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.segmeter.format.ReadLimits;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * Where each frame of each instance lies on one grid, the union of all of them.
 *
 * @param grid x along the rows, y along the columns, z along the normal (row direction x column direction), so that slices are
 *     numbered along the normal whatever order they are stored in
 * @param frames for each instance the voxel at which each of its frames starts
 * @param patientGeometry false if the grid is in pixels
 * @param notices what was accepted with a remark
 */
record Placement(Grid grid, List<Offsets> frames, boolean patientGeometry, List<String> notices) {

    /** The voxels at which the frames of one instance start. */
    record Offsets(int[] x, int[] y, int[] z) {}

    /** @param objects at least one */
    static Placement of(List<SegObject> objects, ReadLimits limits) throws InputException {
        if (objects.getFirst().planes() instanceof SegObject.PixelPlanes planes && objects.size() == 1) {
            checkVoxels(planes.nx(), planes.ny(), planes.nz(), limits);
            return new Placement(
                    new Grid(planes.nx(), planes.ny(), planes.nz(), Affine.IDENTITY),
                    List.of(new Offsets(planes.x(), planes.y(), planes.z())),
                    false,
                    List.of());
        }
        List<SegObject.PatientPlanes> planes = new ArrayList<>();
        for (SegObject object : objects) {
            if (!(object.planes() instanceof SegObject.PatientPlanes p)) {
                throw new InputException(
                        InputProblem.NO_PATIENT_GEOMETRY,
                        "Several objects can be put together only by their positions in patient space.",
                        "an object without positions",
                        "Plane Position and Plane Orientation in each object");
            }
            planes.add(p);
        }
        return new InPatient(objects, planes).place(limits);
    }

    private static void checkVoxels(long nx, long ny, long nz, ReadLimits limits) throws InputException {
        if (nx > limits.voxels() || ny > limits.voxels() / nx || nz > limits.voxels() / (nx * ny)) {
            throw Refusal.tooLarge(
                    "The grid has more voxels than this installation accepts.",
                    nx + " x " + ny + " x " + nz,
                    "at most " + limits.voxels() + " voxels");
        }
    }

    /** The way from positions to voxels. */
    private static final class InPatient {

        private static final double SAME_DIRECTION = 1e-4;
        private static final double SAME_SPACING = 1e-4;
        private static final double SAME_STEP = 1e-2;

        private final List<SegObject> objects;
        private final List<SegObject.PatientPlanes> planes;
        private final double[] row;
        private final double[] column;
        private final double[] normal;
        private final double dx;
        private final double dy;
        private double offGrid;

        InPatient(List<SegObject> objects, List<SegObject.PatientPlanes> planes) throws InputException {
            this.objects = objects;
            this.planes = planes;
            SegObject.PatientPlanes first = planes.getFirst();
            for (SegObject.PatientPlanes p : planes) {
                checkSameLattice(first, p);
            }
            double[] o = first.orientation();
            row = Arrays.copyOfRange(o, 0, 3);
            column = Arrays.copyOfRange(o, 3, 6);
            double[] n = {
                row[1] * column[2] - row[2] * column[1],
                row[2] * column[0] - row[0] * column[2],
                row[0] * column[1] - row[1] * column[0]
            };
            double length = Math.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
            normal = new double[] {n[0] / length, n[1] / length, n[2] / length};
            dx = first.columnSpacing();
            dy = first.rowSpacing();
        }

        private static void checkSameLattice(SegObject.PatientPlanes a, SegObject.PatientPlanes b)
                throws InputException {
            for (int i = 0; i < 6; i++) {
                if (Math.abs(a.orientation()[i] - b.orientation()[i]) > SAME_DIRECTION) {
                    throw Refusal.geometry(
                            "The objects of one side lie in different directions.",
                            "two orientations",
                            "one orientation for all objects");
                }
            }
            if (Math.abs(a.rowSpacing() - b.rowSpacing()) > SAME_SPACING * a.rowSpacing()
                    || Math.abs(a.columnSpacing() - b.columnSpacing()) > SAME_SPACING * a.columnSpacing()) {
                throw Refusal.geometry(
                        "The objects of one side have different pixel spacings.",
                        b.rowSpacing() + " x " + b.columnSpacing() + " mm",
                        a.rowSpacing() + " x " + a.columnSpacing() + " mm");
            }
        }

        private static double dot(double[] v, double[] positions, int frame) {
            return v[0] * positions[3 * frame] + v[1] * positions[3 * frame + 1] + v[2] * positions[3 * frame + 2];
        }

        Placement place(ReadLimits limits) throws InputException {
            int parts = planes.size();
            double[][] along = new double[parts][];
            double[] u = new double[parts];
            double[] v = new double[parts];
            for (int p = 0; p < parts; p++) {
                double[] positions = planes.get(p).positions();
                along[p] = new double[positions.length / 3];
                for (int f = 0; f < along[p].length; f++) {
                    along[p][f] = dot(normal, positions, f);
                }
                u[p] = inPlane(row, dx, positions);
                v[p] = inPlane(column, dy, positions);
            }
            int[] x = wholePixels(u);
            int[] y = wholePixels(v);
            long nx = 0;
            long ny = 0;
            for (int p = 0; p < parts; p++) {
                nx = Math.max(nx, (long) x[p] + objects.get(p).columns());
                ny = Math.max(ny, (long) y[p] + objects.get(p).rows());
            }
            checkVoxels(nx, ny, 1, limits);

            SliceLattice lattice = SliceLattice.of(
                    Arrays.stream(along).flatMapToDouble(Arrays::stream).toArray(),
                    Math.min(dx, dy),
                    planes.getFirst().spacingBetweenSlices(),
                    planes.getFirst().sliceThickness(),
                    limits.voxels() / (nx * ny));
            checkNotInterleaved(lattice);
            List<Offsets> offsets = new ArrayList<>();
            for (int p = 0; p < parts; p++) {
                int[] fx = new int[along[p].length];
                int[] fy = new int[along[p].length];
                int[] fz = new int[along[p].length];
                Arrays.fill(fx, x[p]);
                Arrays.fill(fy, y[p]);
                for (int f = 0; f < fz.length; f++) {
                    fz[f] = lattice.indexOf(along[p][f]);
                }
                offsets.add(new Offsets(fx, fy, fz));
            }
            Set<String> notices = new LinkedHashSet<>(lattice.notices());
            if (offGrid > SliceLattice.NOTICEABLE) {
                notices.add(Refusal.text("Frames are shifted against one another by up to %.3f pixels.", offGrid));
            }
            return new Placement(
                    grid((int) nx, (int) ny, lattice, along[0], offsets.getFirst()),
                    offsets,
                    true,
                    List.copyOf(notices));
        }

        /** Instances that lie between each other's slices would make a lattice that none of them has. */
        private void checkNotInterleaved(SliceLattice lattice) throws InputException {
            if (planes.size() == 1) {
                return;
            }
            for (SegObject.PatientPlanes p : planes) {
                double own = p.spacingBetweenSlices();
                if (own > 0 && Math.abs(lattice.step() - own) > SAME_STEP * own) {
                    throw Refusal.geometry(
                            "The slices of the objects of one side do not lie on a common grid.",
                            Refusal.text("slices every %.4f mm together", lattice.step()),
                            Refusal.text("slices every %.4f mm, as one of the objects says", own));
                }
            }
        }

        /** In-plane position of the first pixel, in pixels: the same for all frames of an instance. */
        private double inPlane(double[] direction, double spacing, double[] positions) throws InputException {
            double first = dot(direction, positions, 0) / spacing;
            for (int f = 1; f < positions.length / 3; f++) {
                double shift = Math.abs(dot(direction, positions, f) / spacing - first);
                offGrid = Math.max(offGrid, shift);
                if (shift > SliceLattice.TOLERANCE) {
                    throw Refusal.geometry(
                            "The frames are shifted against one another within their plane: they lie on no common"
                                    + " grid.",
                            Refusal.text("a shift of %.3f pixels", shift),
                            "the same in-plane position for all frames");
                }
            }
            return first;
        }

        /** Offsets of the instances in whole pixels from the lowest of them. */
        private int[] wholePixels(double[] positions) throws InputException {
            double lowest = Arrays.stream(positions).min().orElse(0);
            int[] whole = new int[positions.length];
            for (int p = 0; p < whole.length; p++) {
                double offset = positions[p] - lowest;
                double off = Math.abs(offset - Math.rint(offset));
                offGrid = Math.max(offGrid, off);
                if (off > SliceLattice.TOLERANCE || offset > Integer.MAX_VALUE / 2) {
                    throw Refusal.geometry(
                            "The objects of one side do not lie on a common grid.",
                            Refusal.text("a shift of %.3f pixels", offset),
                            "whole pixels");
                }
                whole[p] = (int) Math.rint(offset);
            }
            return whole;
        }

        /** Anchored at the lowest frame of the first instance, so that one instance keeps its positions to the last digit. */
        private Grid grid(int nx, int ny, SliceLattice lattice, double[] along, Offsets offsets) throws InputException {
            int anchor = 0;
            for (int f = 1; f < along.length; f++) {
                if (along[f] < along[anchor]) {
                    anchor = f;
                }
            }
            double[] stepX = scaled(row, dx);
            double[] stepY = scaled(column, dy);
            double[] stepZ = scaled(normal, lattice.step());
            double[] positions = planes.getFirst().positions();
            double[] origin = new double[3];
            for (int i = 0; i < 3; i++) {
                origin[i] = positions[3 * anchor + i]
                        - offsets.x()[anchor] * stepX[i]
                        - offsets.y()[anchor] * stepY[i]
                        - offsets.z()[anchor] * stepZ[i];
            }
            Affine affine = Affine.of(stepX, stepY, stepZ, origin);
            double volume = Math.abs(affine.determinant());
            // Each number was finite; their products need not be (a spacing of 1e200 mm).
            if (!(volume > 0 && volume < Double.POSITIVE_INFINITY)
                    || !Arrays.stream(origin).allMatch(Double::isFinite)) {
                throw Refusal.geometry(
                        "The voxels have no usable size or place: spacing or positions are out of any range.",
                        Refusal.text("a voxel of %.3g mm3", volume),
                        "finite positions and a voxel of finite volume above 0");
            }
            return new Grid(nx, ny, lattice.count(), affine);
        }

        private static double[] scaled(double[] v, double by) {
            return new double[] {v[0] * by, v[1] * by, v[2] * by};
        }
    }
}
