package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.OracleCase;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;

/**
 * The oracle cases whose masks were made from balls, ellipsoids or shells: what the peers answered, and what the surface models here do,
 * against the distances of those bodies themselves.
 */
class OracleTruthTest {

    private static final String MESH = "segmeter TRIANGLE_MESH";
    private static final String PUBLISHED = "MeshMetrics' definition";

    /** Half axes in mm; a ball has three alike. */
    private record Ellipsoid(double a, double b, double c) {

        /** Points of the surface, each with its share of the area: x, y, z, weight. */
        List<double[]> surface() {
            int rings = 150;
            int around = 200;
            List<double[]> points = new ArrayList<>();
            for (int i = 0; i < rings; i++) {
                double u = (2 * i + 1.0) / rings - 1;
                double s = Math.sqrt(1 - u * u);
                for (int j = 0; j < around; j++) {
                    double t = 2 * Math.PI * (j + 0.5) / around;
                    double x = s * Math.cos(t);
                    double y = s * Math.sin(t);
                    // The map from the unit ball stretches area by a b c |(x / a, y / b, z / c)|.
                    double stretch = Math.sqrt(x * x / (a * a) + y * y / (b * b) + u * u / (c * c));
                    points.add(new double[] {a * x, b * y, c * u, stretch});
                }
            }
            return points;
        }

        /** From a point to the surface: the foot is (a a x / (t + a a), ...) with the t that puts it there, found by bisection. */
        double distance(double x, double y, double z) {
            double least = Math.min(a, Math.min(b, c));
            double low = -least * least + 1e-12;
            double high = Math.max(a, Math.max(b, c)) * (Math.sqrt(x * x + y * y + z * z) + 1);
            for (int i = 0; i < 100; i++) {
                double t = (low + high) / 2;
                double p = a * x / (t + a * a);
                double q = b * y / (t + b * b);
                double r = c * z / (t + c * c);
                if (p * p + q * q + r * r > 1) {
                    low = t;
                } else {
                    high = t;
                }
            }
            double dx = x * low / (low + a * a);
            double dy = y * low / (low + b * b);
            double dz = z * low / (low + c * c);
            return Math.sqrt(dx * dx + dy * dy + dz * dz);
        }
    }

    /** The surfaces of a body, all with one centre. */
    private record Body(double x, double y, double z, List<Ellipsoid> surfaces) {

        DistanceDistribution to(Body other) {
            List<double[]> all = new ArrayList<>();
            for (Ellipsoid e : surfaces) {
                double area = e.a * e.b * e.c;
                for (double[] p : e.surface()) {
                    double best = Double.POSITIVE_INFINITY;
                    for (Ellipsoid o : other.surfaces) {
                        best = Math.min(best, o.distance(p[0] + x - other.x, p[1] + y - other.y, p[2] + z - other.z));
                    }
                    all.add(new double[] {best, p[3] * area});
                }
            }
            return ClosedForms.distribution(all.toArray(double[][]::new));
        }
    }

    private static Body ball(double r, double x, double y, double z) {
        return ellipsoid(r, r, r, x, y, z);
    }

    private static Body ellipsoid(double a, double b, double c, double x, double y, double z) {
        return new Body(x, y, z, List.of(new Ellipsoid(a, b, c)));
    }

    /** The parameters of the cases' specification: prediction, reference. */
    private static Map<String, List<Body>> bodies() {
        Map<String, List<Body>> bodies = new LinkedHashMap<>();
        bodies.put("s01-balls-iso", List.of(ball(12, 3, 0, 0), ball(12, 0, 0, 0)));
        bodies.put("s02-balls-aniso", List.of(ellipsoid(10, 12.5, 17, 1.4, -0.7, 3), ellipsoid(11, 12, 18, 0, 0, 0)));
        bodies.put("s03-oblique", List.of(ellipsoid(10, 14, 16, -1.8, 2.2, 0), ellipsoid(10, 14, 16, 0, 0, 0)));
        bodies.put(
                "s12-shell",
                List.of(
                        ball(15.5, 1, 0, 0),
                        new Body(0, 0, 0, List.of(new Ellipsoid(17, 17, 17), new Ellipsoid(13, 13, 13)))));
        bodies.put("s24-flipped-int16", List.of(ellipsoid(12, 10, 16, 1.25, 0, 2), ellipsoid(12, 10, 16, 0, 0, 0)));
        return bodies;
    }

    @Test
    void theMeshLiesNearestOfAllToTheBodiesOfTheCasesKeptHere() {
        compare(OracleCase.kept(), 3);
    }

    @Test
    void theMeshLiesNearestOfAllToTheBodiesOfAllCases() {
        compare(OracleCase.all(), 5);
    }

