package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.Moments;
import org.segmeter.metric.Overlap;
import org.segmeter.metric.Rounds;
import org.segmeter.metric.distance.AddedPath;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.metric.instance.BratsLesions;
import org.segmeter.metric.instance.Components;
import org.segmeter.metric.instance.Detection;
import org.segmeter.metric.instance.InstanceMatching;
import org.segmeter.metric.instance.LesionScores;
import org.segmeter.metric.instance.MatchRule;
import org.segmeter.metric.slice.SliceSeries;
import org.segmeter.metric.topology.Topology;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;

/**
 * Each metric that a scorecard can have is asserted somewhere by its name: those that no oracle, closed form or twin names are compared
 * here, as they stand in scorecards, with the definitions that the twins hold.
 */
class EveryMetricTest {

    private static final Spacing SPACING = new Spacing(0.7, 1, 2.5);
    private static final double VOXEL_MM3 = 0.7 * 1 * 2.5;

    private record Pair(BitMask p, BitMask r, Scorecard card, String which) {

        void has(String protocol, String metric, Number... expected) {
            List<MetricValue> values = card.protocol().id().equals(protocol)
                    ? card.segments()
                            .getFirst()
                            .metrics()
                            .getOrDefault(
                                    metric, card.segments().getFirst().loss().get(metric))
                    : card.byProtocol().stream()
                            .filter(b -> b.protocol().id().equals(protocol))
                            .findFirst()
                            .orElseThrow()
                            .segments()
                            .getFirst()
                            .get(metric);
            List<MetricValue> found = Objects.requireNonNull(values, metric);
            for (int i = 0; i < expected.length; i++) {
                Number value = found.get(i).value();
                double wanted = expected[i].doubleValue();
                String name = protocol + " " + metric + " " + found.get(i).parameters() + ", " + which;
                if (!Double.isFinite(wanted)) {
                    assertThat(value).as(name).isNull();
                } else {
                    double is = Objects.requireNonNull(value, name).doubleValue();
                    assertThat(Math.abs(is - wanted))
                            .as("%s: %s, not %s", name, is, wanted)
                            .isLessThanOrEqualTo(1e-9 * Math.max(1, Math.abs(wanted)));
                }
            }
        }
    }

    @Test
    void whatNoOtherTestNamesIsWhatItsDefinitionSays() {
        Rounds.each(20261208L, Rounds.count(60), (random, which) -> {
            Pair pair = next(random, which);
            overlap(pair);
            distances(pair);
            objects(pair);
            topology(pair);
            slices(pair);
        });
    }

