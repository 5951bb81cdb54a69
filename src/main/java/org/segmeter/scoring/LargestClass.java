package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/**
 * Gives each voxel to the class with the largest probability, the first of equal ones, the background before all others: what a network
 * with a softmax is taken to say (argmax). A class may win with less than one half.
 */
final class LargestClass {

    private final List<ProbabilityVolume> volumes = new ArrayList<>();
    private final List<BitMask> masks = new ArrayList<>();
    /** Where the row that is looked at begins in the values of each volume; -1 if it has none. */
    private final int[] rows;

    private LargestClass(ProbabilityVolume background, List<ProbabilityVolume> classes) {
        volumes.add(background);
        volumes.addAll(classes);
        classes.forEach(volume -> masks.add(new BitMask(volume.box())));
        rows = new int[volumes.size()];
    }

    /**
     * @param classes on one grid; outside its box a volume is 0
     * @return the voxels of each class
     */
    static List<BitMask> of(ProbabilityVolume background, List<ProbabilityVolume> classes, CancelSignal cancel) {
        LargestClass largest = new LargestClass(background, classes);
        Box all = Box.EMPTY;
        for (ProbabilityVolume volume : classes) {
            all = all.isEmpty() ? volume.box() : all.union(volume.box());
        }
        for (int z = all.z0(); z < all.z1(); z++) {
            cancel.check();
            for (int y = all.y0(); y < all.y1(); y++) {
                largest.row(all, y, z);
            }
        }
        return largest.masks;
    }

    private void row(Box all, int y, int z) {
        for (int c = 0; c < rows.length; c++) {
            Box box = volumes.get(c).box();
            boolean crosses = y >= box.y0() && y < box.y1() && z >= box.z0() && z < box.z1();
            rows[c] = crosses ? ((z - box.z0()) * box.ny() + y - box.y0()) * box.nx() : -1;
        }
        for (int x = all.x0(); x < all.x1(); x++) {
            float best = 0;
            int winner = 0;
            for (int c = 0; c < rows.length; c++) {
                Box box = volumes.get(c).box();
                if (rows[c] >= 0 && x >= box.x0() && x < box.x1()) {
                    float p = volumes.get(c).values()[rows[c] + x - box.x0()];
                    if (p > best) {
                        best = p;
                        winner = c;
                    }
                }
            }
            if (winner > 0) {
                masks.get(winner - 1).set(x, y, z);
            }
        }
    }
}
