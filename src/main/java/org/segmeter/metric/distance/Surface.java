package org.segmeter.metric.distance;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Parts;

/**
 * The points that stand for the surface of one mask, and the weight of each: that of its class.
 *
 * @param points on the lattice of voxel corners or of voxel centres
 * @param voxels the mask itself, from which the class of a corner is read; null where all points have class 0
 * @param classOf the class of each neighbourhood code
 * @param weights the weight of each class
 */
record Surface(PointSet points, @Nullable PointSet voxels, byte[] classOf, double[] weights) {

    static Surface of(BitMask mask, SurfaceModel model, Spacing spacing) {
        Box box = mask.box();
        return switch (model) {
            case TRIANGLE_MESH, VOXEL_FACES -> throw new IllegalArgumentException("triangles are no lattice points");
            case AREA_WEIGHTED -> elements(mask, box, spacing);
            case BOUNDARY_6, BOUNDARY_6_TO_REGION -> plain(boundary(mask, box, Connectivity.FACES));
            case BOUNDARY_18 -> plain(boundary(mask, box, Connectivity.EDGES));
            case BOUNDARY_26 -> plain(boundary(mask, box, Connectivity.CORNERS));
            case REGION -> plain(PointSet.voxels(mask, box, false));
        };
    }

    /**
     * The surface of a mask, all of whose voxels are scored, without what lies next to a voxel that is not: of corners those that touch
     * such a voxel; a boundary voxel stays if one of its neighbours is scored and outside the mask.
     */
    static Surface of(BitMask mask, SurfaceModel model, Spacing spacing, ScoredVoxels scored) {
        Box box = mask.box();
        PointSet unscored = scored.unscored(box.grown(1));
        return switch (model) {
            case TRIANGLE_MESH, VOXEL_FACES -> throw new IllegalArgumentException("triangles are no lattice points");
            case AREA_WEIGHTED -> {
                Surface whole = elements(mask, box, spacing);
                whole.points().removeCornersOf(unscored);
                yield whole;
            }
            case BOUNDARY_6, BOUNDARY_6_TO_REGION -> plain(boundary(mask, unscored, Connectivity.FACES));
            case BOUNDARY_18 -> plain(boundary(mask, unscored, Connectivity.EDGES));
            case BOUNDARY_26 -> plain(boundary(mask, unscored, Connectivity.CORNERS));
            case REGION -> plain(PointSet.voxels(mask, box, false));
        };
    }

    /** What is not scored counts as inside the mask: a voxel is boundary only by a neighbour that is known to be outside. */
    private static PointSet boundary(BitMask mask, PointSet unscored, Connectivity connectivity) {
        Box box = new Box(
                unscored.wordX0 + 1 << 6,
                unscored.y0,
                unscored.z0,
                unscored.wordX0 + unscored.stride - 1 << 6,
                unscored.y0 + unscored.ny,
                unscored.z0 + unscored.nz);
        PointSet inside = PointSet.voxels(mask, box, false);
        for (int i = 0; i < inside.words.length; i++) {
            inside.words[i] |= unscored.words[i];
        }
        PointSet points = boundary(inside, connectivity);
        PointSet own = PointSet.voxels(mask, box, false);
        for (int i = 0; i < points.words.length; i++) {
            points.words[i] &= own.words[i];
        }
        return points;
    }

    /** The weight of all points: mm2, or their number. */
    double weight() {
        long[] counts = new long[weights.length];
        for (int k = 0; k < points.nz; k++) {
            for (int j = 0; j < points.ny; j++) {
                for (int i = 1; i < points.stride - 1; i++) {
                    long bits = points.words[(k * points.ny + j) * points.stride + i];
                    if (bits == 0) {
                        continue;
                    }
                    Neighbourhood around = around(points.wordX0 + i, points.y0 + j, points.z0 + k);
                    if (around == null) {
                        counts[0] += Long.bitCount(bits);
                    }
                    for (; around != null && bits != 0; bits &= bits - 1) {
                        counts[classAt(around, Long.numberOfTrailingZeros(bits))]++;
                    }
                }
            }
        }
        double sum = 0;
        for (int c = 0; c < counts.length; c++) {
            sum += counts[c] * weights[c];
        }
        return sum;
    }

