package org.segmeter.metric.distance;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.segmeter.volume.Box;

/**
 * The surface of a mask as a net: a vertex for each corner of voxels whose eight voxels are not all alike, a quadrilateral for each face
 * between a voxel inside and one outside (Gibson, "Constrained elastic surface nets", MICCAI 1998).
 *
 * <p>Without relaxation the vertices lie on the corners, and each face is cut into the two triangles that MeshMetrics' mesh has (VTK's
 * vtkSurfaceNets3D: of two equal diagonals the one from low to high). Relaxed, each vertex has moved {@value #ROUNDS} times half of the way to
 * the mean of its neighbours in the net, and each quadrilateral is four triangles around the mean of its vertices: nothing depends on the
 * direction or the order of the axes. A vertex stays where the net ends: next to what is not scored. A mask tells where its surface is to about a
 * voxel; therefore the distance of a place of a relaxed net is the mean over the faces around it ({@link #aroundEach}).
 */
final class SurfaceNet {

    /** How often a vertex moves half of the way to the mean of its neighbours: less leaves the mean distance too small (docs/accuracy.md). */
    static final int ROUNDS = 2;

    private static final int CHUNK = 1 << 14;

    /** Nine numbers a triangle, in mm. */
    final double[] triangles;
    /** From where distances are measured: x, y, z in mm and the area in mm2 that it stands for. */
    final double[] samples;

    /** The four vertices of each sample's face; without any if the net is not relaxed. */
    private final int[] corners;

    private final int vertices;

    private SurfaceNet(double[] triangles, double[] samples, int[] corners, int vertices) {
        this.triangles = triangles;
        this.samples = samples;
        this.corners = corners;
        this.vertices = vertices;
    }

    /**
     * Of the distances of the samples, what counts: for each face of a relaxed net the mean over its corners of the mean over the faces
     * that meet there, weighing their areas. Where all are alike, nothing changes.
     */
    double[] aroundEach(double[] distances) {
        if (corners.length == 0) {
            return distances;
        }
        double[] sums = new double[vertices];
        double[] areas = new double[vertices];
        double[] first = new double[vertices];
        for (int i = 0; i < corners.length; i++) {
            int v = corners[i];
            double area = samples[i / 4 * 4 + 3];
            // As differences to one of them, so that equal ones stay as they are to the bit.
            first[v] = areas[v] == 0 ? distances[i / 4] : first[v];
            sums[v] += area * (distances[i / 4] - first[v]);
            areas[v] += area;
        }
        double[] means = new double[distances.length];
        for (int i = 0; i < means.length; i++) {
            double sum = 0;
            for (int c = 4 * i; c < 4 * i + 4; c++) {
                int v = corners[c];
                sum += first[v] - distances[i] + (areas[v] == 0 ? 0 : sums[v] / areas[v]);
            }
            means[i] = distances[i] + sum / 4;
        }
        return means;
    }

    /** @param origin of the millimetres: moving it with the mask changes no bit */
    static SurfaceNet of(Surface surface, Spacing s, Box origin, boolean relaxed) {
        return new Builder(surface, s, origin).net(relaxed);
    }

    /** The area of all pieces, mm2. */
    double area() {
        double sum = 0;
        for (int i = 3; i < samples.length; i += 4) {
            sum += samples[i];
        }
        return sum;
    }

    private static final class Builder {

        /** Of each axis the two others. */
        private static final int[][] ACROSS = {{1, 2}, {2, 0}, {0, 1}};

        private final Surface surface;
        private final PointSet points;
        private final double[] scale;
        /** Vertices before each word of the points. */
        private final int[] before;

        private final int count;
        /** Of each vertex x, y, z in voxels, and its neighbourhood code. */
        private final double[] place;

        private final byte[] code;

        Builder(Surface surface, Spacing s, Box origin) {
            this.surface = surface;
            points = surface.points();
            scale = new double[] {s.x(), s.y(), s.z()};
            before = new int[points.words.length + 1];
            for (int w = 0; w < points.words.length; w++) {
                before[w + 1] = Math.addExact(before[w], Long.bitCount(points.words[w]));
            }
            count = before[points.words.length];
            place = new double[Math.multiplyExact(3, count)];
            code = new byte[count];
            IntStream.range(0, points.nz).parallel().forEach(k -> slice(k, origin));
        }

