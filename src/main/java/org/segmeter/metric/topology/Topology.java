package org.segmeter.metric.topology;

import org.segmeter.metric.Connectivity;
import org.segmeter.metric.instance.Components;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The topological numbers of a mask.
 *
 * @param parts connected components (Betti number 0)
 * @param tunnels independent loops (Betti number 1)
 * @param cavities holes that nothing outside reaches (Betti number 2)
 */
public record Topology(long parts, long tunnels, long cavities) {

    /**
     * @param connectivity of the mask: with {@link Connectivity#CORNERS} voxels are closed cubes and the background is connected by
     *     faces; with {@link Connectivity#FACES} the other way round
     * @throws IllegalArgumentException for {@link Connectivity#EDGES}, which has no such counterpart
     */
    public static Topology of(BitMask mask, Connectivity connectivity) {
        if (connectivity == Connectivity.EDGES) {
            throw new IllegalArgumentException("topology is that of 6 or 26 neighbours, not of 18");
        }
        if (mask.isEmpty()) {
            return new Topology(0, 0, 0);
        }
        Connectivity outside = connectivity == Connectivity.FACES ? Connectivity.CORNERS : Connectivity.FACES;
        long parts = Components.of(mask, connectivity).count();
        long cavities = Components.of(surrounded(mask), outside).count() - 1L;
        return new Topology(parts, parts + cavities - eulerCharacteristic(mask, connectivity), cavities);
    }

    /** Parts minus tunnels plus cavities. */
    public long eulerCharacteristic() {
        return parts - tunnels + cavities;
    }

    /** What is not in the mask, in a box one voxel larger on every side, moved by (64, 1, 1) so that indices stay above 0. */
    private static BitMask surrounded(BitMask mask) {
        Box box = mask.box();
        BitMask outside =
                new BitMask(new Box(box.x0() + 63, box.y0(), box.z0(), box.x1() + 65, box.y1() + 2, box.z1() + 2));
        for (int z = outside.z0(); z < outside.z1(); z++) {
            for (int y = outside.y0(); y < outside.y1(); y++) {
                outside.setRun(y, z, box.x0() + 63, box.x1() + 65);
                if (!mask.hasRow(y - 1, z - 1)) {
                    continue;
                }
                int from = mask.rowStart(y - 1, z - 1);
                int to = outside.rowStart(y, z);
                for (int w = 0; w < mask.wordsPerRow(); w++) {
                    long bits = mask.words()[from + w];
                    if (bits != 0) {
                        outside.words()[to + mask.wordX0() + w + 1 - outside.wordX0()] &= ~bits;
                    }
                }
            }
        }
        return outside;
    }

    /**
     * The Euler characteristic counted cell by cell: corners minus edges plus faces minus cubes of the closed voxels, or, for
     * {@link Connectivity#FACES}, of the open ones.
     */
    static long eulerCharacteristic(BitMask mask, Connectivity connectivity) {
        Box box = mask.box();
        boolean closed = connectivity == Connectivity.CORNERS;
        int words = mask.wordsPerRow();
        long[] none = new long[words + 1];
        long[][] rows = new long[4][words + 1];
        long sum = 0;
        for (int z = box.z0(); z <= box.z1(); z++) {
            for (int y = box.y0(); y <= box.y1(); y++) {
                for (int i = 0; i < 4; i++) {
                    int ry = y - 1 + (i & 1);
                    int rz = z - 1 + (i >> 1);
                    System.arraycopy(none, 0, rows[i], 0, words);
                    if (mask.hasRow(ry, rz)) {
                        System.arraycopy(mask.words(), mask.rowStart(ry, rz), rows[i], 0, words);
                    }
                }
                sum += row(rows, closed);
            }
        }
        return sum;
    }

    /**
     * What the cells at the lower end of the voxels of row 3 add: the cube, three faces, three edges and the corner. A closed cell
     * belongs if any voxel around it does, an open one if all do.
     */
    private static long row(long[][] r, boolean closed) {
        long sum = 0;
        for (int w = 0; w < r[0].length; w++) {
            long a = r[0][w];
            long b = r[1][w];
            long c = r[2][w];
            long d = r[3][w];
            long ab = before(r[0], w);
            long bb = before(r[1], w);
            long cb = before(r[2], w);
            long db = before(r[3], w);
            if ((a | b | c | d | ab | bb | cb | db) == 0) {
                continue;
            }
            if (closed) {
                long cubes = bits(d);
                long faces = bits(d | db) + bits(d | c) + bits(d | b);
                long edges = bits(a | b | c | d) + bits(d | db | c | cb) + bits(d | db | b | bb);
                long corners = bits(a | b | c | d | ab | bb | cb | db);
                sum += corners - edges + faces - cubes;
            } else {
                long cubes = bits(d);
                long faces = bits(d & db) + bits(d & c) + bits(d & b);
                long edges = bits(a & b & c & d) + bits(d & db & c & cb) + bits(d & db & b & bb);
                long corners = bits(a & b & c & d & ab & bb & cb & db);
                sum += cubes - faces + edges - corners;
            }
        }
        return sum;
    }

    /** The voxels moved up by one along x. */
    private static long before(long[] row, int w) {
        return row[w] << 1 | (w > 0 ? row[w - 1] >>> 63 : 0);
    }

    private static long bits(long word) {
        return Long.bitCount(word);
    }
}
