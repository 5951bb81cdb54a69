package org.segmeter.metric.topology;

import java.util.Arrays;
import java.util.List;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.instance.Components;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * Thins a mask to its centreline by taking away border voxels, side by side, as long as that changes neither the number of parts,
 * tunnels and cavities nor shortens a line (after Lee, Kashyap and Chu, "Building skeleton models via 3-D medial surface/axis
 * thinning algorithms", CVGIP 56(6), 1994).
 */
public final class Skeleton {

    /** How a voxel that was found removable is looked at again before it goes, for its neighbours may have gone meanwhile. */
    public enum Rule {
        /** In full: no part ever vanishes, the topology stays. */
        KEEPS_TOPOLOGY,
        /**
         * Only whether its neighbours hang together, as scikit-image's {@code skeletonize_3d} and tools on top of it do. Thin parts an
         * even number of voxels wide may vanish altogether.
         */
        SCIKIT_IMAGE
    }

    /** The six sides in the order in which they are thinned: axis, and where the neighbour outside lies. */
    private static final int[][] SIDES = {{1, -1}, {1, 1}, {2, 1}, {2, -1}, {0, 1}, {0, -1}};

    /** The voxel itself among the 27 of its neighbourhood. */
    private static final int CENTRE = 13;

    private final byte[] voxels;
    private final int nx;
    private final int ny;
    private final int[] offsets = new int[27];
    private final Rule rule;

    private Skeleton(byte[] voxels, int nx, int ny, Rule rule) {
        this.voxels = voxels;
        this.nx = nx;
        this.ny = ny;
        this.rule = rule;
        for (int i = 0; i < 27; i++) {
            offsets[i] = (i % 3 - 1) + (i / 3 % 3 - 1) * nx + (i / 9 - 1) * nx * ny;
        }
    }

    /** The centreline of a mask: a subset of its voxels. Each 26-connected part is thinned in a box of its own. */
    public static BitMask of(BitMask mask, Rule rule, CancelSignal cancel) {
        Box box = mask.box();
        BitMask thin = new BitMask(box);
        Components parts = Components.of(mask, Connectivity.CORNERS);
        for (int i = 0; i < parts.count(); i++) {
            thin(parts.mask(i), parts.box(i), rule, cancel, thin);
        }
        return thin;
    }

    private static void thin(BitMask mask, Box box, Rule rule, CancelSignal cancel, BitMask out) {
        int nx = box.nx() + 2;
        int ny = box.ny() + 2;
        int nz = box.nz() + 2;
        byte[] voxels = new byte[Math.multiplyExact(Math.multiplyExact(nx, ny), nz)];
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int row = ((z - box.z0() + 1) * ny + y - box.y0() + 1) * nx + 1;
                for (int x = box.x0(); x < box.x1(); x++) {
                    voxels[row + x - box.x0()] = (byte) (mask.contains(x, y, z) ? 1 : 0);
                }
            }
        }
        new Skeleton(voxels, nx, ny, rule).thin(cancel);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int row = ((z - box.z0() + 1) * ny + y - box.y0() + 1) * nx + 1;
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (voxels[row + x - box.x0()] != 0) {
                        out.set(x, y, z);
                    }
                }
            }
        }
    }

    private void thin(CancelSignal cancel) {
        int[] alive = present();
        boolean[] around = new boolean[27];
        for (int unchanged = 0; unchanged < SIDES.length; ) {
            unchanged = 0;
            for (int[] side : SIDES) {
                cancel.check();
                if (!takeFrom(side, alive, around)) {
                    unchanged++;
                }
            }
            alive = Arrays.stream(alive).filter(i -> voxels[i] != 0).toArray();
        }
    }

    /** The voxels, the last axis fastest: the order in which arrays of (x, y, z) lie in memory elsewhere. */
    private int[] present() {
        int[] at = new int[voxels.length];
        int n = 0;
        int nz = voxels.length / (nx * ny);
        for (int x = 0; x < nx; x++) {
            for (int y = 0; y < ny; y++) {
                for (int z = 0; z < nz; z++) {
                    int i = (z * ny + y) * nx + x;
                    if (voxels[i] != 0) {
                        at[n++] = i;
                    }
                }
            }
        }
        return Arrays.copyOf(at, n);
    }

    private boolean takeFrom(int[] side, int[] alive, boolean[] around) {
        int step = side[1] * (side[0] == 0 ? 1 : side[0] == 1 ? nx : nx * ny);
        int[] candidates = new int[alive.length];
        int n = 0;
        for (int i : alive) {
            if (voxels[i] != 0 && voxels[i + step] == 0) {
                look(i, around);
                if (removable(around)) {
                    candidates[n++] = i;
                }
            }
        }
        boolean changed = false;
        for (int k = 0; k < n; k++) {
            look(candidates[k], around);
            boolean goes = rule == Rule.SCIKIT_IMAGE ? neighbourParts(around) <= 1 : removable(around);
            if (goes) {
                voxels[candidates[k]] = 0;
                changed = true;
            }
        }
        return changed;
    }

    private void look(int at, boolean[] around) {
        for (int i = 0; i < 27; i++) {
            around[i] = voxels[at + offsets[i]] != 0;
        }
    }

    /** Not the end of a line, and simple: without it there are as many parts, tunnels and cavities as with it. */
    private boolean removable(boolean[] around) {
        int neighbours = -1;
        for (boolean b : around) {
            neighbours += b ? 1 : 0;
        }
        if (neighbours == 1 || neighbours == 0 && rule == Rule.KEEPS_TOPOLOGY) {
            return false;
        }
        return eulerChange(around) == 0 && neighbourParts(around) <= 1;
    }

    /** By how much the Euler characteristic of the closed voxels falls when the centre goes. */
    private static int eulerChange(boolean[] around) {
        int change = 0;
        // The cells of the centre cube: a cell's offset is -1 or 1 along the axes on which it is an end of the cube,
        // else 0.
        for (int i = 0; i < 27; i++) {
            int cx = i % 3 - 1;
            int cy = i / 3 % 3 - 1;
            int cz = i / 9 - 1;
            if (onlyCentre(around, cx, cy, cz)) {
                change += (Math.abs(cx) + Math.abs(cy) + Math.abs(cz) & 1) == 0 ? -1 : 1;
            }
        }
        return change;
    }

    /** True if no other voxel has this cell: then it goes with the centre. */
    private static boolean onlyCentre(boolean[] around, int cx, int cy, int cz) {
        for (int dz = Math.min(cz, 0); dz <= Math.max(cz, 0); dz++) {
            for (int dy = Math.min(cy, 0); dy <= Math.max(cy, 0); dy++) {
                for (int dx = Math.min(cx, 0); dx <= Math.max(cx, 0); dx++) {
                    int i = CENTRE + dx + 3 * dy + 9 * dz;
                    if (i != CENTRE && around[i]) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    /** Number of 26-connected parts among the 26 neighbours. */
    private static int neighbourParts(boolean[] around) {
        int left = 0;
        for (int i = 0; i < 27; i++) {
            if (i != CENTRE && around[i]) {
                left |= 1 << i;
            }
        }
        int parts = 0;
        while (left != 0) {
            parts++;
            int front = Integer.lowestOneBit(left);
            left &= ~front;
            while (front != 0) {
                int i = Integer.numberOfTrailingZeros(front);
                front &= front - 1;
                int reached = left & NEIGHBOURS[i];
                left &= ~reached;
                front |= reached;
            }
        }
        return parts;
    }

    private static final int[] NEIGHBOURS = new int[27];

    static {
        for (int i = 0; i < 27; i++) {
            for (int j : List.of(-1, 0, 1)) {
                for (int k : List.of(-1, 0, 1)) {
                    for (int l : List.of(-1, 0, 1)) {
                        int x = i % 3 + j;
                        int y = i / 3 % 3 + k;
                        int z = i / 9 + l;
                        if (x >= 0 && x < 3 && y >= 0 && y < 3 && z >= 0 && z < 3) {
                            NEIGHBOURS[i] |= 1 << x + 3 * y + 9 * z;
                        }
                    }
                }
            }
        }
    }
}