        private void slice(int k, Box origin) {
            for (int j = 0; j < points.ny; j++) {
                for (int i = 1; i < points.stride - 1; i++) {
                    int w = (k * points.ny + j) * points.stride + i;
                    long bits = points.words[w];
                    if (bits == 0) {
                        continue;
                    }
                    Surface.Neighbourhood around = surface.around(points.wordX0 + i, points.y0 + j, points.z0 + k);
                    if (around == null) {
                        throw new IllegalStateException("a net is made of corners of voxels");
                    }
                    int v = before[w];
                    for (; bits != 0; bits &= bits - 1) {
                        int bit = Long.numberOfTrailingZeros(bits);
                        code[v] = (byte) Surface.code(around, bit);
                        place[3 * v] = (points.wordX0 + i << 6) + bit - origin.x0();
                        place[3 * v + 1] = points.y0 + j - origin.y0();
                        place[3 * v + 2] = points.z0 + k - origin.z0();
                        v++;
                    }
                }
            }
        }

        /** The vertex of a corner, or -1 if it is not kept. */
        private int vertex(int x, int j, int k) {
            if (j < 0 || j >= points.ny || k < 0 || k >= points.nz) {
                return -1;
            }
            int w = (k * points.ny + j) * points.stride + (x >> 6) - points.wordX0;
            long bit = 1L << x;
            return (points.words[w] & bit) == 0 ? -1 : before[w] + Long.bitCount(points.words[w] & bit - 1);
        }

        SurfaceNet net(boolean relaxed) {
            int[] quads = quads();
            double[] vertices = relaxed ? relaxed(quads) : place;
            int n = quads.length / 4;
            int trianglesEach = relaxed ? 4 : 2;
            int samplesEach = relaxed ? 1 : 2;
            double[] triangles = new double[Math.multiplyExact(9 * trianglesEach, n)];
            double[] samples = new double[4 * samplesEach * n];
            chunks(n, q -> {
                double[] p = new double[12];
                for (int i = 0; i < 12; i++) {
                    p[i] = vertices[3 * quads[4 * q + i / 3] + i % 3] * scale[i % 3];
                }
                if (relaxed) {
                    around(p, triangles, 36 * q, samples, 4 * q);
                } else {
                    halves(p, triangles, 18 * q, samples, 8 * q);
                }
            });
            return new SurfaceNet(triangles, samples, relaxed ? quads : new int[0], count);
        }

        private static void around(double[] p, double[] triangles, int t, double[] samples, int s) {
            double[] area = new double[4];
            for (int axis = 0; axis < 3; axis++) {
                samples[s + axis] = (p[axis] + p[6 + axis] + (p[3 + axis] + p[9 + axis])) / 4;
            }
            for (int side = 0; side < 4; side++) {
                System.arraycopy(p, 3 * side, triangles, t + 9 * side, 3);
                System.arraycopy(p, 3 * (side + 1 & 3), triangles, t + 9 * side + 3, 3);
                System.arraycopy(samples, s, triangles, t + 9 * side + 6, 3);
                area[side] = SurfaceElements.area(triangles, t + 9 * side, 1, 1, 1);
            }
            samples[s + 3] = area[0] + area[2] + (area[1] + area[3]);
        }

        /** Corners in the order low, along the first axis, both, along the second. */
        private static void halves(double[] p, double[] triangles, int t, double[] samples, int s) {
            int[][] halves = {{0, 1, 3}, {2, 1, 3}};
            for (int half = 0; half < 2; half++) {
                for (int corner = 0; corner < 3; corner++) {
                    System.arraycopy(p, 3 * halves[half][corner], triangles, t + 9 * half + 3 * corner, 3);
                }
                int at = t + 9 * half;
                for (int axis = 0; axis < 3; axis++) {
                    samples[s + 4 * half + axis] =
                            (triangles[at + axis] + triangles[at + 3 + axis] + triangles[at + 6 + axis]) / 3;
                }
                samples[s + 4 * half + 3] = SurfaceElements.area(triangles, at, 1, 1, 1);
            }
        }

        /** The faces of which all four corners are kept, as vertices around each. */
        private int[] quads() {
            int[][] slices = new int[points.nz][];
            IntStream.range(0, points.nz).parallel().forEach(k -> slices[k] = quads(k));
            int total = 0;
            for (int[] slice : slices) {
                total = Math.addExact(total, slice.length);
            }
            int[] all = new int[total];
            int at = 0;
            for (int[] slice : slices) {
                System.arraycopy(slice, 0, all, at, slice.length);
                at += slice.length;
            }
            return all;
        }

