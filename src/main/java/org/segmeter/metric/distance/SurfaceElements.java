package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The area of surface at a corner of voxels, by which of the eight voxels around it belong to the mask.
 *
 * <p>Bit {@code dx + 2 dy + 4 dz} of a code is set if the voxel at (x - 1 + dx, y - 1 + dy, z - 1 + dz) belongs, for the corner
 * before voxel (x, y, z). The surface is that of marching cubes in the cube between the eight voxel centres: a vertex in the
 * middle of each cube edge whose ends differ, joined within each face. Where both diagonals of a face differ, the voxels of
 * whichever side has fewer corners of this cube are kept apart. The vertices of a loop need not lie in a plane; the triangulation
 * of largest area at unit spacing is taken. This reproduces the areas of the convention named at {@link SurfaceModel#AREA_WEIGHTED}.
 */
final class SurfaceElements {

    /** For each code its triangles in the unit cube between the eight centres: three vertices, nine numbers each. */
    private static final double[][] TRIANGLES = new double[256][];

    static {
        for (int code = 0; code < 256; code++) {
            int fewer = Integer.bitCount(code) <= 4 ? code : ~code & 255;
            List<double[]> triangles = new ArrayList<>();
            for (List<double[]> loop : loops(fewer)) {
                triangles.addAll(largest(loop, 0, loop.size() - 1));
            }
            TRIANGLES[code] = triangles.stream().flatMapToDouble(Arrays::stream).toArray();
        }
    }

    private SurfaceElements() {}

    /** The area in mm2 for each of the 256 codes; 0 for codes 0 and 255. */
    static double[] areas(Spacing s) {
        double[] areas = new double[256];
        for (int code = 0; code < 256; code++) {
            double[] t = TRIANGLES[code];
            for (int i = 0; i < t.length; i += 9) {
                areas[code] += area(t, i, s.x(), s.y(), s.z());
            }
        }
        return areas;
    }

    /** The closed loops of edge middles around the voxels of a code. */
    private static List<List<double[]>> loops(int code) {
        // An edge middle is named by the sum of its two corners, three base-3 digits: each step of a loop joins two of
        // them in a face.
        int[][] joined = new int[27][2];
        for (int[] j : joined) {
            j[0] = -1;
            j[1] = -1;
        }
        for (int axis = 0; axis < 3; axis++) {
            int u = 1 << (axis + 1) % 3;
            int v = 1 << (axis + 2) % 3;
            for (int side = 0; side < 2; side++) {
                int at = side << axis;
                int[] face = {at, at | u, at | u | v, at | v};
                int differing = 0;
                for (int i = 0; i < 4; i++) {
                    differing += has(code, face[i]) != has(code, face[i + 1 & 3]) ? 1 : 0;
                }
                int first = -1;
                for (int i = 0; i < 4; i++) {
                    int here = face[i];
                    int before = middle(face[i + 3 & 3], here);
                    int after = middle(here, face[i + 1 & 3]);
                    if (differing == 4) {
                        if (has(code, here)) {
                            join(joined, before, after);
                        }
                    } else if (differing == 2 && has(code, here) != has(code, face[i + 1 & 3])) {
                        if (first < 0) {
                            first = after;
                        } else {
                            join(joined, first, after);
                        }
                    }
                }
            }
        }
        List<List<double[]>> loops = new ArrayList<>();
        boolean[] seen = new boolean[27];
        for (int start = 0; start < 27; start++) {
            if (joined[start][0] < 0 || seen[start]) {
                continue;
            }
            List<double[]> loop = new ArrayList<>();
            int at = start;
            while (!seen[at]) {
                seen[at] = true;
                loop.add(new double[] {at % 3 / 2.0, at / 3 % 3 / 2.0, at / 9 / 2.0});
                at = seen[joined[at][0]] ? joined[at][1] : joined[at][0];
            }
            loops.add(loop);
        }
        return loops;
    }

    private static boolean has(int code, int corner) {
        return (code >> corner & 1) != 0;
    }

    private static int middle(int a, int b) {
        return (a & 1) + (b & 1) + 3 * ((a >> 1 & 1) + (b >> 1 & 1)) + 9 * ((a >> 2) + (b >> 2));
    }

    private static void join(int[][] joined, int a, int b) {
        joined[a][joined[a][0] < 0 ? 0 : 1] = b;
        joined[b][joined[b][0] < 0 ? 0 : 1] = a;
    }

    /** The triangulation of largest area of the vertices from..to of a loop, as triangles. */
    private static List<double[]> largest(List<double[]> loop, int from, int to) {
        List<double[]> best = List.of();
        double bestArea = -1;
        for (int k = from + 1; k < to; k++) {
            List<double[]> these = new ArrayList<>();
            double[] t = new double[9];
            System.arraycopy(loop.get(from), 0, t, 0, 3);
            System.arraycopy(loop.get(k), 0, t, 3, 3);
            System.arraycopy(loop.get(to), 0, t, 6, 3);
            these.add(t);
            these.addAll(largest(loop, from, k));
            these.addAll(largest(loop, k, to));
            double area = 0;
            for (double[] triangle : these) {
                area += area(triangle, 0, 1, 1, 1);
            }
            if (area > bestArea + 1e-9) {
                bestArea = area;
                best = these;
            }
        }
        return best;
    }

    /** The area of the triangle at an index, its axes scaled. */
    static double area(double[] t, int i, double sx, double sy, double sz) {
        double ax = (t[i + 3] - t[i]) * sx;
        double ay = (t[i + 4] - t[i + 1]) * sy;
        double az = (t[i + 5] - t[i + 2]) * sz;
        double bx = (t[i + 6] - t[i]) * sx;
        double by = (t[i + 7] - t[i + 1]) * sy;
        double bz = (t[i + 8] - t[i + 2]) * sz;
        double nx = ay * bz - az * by;
        double ny = az * bx - ax * bz;
        double nz = ax * by - ay * bx;
        return Math.sqrt(nx * nx + ny * ny + nz * nz) / 2;
    }
}
