package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The published definition of MeshMetrics (Podobnik and Vrtovec, "Metrics Revolutions", 2025), written down directly: the surface is
 * SurfaceNets without smoothing, that is one vertex in the middle of every 2x2x2 voxels that are not all alike, and so the faces
 * between voxels inside and outside, each cut into two triangles; distances are from the triangles' centres to the nearest point of
 * the other surface, weighing the triangles' areas.
 */
final class FaceMesh {

    /** A face across one axis: its plane and its extent along the two others, in mm. */
    private record Face(int axis, double[] least, double[] most) {

        double squared(double[] p) {
            double sum = 0;
            for (int a = 0; a < 3; a++) {
                double d = Math.max(0, Math.max(least[a] - p[a], p[a] - most[a]));
                sum += d * d;
            }
            return sum;
        }
    }

    private FaceMesh() {}

    static SurfaceDistances between(BitMask prediction, BitMask reference, Spacing s) {
        List<Face> p = faces(prediction, s);
        List<Face> r = faces(reference, s);
        return new SurfaceDistances(directed(p, Layers.of(r, s.z())), directed(r, Layers.of(p, s.z())));
    }

    private static List<Face> faces(BitMask m, Spacing s) {
        double[] step = {s.x(), s.y(), s.z()};
        Box b = m.box().grown(1);
        List<Face> faces = new ArrayList<>();
        for (int z = b.z0(); z < b.z1(); z++) {
            for (int y = b.y0(); y < b.y1(); y++) {
                for (int x = b.x0(); x < b.x1(); x++) {
                    int[] at = {x, y, z};
                    boolean here = m.contains(x, y, z);
                    for (int axis = 0; axis < 3; axis++) {
                        if (here
                                == m.contains(
                                        x + (axis == 0 ? 1 : 0), y + (axis == 1 ? 1 : 0), z + (axis == 2 ? 1 : 0))) {
                            continue;
                        }
                        double[] least = new double[3];
                        double[] most = new double[3];
                        for (int a = 0; a < 3; a++) {
                            least[a] = (at[a] + (a == axis ? 1 : 0)) * step[a];
                            most[a] = (at[a] + 1) * step[a];
                        }
                        faces.add(new Face(axis, least, most));
                    }
                }
            }
        }
        return faces;
    }

    private static DistanceDistribution directed(List<Face> from, Layers to) {
        List<double[]> parts = new ArrayList<>();
        for (Face f : from) {
            int u = (f.axis + 1) % 3;
            int v = (f.axis + 2) % 3;
            double area = (f.most[u] - f.least[u]) * (f.most[v] - f.least[v]) / 2;
            for (int half = 1; half <= 2; half++) {
                double[] centre = f.least.clone();
                centre[u] += (f.most[u] - f.least[u]) * half / 3;
                centre[v] += (f.most[v] - f.least[v]) * half / 3;
                parts.add(new double[] {Math.sqrt(to.nearest(centre)), area});
            }
        }
        return ClosedForms.distribution(parts.toArray(double[][]::new));
    }

    /**
     * Faces by slice, in each in the order of x, so that a search may end where z or x alone is too far.
     *
     * @param first the first slice
     * @param widest extent of a face along x and of a slice along z
     */
    private record Layers(int first, double dz, double widest, List<List<Face>> faces) {

        static Layers of(List<Face> all, double dz) {
            int first = all.stream().mapToInt(f -> slice(f, dz)).min().orElseThrow();
            int last = all.stream().mapToInt(f -> slice(f, dz)).max().orElseThrow();
            List<List<Face>> faces = new ArrayList<>();
            for (int k = first; k <= last; k++) {
                faces.add(new ArrayList<>());
            }
            all.forEach(f -> faces.get(slice(f, dz) - first).add(f));
            faces.forEach(layer -> layer.sort(Comparator.comparingDouble(f -> f.least[0])));
            double widest =
                    all.stream().mapToDouble(f -> f.most[0] - f.least[0]).max().orElseThrow();
            return new Layers(first, dz, widest, faces);
        }

        private static int slice(Face f, double dz) {
            return (int) Math.round(f.least[2] / dz);
        }

        /** The squared distance of the nearest face. */
        double nearest(double[] p) {
            int here = (int) Math.floor(p[2] / dz);
            double best = Double.POSITIVE_INFINITY;
            for (int away = 0; ; away++) {
                double gap = Math.max(0, away - 1) * dz;
                boolean below = here - away >= first;
                boolean above = here + away < first + faces.size();
                if (gap * gap >= best || !below && !above) {
                    return best;
                }
                best = Math.min(best, inSlice(p, here + away, best));
                best = Math.min(best, inSlice(p, here - away, best));
            }
        }

        private double inSlice(double[] p, int slice, double least) {
            if (slice < first || slice >= first + faces.size()) {
                return least;
            }
            List<Face> layer = faces.get(slice - first);
            int low = 0;
            int high = layer.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (layer.get(middle).least[0] < p[0]) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            double best = least;
            for (int i = low; i < layer.size(); i++) {
                double gap = layer.get(i).least[0] - p[0];
                if (gap * gap >= best) {
                    break;
                }
                best = Math.min(best, layer.get(i).squared(p));
            }
            for (int i = low - 1; i >= 0; i--) {
                double gap = p[0] - layer.get(i).least[0] - widest;
                if (gap > 0 && gap * gap >= best) {
                    break;
                }
                best = Math.min(best, layer.get(i).squared(p));
            }
            return best;
        }
    }
}