    static Surface plain(PointSet points) {
        return new Surface(points, null, new byte[256], new double[] {1});
    }

    /**
     * The voxels around the 64 corners of a word, four rows of words: {@code here} holds the voxel at the corner's index, {@code
     * before} the one before it.
     */
    record Neighbourhood(
            long here0, long before0, long here1, long before1, long here2, long before2, long here3, long before3) {

        /** Adds 1 for the code of each of the points, eight points at a time. @param counts how often each of the 256 codes was met */
        void addCodes(long points, long[] counts) {
            for (int eight = 0; eight < 8; eight++) {
                long chosen = points >>> 8 * eight & 255;
                if (chosen == 0) {
                    continue;
                }
                long codes = codes(eight);
                for (; chosen != 0; chosen &= chosen - 1) {
                    counts[(int) (codes >>> 8 * Long.numberOfTrailingZeros(chosen)) & 255]++;
                }
            }
        }

        /** The codes of eight corners, that of the first in the lowest byte. @param eight 0 to 7, which eight of the word */
        long codes(int eight) {
            int shift = 8 * eight;
            return transposed(before0 >>> shift & 255
                    | (here0 >>> shift & 255) << 8
                    | (before1 >>> shift & 255) << 16
                    | (here1 >>> shift & 255) << 24
                    | (before2 >>> shift & 255) << 32
                    | (here2 >>> shift & 255) << 40
                    | (before3 >>> shift & 255) << 48
                    | (here3 >>> shift & 255) << 56);
        }

        /** Eight bytes as a matrix of 8 x 8 bits, rows and columns exchanged (Warren, "Hacker's Delight", section 7-3). */
        private static long transposed(long m) {
            long t = (m ^ m >>> 7) & 0x00AA00AA00AA00AAL;
            m ^= t ^ t << 7;
            t = (m ^ m >>> 14) & 0x0000CCCC0000CCCCL;
            m ^= t ^ t << 14;
            t = (m ^ m >>> 28) & 0x00000000F0F0F0F0L;
            return m ^ t ^ t << 28;
        }
    }

    /** What {@link #classAt} needs of a word of points; null where all points have class 0. */
    @Nullable
    Neighbourhood around(int wordX, int y, int z) {
        if (voxels == null) {
            return null;
        }
        long a = voxels.word(wordX, y - 1, z - 1);
        long b = voxels.word(wordX, y, z - 1);
        long c = voxels.word(wordX, y - 1, z);
        long d = voxels.word(wordX, y, z);
        return new Neighbourhood(
                a,
                a << 1 | voxels.word(wordX - 1, y - 1, z - 1) >>> 63,
                b,
                b << 1 | voxels.word(wordX - 1, y, z - 1) >>> 63,
                c,
                c << 1 | voxels.word(wordX - 1, y - 1, z) >>> 63,
                d,
                d << 1 | voxels.word(wordX - 1, y, z) >>> 63);
    }

    /** The class of the point at a bit of the word. */
    int classAt(Neighbourhood n, int bit) {
        return classOf[code(n, bit)];
    }

    /** The code, as {@link SurfaceElements} has it, of the corner at a bit of the word. */
    static int code(Neighbourhood n, int bit) {
        long code = n.before0 >>> bit & 1
                | (n.here0 >>> bit & 1) << 1
                | (n.before1 >>> bit & 1) << 2
                | (n.here1 >>> bit & 1) << 3
                | (n.before2 >>> bit & 1) << 4
                | (n.here2 >>> bit & 1) << 5
                | (n.before3 >>> bit & 1) << 6
                | (n.here3 >>> bit & 1) << 7;
        return (int) code;
    }

