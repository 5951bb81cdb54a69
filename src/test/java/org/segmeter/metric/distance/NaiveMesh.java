package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.segmeter.metric.distance.NaiveSurface.Measured;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/** The triangle mesh written down directly: the cubes between voxel centres one by one, every centre against every triangle. */
final class NaiveMesh {

    private NaiveMesh() {}

    static List<Measured> directed(BitMask from, BitMask to, Spacing s) {
        List<double[][]> targets = triangles(to, s);
        List<Measured> all = new ArrayList<>();
        for (double[][] t : triangles(from, s)) {
            double[] centre = times(plus(plus(t[0], t[1]), t[2]), 1 / 3.0);
            double best = Double.POSITIVE_INFINITY;
            for (double[][] u : targets) {
                best = Math.min(best, distance(centre, u));
            }
            all.add(new Measured(best, length(cross(minus(t[1], t[0]), minus(t[2], t[0]))) / 2));
        }
        all.sort(Comparator.comparingDouble(Measured::distance));
        return all;
    }

    /** The triangles around a mask, three corners each, in mm. */
    static List<double[][]> triangles(BitMask m, Spacing s) {
        List<double[][]> triangles = new ArrayList<>();
        Box b = m.box().grown(1);
        for (int z = b.z0(); z < b.z1(); z++) {
            for (int y = b.y0(); y < b.y1(); y++) {
                for (int x = b.x0(); x < b.x1(); x++) {
                    int code = 0;
                    for (int i = 0; i < 8; i++) {
                        code |= m.contains(x + (i & 1), y + (i >> 1 & 1), z + (i >> 2)) ? 1 << i : 0;
                    }
                    double[] t = SurfaceElements.triangles(code);
                    for (int i = 0; i < t.length; i += 9) {
                        double[][] one = new double[3][];
                        for (int v = 0; v < 3; v++) {
                            one[v] = new double[] {
                                (x + t[i + 3 * v]) * s.x(),
                                (y + t[i + 3 * v + 1]) * s.y(),
                                (z + t[i + 3 * v + 2]) * s.z()
                            };
                        }
                        triangles.add(one);
                    }
                }
            }
        }
        return triangles;
    }

    /** To the plane if the foot of the perpendicular lies on the inner side of all three edges, else to the nearest edge. */
    private static double distance(double[] p, double[][] t) {
        double[] n = cross(minus(t[1], t[0]), minus(t[2], t[0]));
        boolean inside = true;
        double nearest = Double.POSITIVE_INFINITY;
        for (int i = 0; i < 3; i++) {
            double[] a = t[i];
            double[] edge = minus(t[(i + 1) % 3], a);
            inside &= dot(cross(edge, minus(p, a)), n) >= 0;
            double along = Math.clamp(dot(minus(p, a), edge) / dot(edge, edge), 0, 1);
            nearest = Math.min(nearest, length(minus(p, plus(a, times(edge, along)))));
        }
        return inside ? Math.abs(dot(minus(p, t[0]), n)) / length(n) : nearest;
    }

    private static double[] plus(double[] a, double[] b) {
        return new double[] {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
    }

    private static double[] minus(double[] a, double[] b) {
        return new double[] {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    }

    private static double[] times(double[] a, double f) {
        return new double[] {a[0] * f, a[1] * f, a[2] * f};
    }

    private static double dot(double[] a, double[] b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    }

    private static double length(double[] a) {
        return Math.sqrt(dot(a, a));
    }

    private static double[] cross(double[] a, double[] b) {
        return new double[] {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    }
}
