package org.segmeter.metric.fragility;

import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * What small changes of its boundary do to the Dice of a structure with itself: the best that can be expected where two readers
 * differ by a voxel. Neighbours are the six that share a face; the structure is taken to end at the border of the grid.
 *
 * @param voxels of the structure, at least 1
 * @param eroded voxels left when those with a neighbour outside are removed
 * @param dilated voxels with the outside neighbours added (beyond the grid too)
 * @param facesX faces towards smaller x: the number of runs along x; likewise y and z
 */
public record Envelope(long voxels, long eroded, long dilated, long facesX, long facesY, long facesZ) {

    public Envelope {
        if (voxels < 1) {
            throw new IllegalArgumentException("an empty structure has no envelope");
        }
    }

    /** @throws IllegalArgumentException if the structure is empty */
    public static Envelope of(BitMask structure) {
        Box box = structure.box();
        Rows rows = new Rows(structure, box);
        for (int z = box.z0() - 1; z <= box.z1(); z++) {
            for (int y = box.y0() - 1; y <= box.y1(); y++) {
                rows.count(y, z);
            }
        }
        return new Envelope(rows.voxels, rows.eroded, rows.dilated, rows.facesX, rows.facesY, rows.facesZ);
    }

    /** Counts row by row; most rows of a large box have no voxels near, and cost no more than a look. */
    private static final class Rows {
        private final long[] words;
        private final int wordsPerRow;
        private final Box box;
        private final BitMask structure;

        /** Whether each row of the box has voxels. */
        private final boolean[] occupied;

        private final long[] none;
        private long voxels;
        private long eroded;
        private long dilated;
        private long facesX;
        private long facesY;
        private long facesZ;

        Rows(BitMask structure, Box box) {
            this.structure = structure;
            this.box = box;
            words = structure.words();
            wordsPerRow = structure.wordsPerRow();
            none = new long[wordsPerRow];
            occupied = new boolean[Math.multiplyExact(box.ny(), box.nz())];
            for (int z = box.z0(), at = 0; z < box.z1(); z++) {
                for (int y = box.y0(); y < box.y1(); y++, at++) {
                    occupied[at] = hasVoxels(structure.rowStart(y, z));
                }
            }
        }

        private boolean hasVoxels(int row) {
            long any = 0;
            for (int w = row; w < row + wordsPerRow; w++) {
                any |= words[w];
            }
            return any != 0;
        }

        private boolean isOccupied(int y, int z) {
            return y >= box.y0()
                    && y < box.y1()
                    && z >= box.z0()
                    && z < box.z1()
                    && occupied[(z - box.z0()) * box.ny() + y - box.y0()];
        }

        void count(int y, int z) {
            boolean here = isOccupied(y, z);
            boolean up = isOccupied(y - 1, z);
            boolean down = isOccupied(y + 1, z);
            boolean front = isOccupied(y, z - 1);
            boolean back = isOccupied(y, z + 1);
            if (here || up || down || front || back) {
                count(
                        here ? words : none,
                        here ? structure.rowStart(y, z) : 0,
                        up ? words : none,
                        up ? structure.rowStart(y - 1, z) : 0,
                        down ? words : none,
                        down ? structure.rowStart(y + 1, z) : 0,
                        front ? words : none,
                        front ? structure.rowStart(y, z - 1) : 0,
                        back ? words : none,
                        back ? structure.rowStart(y, z + 1) : 0);
            }
        }

        private void count(
                long[] ofHere,
                int atHere,
                long[] ofUp,
                int atUp,
                long[] ofDown,
                int atDown,
                long[] ofFront,
                int atFront,
                long[] ofBack,
                int atBack) {
            long before = 0;
            long here = ofHere[atHere];
            // Beyond the first and the last word lie at most the outside neighbours of their ends.
            dilated += here & 1;
            for (int w = 0; w < wordsPerRow; w++) {
                long after = w + 1 < wordsPerRow ? ofHere[atHere + w + 1] : 0;
                long left = here << 1 | before >>> 63;
                long right = here >>> 1 | after << 63;
                long up = ofUp[atUp + w];
                long down = ofDown[atDown + w];
                long front = ofFront[atFront + w];
                long back = ofBack[atBack + w];
                voxels += Long.bitCount(here);
                eroded += Long.bitCount(here & left & right & up & down & front & back);
                dilated += Long.bitCount(here | left | right | up | down | front | back);
                facesX += Long.bitCount(here & ~left);
                facesY += Long.bitCount(here & ~up);
                facesZ += Long.bitCount(here & ~front);
                before = here;
                here = after;
            }
            dilated += before >>> 63;
        }
    }

    /** Dice with the structure eroded by one voxel. */
    public double diceEroded() {
        return 2.0 * eroded / (eroded + voxels);
    }

    /** Dice with the structure dilated by one voxel. */
    public double diceDilated() {
        return 2.0 * voxels / (voxels + dilated);
    }

    /** The smaller of the two: one voxel too small or too large all around. */
    public double diceOneVoxelOff() {
        return Math.min(diceEroded(), diceDilated());
    }

    /**
     * Dice with the structure moved along an axis, as bodies made of voxels: exact for fractions of a voxel too.
     *
     * @param axis 0, 1 or 2
     * @param shift in voxels, 0..1
     */
    public double diceShifted(int axis, double shift) {
        if (!(shift >= 0 && shift <= 1)) {
            throw new IllegalArgumentException("a shift of 0 to 1 voxel, not " + shift);
        }
        long faces = switch (axis) {
            case 0 -> facesX;
            case 1 -> facesY;
            case 2 -> facesZ;
            default -> throw new IllegalArgumentException("axis " + axis + " is not 0, 1 or 2");
        };
        return 1 - shift * faces / voxels;
    }

    /**
     * Expected Dice when a share q of the inner boundary voxels is lost and a share q of the outer ones is gained: about
     * 2 (V - q in) / (2 V - q in + q out).
     *
     * @param q in 0..1
     */
    public double diceWithBoundaryNoise(double q) {
        double lost = q * (voxels - eroded);
        double gained = q * (dilated - voxels);
        return 2 * (voxels - lost) / (2 * voxels - lost + gained);
    }

    /** Dice of two equal balls whose centres are a shift s apart, s at most 2 r: (1 - s/2r)^2 (1 + s/4r). */
    public static double shiftedBalls(double radius, double shift) {
        double u = shift / (2 * radius);
        return (1 - u) * (1 - u) * (1 + u / 2);
    }
}
