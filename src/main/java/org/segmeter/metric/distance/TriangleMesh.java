package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * The surface of a mask as triangles in mm, in a tree of boxes. Distances are from a triangle's centre to the nearest point of any
 * triangle of the other mesh, exact.
 */
final class TriangleMesh {

    private static final int LEAF = 4;

    /** Nine numbers a triangle, ordered by the tree. */
    private final double[] triangles;
    /** Six numbers a node: least and largest x, y, z. Node 1 is the root, nodes 2 i and 2 i + 1 its children. */
    private final double[] bounds;

    private final int count;

    private TriangleMesh(double[] unordered) {
        count = unordered.length / 9;
        Integer[] order = new Integer[count];
        Arrays.setAll(order, i -> i);
        int nodes = 2;
        while ((long) (nodes / 2) * LEAF < count) {
            nodes *= 2;
        }
        bounds = new double[6 * nodes];
        split(unordered, order, 0, count, 1, nodes);
        triangles = new double[unordered.length];
        for (int i = 0; i < count; i++) {
            System.arraycopy(unordered, 9 * order[i], triangles, 9 * i, 9);
        }
    }

    /** @param prediction and reference: area-weighted, each with a point */
    static SurfaceDistances between(Surface prediction, Surface reference, Spacing s, Box union, CancelSignal cancel) {
        // Millimetres are counted from the corner of both, so that moving both changes no bit.
        List<TriangleMesh> meshes = Stream.of(prediction, reference)
                .parallel()
                .map(surface -> of(surface, s, union))
                .toList();
        cancel.check();
        TriangleMesh p = meshes.get(0);
        TriangleMesh r = meshes.get(1);
        return new SurfaceDistances(p.distancesTo(r, cancel), r.distancesTo(p, cancel));
    }

    /** The area of the triangles of a surface, mm2. */
    static double area(Surface surface, Spacing s, Box origin) {
        TriangleMesh mesh = of(surface, s, origin);
        double sum = 0;
        for (int i = 0; i < mesh.count; i++) {
            sum += SurfaceElements.area(mesh.triangles, 9 * i, 1, 1, 1);
        }
        return sum;
    }

    private static TriangleMesh of(Surface surface, Spacing s, Box origin) {
        PointSet points = surface.points();
        List<double[]> all = new ArrayList<>();
        int total = 0;
        for (int k = 0; k < points.nz; k++) {
            double[] slice = new double[64];
            int n = 0;
            for (int j = 0; j < points.ny; j++) {
                for (int i = 1; i < points.stride - 1; i++) {
                    long bits = points.words[(k * points.ny + j) * points.stride + i];
                    if (bits == 0) {
                        continue;
                    }
                    int y = points.y0 + j;
                    int z = points.z0 + k;
                    Surface.Neighbourhood around = surface.around(points.wordX0 + i, y, z);
                    for (; around != null && bits != 0; bits &= bits - 1) {
                        int bit = Long.numberOfTrailingZeros(bits);
                        double[] t = SurfaceElements.triangles(Surface.code(around, bit));
                        if (n + t.length > slice.length) {
                            slice = Arrays.copyOf(slice, Math.max(2 * slice.length, n + t.length));
                        }
                        int x = (points.wordX0 + i << 6) + bit;
                        for (int v = 0; v < t.length; v += 3) {
                            slice[n++] = (x - origin.x0() - 1 + t[v]) * s.x();
                            slice[n++] = (y - origin.y0() - 1 + t[v + 1]) * s.y();
                            slice[n++] = (z - origin.z0() - 1 + t[v + 2]) * s.z();
                        }
                    }
                }
            }
            all.add(Arrays.copyOf(slice, n));
            total = Math.addExact(total, n);
        }
        double[] together = new double[total];
        int at = 0;
        for (double[] slice : all) {
            System.arraycopy(slice, 0, together, at, slice.length);
            at += slice.length;
        }
        return new TriangleMesh(together);
    }

    /** Bounds a node, and divides its triangles in the middle of their longest extent. */
    private void split(double[] t, Integer[] order, int from, int to, int node, int nodes) {
        double[] b = {
            Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY,
            Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY,
            Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
        };
        for (int i = from; i < to; i++) {
            for (int v = 0; v < 9; v++) {
                double c = t[9 * order[i] + v];
                b[2 * (v % 3)] = Math.min(b[2 * (v % 3)], c);
                b[2 * (v % 3) + 1] = Math.max(b[2 * (v % 3) + 1], c);
            }
        }
        System.arraycopy(b, 0, bounds, 6 * node, 6);
        if (2 * node >= nodes) {
            return;
        }
        int longest = 0;
        for (int axis = 1; axis < 3; axis++) {
            longest = b[2 * axis + 1] - b[2 * axis] > b[2 * longest + 1] - b[2 * longest] ? axis : longest;
        }
        int axis = longest;
        Arrays.sort(order, from, to, (p, q) -> {
            int byPlace = Double.compare(
                    t[9 * p + axis] + t[9 * p + 3 + axis] + t[9 * p + 6 + axis],
                    t[9 * q + axis] + t[9 * q + 3 + axis] + t[9 * q + 6 + axis]);
            return byPlace != 0 ? byPlace : Integer.compare(p, q);
        });
        int middle = middle(from, to);
        split(t, order, from, middle, 2 * node, nodes);
        split(t, order, middle, to, 2 * node + 1, nodes);
    }