    private static void compare(List<OracleCase> cases, int known) {
        Map<String, Map<String, List<Double>>> errors = new TreeMap<>();
        int used = 0;
        for (OracleCase c : cases) {
            List<Body> pair = bodies().get(c.name());
            if (pair == null) {
                continue;
            }
            used++;
            SurfaceDistances truth = new SurfaceDistances(
                    pair.get(0).to(pair.get(1)), pair.get(1).to(pair.get(0)));
            for (SurfaceModel model :
                    List.of(SurfaceModel.TRIANGLE_MESH, SurfaceModel.VOXEL_FACES, SurfaceModel.AREA_WEIGHTED)) {
                SurfaceDistances d = SurfaceDistances.between(
                        c.prediction(1), c.reference(1), c.spacing(), model, CancelSignal.none());
                add(errors, "segmeter " + model, d, truth);
            }
            SurfaceDistances published = FaceMesh.between(c.prediction(1), c.reference(1), c.spacing());
            add(errors, PUBLISHED, published, truth);
            assertThePublishedDefinition(c, published);
            for (JsonNode row : c.results()) {
                peer(row, truth, errors);
            }
        }
        assertThat(used).isEqualTo(known);
        System.out.println("mean absolute error against the bodies of " + known + " oracle cases");
        errors.forEach((metric, byTool) -> byTool.forEach((tool, e) ->
                System.out.printf(Locale.ROOT, "  %-8s %-45s %.4f  (%d values)%n", metric, tool, mean(e), e.size())));
        errors.forEach((metric, byTool) -> byTool.forEach((tool, e) -> {
            if (!tool.startsWith("segmeter")) {
                assertThat(mean(byTool.get(MESH)))
                        .as("%s: nearer than %s", metric, tool)
                        .isLessThan(mean(e));
            }
        }));
    }

    /** What the protocol meshmetrics@1 measures is MeshMetrics' definition as it is written down from its source, face by face. */
    private static void assertThePublishedDefinition(OracleCase c, SurfaceDistances published) {
        SurfaceDistances d = SurfaceDistances.between(
                c.prediction(1), c.reference(1), c.spacing(), SurfaceModel.VOXEL_FACES, CancelSignal.none());
        double[] ours = numbers(d);
        double[] theirs = numbers(published);
        for (int i = 0; i < ours.length; i++) {
            assertThat(ours[i]).as("%s, number %d", c.name(), i).isCloseTo(theirs[i], within(1e-6 * (1 + theirs[i])));
        }
    }

    private static double[] numbers(SurfaceDistances d) {
        return new double[] {
            d.masd(),
            d.assd(),
            d.hausdorff(),
            d.percentile(95, PercentileRule.AREA_STEP_LARGER),
            d.percentile(99, PercentileRule.AREA_STEP_LARGER),
            d.nsd(1),
            d.nsd(2)
        };
    }

    private static void add(
            Map<String, Map<String, List<Double>>> errors, String tool, SurfaceDistances d, SurfaceDistances truth) {
        add(errors, "masd", tool, d.masd() - truth.masd());
        add(errors, "assd", tool, d.assd() - truth.assd());
        add(errors, "hd", tool, d.hausdorff() - truth.hausdorff());
        add(
                errors,
                "hd95",
                tool,
                d.percentile(95, PercentileRule.AREA_STEP_LARGER)
                        - truth.percentile(95, PercentileRule.AREA_STEP_LARGER));
        for (double tau : new double[] {1, 2}) {
            add(errors, "nsd", tool, d.nsd(tau) - truth.nsd(tau));
        }
    }

    /** Rows in mm of this segment; the truth follows the rule that the row names. */
    private static void peer(JsonNode row, SurfaceDistances truth, Map<String, Map<String, List<Double>>> errors) {
        JsonNode p = row.path("params");
        if (row.get("label").asInt(-1) != 1
                || !row.get("value").isNumber()
                || p.path("spacing").asString("").startsWith("ignored")) {
            return;
        }
        double value = row.get("value").asDouble();
        String tool = row.get("peer").asString() + " " + p.path("surface").asString("");
        double tau = p.path("tolerance_mm").asDouble(0);
        switch (row.get("metric").asString()) {
            case "masd" -> add(errors, "masd", tool, value - truth.masd());
            case "assd" -> {
                boolean pooled = p.path("pooled").asBoolean();
                add(errors, pooled ? "assd" : "masd", tool, value - (pooled ? truth.assd() : truth.masd()));
            }
            case "hd" -> add(errors, "hd", tool, value - truth.hausdorff());
            case "hd_percentile" -> {
                if (p.path("percentile").asDouble() == 95) {
                    add(errors, "hd95", tool, value - truth.percentile(95, PercentileRule.AREA_STEP_LARGER));
                }
            }
            case "nsd" -> {
                if (tau > 0) {
                    boolean sides = p.path("rule").asString("").startsWith("mean of the two");
                    add(errors, "nsd", tool, value - (sides ? truth.nsdMeanOfSides(tau) : truth.nsd(tau)));
                }
            }
            default -> {
                // No symmetric distance between surfaces.
            }
        }
    }

    private static void add(Map<String, Map<String, List<Double>>> errors, String metric, String tool, double error) {
        errors.computeIfAbsent(metric, k -> new TreeMap<>())
                .computeIfAbsent(tool, k -> new ArrayList<>())
                .add(Math.abs(error));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(v -> v).average().orElseThrow();
    }
}
