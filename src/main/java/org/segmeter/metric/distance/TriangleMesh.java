package org.segmeter.metric.distance;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.segmeter.volume.CancelSignal;

/** The triangles of a {@link SurfaceNet} in a tree of boxes: from any point the distance to the nearest point of any of them, exact. */
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

    static SurfaceDistances between(SurfaceNet prediction, SurfaceNet reference, CancelSignal cancel) {
        List<TriangleMesh> meshes = Stream.of(prediction, reference)
                .parallel()
                .map(net -> new TriangleMesh(net.triangles))
                .toList();
        cancel.check();
        return new SurfaceDistances(
                distances(prediction, meshes.get(1), cancel), distances(reference, meshes.get(0), cancel));
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

    private static DistanceDistribution distances(SurfaceNet from, TriangleMesh to, CancelSignal cancel) {
        double[] samples = from.samples;
        int count = samples.length / 4;
        double[] nearest = new double[count];
        int part = 4096;
        IntStream.range(0, (count + part - 1) / part).parallel().forEach(p -> {
            cancel.check();
            Search search = to.new Search();
            for (int i = p * part; i < Math.min(count, (p + 1) * part); i++) {
                nearest[i] = search.distance(samples[4 * i], samples[4 * i + 1], samples[4 * i + 2]);
            }
        });
        double[] distance = from.aroundEach(nearest);
        // By distance, then area: pieces of equal distance add up in an order of their own.
        Integer[] order = new Integer[count];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> {
            int byDistance = Double.compare(distance[a], distance[b]);
            return byDistance != 0 ? byDistance : Double.compare(samples[4 * a + 3], samples[4 * b + 3]);
        });
        double[] d = new double[count];
        double[] w = new double[count];
        long[] c = new long[count];
        int n = 0;
        for (int i : order) {
            if (n == 0 || d[n - 1] != distance[i]) {
                d[n++] = distance[i];
            }
            w[n - 1] += samples[4 * i + 3];
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
