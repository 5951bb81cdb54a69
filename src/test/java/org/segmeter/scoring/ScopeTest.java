package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.segmeter.metric.distance.ScoredVoxels;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Voxels;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Ignored voxels, extents, single slices and regions. */
class ScopeTest {

    /** All protocols, as many at a time as a request may name. */
    private static String protocols(int round) {
        List<String> ids = Protocols.builtIn().all().stream()
                .map(p -> "\"" + p.id() + "\"")
                .toList();
        int parts = (ids.size() + 15) / 16;
        int from = round % parts * 16;
        return "[" + String.join(",", ids.subList(from, Math.min(ids.size(), from + 16))) + "]";
    }

    private static final List<String> SCOPES = List.of(
            "\"ignore\": 3",
            "\"extent\": {\"kind\": \"box\", \"from\": [1, 0, 1], \"to\": [4, 3, 3]}",
            "\"extent\": {\"kind\": \"box\", \"unit\": \"mm\", \"from\": [0.1, -9, 0.9], \"to\": [2.9, 2, 6]}",
            "\"extent\": {\"kind\": \"range\", \"axis\": \"coronal\", \"from\": 1, \"to\": 3}",
            "\"extent\": {\"kind\": \"slices\", \"axis\": \"axial\", \"slices\": [1, 3]}",
            "\"extent\": {\"kind\": \"slices\", \"axis\": \"x\", \"slices\": [0, 2, 3]}",
            // No regions of protocols: their extent is their own, not that of the segments that they are made of.
            "\"ignore\": 3, \"regions\": {}, \"extent\": [{\"segments\": [1], \"kind\": \"range\", \"axis\": \"z\","
                    + " \"from\": 1}, {\"kind\": \"full\"}]",
            "\"ignore\": 3, \"regions\": {\"both\": [1, 2]}, \"extent\": {\"kind\": \"slices\", \"axis\": \"y\","
                    + " \"slices\": [1, 2]}");

    /** Whether a voxel of a segment is scored, written down once more for each of {@link #SCOPES}; the grid has the spacing 0.7, 1, 2.5. */
    private static boolean scored(int scope, int x, int y, int z, boolean ignored) {
        return switch (scope) {
            case 0 -> !ignored;
            case 1 -> x >= 1 && x <= 4 && y <= 3 && z >= 1 && z <= 3;
            case 2 -> x >= 1 && x <= 4 && y <= 2 && z >= 1 && z <= 2;
            case 3 -> y >= 1 && y <= 3;
            case 4 -> z == 1 || z == 3;
            case 5 -> x == 0 || x == 2 || x == 3;
            case 6 -> !ignored && z >= 1;
            default -> !ignored && (y == 1 || y == 2);
        };
    }

    @Test
    void valuesOutsideWhatIsScoredNeverChangeAScorecard() throws Exception {
        Random random = new Random(4);
        for (int round = 0; round < 64; round++) {
            int scope = round % SCOPES.size();
            boolean soft = round % 3 == 0;
            Grid grid = Synthetic.grid(6, 5, 5, 0.7, 1, 2.5);
            BitMask ignored = Synthetic.noise(grid.box(), 0.15, random);
            BitMask[] masks = new BitMask[4];
            BitMask[] others = new BitMask[4];
            double density = 0.2 + 0.4 * random.nextDouble();
            for (int i = 0; i < 4; i++) {
                masks[i] = Synthetic.noise(grid.box(), density, random);
                others[i] = Synthetic.noise(grid.box(), 0.5, random);
                // In scope 6 only segment 1 has an extent.
                boolean second = scope == 6 && i % 2 == 1;
                for (int at = 0; at < 150; at++) {
                    int x = at % 6;
                    int y = at / 6 % 5;
                    int z = at / 30;
                    if (scored(scope, x, y, z, ignored.contains(x, y, z)) || second && !ignored.contains(x, y, z)) {
                        put(others[i], masks[i].contains(x, y, z), x, y, z);
                    }
                }
            }
            String request = "{\"protocol\": " + protocols(round / SCOPES.size()) + "," + SCOPES.get(scope) + "}";
            ObjectNode one = scored(card(pair(grid, masks, ignored, soft), request));
            ObjectNode same = scored(card(pair(grid, others, ignored, soft), request));
            assertThat(same.toPrettyString()).as(request + " soft " + soft).isEqualTo(one.toPrettyString());
        }
    }