        private int[] quads(int k) {
            int[] quads = new int[256];
            int n = 0;
            for (int j = 0; j < points.ny; j++) {
                for (int i = 1; i < points.stride - 1; i++) {
                    int w = (k * points.ny + j) * points.stride + i;
                    int v = before[w];
                    for (long bits = points.words[w]; bits != 0; bits &= bits - 1) {
                        int x = (points.wordX0 + i << 6) + Long.numberOfTrailingZeros(bits);
                        int c = code[v];
                        for (int axis = 0; axis < 3; axis++) {
                            // The voxel at the corner's index against the one before it.
                            if ((c >> 7 & 1) == (c >> (7 ^ 1 << axis) & 1)) {
                                continue;
                            }
                            int u = ACROSS[axis][0];
                            int o = ACROSS[axis][1];
                            int a = vertex(x + (u == 0 ? 1 : 0), j + (u == 1 ? 1 : 0), k + (u == 2 ? 1 : 0));
                            int b = vertex(x + (axis == 0 ? 0 : 1), j + (axis == 1 ? 0 : 1), k + (axis == 2 ? 0 : 1));
                            int d = vertex(x + (o == 0 ? 1 : 0), j + (o == 1 ? 1 : 0), k + (o == 2 ? 1 : 0));
                            if (a < 0 || b < 0 || d < 0) {
                                continue;
                            }
                            if (n == quads.length) {
                                quads = Arrays.copyOf(quads, 2 * n);
                            }
                            quads[n] = v;
                            quads[n + 1] = a;
                            quads[n + 2] = b;
                            quads[n + 3] = d;
                            n += 4;
                        }
                        v++;
                    }
                }
            }
            return Arrays.copyOf(quads, n);
        }

        /** The places of the vertices after all have moved at once, as often as they do. */
        private double[] relaxed(int[] quads) {
            byte[] faces = new byte[count];
            for (int v : quads) {
                faces[v]++;
            }
            double[] from = place;
            for (int round = 0; round < ROUNDS; round++) {
                from = moved(from, faces);
            }
            return from;
        }

        private double[] moved(double[] from, byte[] faces) {
            double[] moved = new double[from.length];
            IntStream.range(0, points.nz).parallel().forEach(k -> {
                for (int j = 0; j < points.ny; j++) {
                    for (int i = 1; i < points.stride - 1; i++) {
                        int w = (k * points.ny + j) * points.stride + i;
                        int v = before[w];
                        for (long bits = points.words[w]; bits != 0; bits &= bits - 1) {
                            int x = (points.wordX0 + i << 6) + Long.numberOfTrailingZeros(bits);
                            move(v, x, j, k, from, faces[v] == FACES[code[v] & 255], moved);
                            v++;
                        }
                    }
                }
            });
            return moved;
        }

        /** @param whole false where the net ends */
        private void move(int v, int x, int j, int k, double[] from, boolean whole, double[] moved) {
            double[] sum = new double[3];
            int neighbours = 0;
            for (int axis = 0; axis < 3 && whole; axis++) {
                for (int side = -1; side <= 1; side += 2) {
                    if (isEdge(code[v], axis, side < 0 ? 0 : 1)) {
                        int n = vertex(
                                x + (axis == 0 ? side : 0), j + (axis == 1 ? side : 0), k + (axis == 2 ? side : 0));
                        neighbours++;
                        for (int a = 0; a < 3; a++) {
                            sum[a] += from[3 * n + a] - from[3 * v + a];
                        }
                    }
                }
            }
            for (int a = 0; a < 3; a++) {
                moved[3 * v + a] = from[3 * v + a] + (whole ? sum[a] / (2 * neighbours) : 0);
            }
        }

        /** How many of the twelve faces that meet in a corner divide voxels that differ. */
        private static final byte[] FACES = new byte[256];

        static {
            for (int code = 0; code < 256; code++) {
                for (int voxel = 0; voxel < 8; voxel++) {
                    for (int axis = 0; axis < 3; axis++) {
                        int other = voxel ^ 1 << axis;
                        FACES[code] += (byte) (voxel < other && (code >> voxel & 1) != (code >> other & 1) ? 1 : 0);
                    }
                }
            }
        }

        /** Whether the edge of the lattice to one side of the corner belongs to a face: its four voxels differ. */
        private static boolean isEdge(int code, int axis, int side) {
            int set = 0;
            for (int voxel = 0; voxel < 8; voxel++) {
                if ((voxel >> axis & 1) == side) {
                    set += code >> voxel & 1;
                }
            }
            return set > 0 && set < 4;
        }

        private static void chunks(int n, java.util.function.IntConsumer each) {
            IntStream.range(0, (n + CHUNK - 1) / CHUNK).parallel().forEach(c -> {
                for (int i = c * CHUNK; i < Math.min(n, (c + 1) * CHUNK); i++) {
                    each.accept(i);
                }
            });
        }
    }
}
