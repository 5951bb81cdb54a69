package org.segmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.format.dicom.SegWriter;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;

/** Every kind of input that the command {@code loss} takes, from file to value, on grids of 4 x 2 x 2 voxels. */
@DisplayName("The command loss reads")
class LossInputsTest {

    private static final int N = 16;
    private static final float[] P = {.9f, .8f, .6f, .2f, .4f, .1f, 0, 0, 1, .7f, .5f, .3f, .25f, .75f, .05f, .95f};
    private static final float[] G = {1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1};
    private static final float[] H = {0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0};

    @TempDir
    private Path directory;

    private static JsonNode loss(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> all = new ArrayList<>(List.of("loss", "--json"));
        all.addAll(List.of(arguments));
        int status =
                CommandLineTool.run(all.toArray(String[]::new), new PrintStream(out, true), new PrintStream(err, true));
        assertThat(status).as(err.toString(StandardCharsets.UTF_8)).isZero();
        return JsonDocument.read(out.toString(StandardCharsets.UTF_8));
    }

    /** A NIfTI-1 file of float32: one channel as 3-D, several along the given axis, 4 or 5 counted from 1. */
    private String nifti(String name, int axis, float[]... channels) throws IOException {
        ByteBuffer file = ByteBuffer.allocate(352 + 4 * N * channels.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {(short) (channels.length == 1 ? 3 : axis), 4, 2, 2, 1, 1, 1, 1};
        if (channels.length > 1) {
            dim[axis] = (short) channels.length;
        }
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, 1);
        }
        file.putShort(70, (short) 16);
        file.putShort(72, (short) 32);
        file.putFloat(108, 352);
        file.put(123, (byte) 2);
        file.putShort(254, (short) 1);
        // LPS+ directions, as those of the DICOM grid below.
        file.putFloat(280, -1);
        file.putFloat(300, -1);
        file.putFloat(320, 1);
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        file.position(352);
        for (float[] channel : channels) {
            for (float value : channel) {
                file.putFloat(value);
            }
        }
        return Files.write(directory.resolve(name), file.array()).toString();
    }

    private static float[] labels() {
        float[] labels = new float[N];
        for (int i = 0; i < N; i++) {
            labels[i] = G[i] == 1 ? 1 : H[i] == 1 ? 2 : 0;
        }
        return labels;
    }

    /** A FRACTIONAL object of P with 200 as the Maximum Fractional Value. */
    private String fractional(String type) throws IOException {
        Segmentation segmentation = new Segmentation(
                new Grid(4, 2, 2, Affine.IDENTITY),
                Segmentation.Encoding.PROBABILITY,
                List.of(new Segmentation.SegmentVoxels(
                        Segment.ofLabelValue(1), new ProbabilityVolume(new Box(0, 0, 0, 4, 2, 2), P))),
                new Segmentation.Source("dicom-seg", null, true, List.of()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SegWriter.write(
                segmentation,
                new SegWriter.Identity(
                        "2.25.1", "2.25.2", "2.25.3", "2.25.4", 1, 1, LocalDateTime.of(2026, 1, 2, 3, 4)),
                new SegWriter.Options(SegWriter.Encoding.EXPLICIT_LITTLE_ENDIAN, true, false, false, 200),
                out);
        // Both words take twelve bytes with their padding; one byte is one character in ISO 8859-1.
        String bytes = out.toString(StandardCharsets.ISO_8859_1);
        assertThat(bytes).contains("PROBABILITY ");
        return Files.write(
                        directory.resolve(type + ".dcm"),
                        bytes.replace("PROBABILITY ", (type + "            ").substring(0, 12))
                                .getBytes(StandardCharsets.ISO_8859_1))
                .toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PROBABILITY", "OCCUPANCY"})
    void aFractionalObjectAsTheProbabilitiesThatItsStepsCanHold(String type) throws IOException {
        float[] steps = new float[N];
        for (int i = 0; i < N; i++) {
            steps[i] = (float) (Math.round(P[i] * 200f) / 200.0);
        }
        String reference = nifti("g.nii", 3, G);

        JsonNode object = loss(fractional(type), reference);
        JsonNode file = loss(nifti("p.nii", 3, steps), reference, "--prediction-values", "probabilities");

        assertThat(object.at("/loss/segments/0/input").asString()).isEqualTo("probabilities");
        assertThat(object.at("/loss/segments/0/losses").size()).isGreaterThan(30);
        assertThat(object.at("/loss/segments/0/losses")).isEqualTo(file.at("/loss/segments/0/losses"));
        assertThat(object.at("/calibration/segments/0/volume")).isEqualTo(file.at("/calibration/segments/0/volume"));
    }

    @Test
    void aSoftReferenceAsItIs() throws IOException {
        float[] soft = new float[N];
        double tp = 0;
        double sum = 0;
        double squares = 0;
        double absolute = 0;
        for (int i = 0; i < N; i++) {
            soft[i] = 0.25f + 0.5f * G[i];
            tp += (double) P[i] * soft[i];
            sum += (double) P[i] + soft[i];
            squares += Math.pow((double) P[i] - soft[i], 2);
            absolute += Math.abs((double) P[i] - soft[i]);
        }
        JsonNode losses = loss(
                        nifti("p.nii", 3, P),
                        nifti("s.nii", 3, soft),
                        "--prediction-values",
                        "probabilities",
                        "--reference-values",
                        "probabilities",
                        "--parameter",
                        "smooth=0")
                .at("/loss/segments/0/losses");

        assertThat(value(losses.path("dice_loss"))).isCloseTo(1 - 2 * tp / sum, within(1e-12));
        assertThat(value(losses.path("mse"))).isCloseTo(squares / N, within(1e-12));
        assertThat(value(losses.path("l1"))).isCloseTo(absolute / N, within(1e-12));
        // Wang's semimetric for soft labels: 1 - (|p| + |g| - |p - g|) / (|p| + |g|).
        assertThat(value(losses.path("dice_semimetric_loss"))).isCloseTo(absolute / sum, within(1e-12));
    }

    @Test
    void channelsAgainstALabelMapAsAgainstItsOneHotForm() throws IOException {
        float[] first = P;
        float[] second = new float[N];
        float[] background = new float[N];
        for (int i = 0; i < N; i++) {
            second[i] = (1 - P[i]) / 2;
            background[i] = 1 - P[i] - second[i];
        }
        String prediction = nifti("p.nii", 4, background, first, second);
        String[] how = {"--prediction-values", "probabilities", "--prediction-background-first"};

        JsonNode map = loss(with(how, prediction, nifti("labels.nii", 3, labels())));
        JsonNode hot = loss(with(how, prediction, nifti("hot.nii", 4, G, H)));

        assertThat(map.at("/loss/segments").size()).isEqualTo(2);
        for (int i = 0; i < 2; i++) {
            alike(map.at("/loss/segments/" + i + "/losses"), hot.at("/loss/segments/" + i + "/losses"));
        }
        assertThat(map.at("/loss/classes/losses").size()).isGreaterThan(5);
        alike(map.at("/loss/classes/losses"), hot.at("/loss/classes/losses"));
    }

    /** The same losses with the same parameters and states, and values that differ by less than 1e-9 of themselves. */
    private static void alike(JsonNode one, JsonNode other) {
        assertThat(other.propertyNames()).containsExactlyElementsOf(one.propertyNames());
        for (String name : one.propertyNames()) {
            List<JsonNode> values = rows(one.path(name));
            List<JsonNode> others = rows(other.path(name));
            assertThat(others).as(name).hasSameSizeAs(values);
            for (int i = 0; i < values.size(); i++) {
                JsonNode a = values.get(i);
                JsonNode b = others.get(i);
                assertThat(b.path("parameters")).as(name).isEqualTo(a.path("parameters"));
                assertThat(b.path("state")).as("%s: %s, %s", name, a, b).isEqualTo(a.path("state"));
                assertThat(b.path("value").asDouble(0))
                        .as("%s: %s, %s", name, a, b)
                        .isCloseTo(
                                a.path("value").asDouble(0),
                                within(1e-9 * (1 + Math.abs(a.path("value").asDouble(0)))));
            }
        }
    }

    private static List<JsonNode> rows(JsonNode node) {
        return node.isArray() ? node.valueStream().toList() : List.of(node);
    }

    @Test
    void channelsAlongTheFourthAxisAndAlongTheFifthAlike() throws IOException {
        String[] how = {"--prediction-values", "probabilities"};
        String reference = nifti("labels.nii", 3, labels());

        JsonNode fourth = loss(with(how, nifti("four.nii", 4, P, H), reference));
        JsonNode fifth = loss(with(how, nifti("five.nii", 5, P, H), reference));

        assertThat(fourth.at("/loss/segments").size()).isEqualTo(2);
        assertThat(fourth.at("/loss/segments")).isEqualTo(fifth.at("/loss/segments"));
        assertThat(fourth.at("/calibration/segments")).isEqualTo(fifth.at("/calibration/segments"));
    }

    @Test
    void reductionSumAsTheSumOverTheClasses() throws IOException {
        float[] second = new float[N];
        float[] background = new float[N];
        for (int i = 0; i < N; i++) {
            second[i] = (1 - P[i]) / 4;
            background[i] = 1 - P[i] - second[i];
        }
        String prediction = nifti("p.nii", 4, background, P, second);
        String reference = nifti("labels.nii", 3, labels());
        String[] how = {"--prediction-values", "probabilities", "--prediction-background-first"};

        JsonNode mean = loss(with(how, prediction, reference)).at("/loss/classes/losses/dice_loss");
        JsonNode sum = loss(with(how, prediction, reference, "--parameter", "reduction=sum"))
                .at("/loss/classes/losses/dice_loss");

        assertThat(mean.isMissingNode()).isFalse();
        double ratio = value(sum) / value(mean);
        // Two classes without the background, or three with it.
        assertThat(ratio)
                .satisfiesAnyOf(
                        r -> assertThat(r).isCloseTo(2, within(1e-12)),
                        r -> assertThat(r).isCloseTo(3, within(1e-12)));
    }

    private static String[] with(String[] how, String... more) {
        List<String> all = new ArrayList<>(List.of(more));
        all.addAll(List.of(how));
        return all.toArray(String[]::new);
    }

    private static double value(JsonNode values) {
        JsonNode node = values.isArray() ? values.path(0) : values;
        assertThat(node.path("state").asString()).as(node.toString()).isEqualTo("OK");
        return node.path("value").asDouble();
    }
}
