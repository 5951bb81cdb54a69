package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/** The definitions written down directly: every voxel visited, every pair of points measured. */
final class NaiveSurface {

    record Point(int x, int y, int z, double weight) {}

    record Measured(double distance, double weight) {}

    private NaiveSurface() {}

    static List<Point> points(BitMask m, SurfaceModel model, Spacing spacing) {
        Box b = m.box().grown(2);
        double[] areas = SurfaceElements.areas(spacing);
        List<Point> points = new ArrayList<>();
        for (int z = b.z0(); z < b.z1(); z++) {
            for (int y = b.y0(); y < b.y1(); y++) {
                for (int x = b.x0(); x < b.x1(); x++) {
                    double weight = switch (model) {
                        case TRIANGLE_MESH, VOXEL_FACES -> throw new IllegalArgumentException("no lattice points");
                        case AREA_WEIGHTED -> elementWeight(m, x, y, z, areas);
                        case BOUNDARY_6, BOUNDARY_6_TO_REGION -> boundary(m, x, y, z, 1);
                        case BOUNDARY_18 -> boundary(m, x, y, z, 2);
                        case BOUNDARY_26 -> boundary(m, x, y, z, 3);
                        case REGION -> m.contains(x, y, z) ? 1 : -1;
                    };
                    if (weight >= 0) {
                        points.add(new Point(x, y, z, weight));
                    }
                }
            }
        }
        return points;
    }

    private static double elementWeight(BitMask m, int x, int y, int z, double[] areas) {
        int code = 0;
        for (int i = 0; i < 8; i++) {
            code |= contains(m, x - 1 + (i & 1), y - 1 + (i >> 1 & 1), z - 1 + (i >> 2)) ? 1 << i : 0;
        }
        return code == 0 || code == 255 ? -1 : areas[code];
    }

    private static double boundary(BitMask m, int x, int y, int z, int steps) {
        if (!contains(m, x, y, z)) {
            return -1;
        }
        for (int dz = -1; dz <= 1; dz++) {
            for (int dy = -1; dy <= 1; dy++) {
                for (int dx = -1; dx <= 1; dx++) {
                    if (dx * dx + dy * dy + dz * dz <= steps && !contains(m, x + dx, y + dy, z + dz)) {
                        return 1;
                    }
                }
            }
        }
        return -1;
    }

    private static boolean contains(BitMask m, int x, int y, int z) {
        return m.contains(x, y, z);
    }

    static List<Measured> directed(List<Point> from, List<Point> to, Spacing s) {
        List<Measured> all = new ArrayList<>();
        for (Point p : from) {
            double best = Double.POSITIVE_INFINITY;
            for (Point q : to) {
                double dx = (p.x - q.x) * s.x();
                double dy = (p.y - q.y) * s.y();
                double dz = (p.z - q.z) * s.z();
                best = Math.min(best, Math.sqrt(dx * dx + dy * dy + dz * dz));
            }
            all.add(new Measured(best, p.weight));
        }
        all.sort((a, b) -> Double.compare(a.distance, b.distance));
        return all;
    }

    static double mean(List<Measured> d) {
        return d.stream().mapToDouble(m -> m.distance * m.weight).sum() / weight(d);
    }

    static double weight(List<Measured> d) {
        return d.stream().mapToDouble(Measured::weight).sum();
    }

    static double within(List<Measured> d, double tolerance) {
        return d.stream()
                .filter(m -> m.distance <= tolerance + 1e-9 * tolerance)
                .mapToDouble(Measured::weight)
                .sum();
    }

    static double max(List<Measured> d) {
        return d.getLast().distance;
    }

    static double stepPercentile(List<Measured> d, double percent) {
        double wanted = weight(d) * percent / 100 * (1 - 1e-12);
        double sum = 0;
        for (Measured m : d) {
            sum += m.weight;
            // Rounding of the running sum must not decide between two distances.
            if (sum >= wanted * (1 - 1e-12)) {
                return m.distance;
            }
        }
        return max(d);
    }

    static double linearPercentile(List<Measured> d, double percent) {
        double rank = percent / 100 * (d.size() - 1);
        int below = (int) rank;
        double low = d.get(below).distance;
        double high = d.get(Math.min(below + 1, d.size() - 1)).distance;
        return low + (high - low) * (rank - below);
    }
}
