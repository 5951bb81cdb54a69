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
        long voxels = 0;
        long eroded = 0;
        long dilated = 0;
        long facesX = 0;
        long facesY = 0;
        long facesZ = 0;
        int firstWord = box.x0() - 1 >> 6;
        int lastWord = box.x1() >> 6;
        for (int z = box.z0() - 1; z <= box.z1(); z++) {
            for (int y = box.y0() - 1; y <= box.y1(); y++) {
                long before = 0;
                long here = word(structure, firstWord, y, z);
                for (int w = firstWord; w <= lastWord; w++) {
                    long after = word(structure, w + 1, y, z);
                    long left = here << 1 | before >>> 63;
                    long right = here >>> 1 | after << 63;
                    long up = word(structure, w, y - 1, z);
                    long down = word(structure, w, y + 1, z);
                    long front = word(structure, w, y, z - 1);
                    long back = word(structure, w, y, z + 1);
                    voxels += Long.bitCount(here);
                    eroded += Long.bitCount(here & left & right & up & down & front & back);
                    dilated += Long.bitCount(here | left | right | up | down | front | back);
                    facesX += Long.bitCount(here & ~left);
                    facesY += Long.bitCount(here & ~up);
                    facesZ += Long.bitCount(here & ~front);
                    before = here;
                    here = after;
                }
            }
        }
        return new Envelope(voxels, eroded, dilated, facesX, facesY, facesZ);
    }

    private static long word(BitMask mask, int w, int y, int z) {
        int i = w - mask.wordX0();
        return i < 0 || i >= mask.wordsPerRow() || !mask.hasRow(y, z) ? 0 : mask.words()[mask.rowStart(y, z) + i];
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
