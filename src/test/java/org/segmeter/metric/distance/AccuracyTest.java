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
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.distance.ClosedForms.Lie;
import org.segmeter.metric.distance.ClosedForms.Shape;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;

/** Surface models against shapes whose distances are known, voxelised ever finer; the tables of errors are part of the documentation. */
class AccuracyTest {

    /** The published definition of MeshMetrics. */
    private static final String FACES = SurfaceModel.VOXEL_FACES.name();

    private static final String MESH = SurfaceModel.TRIANGLE_MESH.name();
    private static final String AREA = SurfaceModel.AREA_WEIGHTED.name();
    private static final List<String> SURFACES = List.of(
            MESH,
            FACES,
            AREA,
            SurfaceModel.BOUNDARY_6.name(),
            SurfaceModel.BOUNDARY_18.name(),
            SurfaceModel.BOUNDARY_26.name());
    private static final List<String> ALL = Stream.concat(
                    SURFACES.stream(), Stream.of(SurfaceModel.BOUNDARY_6_TO_REGION.name(), SurfaceModel.REGION.name()))
            .toList();

    private static final List<Spacing> REFINED =
            List.of(new Spacing(5, 5, 5), new Spacing(2, 2, 2), new Spacing(1, 1, 1), new Spacing(0.5, 0.5, 0.5));
    private static final List<Spacing> SPACINGS = Stream.concat(
                    REFINED.stream(), Stream.of(new Spacing(0.7, 0.7, 3), new Spacing(0.3, 0.3, 1.5)))
            .toList();
    private static final double[] SHIFT = {0.13, 0.37, 0.29};

    /** The four numbers of a pair, or their errors. */
    private record Numbers(double masd, double hd, double hd95, double nsd) {}

    private record Row(String bodies, Spacing spacing, Lie lie, Map<String, Numbers> errors) {}

    private static final Map<String, ToDoubleFunction<Numbers>> METRICS = metrics();

    private static Map<String, ToDoubleFunction<Numbers>> metrics() {
        Map<String, ToDoubleFunction<Numbers>> metrics = new LinkedHashMap<>();
        metrics.put("MASD", Numbers::masd);
        metrics.put("HD", Numbers::hd);
        metrics.put("HD95", Numbers::hd95);
        metrics.put("NSD", Numbers::nsd);
        return metrics;
    }

    @Test
    void theErrorAgainstClosedFormsIsTabulatedAndFallsAsTheGridIsRefined() throws IOException {
        List<Supplier<Row>> tasks = new ArrayList<>();
        for (Map.Entry<String, Shape> e : ClosedForms.shapes().entrySet()) {
            Numbers truth = numbers(e.getValue().truth(), e.getValue());
            for (Spacing s : SPACINGS) {
                for (Lie lie : e.getValue().lies()) {
                    tasks.add(() -> new Row(e.getKey(), s, lie, errors(e.getValue(), truth, s, lie)));
                }
            }
        }
        List<Row> rows = tasks.parallelStream().map(Supplier::get).toList();
        String text = document(rows);
        Path doc = Path.of("docs/accuracy.md");
        if (Boolean.getBoolean("segmeter.docs.write")) {
            Files.writeString(doc, text, StandardCharsets.UTF_8);
        }
        assertErrorsFall(rows);
        assertTheMeshIsNearerThanVoxelFaces(rows);
        assertTheMeshIsNearestOfTheModelsHere(rows);
        assertThat(Files.readString(doc, StandardCharsets.UTF_8)).isEqualTo(text);
    }

    private static Numbers numbers(SurfaceDistances d, Shape shape) {
        return new Numbers(
                d.masd(), d.hausdorff(), d.percentile(95, PercentileRule.AREA_STEP_LARGER), d.nsd(shape.toleranceMm()));
    }

    private static Map<String, Numbers> errors(Shape shape, Numbers truth, Spacing s, Lie lie) {
        BitMask p = ClosedForms.voxels(shape.prediction(), shape.halfMm(), s, lie, SHIFT);
        BitMask r = ClosedForms.voxels(shape.reference(), shape.halfMm(), s, lie, SHIFT);
        Map<String, Numbers> errors = new LinkedHashMap<>();
        for (String model : ALL) {
            SurfaceDistances d = SurfaceDistances.between(p, r, s, SurfaceModel.valueOf(model), CancelSignal.none());
            Numbers found = numbers(d, shape);
            errors.put(
                    model,
                    new Numbers(
                            found.masd - truth.masd,
                            found.hd - truth.hd,
                            found.hd95 - truth.hd95,
                            found.nsd - truth.nsd));
        }
        return errors;
    }