    private static void put(BitMask mask, boolean value, int x, int y, int z) {
        long bit = 1L << x;
        int word = mask.rowStart(y, z);
        mask.words()[word] = value ? mask.words()[word] | bit : mask.words()[word] & ~bit;
    }

    private record Pair(Segmentation prediction, Segmentation reference) {}

    /** Segments 1 and 2 of both sides, and of the reference 3 for what is ignored. */
    private static Pair pair(Grid grid, BitMask[] masks, BitMask ignored, boolean soft) {
        return new Pair(
                Synthetic.of(grid, maybe(grid, masks[0], soft), maybe(grid, masks[1], soft)),
                Synthetic.of(grid, masks[2], masks[3], ignored));
    }

    private static Voxels maybe(Grid grid, BitMask mask, boolean soft) {
        if (!soft) {
            return mask;
        }
        float[] values = new float[Math.toIntExact(grid.voxelCount())];
        for (int at = 0; at < values.length; at++) {
            boolean in = mask.contains(at % grid.nx(), at / grid.nx() % grid.ny(), at / (grid.nx() * grid.ny()));
            values[at] = in ? 0.5f + at % 7 / 14f : at % 5 / 11f;
        }
        return new ProbabilityVolume(grid.box(), values);
    }

    private static ObjectNode card(Pair pair, String request) throws InputException {
        return ScorecardJson.tree(Scorer.standard()
                .score(pair.prediction(), pair.reference(), ScoringOptions.parse(request), CancelSignal.none()));
    }

    /** Without what tells how much lies outside. */
    private static ObjectNode scored(ObjectNode card) {
        for (JsonNode segment : card.path("segments")) {
            if (segment.get("scored") instanceof ObjectNode s) {
                s.remove(List.of(
                        "predictionVoxelsOutside",
                        "referenceVoxelsOutside",
                        "predictionSurfaceOutsideMm2",
                        "referenceSurfaceOutsideMm2"));
            }
        }
        return card;
    }

