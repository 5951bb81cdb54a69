package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.ProbabilityVolume;

/** Turns the 8-bit frames of a FRACTIONAL segment into fractions of Maximum Fractional Value, cropped to what is not 0. */
final class Fractions {

    private final Frames frames;
    private final int rows;
    private final int columns;
    private final int maximum;
    private final float[] fraction = new float[256];
    private final Placement.Offsets offsets;
    private final CancelSignal cancel;
    private final byte[] row;

    Fractions(SegObject object, Frames frames, Placement.Offsets offsets, CancelSignal cancel) {
        this.frames = frames;
        this.rows = object.rows();
        this.columns = object.columns();
        this.maximum = object.maximumFractionalValue();
        this.offsets = offsets;
        this.cancel = cancel;
        this.row = new byte[columns];
        for (int v = 0; v <= maximum; v++) {
            fraction[v] = (float) ((double) v / maximum);
        }
    }

    private void load(int y) {
        MemorySegment.copy(
                frames.bytes(), ValueLayout.JAVA_BYTE, (frames.startBit() >>> 3) + (long) y * columns, row, 0, columns);
    }

    /** @see BinaryMasks#read */
    ProbabilityVolume read(int[] order, int from, int to) throws InputException {
        Box box = Box.EMPTY;
        for (int i = from; i < to; i++) {
            cancel.check();
            int f = order[i];
            frames.select(f);
            box = box.union(boxOfFrame().translated(offsets.x()[f], offsets.y()[f], offsets.z()[f]));
        }
        if (box.voxelCount() > Integer.MAX_VALUE - 64) {
            throw Refusal.tooLarge(
                    "A fractional segment spans too many voxels.",
                    box.voxelCount() + " voxels",
                    "less than 2147483583 voxels");
        }
        float[] values = new float[(int) box.voxelCount()];
        for (int i = from; i < to; i++) {
            cancel.check();
            int f = order[i];
            int z = offsets.z()[f] - box.z0();
            if (z < 0 || z >= box.nz()) {
                continue;
            }
            frames.select(f);
            int ox = offsets.x()[f];
            int oy = offsets.y()[f];
            int x0 = Math.max(0, box.x0() - ox);
            int x1 = Math.min(columns, box.x1() - ox);
            for (int y = Math.max(0, box.y0() - oy); y < Math.min(rows, box.y1() - oy); y++) {
                load(y);
                int at = (z * box.ny() + y + oy - box.y0()) * box.nx() + ox - box.x0();
                for (int x = x0; x < x1; x++) {
                    values[at + x] = fraction[row[x] & 0xFF];
                }
            }
        }
        return new ProbabilityVolume(box, values);
    }

    private Box boxOfFrame() throws InputException {
        int x0 = columns;
        int x1 = 0;
        int y0 = rows;
        int y1 = 0;
        int largest = 0;
        for (int y = 0; y < rows; y++) {
            load(y);
            int first = 0;
            while (first < columns && row[first] == 0) {
                first++;
            }
            if (first == columns) {
                continue;
            }
            int last = columns - 1;
            while (row[last] == 0) {
                last--;
            }
            for (int x = first; x <= last; x++) {
                largest = Math.max(largest, row[x] & 0xFF);
            }
            x0 = Math.min(x0, first);
            x1 = Math.max(x1, last + 1);
            y0 = Math.min(y0, y);
            y1 = y + 1;
        }
        if (largest > maximum) {
            throw Refusal.pixels(
                    "A fraction is larger than Maximum Fractional Value.", largest + "", "at most " + maximum);
        }
        return y1 == 0 ? Box.EMPTY : new Box(x0, y0, 0, x1, y1, 1);
    }
}