    /** Single numbers may be right by luck on a coarse grid; the mean over the bodies and the two ways the grid lies is not. */
    private static void assertErrorsFall(List<Row> rows) {
        for (Map.Entry<String, ToDoubleFunction<Numbers>> metric : METRICS.entrySet()) {
            for (String model : SURFACES) {
                double coarser = Double.POSITIVE_INFINITY;
                for (Spacing s : REFINED) {
                    if (metric.getKey().equals("NSD") && s.x() == 1 && model.startsWith("BOUNDARY")) {
                        // Equal weights of slanted faces: right at 1 mm by chance, of which 0.5 mm has less.
                        continue;
                    }
                    double mean = mean(rows, r -> r.spacing.equals(s), model, metric.getValue());
                    // Shares of less than one and a half hundredths come from few of the bodies.
                    double least = metric.getKey().equals("NSD") ? 0.015 : 0;
                    assertThat(mean)
                            .as("%s of %s at %s mm", metric.getKey(), model, s.x())
                            .isLessThan(Math.max(coarser, least));
                    coarser = mean;
                }
            }
        }
        Spacing finest = REFINED.getLast();
        for (Row row : rows) {
            if (row.spacing.equals(finest)) {
                Numbers mesh = row.errors.get(MESH);
                String which = row.bodies + " " + row.lie;
                assertThat(Math.abs(mesh.masd)).as(which).isLessThan(0.15);
                assertThat(Math.abs(mesh.hd)).as(which).isLessThan(0.3);
                assertThat(Math.abs(mesh.hd95)).as(which).isLessThan(0.16);
                Numbers area = row.errors.get(AREA);
                assertThat(Math.abs(area.masd)).as(which).isLessThan(0.27);
                assertThat(Math.abs(area.hd)).as(which).isLessThan(0.36);
                assertThat(Math.abs(area.hd95)).as(which).isLessThan(0.33);
            }
        }
    }

    /** The mean distance for every spacing and lie of the grid, and every metric over all of them. */
    private static void assertTheMeshIsNearerThanVoxelFaces(List<Row> rows) {
        for (Spacing s : SPACINGS) {
            for (Lie lie : Lie.values()) {
                Predicate<Row> here = r -> r.spacing.equals(s) && r.lie == lie;
                assertThat(mean(rows, here, MESH, Numbers::masd))
                        .as("MASD at %s %s", s, lie)
                        .isLessThan(mean(rows, here, FACES, Numbers::masd));
            }
        }
        // The document names these: everywhere else the mesh is at most as far from the closed forms as voxel faces.
        List<String> misses = new ArrayList<>();
        for (Spacing s : SPACINGS) {
            METRICS.forEach((name, metric) -> {
                double mesh = mean(rows, r -> r.spacing.equals(s), MESH, metric);
                double faces = mean(rows, r -> r.spacing.equals(s), FACES, metric);
                if (mesh > faces) {
                    misses.add("%s at %s x %s x %s".formatted(name, s.x(), s.y(), s.z()));
                }
            });
        }
        assertThat(misses).containsExactlyInAnyOrder("HD at 1.0 x 1.0 x 1.0", "HD at 0.5 x 0.5 x 0.5");
        ClosedForms.shapes().forEach((bodies, shape) -> {
            // Voxel faces are exact for boxes along the axes, and for them alone.
            Lie slanted = shape.lies().getLast();
            Predicate<Row> there = r -> r.bodies.equals(bodies) && r.lie == slanted && r.spacing.smallest() <= 2;
            assertThat(mean(rows, there, MESH, Numbers::masd))
                    .as("MASD of %s", bodies)
                    .isLessThan(mean(rows, there, FACES, Numbers::masd));
        });
        METRICS.forEach((name, metric) -> assertThat(mean(rows, r -> true, MESH, metric))
                .as("%s over all bodies and spacings", name)
                .isLessThan(mean(rows, r -> true, FACES, metric)));
    }

    private static void assertTheMeshIsNearestOfTheModelsHere(List<Row> rows) {
        for (Spacing s : SPACINGS) {
            Predicate<Row> here = r -> r.spacing.equals(s);
            for (String model : SURFACES) {
                if (model.equals(MESH) || model.equals(FACES)) {
                    continue;
                }
                METRICS.forEach((name, metric) -> {
                    // The document says why: two errors that cancel bring the mean of BOUNDARY_6 near on isotropic
                    // grids.
                    boolean byChance = name.equals("MASD") && model.equals(SurfaceModel.BOUNDARY_6.name());
                    if (!byChance) {
                        assertThat(mean(rows, here, MESH, metric))
                                .as("%s at %s against %s", name, s, model)
                                .isLessThan(mean(rows, here, model, metric));
                    }
                });
            }
        }
    }