    @Test
    void countsUnderAnIgnoreLabelAreThoseOfNnunet() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 50; round++) {
            Grid grid = Synthetic.grid(7, 6, 5, 1, 1, 3);
            BitMask p = Synthetic.noise(grid.box(), 0.4, random);
            BitMask r = Synthetic.noise(grid.box(), 0.4, random);
            BitMask ignored = Synthetic.noise(grid.box(), 0.3, random);
            long[] n = new long[4];
            for (int at = 0; at < 210; at++) {
                int x = at % 7;
                int y = at / 7 % 6;
                int z = at / 42;
                if (!ignored.contains(x, y, z)) {
                    n[(p.contains(x, y, z) ? 2 : 0) + (r.contains(x, y, z) ? 1 : 0)]++;
                }
            }
            JsonNode metrics = card(
                            new Pair(Synthetic.of(grid, p), Synthetic.of(grid, r, ignored)),
                            "{\"protocol\": \"nnunet@1\", \"ignore\": 2}")
                    .at("/segments/0/metrics");
            assertThat(List.of(
                            metrics.at("/tp/value").longValue(),
                            metrics.at("/fp/value").longValue(),
                            metrics.at("/fn/value").longValue(),
                            metrics.at("/tn/value").longValue()))
                    .containsExactly(n[3], n[2], n[1], n[0]);
            assertThat(metrics.at("/dice/value").doubleValue())
                    .isCloseTo(2.0 * n[3] / (2 * n[3] + n[2] + n[1]), within(1e-15));
        }
    }

    /** A vessel that the reference follows for slices 5 to 14 only; the prediction goes on to both sides. */
    @Test
    void whereTheExtentEndsIsNoSurface() throws Exception {
        Grid grid = Synthetic.grid(20, 20, 20, 1, 1, 2);
        Pair vessel = new Pair(
                Synthetic.of(grid, Synthetic.box(5, 4, 0, 11, 10, 20)),
                Synthetic.of(grid, Synthetic.box(4, 4, 5, 10, 10, 15)));
        JsonNode range = card(vessel, "{\"extent\": {\"kind\": \"range\", \"axis\": \"axial\"}}");
        JsonNode metrics = range.at("/segments/0/metrics");
        assertThat(metrics.at("/tp/value").longValue()).isEqualTo(300);
        assertThat(metrics.at("/fp/value").longValue()).isEqualTo(60);
        assertThat(metrics.at("/tn/value").longValue()).isEqualTo(4000 - 420);
        assertThat(metrics.at("/hd/value").doubleValue()).isEqualTo(1);
        assertThat(range.at("/segments/0/scored/predictionVoxelsOutside").longValue())
                .isEqualTo(360);
        assertThat(range.at("/segments/0/scored/referenceVoxelsOutside").longValue())
                .isZero();
        assertThat(range.at("/segments/0/scored/from").toString()).isEqualTo("[0,0,5]");
        assertThat(range.at("/geometry/scoredTo").toString()).isEqualTo("[19,19,14]");
        assertThat(range.at("/geometry/scoredVoxels").longValue()).isEqualTo(4000);
        assertThat(card(vessel, "{}").at("/segments/0/metrics/hd/value").doubleValue())
                .isCloseTo(Math.sqrt(101), within(1e-12));
        // Contours in single slices: the same shift.
        JsonNode slices = card(vessel, "{\"extent\": {\"kind\": \"slices\", \"axis\": \"axial\"}}")
                .at("/segments/0/metrics");
        assertThat(slices.at("/hd/value").doubleValue()).isEqualTo(1);
        assertThat(slices.at("/dice/value").doubleValue()).isCloseTo(600.0 / 720, within(1e-15));
        assertThat(slices.at("/volume_prediction_ml/state").stringValue()).isEqualTo("NOT_APPLICABLE");
    }

    @Test
    void aBoxOfTheWholeVolumeChangesNothing() throws Exception {
        Random random = new Random(11);
        Grid grid = Synthetic.grid(8, 7, 6, 1, 1.5, 2);
        Pair pair = new Pair(
                Synthetic.of(grid, Synthetic.noise(grid.box(), 0.5, random)),
                Synthetic.of(grid, Synthetic.noise(grid.box(), 0.5, random)));
        for (int part = 0; part < 3; part++) {
            String request = "{\"protocol\": " + protocols(part);
            assertThat(card(
                            pair,
                            request + ", \"extent\": {\"kind\": \"box\", \"from\": [0, 0, 0], \"to\": [99, 99, 5]}}"))
                    .isEqualTo(card(pair, request + "}"));
        }
    }

    /** An empty reference does not say where it was drawn: what is predicted is an error wherever it lies. */
    @Test
    void aRangeWithoutAReferenceIsTheWholeVolume() throws Exception {
        Grid grid = Synthetic.grid(8, 8, 8, 1, 1, 1);
        Pair pair = new Pair(
                Synthetic.of(grid, Synthetic.box(1, 1, 1, 3, 3, 3)), Synthetic.of(grid, new BitMask(Box.EMPTY)));
        assertThat(card(pair, "{\"extent\": {\"kind\": \"range\", \"axis\": \"axial\"}}")
                        .at("/segments/0/metrics/fp/value")
                        .longValue())
                .isEqualTo(8);
    }

    @Test
    void distancesAreThoseOfALoopOverTheSurfacesThatAreKnown() {
        Random random = new Random(3);
        Spacing spacing = new Spacing(0.7, 1, 2.5);
        int compared = 0;
        for (int round = 0; round < 600; round++) {
            Box all = new Box(0, 0, 0, 2 + random.nextInt(6), 2 + random.nextInt(5), 1 + random.nextInt(5));
            BitMask known = Synthetic.noise(all, 0.5 + 0.5 * random.nextDouble(), random);
            BitMask p = and(Synthetic.noise(all, random.nextDouble(), random), known);
            BitMask r = and(Synthetic.noise(all, random.nextDouble(), random), known);
            if (p.isEmpty() || r.isEmpty()) {
                continue;
            }
            for (SurfaceModel model :
                    List.of(SurfaceModel.AREA_WEIGHTED, SurfaceModel.BOUNDARY_6, SurfaceModel.BOUNDARY_26)) {
                double expected =
                        hausdorff(points(p, known, all, model, -1), points(r, known, all, model, -1), spacing);
                Optional<SurfaceDistances> measured = SurfaceDistances.between(
                        p, r, spacing, model, new ScoredVoxels(known, all), CancelSignal.none());
                assertThat(measured.isPresent()).isEqualTo(Double.isFinite(expected));
                if (measured.isPresent()) {
                    assertThat(measured.get().hausdorff()).isCloseTo(expected, within(1e-12));
                    compared++;
                }
            }
            int axis = random.nextInt(3);
            inSlices(p, r, known, all, spacing, axis);
        }
        assertThat(compared).isGreaterThan(500);
    }

    private static void inSlices(BitMask p, BitMask r, BitMask known, Box all, Spacing spacing, int axis) {
        int n = axis == 0 ? all.x1() : axis == 1 ? all.y1() : all.z1();
        TreeSet<Integer> slices = new TreeSet<>();
        for (int s = 0; s < n; s++) {
            slices.add(s);
        }
        double expected = Double.NEGATIVE_INFINITY;
        boolean has = false;
        boolean hasReference = false;
        for (int slice : slices) {
            List<int[]> mine = new ArrayList<>();
            List<int[]> theirs = new ArrayList<>();
            points(p, known, all, SurfaceModel.BOUNDARY_6, axis).stream()
                    .filter(v -> v[axis] == slice)
                    .forEach(mine::add);
            points(r, known, all, SurfaceModel.BOUNDARY_6, axis).stream()
                    .filter(v -> v[axis] == slice)
                    .forEach(theirs::add);
            has |= !mine.isEmpty();
            hasReference |= !theirs.isEmpty();
            if (mine.isEmpty() && theirs.isEmpty()) {
                continue;
            }
            double d = hausdorff(mine, theirs, spacing);
            expected = Math.max(expected, Double.isNaN(d) ? Double.POSITIVE_INFINITY : d);
        }
        Optional<SurfaceDistances> measured = SurfaceDistances.inSlices(
                p,
                r,
                spacing,
                SurfaceModel.BOUNDARY_6,
                axis,
                List.copyOf(slices),
                new ScoredVoxels(known, all),
                CancelSignal.none());
        assertThat(measured.isPresent()).isEqualTo(has && hasReference);
        if (measured.isPresent()) {
            double found = measured.get().hausdorff();
            assertThat(found == expected || Math.abs(found - expected) < 1e-12)
                    .as("%s for %s", found, expected)
                    .isTrue();
        }
    }

    private static BitMask and(BitMask a, BitMask b) {
        BitMask both = new BitMask(a.stored());
        Box box = a.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (a.contains(x, y, z) && b.contains(x, y, z)) {
                        both.set(x, y, z);
                    }
                }
            }
        }
        return both;
    }

    /** The points of a surface by their definition. @param across an axis along which there are no neighbours; -1 for none */
    private static List<int[]> points(BitMask mask, BitMask known, Box all, SurfaceModel model, int across) {
        List<int[]> list = new ArrayList<>();
        boolean corners = model == SurfaceModel.AREA_WEIGHTED;
        for (int z = 0; z <= all.z1(); z++) {
            for (int y = 0; y <= all.y1(); y++) {
                for (int x = 0; x <= all.x1(); x++) {
                    boolean in = false;
                    boolean out = false;
                    boolean unknown = false;
                    for (int code = 0; code < 27; code++) {
                        int dx = code % 3 - 1;
                        int dy = code / 3 % 3 - 1;
                        int dz = code / 9 - 1;
                        int steps = Math.abs(dx) + Math.abs(dy) + Math.abs(dz);
                        boolean neighbour = corners
                                ? dx <= 0 && dy <= 0 && dz <= 0
                                : model == SurfaceModel.BOUNDARY_26 || steps <= 1;
                        if (!neighbour || across >= 0 && new int[] {dx, dy, dz}[across] != 0) {
                            continue;
                        }
                        boolean inside = all.contains(x + dx, y + dy, z + dz);
                        boolean own = inside && mask.contains(x + dx, y + dy, z + dz);
                        boolean dark = inside && !known.contains(x + dx, y + dy, z + dz);
                        in |= own;
                        out |= !own && !dark;
                        unknown |= dark;
                    }
                    boolean point =
                            corners ? in && out && !unknown : all.contains(x, y, z) && mask.contains(x, y, z) && out;
                    if (point) {
                        list.add(new int[] {x, y, z});
                    }
                }
            }
        }
        return list;
    }

    private static double hausdorff(List<int[]> a, List<int[]> b, Spacing spacing) {
        return a.isEmpty() || b.isEmpty() ? Double.NaN : Math.max(directed(a, b, spacing), directed(b, a, spacing));
    }

    private static double directed(List<int[]> from, List<int[]> to, Spacing spacing) {
        double most = 0;
        for (int[] f : from) {
            double least = Double.POSITIVE_INFINITY;
            for (int[] t : to) {
                double dx = (f[0] - t[0]) * spacing.x();
                double dy = (f[1] - t[1]) * spacing.y();
                double dz = (f[2] - t[2]) * spacing.z();
                least = Math.min(least, Math.sqrt(dx * dx + dy * dy + dz * dz));
            }
            most = Math.max(most, least);
        }
        return most;
    }

    /** The regions of BraTS 2023 and KiTS23, of label maps with the labels 1, 2 and 3. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'WT': [1, 2, 3], 'TC': [1, {'region': 'ET'}], 'ET': [3]}|WT|123",
                "{'WT': [1, 2, 3], 'TC': [1, {'region': 'ET'}], 'ET': [3]}|TC|13",
                "{'WT': [1, 2, 3], 'TC': [1, {'region': 'ET'}], 'ET': [3]}|ET|3",
                "{'kidney and masses': [1, {'region': 'masses'}], 'masses': [2, 3], 'tumour': [2]}|kidney and"
                        + " masses|123",
                "{'kidney and masses': [1, {'region': 'masses'}], 'masses': [2, 3], 'tumour': [2]}|masses|23",
                "{'kidney and masses': [1, {'region': 'masses'}], 'masses': [2, 3], 'tumour': [2]}|tumour|2"
            })
    void aRegionIsTheUnionOfItsSegments(String regions, String name, String labels) throws Exception {
        Random random = new Random(17);
        Grid grid = Synthetic.grid(9, 8, 7, 1, 1, 1);
        BitMask[] masks = new BitMask[6];
        for (int i = 0; i < 6; i++) {
            masks[i] = new BitMask(grid.box());
        }
        long[] n = new long[4];
        for (int at = 0; at < 504; at++) {
            int p = random.nextInt(4);
            int r = random.nextBoolean() ? p : random.nextInt(4);
            if (p > 0) {
                masks[p - 1].set(at % 9, at / 9 % 8, at / 72);
            }
            if (r > 0) {
                masks[2 + r].set(at % 9, at / 9 % 8, at / 72);
            }
            n[(labels.contains("" + p) ? 2 : 0) + (labels.contains("" + r) ? 1 : 0)]++;
        }
        ObjectNode card = card(
                new Pair(
                        Synthetic.of(grid, masks[0], masks[1], masks[2]),
                        Synthetic.of(grid, masks[3], masks[4], masks[5])),
                "{\"regions\": " + regions.replace('\'', '"') + "}");
        assertThat(card.path("segments").size()).isEqualTo(6);
        JsonNode region = null;
        for (JsonNode segment : card.path("segments")) {
            region = segment.at("/segment/label").stringValue().equals(name) ? segment : region;
        }
        assertThat(region).isNotNull();
        assertThat(region.at("/match/rule").stringValue()).isEqualTo("region");
        assertThat(region.at("/metrics/tp/value").longValue()).isEqualTo(n[3]);
        assertThat(region.at("/metrics/fp/value").longValue()).isEqualTo(n[2]);
        assertThat(region.at("/metrics/fn/value").longValue()).isEqualTo(n[1]);
        // No voxel counts twice where all segments are summed.
        ObjectNode plain = card(
                new Pair(
                        Synthetic.of(grid, masks[0], masks[1], masks[2]),
                        Synthetic.of(grid, masks[3], masks[4], masks[5])),
                "{}");
        assertThat(card.path("overall")).isEqualTo(plain.path("overall"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'extent': {'kind': 'box', 'from': [8, 0, 0], 'to': [9, 9, 9]}}|from [8, 0, 0] to [9, 9, 9]|8 x 8 x 8",
                "{'extent': {'kind': 'box', 'unit': 'mm', 'from': [8, 0, 0], 'to': [9, 9, 9]}}|mm|centre",
                "{'extent': {'kind': 'range', 'axis': 'axial', 'from': 8}}|slice 8|slices 0 to 7",
                "{'extent': {'kind': 'slices', 'axis': 'x', 'slices': [3, 70]}}|slice 70|slices 0 to 7",
                "{'extent': {'kind': 'range', 'axis': 'z', 'to': 0}}|0 voxels|at least one",
                "{'ignore': 2}|0 voxels|at least one",
                "{'regions': {'a': ['Liver']}}|region a|codes of segments"
            })
    void aScopeThatCannotBeMetIsRefused(String request, String found, String expected) {
        Grid grid = Synthetic.grid(8, 8, 8, 1, 1, 1);
        Pair pair = new Pair(
                Synthetic.of(grid, Synthetic.box(1, 1, 1, 3, 3, 3)),
                Synthetic.of(grid, Synthetic.box(1, 1, 1, 3, 3, 3), Synthetic.box(0, 0, 0, 8, 8, 8)));
        assertThatThrownBy(() -> card(pair, request.replace('\'', '"')))
                .isInstanceOfSatisfying(InputException.class, e -> {
                    assertThat(e.found()).contains(found);
                    assertThat(e.expected()).contains(expected);
                });
    }

    @Test
    void aProtocolDeclaresItsScopeAndARequestReplacesIt() throws Exception {
        Protocols protocols = Protocols.builtIn()
                .with(
                        List.of(
                                Protocol.parse(
                                        "{\"id\":\"site\",\"version\":1,\"title\":\"t\",\"metrics\":[{\"name\":\"tp\"}],\"ignore\":2,\"regions\":{\"R\":[1]}}")));
        Grid grid = Synthetic.grid(8, 8, 8, 1, 1, 1);
        Segmentation p = Synthetic.of(grid, Synthetic.box(0, 0, 0, 4, 4, 4));
        Segmentation r = Synthetic.of(grid, Synthetic.box(0, 0, 0, 4, 4, 4), Synthetic.box(0, 0, 0, 8, 8, 1));
        Scorer scorer = Scorer.standard().withProtocols(protocols);
        Scorecard own = scorer.score(p, r, ScoringOptions.parse("{\"protocol\":\"site@1\"}"), CancelSignal.none());
        assertThat(own.segments()).extracting(s -> s.segment().label()).containsExactly("1", "R");
        assertThat(own.segments().getFirst().metrics().get("tp").getFirst().value())
                .isEqualTo(48L);
        Scorecard replaced = scorer.score(
                p, r, ScoringOptions.parse("{\"protocol\":\"site@1\",\"ignore\":[]}"), CancelSignal.none());
        assertThat(replaced.segments().getFirst().metrics().get("tp").getFirst().value())
                .isEqualTo(64L);
        assertThatThrownBy(() -> scorer.score(
                        p, r, ScoringOptions.parse("{\"protocol\":[\"site@1\",\"monai@1\"]}"), CancelSignal.none()))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("scores other voxels");
    }

    /** A mask of its own leaves out what an ignore label on the same voxels leaves out, on a part of the grid and with flipped axes too. */
    @Test
    void aMaskOfItsOwnScoresTheVoxelsThatItHoldsAndNoOthers() throws Exception {
        Random random = new Random(9);
        Grid grid = Synthetic.grid(9, 8, 7, 0.7, 1, 2.5);
        BitMask p = Synthetic.noise(grid.box(), 0.4, random);
        BitMask r = Synthetic.noise(grid.box(), 0.4, random);
        Box part = new Box(2, 1, 0, 8, 7, 5);
        BitMask inside = Synthetic.noise(part, 0.8, random);
        BitMask outside = new BitMask(grid.box());
        // The mask as a file with a smaller grid whose x axis runs the other way.
        Grid own = new Grid(6, 6, 5, new Affine(-0.7, 0, 0, 0.7 * 7, 0, 1, 0, 1, 0, 0, 2.5, 0));
        BitMask stored = new BitMask(own.box());
        for (int z = 0; z < 7; z++) {
            for (int y = 0; y < 8; y++) {
                for (int x = 0; x < 9; x++) {
                    if (!inside.contains(x, y, z)) {
                        outside.set(x, y, z);
                    } else {
                        stored.set(7 - x, y - 1, z);
                    }
                }
            }
        }
        ScoringOptions all = ScoringOptions.defaults();
        Scorecard masked = Scorer.standard()
                .score(
                        Synthetic.of(grid, p),
                        Synthetic.of(grid, r),
                        Synthetic.of(own, stored),
                        all,
                        CancelSignal.none());
        Scorecard ignored = Scorer.standard()
                .score(
                        Synthetic.of(grid, p),
                        Synthetic.of(grid, r, outside),
                        all.withScope(new Scope(
                                new Scope.Ignore(List.of(SegmentSelector.of("2")), List.of()), null, List.of())),
                        CancelSignal.none());
        assertThat(masked.segments().getFirst().metrics())
                .isEqualTo(ignored.segments().getFirst().metrics());
        assertThat(masked.segments().getFirst().scored())
                .isEqualTo(ignored.segments().getFirst().scored());
        assertThat(masked.notices()).anyMatch(n -> n.startsWith("mask: " + outside.count() + " of 504 voxels"));
        assertThatThrownBy(() -> Scorer.standard()
                        .score(
                                Synthetic.of(grid, p),
                                Synthetic.of(grid, r),
                                Synthetic.of(Synthetic.grid(10, 8, 7, 0.7, 1, 2.5), inside),
                                all,
                                CancelSignal.none()))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("reaches beyond");
    }
}