    private static Pair next(Random random, String which) {
        Grid grid = Synthetic.grid(16, 12, 9, SPACING.x(), SPACING.y(), SPACING.z());
        BitMask r = Synthetic.noise(new Box(1, 1, 1, 13, 10, 8), 0.05 + 0.6 * random.nextDouble(), random);
        BitMask p = new BitMask(grid.box());
        for (int z = 0; z < 9; z++) {
            for (int y = 0; y < 12; y++) {
                for (int x = 0; x < 16; x++) {
                    if (r.contains(x, y, z) != (random.nextInt(12) == 0)) {
                        p.set(x, y, z);
                    }
                }
            }
        }
        try {
            return new Pair(
                    p,
                    r,
                    Scorer.standard()
                            .score(
                                    Synthetic.of(grid, p),
                                    Synthetic.of(grid, r),
                                    ScoringOptions.defaults()
                                            .withProtocols(List.of(
                                                    "segmeter@1",
                                                    "segmeter-lesions@1",
                                                    "segmeter-topology@1",
                                                    "segmeter-slices@1")),
                                    CancelSignal.none()),
                    which);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void overlap(Pair pair) {
        ConfusionCounts c = ConfusionCounts.of(pair.p, pair.r, 16 * 12 * 9);
        pair.has("segmeter@1", "expected_dice", Overlap.expectedDice(c));
        pair.has("segmeter@1", "chance_corrected_dice", Overlap.chanceCorrectedDice(c));
        pair.has("segmeter@1", "absolute_volume_difference_ml", Math.abs(c.fp() - c.fn()) * VOXEL_MM3 / 1000);
        pair.has("segmeter@1", "variation_of_information", Overlap.variationOfInformation(c));
        pair.has("segmeter@1", "global_consistency_error", Overlap.globalConsistencyError(c));
        pair.has("segmeter@1", "mahalanobis", Moments.mahalanobis(Moments.of(pair.p), Moments.of(pair.r)));
        double wrong = (c.fp() + c.fn()) / (double) c.total();
        pair.has("segmeter@1", "l1_loss", wrong);
        pair.has("segmeter@1", "l2_loss", wrong);
    }

    private static void distances(Pair pair) {
        SurfaceDistances d =
                SurfaceDistances.between(pair.p, pair.r, SPACING, SurfaceModel.AREA_WEIGHTED, CancelSignal.none());
        pair.has("segmeter@1", "rms_surface_distance", d.rms());
        pair.has("segmeter@1", "median_surface_distance", d.median());
    }

    private static void objects(Pair pair) {
        Components p = Components.of(pair.p, Connectivity.CORNERS);
        Components r = Components.of(pair.r, Connectivity.CORNERS);
        Detection touched = Detection.byTouch(p, r, VOXEL_MM3, List.of(0.1, 1.0, 10.0));
        pair.has("segmeter-lesions@1", "largest_spurious_ml", touched.largestSpurious() * VOXEL_MM3 / 1000);
        pair.has("segmeter-lesions@1", "largest_missed_ml", touched.largestMissed() * VOXEL_MM3 / 1000);
        pair.has(
                "segmeter-lesions@1",
                "instances_recall_by_size",
                touched.bySize().stream()
                        .map(s -> s.references() == 0 ? Double.NaN : (double) s.found() / s.references())
                        .toArray(Number[]::new));
        pair.has(
                "segmeter-lesions@1",
                "instances_reference_by_size",
                touched.bySize().stream().map(Detection.SizeClass::references).toArray(Number[]::new));
        InstanceMatching m = InstanceMatching.of(p, r, new MatchRule(0.5, true));
        LesionScores scores = LesionScores.of(p, r, m, SPACING, SurfaceModel.AREA_WEIGHTED, CancelSignal.none());
        pair.has(
                "segmeter-lesions@1",
                "instance_assd",
                mean(scores, s -> s.distances().assd()));
        pair.has(
                "segmeter-lesions@1",
                "instance_nsd",
                mean(scores, s -> s.distances().nsd(1)),
                mean(scores, s -> s.distances().nsd(2)));
        pair.has(
                "segmeter-lesions@1",
                "instance_nsd_mean_of_sides",
                mean(scores, s -> s.distances().nsdMeanOfSides(1)),
                mean(scores, s -> s.distances().nsdMeanOfSides(2)));
        BratsLesions lesions = BratsLesions.of(
                pair.p,
                pair.r,
                new Box(0, 0, 0, 16, 12, 9),
                SPACING,
                VOXEL_MM3,
                BratsLesions.Rules.GLI,
                CancelSignal.none());
        pair.has("segmeter-lesions@1", "lesion_wise_nsd", lesions.nsd(1), lesions.nsd(2));
    }

    private static double mean(LesionScores scores, java.util.function.ToDoubleFunction<LesionScores.Pair> value) {
        OptionalDouble mean = scores.pairs().stream().mapToDouble(value).average();
        return mean.orElse(Double.NaN);
    }

    private static void topology(Pair pair) {
        Connectivity[] joined = {Connectivity.CORNERS, Connectivity.FACES};
        Topology[] p = {Topology.of(pair.p, joined[0]), Topology.of(pair.p, joined[1])};
        Topology[] r = {Topology.of(pair.r, joined[0]), Topology.of(pair.r, joined[1])};
        String of = "segmeter-topology@1";
        pair.has(of, "euler_characteristic_prediction", p[0].eulerCharacteristic(), p[1].eulerCharacteristic());
        pair.has(of, "euler_characteristic_reference", r[0].eulerCharacteristic(), r[1].eulerCharacteristic());
        pair.has(
                of,
                "euler_characteristic_error",
                Math.abs(p[0].eulerCharacteristic() - r[0].eulerCharacteristic()),
                Math.abs(p[1].eulerCharacteristic() - r[1].eulerCharacteristic()));
        pair.has(of, "betti_0_prediction", p[0].parts(), p[1].parts());
        pair.has(of, "betti_0_reference", r[0].parts(), r[1].parts());
        pair.has(of, "betti_0_error", Math.abs(p[0].parts() - r[0].parts()), Math.abs(p[1].parts() - r[1].parts()));
        pair.has(of, "betti_1_prediction", p[0].tunnels(), p[1].tunnels());
        pair.has(of, "betti_1_reference", r[0].tunnels(), r[1].tunnels());
        pair.has(
                of,
                "betti_1_error",
                Math.abs(p[0].tunnels() - r[0].tunnels()),
                Math.abs(p[1].tunnels() - r[1].tunnels()));
        pair.has(of, "betti_2_prediction", p[0].cavities(), p[1].cavities());
        pair.has(of, "betti_2_reference", r[0].cavities(), r[1].cavities());
        pair.has(
                of,
                "betti_2_error",
                Math.abs(p[0].cavities() - r[0].cavities()),
                Math.abs(p[1].cavities() - r[1].cavities()));
    }

    private static void slices(Pair pair) {
        String of = "segmeter-slices@1";
        List<Number> used = new ArrayList<>();
        List<Number> worst = new ArrayList<>();
        List<Number> differing = new ArrayList<>();
        for (int axis : new int[] {2, 1, 0}) {
            SliceSeries series = SliceSeries.of(pair.p, pair.r, axis);
            used.add(series.slices().size());
            worst.add(series.slices().stream()
                    .mapToDouble(SliceSeries.Slice::dice)
                    .min()
                    .orElse(Double.NaN));
            long differ =
                    series.slices().stream().filter(SliceSeries.Slice::differs).count();
            differing.add(differ / (double) series.slices().size());
        }
        pair.has(of, "slice_series", used.toArray(Number[]::new));
        pair.has(of, "worst_slice_dice", worst.toArray(Number[]::new));
        pair.has(of, "differing_slices_fraction", differing.toArray(Number[]::new));
        List<Number> length = new ArrayList<>();
        List<Number> share = new ArrayList<>();
        List<Number> edited = new ArrayList<>();
        for (double tolerance : new double[] {0, 1, 3}) {
            AddedPath path = AddedPath.of(pair.p, pair.r, SPACING, tolerance, CancelSignal.none());
            length.add(path.lengthMm());
            share.add(path.lengthMm() / path.contourMm());
            edited.add(path.editedFraction());
        }
        pair.has(of, "added_path_length", length.toArray(Number[]::new));
        pair.has(of, "added_path_fraction", share.toArray(Number[]::new));
        pair.has(of, "edited_slices_fraction", edited.toArray(Number[]::new));
    }

    @Test
    void everyMetricOfTheCatalogueIsNamedInATestAndInAProtocol() throws Exception {
        StringBuilder tests = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("src/test/java/org/segmeter"))) {
            for (Path file : files.filter(f -> f.toString().matches(".*(Test|Properties)\\.java"))
                    .sorted()
                    .toList()) {
                tests.append(Files.readString(file));
            }
        }
        TreeSet<String> untested = new TreeSet<>();
        TreeSet<String> unused = new TreeSet<>();
        for (MetricDefinition metric : MetricCatalogue.definitions()) {
            if (tests.indexOf("\"" + metric.name() + "\"") < 0) {
                untested.add(metric.name());
            }
            if (Protocols.builtIn().all().stream()
                    .flatMap(protocol -> protocol.metrics().stream())
                    .noneMatch(m -> m.name().equals(metric.name()))) {
                unused.add(metric.name());
            }
        }
        assertThat(untested).as("metrics that no test names").isEmpty();
        assertThat(unused).as("metrics that no built-in protocol has").isEmpty();
    }
}