    private static double mean(List<Row> rows, Predicate<Row> chosen, String model, ToDoubleFunction<Numbers> metric) {
        return rows.stream()
                .filter(chosen)
                .mapToDouble(r -> Math.abs(metric.applyAsDouble(r.errors.get(model))))
                .average()
                .orElseThrow();
    }

    private static String document(List<Row> rows) {
        StringBuilder text = new StringBuilder("""
            # Accuracy of the surface models against closed forms

            Written by `AccuracyTest`, which fails where this file is out of date; `-Dsegmeter.docs.write=true` writes it anew.

            Each body is voxelised by whether a voxel's centre lies in it, on a grid shifted against the body by an odd part of a voxel, and,
            unless the bodies are round about one centre, on such a grid turned by 40 degrees about (1, 2, 3). MASD, Hausdorff distance and HD95 (`AREA_STEP_LARGER`) are in mm, NSD is
            a share. `VOXEL_FACES` is the published definition of MeshMetrics (SurfaceNets without smoothing: the faces between voxels, each
            as two triangles; from their centres to the nearest point of the other surface).

            ## Which model for what

            - `TRIANGLE_MESH`, the reference, is the net of voxel faces whose vertices have moved twice, half of the way to the mean of their
              neighbours. A mask tells where a surface is to about a voxel, so that a distance at a single face says more than is known: what
              counts for a face is the mean over its corners of the mean over the faces that meet there, weighing their areas. Over all bodies and
              spacings together its mean error is less than that of `VOXEL_FACES` in MASD, HD, HD95 and NSD. Of the other models here it has the
              least error of HD, HD95 and NSD at every spacing, and of MASD but for `BOUNDARY_6` on some isotropic grids (see there). Take
              it where the number itself counts. It costs several times the others. A mask has distance 0 from itself, and nothing depends on the
              direction or order of the axes.
            - Tried for it and not taken, mean errors at 1 mm as MASD / HD / HD95 / NSD. Distances of single faces: marching cubes of the mask from
              its triangles' centres 0.078 / 0.205 / 0.112 / 0.019; vertices moved once by 0.55 0.114 / 0.158 / 0.094 / 0.028, twice by 0.5
              0.060 / 0.200 / 0.096 / 0.011; moved to and fro twenty times (Taubin) 0.043 / 0.248 / 0.100 / 0.009. Means over the faces around:
              vertices not moved 0.255 / 0.193 / 0.185 / 0.062, once by 0.55 0.114 / 0.182 / 0.087 / 0.026, four times by 0.5
              0.031 / 0.186 / 0.079 / 0.003; the mean taken twice 0.060 / 0.197 / 0.075 / 0.016. Four times makes small bodies too small: MASD at
              5 mm is 0.323. Distances from a net that has moved more to one that has moved less are nearer in HD on coarse grids, but then a mask
              is not at distance 0 from itself.
            - `AREA_WEIGHTED`, the default and the convention of DeepMind, MONAI's `use_subvoxels` and BraTS, weighs the area of marching cubes, but
              measures from corner of voxels to corner of voxels. **It reads MASD low on curved and oblique surfaces**, for two reasons. The
              surface of a mask is rough by up to half a voxel, and what is nearest on a rough surface is what stands out: every model
              loses by that, `TRIANGLE_MESH` least. And every corner counts whose eight voxels are not all alike, so that the points of a
              slanted surface fill a layer one to two voxels thick, of which the nearest is taken: which is why
              `AREA_WEIGHTED` reads lower than `TRIANGLE_MESH`. On faces along the axes both effects vanish (boxes, slabs).
              The table of MASD below has the size of it: a quarter to four tenths of a millimetre at 1 mm for surfaces 2 to 3 mm apart,
              falling more slowly than the spacing. Where the surfaces touch over much of their area (shells) it is less. Values of
              one convention compare with one another; do not compare them with those of another. The model is kept as it is
              because its values are those of the tools it reproduces, to the digit.
            - Means over both positions of the grid at one spacing: in 22 of 24 `TRIANGLE_MESH` is at most as far from the closed forms as MeshMetrics'
              definition. It is farther in HD at 1 and 0.5 mm (the last point says why). On the bodies of the oracle cases it is the nearest of all
              tools and of MeshMetrics' definition in every metric (`OracleTruthTest`). Every error falls as the grid is refined, but for the NSD of
              `TRIANGLE_MESH`, which is 0.009 at 1 mm and does not fall below a hundredth at 0.5 mm.
            - `BOUNDARY_6`, what most tools print, is close in MASD on isotropic grids because two errors cancel: equal weights
              favour places where the surface is steep against the axes, and its sparser points lose less to roughness. On thick slices
              (0.7 x 0.7 x 3 mm) and for NSD, where nothing cancels, it is behind; so it is on the balls and ellipsoids of the oracle cases
              (`OracleTruthTest` prints the errors of every tool there).
            - `REGION` and `BOUNDARY_6_TO_REGION` are not distances between surfaces: they do not come nearer to them on a finer grid.
            - The extremes (HD, HD95) of all models are too large by part of a voxel, since they pick out the places where rounding to voxels
              put the two surfaces farthest apart. Voxel faces show less of this where surfaces are evenly apart, because distances from
              their centres are too small everywhere by about as much (see their MASD): two errors that cancel there, and add up in
              HD95 where they are not evenly apart (balls 3 mm apart). That is why HD alone is nearer with them at 1 and 0.5 mm.

            """);
        text.append("""
            ## Mean absolute error over all bodies and both ways the grid lies

            MASD / HD / HD95 / NSD.

            """);
        header(text, "model", SPACINGS.stream().map(AccuracyTest::name).toList());
        for (String model : ALL) {
            text.append("| ").append(code(model)).append(" |");
            for (Spacing s : SPACINGS) {
                text.append(cell(metric -> mean(rows, r -> r.spacing.equals(s), model, metric), "%.3f"));
            }
            text.append('\n');
        }
        text.append("""

            ## Bias of the mean: measured minus true MASD in mm

            """);
        List<String> bodies = List.copyOf(ClosedForms.shapes().keySet());
        List<Spacing> isotropic = REFINED.subList(1, REFINED.size());
        List<String> columns = new ArrayList<>();
        for (Lie lie : Lie.values()) {
            for (Spacing s : isotropic) {
                columns.add(s.x() + " mm, " + lie.name().toLowerCase(Locale.ROOT));
            }
        }
        header(text, "bodies | model", columns);
        for (String b : bodies) {
            for (String model : List.of(MESH, FACES, AREA, SurfaceModel.BOUNDARY_6.name())) {
                text.append("| ").append(b).append(" | ").append(code(model)).append(" |");
                for (Lie lie : Lie.values()) {
                    for (Spacing s : isotropic) {
                        text.append(rows.stream()
                                .filter(r -> r.bodies.equals(b) && r.spacing.equals(s) && r.lie == lie)
                                .map(r -> String.format(Locale.ROOT, " %+.3f |", shown(r.errors.get(model).masd)))
                                .findFirst()
                                .orElse(" as aligned |"));
                    }
                }
                text.append('\n');
            }
        }
        text.append("""

            ## Every error

            Measured minus true value, MASD / HD / HD95 / NSD.

            """);
        header(
                text,
                "bodies | spacing mm | grid",
                ALL.stream().map(AccuracyTest::code).toList());
        for (Row row : rows) {
            text.append("| ")
                    .append(row.bodies)
                    .append(" | ")
                    .append(name(row.spacing))
                    .append(" | ")
                    .append(row.lie.name().toLowerCase(Locale.ROOT))
                    .append(" |");
            for (String model : ALL) {
                text.append(cell(metric -> metric.applyAsDouble(row.errors.get(model)), "%+.3f"));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static void header(StringBuilder text, String first, List<String> columns) {
        text.append("| ")
                .append(first)
                .append(" | ")
                .append(String.join(" | ", columns))
                .append(" |\n|");
        text.append(" --- |".repeat(first.split(" \\| ").length + columns.size()))
                .append('\n');
    }

    private static String name(Spacing s) {
        return s.x() + " x " + s.y() + " x " + s.z();
    }

    private static String code(String model) {
        return "`" + model + "`";
    }

    private static String cell(ToDoubleFunction<ToDoubleFunction<Numbers>> value, String format) {
        List<String> four = new ArrayList<>();
        for (ToDoubleFunction<Numbers> metric : METRICS.values()) {
            four.add(String.format(Locale.ROOT, format, shown(value.applyAsDouble(metric))));
        }
        return " " + String.join(" / ", four) + " |";
    }

    /** No minus zero in a table. */
    private static double shown(double v) {
        return Math.abs(v) < 0.0005 ? 0.0 : v;
    }
}
