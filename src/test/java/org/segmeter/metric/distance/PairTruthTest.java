package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.instance.Components;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Distances between border voxels on real pairs of masks and on perturbed synthetic ones, against values computed elsewhere. */
class PairTruthTest {

    private static final Path SAMPLES = Path.of("../shared/samples");

    @Test
    void distancesOnRealAndPerturbedPairsAreThoseOfTheirTruth() throws IOException {
        assumeTrue(
                Files.isDirectory(SAMPLES),
                "../shared/samples is not there: distances of its pairs are not compared, those of the oracle cases are");
        List<String> wrong = new ArrayList<>();
        int[] compared = new int[1];
        for (Path truth : truths("pairs")) {
            JsonNode json = JsonMapper.shared().readTree(truth.toFile());
            Volume p = Volume.read(truth.resolveSibling(json.get("prediction").asString()));
            Volume r = Volume.read(truth.resolveSibling(json.get("reference").asString()));
            for (Map.Entry<String, JsonNode> label : json.get("labels").properties()) {
                int value = Integer.parseInt(label.getKey());
                compare(
                        truth + " " + value,
                        p.mask(value),
                        r.mask(value),
                        r.spacing,
                        label.getValue(),
                        wrong,
                        compared);
            }
            JsonNode components = json.get("components_anyLabel");
            assertThat(Components.of(p.mask(0), Connectivity.FACES).count())
                    .isEqualTo(components.get("pred6").asInt());
            assertThat(Components.of(r.mask(0), Connectivity.CORNERS).count())
                    .isEqualTo(components.get("ref26").asInt());
        }
        for (Path truth : truths("derived")) {
            JsonNode json = JsonMapper.shared().readTree(truth.toFile());
            for (Map.Entry<String, JsonNode> label : json.get("segVsPerturbed").properties()) {
                String file = json.get("files").get(label.getKey()).asString();
                boolean alone = file.contains(".seg");
                int value = alone ? 0 : Integer.parseInt(label.getKey());
                Volume p = Volume.read(truth.resolveSibling(file));
                Volume r = Volume.read(truth.resolveSibling(file.replace(".nii.gz", ".perturbed.nii.gz")));
                compare(
                        truth + " " + value,
                        p.mask(value),
                        r.mask(value),
                        r.spacing,
                        label.getValue(),
                        wrong,
                        compared);
            }
        }
        System.out.println("distances of sample pairs: " + compared[0] + " values agree, " + wrong.size() + " do not");
        assertThat(wrong).isEmpty();
        assertThat(compared[0]).isGreaterThan(200);
    }

    private static List<Path> truths(String folder) throws IOException {
        try (Stream<Path> files = Files.list(SAMPLES.resolve(folder))) {
            return files.filter(f -> f.toString().endsWith(".pair.truth.json"))
                    .sorted()
                    .toList();
        }
    }

    private static void compare(
            String which, BitMask p, BitMask r, Spacing s, JsonNode truth, List<String> wrong, int[] compared) {
        JsonNode surface = truth.path("surface");
        if (!surface.isObject() || p.isEmpty() || r.isEmpty()) {
            return;
        }
        SurfaceDistances d = SurfaceDistances.between(p, r, s, SurfaceModel.BOUNDARY_6, CancelSignal.none());
        DistanceDistribution there = d.predictionToReference();
        DistanceDistribution back = d.referenceToPrediction();
        Map<String, Double> ours = Map.ofEntries(
                Map.entry("borderVoxelsPred", (double) there.count()),
                Map.entry("borderVoxelsRef", (double) back.count()),
                Map.entry("hausdorff", d.hausdorff()),
                Map.entry("hd95_maxOfDirections", d.percentile(95, PercentileRule.LINEAR_LARGER)),
                Map.entry("hd95_pooled", d.percentile(95, PercentileRule.LINEAR_POOLED)),
                Map.entry("hd95_pred_to_ref", there.linearPercentile(95)),
                Map.entry("hd95_ref_to_pred", back.linearPercentile(95)),
                Map.entry("assd_pooled", d.assd()),
                Map.entry("assd_meanOfDirections", d.masd()),
                Map.entry("mean_pred_to_ref", there.mean()),
                Map.entry("mean_ref_to_pred", back.mean()));
        for (Map.Entry<String, JsonNode> e : surface.properties()) {
            String prefix = "surfaceDice_borderVoxels_tau";
            Double value = e.getKey().startsWith(prefix)
                    ? Double.valueOf(d.nsd(Double.parseDouble(e.getKey().substring(prefix.length()))))
                    : ours.get(e.getKey());
            if (value == null || !e.getValue().isNumber()) {
                wrong.add(which + ": " + e + " has no counterpart");
            } else if (Math.abs(value - e.getValue().asDouble()) > 1e-6 * Math.max(1, value)) {
                wrong.add(which + ": " + e + " but here " + value);
            } else {
                compared[0]++;
            }
        }
    }

    /** Values and spacing of a plain little-endian NIfTI-1 file; 0 stands for any label. */
    private record Volume(Box box, Spacing spacing, int[] values) {

        static Volume read(Path file) throws IOException {
            try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                ByteBuffer b = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
                Box box = new Box(0, 0, 0, b.getShort(42), b.getShort(44), b.getShort(46));
                double[] mm = new double[3];
                for (int axis = 0; axis < 3; axis++) {
                    for (int row = 0; row < 3; row++) {
                        double v = b.getFloat(280 + 16 * row + 4 * axis);
                        mm[axis] += v * v;
                    }
                    mm[axis] = b.getShort(254) > 0 ? Math.sqrt(mm[axis]) : b.getFloat(80 + 4 * axis);
                }
                int type = b.getShort(70);
                int at = (int) b.getFloat(108);
                int[] values = new int[Math.toIntExact(box.voxelCount())];
                for (int i = 0; i < values.length; i++) {
                    values[i] = switch (type) {
                        case 2 -> b.get(at + i) & 255;
                        case 4 -> b.getShort(at + 2 * i);
                        case 512 -> b.getShort(at + 2 * i) & 0xffff;
                        case 8 -> b.getInt(at + 4 * i);
                        case 16 -> (int) b.getFloat(at + 4 * i);
                        case 64 -> (int) b.getDouble(at + 8 * i);
                        default -> throw new IOException("datatype " + type);
                    };
                }
                return new Volume(box, new Spacing(mm[0], mm[1], mm[2]), values);
            }
        }

        BitMask mask(int label) {
            BitMask mask = new BitMask(box);
            for (int z = 0, i = 0; z < box.nz(); z++) {
                for (int y = 0; y < box.ny(); y++) {
                    for (int x = 0; x < box.nx(); x++, i++) {
                        if (label == 0 ? values[i] != 0 : values[i] == label) {
                            mask.set(x, y, z);
                        }
                    }
                }
            }
            return mask;
        }
    }
}