    private static int middle(int from, int to) {
        return (from + to) >>> 1;
    }

    private DistanceDistribution distancesTo(TriangleMesh other, CancelSignal cancel) {
        double[] distance = new double[count];
        double[] area = new double[count];
        int part = 4096;
        IntStream.range(0, (count + part - 1) / part).parallel().forEach(p -> {
            cancel.check();
            Search search = other.new Search();
            for (int i = p * part; i < Math.min(count, (p + 1) * part); i++) {
                double[] t = triangles;
                int at = 9 * i;
                distance[i] = search.distance(
                        (t[at] + t[at + 3] + t[at + 6]) / 3,
                        (t[at + 1] + t[at + 4] + t[at + 7]) / 3,
                        (t[at + 2] + t[at + 5] + t[at + 8]) / 3);
                area[i] = SurfaceElements.area(t, at, 1, 1, 1);
            }
        });
        // By distance, then area: triangles of equal distance add up in an order of their own.
        Integer[] order = new Integer[count];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> {
            int byDistance = Double.compare(distance[a], distance[b]);
            return byDistance != 0 ? byDistance : Double.compare(area[a], area[b]);
        });
        double[] d = new double[count];
        double[] w = new double[count];
        long[] c = new long[count];
        int n = 0;
        for (int i : order) {
            if (n == 0 || d[n - 1] != distance[i]) {
                d[n++] = distance[i];
            }
            w[n - 1] += area[i];
            c[n - 1]++;
        }
        return new DistanceDistribution(Arrays.copyOf(d, n), Arrays.copyOf(w, n), Arrays.copyOf(c, n));
    }

    private final class Search {

        private double best;
        private int last;
        private double x;
        private double y;
        private double z;

        double distance(double px, double py, double pz) {
            x = px;
            y = py;
            z = pz;
            best = squaredToTriangle(last);
            node(1, 0, count);
            return Math.sqrt(best);
        }

        private void node(int node, int from, int to) {
            if (2 * node >= bounds.length / 6) {
                for (int i = from; i < to; i++) {
                    double d = squaredToTriangle(i);
                    if (d < best) {
                        best = d;
                        last = i;
                    }
                }
                return;
            }
            double left = squaredToBox(2 * node);
            double right = squaredToBox(2 * node + 1);
            int middle = middle(from, to);
            if (left <= right) {
                if (left < best) {
                    node(2 * node, from, middle);
                }
                if (right < best) {
                    node(2 * node + 1, middle, to);
                }
            } else {
                if (right < best) {
                    node(2 * node + 1, middle, to);
                }
                if (left < best) {
                    node(2 * node, from, middle);
                }
            }
        }

        private double squaredToBox(int node) {
            double dx = outside(x, 6 * node);
            double dy = outside(y, 6 * node + 2);
            double dz = outside(z, 6 * node + 4);
            return dx * dx + dy * dy + dz * dz;
        }

        private double outside(double v, int at) {
            return Math.max(0, Math.max(bounds[at] - v, v - bounds[at + 1]));
        }

        /** The nearest point lies over the triangle's plane, or else on one of its sides. */
        private double squaredToTriangle(int i) {
            double[] t = triangles;
            int a = 9 * i;
            double ux = t[a + 3] - t[a];
            double uy = t[a + 4] - t[a + 1];
            double uz = t[a + 5] - t[a + 2];
            double vx = t[a + 6] - t[a];
            double vy = t[a + 7] - t[a + 1];
            double vz = t[a + 8] - t[a + 2];
            double wx = x - t[a];
            double wy = y - t[a + 1];
            double wz = z - t[a + 2];
            double nx = uy * vz - uz * vy;
            double ny = uz * vx - ux * vz;
            double nz = ux * vy - uy * vx;
            double nn = nx * nx + ny * ny + nz * nz;
            if (nn > 0) {
                // Coordinates of the foot of the perpendicular in the triangle: both and their sum in 0 to 1 inside.
                double p = ((wy * vz - wz * vy) * nx + (wz * vx - wx * vz) * ny + (wx * vy - wy * vx) * nz) / nn;
                double q = ((uy * wz - uz * wy) * nx + (uz * wx - ux * wz) * ny + (ux * wy - uy * wx) * nz) / nn;
                if (p >= 0 && q >= 0 && p + q <= 1) {
                    double h = wx * nx + wy * ny + wz * nz;
                    return h * h / nn;
                }
            }
            return Math.min(squaredToSide(a, a + 3), Math.min(squaredToSide(a + 3, a + 6), squaredToSide(a + 6, a)));
        }

        private double squaredToSide(int a, int b) {
            double[] t = triangles;
            double ux = t[b] - t[a];
            double uy = t[b + 1] - t[a + 1];
            double uz = t[b + 2] - t[a + 2];
            double wx = x - t[a];
            double wy = y - t[a + 1];
            double wz = z - t[a + 2];
            double along = (wx * ux + wy * uy + wz * uz) / (ux * ux + uy * uy + uz * uz);
            double at = Math.clamp(along, 0, 1);
            double dx = wx - at * ux;
            double dy = wy - at * uy;
            double dz = wz - at * uz;
            return dx * dx + dy * dy + dz * dz;
        }
    }
}
