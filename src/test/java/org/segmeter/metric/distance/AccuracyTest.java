package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.RandomMasks;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Surface models against shapes whose distances are known, voxelised ever finer; the table of errors is part of the documentation. */
class AccuracyTest {

    /** A body in mm: whether a point belongs to it. */
    @FunctionalInterface
    private interface Body {
        boolean holds(double x, double y, double z);
    }

    private record Shape(Body prediction, Body reference, double halfMm, SurfaceDistances truth, double toleranceMm) {}

    private record Errors(double masd, double hd, double hd95, double nsd) {}

    private static final List<Spacing> SPACINGS = List.of(
            new Spacing(5, 5, 5),
            new Spacing(2, 2, 2),
            new Spacing(1, 1, 1),
            new Spacing(0.5, 0.5, 0.5),
            new Spacing(0.7, 0.7, 3),
            new Spacing(0.3, 0.3, 1.5));
    private static final List<SurfaceModel> MODELS =
            List.of(SurfaceModel.TRIANGLE_MESH, SurfaceModel.AREA_WEIGHTED, SurfaceModel.BOUNDARY_6);

    @Test
    void theErrorAgainstClosedFormsIsTabulatedAndFallsAsTheGridIsRefined() throws IOException {
        StringBuilder table = new StringBuilder("""
                # Accuracy of the surface models against closed forms

                Written by `AccuracyTest`, which fails where this file is out of date; `-Dsegmeter.docs.write=true` writes it anew.
                Each body is voxelised by whether a voxel's centre lies in it, on a grid shifted against the body by an odd part of a voxel. The
                table gives measured minus true value: MASD, Hausdorff distance and HD95 (area-weighted) in mm, NSD as a share. `TRIANGLE_MESH` is the
                reference, `AREA_WEIGHTED` the default, `BOUNDARY_6` what most tools print.

                | bodies | spacing mm | model | MASD | HD | HD95 | NSD |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        Map<String, Map<String, Errors>> all = new LinkedHashMap<>();
        for (Map.Entry<String, Shape> e : shapes().entrySet()) {
            Map<String, Errors> errors = new LinkedHashMap<>();
            for (Spacing s : SPACINGS) {
                BitMask p = voxels(e.getValue().prediction, e.getValue().halfMm, s);
                BitMask r = voxels(e.getValue().reference, e.getValue().halfMm, s);
                for (SurfaceModel model : MODELS) {
                    Errors found = errors(e.getValue(), SurfaceDistances.between(p, r, s, model, CancelSignal.none()));
                    errors.put(model + " " + s.x(), found);
                    table.append(String.format(
                            Locale.ROOT,
                            "| %s | %s x %s x %s | `%s` | %+.3f | %+.3f | %+.3f | %+.3f |%n",
                            e.getKey(),
                            s.x(),
                            s.y(),
                            s.z(),
                            model,
                            found.masd,
                            found.hd,
                            found.hd95,
                            found.nsd));
                }
            }
            all.put(e.getKey(), errors);
        }
        Path doc = Path.of("docs/accuracy.md");
        String text = table.toString().replace(System.lineSeparator(), "\n");
        if (Boolean.getBoolean("segmeter.docs.write")) {
            Files.createDirectories(doc.getParent());
            Files.writeString(doc, text, StandardCharsets.UTF_8);
        }
        assertErrorsFall(all);
        assertThat(Files.readString(doc, StandardCharsets.UTF_8)).isEqualTo(text);
    }

    /** Single numbers may be right by luck on a coarse grid; the mean over the shapes is not. */
    private static void assertErrorsFall(Map<String, Map<String, Errors>> all) {
        for (ToDoubleFunction<Errors> metric :
                List.<ToDoubleFunction<Errors>>of(Errors::masd, Errors::hd, Errors::hd95)) {
            for (SurfaceModel model : MODELS.subList(0, 2)) {
                double coarser = Double.POSITIVE_INFINITY;
                for (String spacing : List.of("5.0", "2.0", "1.0", "0.5")) {
                    double mean = mean(all, model + " " + spacing, metric);
                    assertThat(mean).as(model + " at " + spacing).isLessThan(coarser);
                    coarser = mean;
                }
            }
            assertThat(mean(all, "TRIANGLE_MESH 0.5", metric)).isLessThan(mean(all, "AREA_WEIGHTED 0.5", metric));
        }
        all.forEach((shape, errors) -> {
            Errors mesh = errors.get("TRIANGLE_MESH 0.5");
            assertThat(Math.abs(mesh.masd)).as(shape).isLessThan(0.1);
            assertThat(Math.abs(mesh.hd)).as(shape).isLessThan(0.2);
            assertThat(Math.abs(mesh.hd95)).as(shape).isLessThan(0.1);
            Errors area = errors.get("AREA_WEIGHTED 0.5");
            assertThat(Math.abs(area.masd)).as(shape).isLessThan(0.26);
            assertThat(Math.abs(area.hd)).as(shape).isLessThan(0.25);
            assertThat(Math.abs(area.hd95)).as(shape).isLessThan(0.31);
        });
    }

    private static double mean(Map<String, Map<String, Errors>> all, String which, ToDoubleFunction<Errors> metric) {
        return all.values().stream()
                .mapToDouble(errors -> Math.abs(metric.applyAsDouble(errors.get(which))))
                .average()
                .orElseThrow();
    }

    private static Errors errors(Shape shape, SurfaceDistances d) {
        SurfaceDistances t = shape.truth;
        return new Errors(
                rounded(d.masd() - t.masd()),
                rounded(d.hausdorff() - t.hausdorff()),
                rounded(d.percentile(95, PercentileRule.AREA_STEP_LARGER)
                        - t.percentile(95, PercentileRule.AREA_STEP_LARGER)),
                rounded(d.nsd(shape.toleranceMm) - t.nsd(shape.toleranceMm)));
    }

    /** No minus zero in the table. */
    private static double rounded(double v) {
        return Math.abs(v) < 0.0005 ? 0.0 : v;
    }

    private static Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(
                "balls of 10 and 12 mm, one centre",
                new Shape(ball(0, 0, 0, 10), ball(0, 0, 0, 12), 14, truth(even(2, 100), even(2, 144)), 2.5));
        double part = 3 / Math.sqrt(3);
        double[][] moved = movedBall(10, 3);
        shapes.put(
                "balls of 10 mm, 3 mm apart",
                new Shape(ball(0, 0, 0, 10), ball(part, part, part, 10), 15, truth(moved, moved), 1));
        shapes.put(
                "shells to 12 mm from 8 and 9 mm",
                new Shape(
                        shell(8, 12),
                        shell(9, 12),
                        14,
                        truth(new double[][] {{0, 144}, {1, 64}}, new double[][] {{0, 144}, {1, 81}}),
                        0.75));
        shapes.put(
                "boxes of 16 and 20 mm, one centre",
                new Shape(box(8), box(10), 12, truth(even(2, 1), aroundBox(8, 10)), 2.5));
        shapes.put("slabs of 30 x 30 mm, 4 and 6 mm thick", new Shape(slab(2), slab(3), 17, slabTruth(), 1.5));
        shapes.put(
                "rings of 12 mm, 3 and 5 mm thick, tilted by 30 degrees",
                new Shape(ring(12, 3), ring(12, 5), 19, truth(even(2, 3), even(2, 5)), 2.5));
        return shapes;
    }

    private static Body ball(double cx, double cy, double cz, double r) {
        return (x, y, z) -> (x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz) <= r * r;
    }

    private static Body shell(double inner, double outer) {
        return (x, y, z) -> {
            double r2 = x * x + y * y + z * z;
            return r2 >= inner * inner && r2 <= outer * outer;
        };
    }

    private static Body box(double half) {
        return (x, y, z) -> Math.max(Math.abs(x), Math.max(Math.abs(y), Math.abs(z))) <= half;
    }

    private static Body slab(double half) {
        return (x, y, z) -> Math.max(Math.abs(x), Math.abs(y)) <= 15 && Math.abs(z) <= half;
    }

    private static Body ring(double radius, double thick) {
        double c = Math.sqrt(3) / 2;
        double s = 0.5;
        return (x, y, z) -> {
            double v = c * y - s * z;
            double w = s * y + c * z;
            double r = Math.sqrt(x * x + v * v) - radius;
            return r * r + w * w <= thick * thick;
        };
    }

    /** All at one distance. */
    private static double[][] even(double distance, double weight) {
        return new double[][] {{distance, weight}};
    }

    /** From one of two equal balls to the other: by Archimedes, equal steps along the line of the centres hold equal areas. */
    private static double[][] movedBall(double r, double apart) {
        int n = 200_000;
        double[][] d = new double[n][];
        for (int i = 0; i < n; i++) {
            double u = (2 * i + 1.0) / n - 1;
            d[i] = new double[] {Math.abs(Math.sqrt(r * r + apart * apart + 2 * r * apart * u) - r), 1};
        }
        return d;
    }

    /** From the surface of a box to that of a smaller one in its middle. */
    private static double[][] aroundBox(double inner, double outer) {
        int n = 400;
        double[][] d = new double[n * n][];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double u = Math.max(0, (i + 0.5) / n * outer - inner);
                double v = Math.max(0, (j + 0.5) / n * outer - inner);
                d[i * n + j] = new double[] {Math.sqrt(u * u + v * v + (outer - inner) * (outer - inner)), 1};
            }
        }
        return d;
    }

    /** Faces are 1 mm apart, the narrow sides lie on one another, the last mm of the thicker one's up to 1 mm from the thinner one. */
    private static SurfaceDistances slabTruth() {
        int n = 1000;
        List<double[]> thick = new ArrayList<>();
        thick.add(new double[] {1, 2 * 900});
        thick.add(new double[] {0, 4 * 30 * 4});
        for (int i = 0; i < n; i++) {
            thick.add(new double[] {(i + 0.5) / n, 4 * 30 * 2.0 / n});
        }
        // Near the rim of the thin slab's faces the thick one's sides are nearer than its faces.
        List<double[]> thin = new ArrayList<>();
        thin.add(new double[] {0, 4 * 30 * 4});
        thin.add(new double[] {1, 2 * 28 * 28});
        for (int i = 0; i < n; i++) {
            double in = (i + 0.5) / n;
            thin.add(new double[] {in, 2 * 4 * (30 - 2 * in) / n});
        }
        return truth(thin.toArray(double[][]::new), thick.toArray(double[][]::new));
    }

    private static SurfaceDistances truth(double[][] prediction, double[][] reference) {
        return new SurfaceDistances(distribution(prediction), distribution(reference));
    }

    private static DistanceDistribution distribution(double[][] parts) {
        double[][] sorted = parts.clone();
        java.util.Arrays.sort(sorted, (a, b) -> Double.compare(a[0], b[0]));
        double[] d = new double[sorted.length];
        double[] w = new double[sorted.length];
        long[] c = new long[sorted.length];
        for (int i = 0; i < sorted.length; i++) {
            d[i] = sorted[i][0];
            w[i] = sorted[i][1];
            c[i] = 1;
        }
        return new DistanceDistribution(d, w, c);
    }

    private static BitMask voxels(Body body, double half, Spacing s) {
        int nx = (int) Math.ceil(2 * half / s.x()) + 2;
        int ny = (int) Math.ceil(2 * half / s.y()) + 2;
        int nz = (int) Math.ceil(2 * half / s.z()) + 2;
        BitMask mask = new BitMask(new Box(0, 0, 0, nx, ny, nz));
        for (int z = 0; z < nz; z++) {
            for (int y = 0; y < ny; y++) {
                for (int x = 0; x < nx; x++) {
                    if (body.holds((x + 0.13) * s.x() - half, (y + 0.37) * s.y() - half, (z + 0.29) * s.z() - half)) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    @Test
    void meshDistancesAreThoseToTheNearestPointOfAnyTriangle() {
        Random random = new Random(17);
        for (int i = 0; i < 15; i++) {
            Box grid = RandomMasks.grid(random);
            BitMask p = RandomMasks.next(random, grid);
            BitMask r = RandomMasks.next(random, grid);
            if (p.isEmpty() || r.isEmpty()) {
                continue;
            }
            Spacing s = new Spacing(1, 0.7, 1.6);
            SurfaceDistances d = SurfaceDistances.between(p, r, s, SurfaceModel.TRIANGLE_MESH, CancelSignal.none());
            double[] sampled = sampled(corners(p, s), corners(r, s));
            double[] ours = expanded(d.predictionToReference());
            assertThat(ours).hasSameSizeAs(sampled);
            for (int k = 0; k < ours.length; k++) {
                // Samples lie within a 16th of a triangle of each of its points.
                assertThat(ours[k]).as("round %d of seed 17", i).isBetween(sampled[k] - 0.14, sampled[k] + 1e-9);
            }
            assertThat(d.predictionToReference().weight())
                    .isCloseTo(
                            SurfaceDistances.between(p, r, s, SurfaceModel.AREA_WEIGHTED, CancelSignal.none())
                                    .predictionToReference()
                                    .weight(),
                            org.assertj.core.api.Assertions.within(1e-9));
        }
    }

    private static double[] expanded(DistanceDistribution d) {
        List<Double> all = new ArrayList<>();
        for (int i = 0; i < d.distances().length; i++) {
            for (long n = 0; n < d.counts()[i]; n++) {
                all.add(d.distances()[i]);
            }
        }
        return all.stream().mapToDouble(v -> v).toArray();
    }

    /** The triangles around a mask, found voxel by voxel. */
    private static List<double[]> corners(BitMask m, Spacing s) {
        List<double[]> triangles = new ArrayList<>();
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
                        double[] one = new double[9];
                        for (int v = 0; v < 9; v += 3) {
                            one[v] = (x + t[i + v]) * s.x();
                            one[v + 1] = (y + t[i + v + 1]) * s.y();
                            one[v + 2] = (z + t[i + v + 2]) * s.z();
                        }
                        triangles.add(one);
                    }
                }
            }
        }
        return triangles;
    }

    private static double[] sampled(List<double[]> from, List<double[]> to) {
        int steps = 16;
        return from.stream()
                .mapToDouble(t -> {
                    double best = Double.POSITIVE_INFINITY;
                    double[] centre = {(t[0] + t[3] + t[6]) / 3, (t[1] + t[4] + t[7]) / 3, (t[2] + t[5] + t[8]) / 3};
                    for (double[] u : to) {
                        for (int i = 0; i <= steps; i++) {
                            for (int j = 0; i + j <= steps; j++) {
                                double square = 0;
                                for (int a = 0; a < 3; a++) {
                                    double v = u[a]
                                            + (u[3 + a] - u[a]) * i / steps
                                            + (u[6 + a] - u[a]) * j / steps
                                            - centre[a];
                                    square += v * v;
                                }
                                best = Math.min(best, square);
                            }
                        }
                    }
                    return Math.sqrt(best);
                })
                .sorted()
                .toArray();
    }
}
