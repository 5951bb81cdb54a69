package org.segmeter.metric.slice;

import org.segmeter.metric.distance.BoundaryDistances;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.IntensityVolume;
import org.segmeter.volume.Mask;

/**
 * What a slice shows, one byte for each voxel, rows from the top and columns from the left as {@link SliceView} lays them out. The
 * values are indices into the palette of the layer.
 *
 * @param columns in a row
 * @param rows of the picture
 * @param pixels {@code rows * columns} values
 */
public record SlicePicture(int columns, int rows, byte[] pixels) {

    /** Neither side. */
    public static final byte NEITHER = 0;
    /** Both sides. */
    public static final byte TP = 1;
    /** The prediction alone. */
    public static final byte FP = 2;
    /** The reference alone. */
    public static final byte FN = 3;

    /** In the layer of distances: voxels of the masks that are no surface voxels. */
    public static final byte INSIDE = 1;
    /** In the layer of distances: the value of distance 0; the palette goes on to {@link #FARTHEST}. */
    public static final byte NEAREST = 2;
    /** In the layer of distances: the end of the scale, and all beyond. */
    public static final byte FARTHEST = (byte) 255;

    /** What agrees and what does not: {@link #NEITHER}, {@link #TP}, {@link #FP}, {@link #FN}. */
    public static SlicePicture overlay(Mask prediction, Mask reference, SliceView view, int slice) {
        int columns = view.columns();
        int rows = view.rows();
        byte[] pixels = new byte[Math.multiplyExact(columns, rows)];
        // A structure is mostly far smaller than its volume: nothing is looked up beyond its box.
        Box box = prediction.box().union(reference.box());
        int[] from = {box.x0(), box.y0(), box.z0()};
        int[] to = {box.x1(), box.y1(), box.z1()};
        int[] voxel = new int[3];
        voxel[view.axis()] = slice;
        if (slice < from[view.axis()] || slice >= to[view.axis()]) {
            return new SlicePicture(columns, rows, pixels);
        }
        for (int row = 0; row < rows; row++) {
            int y = view.rowIndex(row);
            if (y < from[view.rowAxis()] || y >= to[view.rowAxis()]) {
                continue;
            }
            voxel[view.rowAxis()] = y;
            for (int column = 0; column < columns; column++) {
                int x = view.columnIndex(column);
                if (x < from[view.columnAxis()] || x >= to[view.columnAxis()]) {
                    continue;
                }
                voxel[view.columnAxis()] = x;
                boolean p = prediction.contains(voxel[0], voxel[1], voxel[2]);
                boolean r = reference.contains(voxel[0], voxel[1], voxel[2]);
                pixels[row * columns + column] = p ? (r ? TP : FP) : r ? FN : NEITHER;
            }
        }
        return new SlicePicture(columns, rows, pixels);
    }

    /**
     * How far the surface of each side is from the surface of the other; 0 for a surface voxel of both. Where the other side is empty
     * there is no distance: the end of the scale.
     *
     * @param scaleMm the distance at which the scale ends, above 0
     */
    public static SlicePicture distances(
            Mask prediction, Mask reference, BoundaryDistances distances, SliceView view, int slice, double scaleMm) {
        SlicePicture overlay = overlay(prediction, reference, view, slice);
        int at = 0;
        BoundaryDistances.Search search = distances.search();
        for (int row = 0; row < overlay.rows; row++) {
            for (int column = 0; column < overlay.columns; column++, at++) {
                if (overlay.pixels[at] == NEITHER) {
                    continue;
                }
                int[] voxel = view.voxel(column, row, slice);
                double mm = search.mm(voxel[0], voxel[1], voxel[2]);
                overlay.pixels[at] = Double.isNaN(mm)
                        ? INSIDE
                        : (byte) (NEAREST + Math.round(Math.min(1, mm / scaleMm) * (255 - NEAREST)));
            }
        }
        return overlay;
    }

    /**
     * What an image shows at the places of a slice's voxels, from black to white, or the other way round if it is meant to be seen so: the
     * value of the image's voxel in which the middle of the slice's voxel lies, whatever grid the image has; black outside of it.
     *
     * @param level value that is half way between black (0) and white (255)
     * @param width difference of the values that are black and white, above 0; both as DICOM PS3.3 C.11.2.1.3.2 (LINEAR_EXACT)
     */
    public static SlicePicture image(IntensityVolume image, SliceView view, int slice, double level, double width) {
        int columns = view.columns();
        int rows = view.rows();
        byte[] pixels = new byte[Math.multiplyExact(columns, rows)];
        Grid grid = image.grid();
        Affine toPatient = view.grid().indexToPatient();
        Affine toIndex = grid.indexToPatient().inverse();
        int[] first = view.voxel(0, 0, slice);
        double[] origin = index(toIndex, toPatient, first);
        // Places are linear in row and column: two steps instead of two transformations for each pixel.
        double[] across =
                columns > 1 ? less(index(toIndex, toPatient, view.voxel(1, 0, slice)), origin) : new double[3];
        double[] down = rows > 1 ? less(index(toIndex, toPatient, view.voxel(0, 1, slice)), origin) : new double[3];
        double black = level - width / 2;
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++, at++) {
                int x = (int) Math.rint(origin[0] + column * across[0] + row * down[0]);
                int y = (int) Math.rint(origin[1] + column * across[1] + row * down[1]);
                int z = (int) Math.rint(origin[2] + column * across[2] + row * down[2]);
                if (x >= 0 && y >= 0 && z >= 0 && x < grid.nx() && y < grid.ny() && z < grid.nz()) {
                    double grey = (image.value(x, y, z) - black) / width * 255;
                    int shown = (int) Math.rint(Math.clamp(grey, 0.0, 255.0));
                    pixels[at] = (byte) (image.inverted() ? 255 - shown : shown);
                }
            }
        }
        return new SlicePicture(columns, rows, pixels);
    }

    private static double[] index(Affine toIndex, Affine toPatient, int[] voxel) {
        double[] patient = toPatient.apply(voxel[0], voxel[1], voxel[2]);
        return toIndex.apply(patient[0], patient[1], patient[2]);
    }

    private static double[] less(double[] a, double[] b) {
        return new double[] {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    }

    /**
     * This picture with square pixels: each of them shows the voxel that its centre lies in, so that the picture has the proportions of the
     * body.
     *
     * @param pixelsPerVoxel along the direction in which voxels are smaller, at least 1
     */
    public SlicePicture magnified(double columnSpacing, double rowSpacing, int pixelsPerVoxel) {
        double pixel = Math.min(columnSpacing, rowSpacing) / pixelsPerVoxel;
        int wide = Math.max(1, Math.toIntExact(Math.round(columns * columnSpacing / pixel)));
        int high = Math.max(1, Math.toIntExact(Math.round(rows * rowSpacing / pixel)));
        byte[] magnified = new byte[Math.multiplyExact(wide, high)];
        int at = 0;
        for (int y = 0; y < high; y++) {
            int row = Math.min(rows - 1, (int) ((y + 0.5) * rows / high));
            for (int x = 0; x < wide; x++) {
                int column = Math.min(columns - 1, (int) ((x + 0.5) * columns / wide));
                magnified[at++] = pixels[row * columns + column];
            }
        }
        return new SlicePicture(wide, high, magnified);
    }
}
