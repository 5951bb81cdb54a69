package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.segmeter.metric.distance.NaiveSurface.Measured;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/** The nets written down directly: face by face between voxels that differ, every sample against every triangle. */
final class NaiveMesh {

    /** @param corners of the face by their places on the lattice; none if the net is not relaxed */
    private record Piece(double[] sample, List<double[][]> triangles, List<List<Integer>> corners) {

        double area() {
            double sum = 0;
            for (double[][] t : triangles) {
                sum += length(cross(minus(t[1], t[0]), minus(t[2], t[0]))) / 2;
            }
            return sum;
        }
    }

    private NaiveMesh() {}

    static List<Measured> directed(BitMask from, BitMask to, Spacing s, boolean relaxed) {
        List<Piece> targets = pieces(to, s, relaxed);
        List<Piece> sources = pieces(from, s, relaxed);
        List<Double> nearest = new ArrayList<>();
        for (Piece piece : sources) {
            double best = Double.POSITIVE_INFINITY;
            for (Piece other : targets) {
                for (double[][] u : other.triangles) {
                    best = Math.min(best, distance(piece.sample, u));
                }
            }
            nearest.add(best);
        }
        Map<List<Integer>, double[]> around = new HashMap<>();
        for (int i = 0; i < sources.size(); i++) {
            double area = sources.get(i).area();
            for (List<Integer> corner : sources.get(i).corners) {
                double[] sums = around.computeIfAbsent(corner, c -> new double[2]);
                sums[0] += area * nearest.get(i);
                sums[1] += area;
            }
        }
        List<Measured> all = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            Piece piece = sources.get(i);
            double distance = piece.corners.isEmpty()
                    ? nearest.get(i)
                    : piece.corners.stream()
                            .map(around::get)
                            .mapToDouble(sums -> sums[0] / sums[1] / 4)
                            .sum();
            all.add(new Measured(distance, piece.area()));
        }
        all.sort(Comparator.comparingDouble(Measured::distance));
        return all;
    }

    /** What a mask's surface is measured in. */
    private static List<Piece> pieces(BitMask m, Spacing s, boolean relaxed) {
        List<Piece> pieces = new ArrayList<>();
        List<Map<List<Integer>, double[]>> known = List.of(new HashMap<>(), new HashMap<>());
        Box b = m.box().grown(1);
        for (int z = b.z0(); z < b.z1(); z++) {
            for (int y = b.y0(); y < b.y1(); y++) {
                for (int x = b.x0(); x < b.x1(); x++) {
                    for (int axis = 0; axis < 3; axis++) {
                        int[] next = {x, y, z};
                        next[axis]++;
                        if (m.contains(x, y, z) != m.contains(next[0], next[1], next[2])) {
                            add(pieces, m, next, axis, s, relaxed, known);
                        }
                    }
                }
            }
        }
        return pieces;
    }

    /** The face below a voxel along an axis. */
    private static void add(
            List<Piece> pieces,
            BitMask m,
            int[] voxel,
            int axis,
            Spacing s,
            boolean relaxed,
            List<Map<List<Integer>, double[]>> known) {
        int[] u = {0, 0, 0};
        int[] v = {0, 0, 0};
        u[(axis + 1) % 3] = 1;
        v[(axis + 2) % 3] = 1;
        double[] low = vertex(m, voxel, s, relaxed, known);
        double[] first = vertex(m, sum(voxel, u), s, relaxed, known);
        double[] high = vertex(m, sum(sum(voxel, u), v), s, relaxed, known);
        double[] second = vertex(m, sum(voxel, v), s, relaxed, known);
        if (relaxed) {
            double[] middle = times(plus(plus(low, first), plus(high, second)), 0.25);
            pieces.add(new Piece(
                    middle,
                    List.of(
                            new double[][] {low, first, middle},
                            new double[][] {first, high, middle},
                            new double[][] {high, second, middle},
                            new double[][] {second, low, middle}),
                    List.of(at(voxel), at(sum(voxel, u)), at(sum(sum(voxel, u), v)), at(sum(voxel, v)))));
        } else {
            for (double[] corner : List.of(low, high)) {
                pieces.add(new Piece(
                        times(plus(plus(corner, first), second), 1 / 3.0),
                        List.<double[][]>of(new double[][] {corner, first, second}),
                        List.of()));
            }
        }
    }

    private static List<Integer> at(int[] corner) {
        return List.of(corner[0], corner[1], corner[2]);
    }

    /** The corner before a voxel in mm; relaxed, after two moves half of the way to the mean of its neighbours. */
    private static double[] vertex(
            BitMask m, int[] corner, Spacing s, boolean relaxed, List<Map<List<Integer>, double[]>> known) {
        double[] place = moved(m, corner, relaxed ? 2 : 0, known);
        return new double[] {place[0] * s.x(), place[1] * s.y(), place[2] * s.z()};
    }

    /** In voxels; kept after each number of moves. Its neighbours are the corners that it shares an edge of a face with. */
    private static double[] moved(BitMask m, int[] corner, int times, List<Map<List<Integer>, double[]>> known) {
        if (times == 0) {
            return new double[] {corner[0], corner[1], corner[2]};
        }
        double[] before = known.get(times - 1).get(at(corner));
        if (before != null) {
            return before;
        }
        double[] own = moved(m, corner, times - 1, known);
        double[] sum = new double[3];
        int n = 0;
        for (int axis = 0; axis < 3; axis++) {
            for (int side = -1; side <= 1; side += 2) {
                int inside = 0;
                for (int around = 0; around < 4; around++) {
                    int[] voxel = corner.clone();
                    voxel[axis] -= side < 0 ? 1 : 0;
                    voxel[(axis + 1) % 3] -= around & 1;
                    voxel[(axis + 2) % 3] -= around >> 1;
                    inside += m.contains(voxel[0], voxel[1], voxel[2]) ? 1 : 0;
                }
                if (inside > 0 && inside < 4) {
                    int[] neighbour = corner.clone();
                    neighbour[axis] += side;
                    n++;
                    sum = plus(sum, moved(m, neighbour, times - 1, known));
                }
            }
        }
        double[] place = times(plus(own, times(sum, 1.0 / n)), 0.5);
        known.get(times - 1).put(at(corner), place);
        return place;
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

    private static int[] sum(int[] a, int[] b) {
        return new int[] {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
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