    private static Surface elements(BitMask mask, Box box, Spacing spacing) {
        // One voxel more along x, so that the words of voxels and of corners line up in stride.
        Box corners = new Box(box.x0(), box.y0(), box.z0(), box.x1() + 1, box.y1() + 1, box.z1() + 1);
        PointSet voxels =
                PointSet.voxels(mask, new Box(box.x0(), box.y0(), box.z0(), box.x1() + 1, box.y1(), box.z1()), false);
        PointSet points = new PointSet(corners);
        int stride = points.stride;
        Parts.of(points.nz, 4L * points.words.length).forEach(k -> {
            long[] none = new long[stride];
            for (int j = 0; j < points.ny; j++) {
                boolean below = k > 0;
                boolean above = k < voxels.nz;
                boolean before = j > 0;
                boolean behind = j < voxels.ny;
                long[] v = voxels.words;
                int a = below && before ? ((k - 1) * voxels.ny + j - 1) * stride : -1;
                int b = below && behind ? ((k - 1) * voxels.ny + j) * stride : -1;
                int c = above && before ? (k * voxels.ny + j - 1) * stride : -1;
                int d = above && behind ? (k * voxels.ny + j) * stride : -1;
                elementsOfRow(
                        a < 0 ? none : v,
                        Math.max(a, 0),
                        b < 0 ? none : v,
                        Math.max(b, 0),
                        c < 0 ? none : v,
                        Math.max(c, 0),
                        d < 0 ? none : v,
                        Math.max(d, 0),
                        points.words,
                        (k * points.ny + j) * stride,
                        stride);
            }
        });
        double[] areas = SurfaceElements.areas(spacing);
        double[] weights = Arrays.stream(areas).sorted().distinct().toArray();
        byte[] classOf = new byte[256];
        for (int code = 0; code < 256; code++) {
            classOf[code] = (byte) Arrays.binarySearch(weights, areas[code]);
        }
        return new Surface(points, voxels, classOf, weights);
    }

    private static void elementsOfRow(
            long[] ra, int a, long[] rb, int b, long[] rc, int c, long[] rd, int d, long[] out, int at, int stride) {
        long orBefore = 0;
        long andBefore = 0;
        for (int i = 1; i < stride - 1; i++) {
            long wa = ra[a + i];
            long wb = rb[b + i];
            long wc = rc[c + i];
            long wd = rd[d + i];
            long or = wa | wb | wc | wd;
            long and = wa & wb & wc & wd;
            out[at + i] = (or | or << 1 | orBefore) & ~(and & (and << 1 | andBefore));
            orBefore = or >>> 63;
            andBefore = and >>> 63;
        }
    }

    /** The voxels of a mask with a neighbour outside it. */
    static PointSet boundary(BitMask mask, Box box, Connectivity connectivity) {
        return boundary(PointSet.voxels(mask, box, false), connectivity);
    }

    /** The voxels of a set with a neighbour outside it; beyond its box everything is outside. */
    private static PointSet boundary(PointSet voxels, Connectivity connectivity) {
        PointSet points = voxels.emptyCopy();
        Parts.of(voxels.nz, 8L * voxels.words.length).forEach(k -> {
            for (int j = 0; j < voxels.ny; j++) {
                int row = (k * voxels.ny + j) * voxels.stride;
                for (int i = 1; i < voxels.stride - 1; i++) {
                    long here = voxels.words[row + i];
                    if (here != 0) {
                        points.words[row + i] = here & ~inner(voxels, i, j, k, connectivity);
                    }
                }
            }
        });
        return points;
    }

    /** The voxels of a word all of whose neighbours are set. */
    private static long inner(PointSet v, int i, int j, int k, Connectivity connectivity) {
        long all = -1;
        for (int dz = -1; dz <= 1; dz++) {
            for (int dy = -1; dy <= 1; dy++) {
                boolean straight = dy == 0 && dz == 0;
                boolean alone = straight || connectivity.joins(0, dy, dz);
                boolean sides = connectivity.joins(1, dy, dz);
                if (!alone && !sides) {
                    continue;
                }
                int y = j + dy;
                int z = k + dz;
                if (y < 0 || y >= v.ny || z < 0 || z >= v.nz) {
                    return 0;
                }
                int at = (z * v.ny + y) * v.stride + i;
                long w = v.words[at];
                all &= w;
                if (sides) {
                    all &= w << 1 | v.words[at - 1] >>> 63;
                    all &= w >>> 1 | v.words[at + 1] << 63;
                }
            }
        }
        return all;
    }
}
