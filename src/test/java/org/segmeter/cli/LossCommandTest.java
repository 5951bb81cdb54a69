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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.scoring.LaboratoryOptions;
import tools.jackson.databind.JsonNode;

/** The command {@code loss} on rows of eight voxels whose values docs/losses.md works out by hand. */
class LossCommandTest {

    private static final float[] P = {0.9f, 0.8f, 0.6f, 0.2f, 0.4f, 0.1f, 0, 0};
    private static final float[] G = {1, 1, 1, 1, 0, 0, 0, 0};
    private static final float INFINITE = Float.POSITIVE_INFINITY;

    @TempDir
    private Path directory;

    private record Run(int status, String out, String err) {
        JsonNode json() {
            assertThat(status).as(err).isZero();
            assertThat(out).doesNotContain("NaN", "Infinity");
            return JsonDocument.read(out);
        }
    }

    private static Run run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> all = new ArrayList<>(List.of("loss"));
        all.addAll(List.of(arguments));
        int status =
                CommandLineTool.run(all.toArray(String[]::new), new PrintStream(out, true), new PrintStream(err, true));
        return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A NIfTI-1 file of float32 rows of eight voxels of 1 mm, one for each channel. */
    private String rows(String name, float[]... channels) throws IOException {
        ByteBuffer file = ByteBuffer.allocate(352 + 32 * channels.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {(short) (channels.length == 1 ? 3 : 4), 8, 1, 1, (short) channels.length, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, 1);
        }
        file.putShort(70, (short) 16);
        file.putShort(72, (short) 32);
        file.putFloat(108, 352);
        file.putFloat(112, 1);
        file.put(123, (byte) 2);
        file.putShort(254, (short) 1);
        for (int axis = 0; axis < 3; axis++) {
            file.putFloat(280 + 20 * axis, 1);
        }
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        file.position(352);
        for (float[] channel : channels) {
            for (float value : channel) {
                file.putFloat(value);
            }
        }
        return Files.write(directory.resolve(name), file.array()).toString();
    }

    /** The value of a loss, the first where it has several sets of parameters. */
    private static double value(JsonNode values) {
        JsonNode node = values.isArray() ? values.path(0) : values;
        assertThat(node.path("state").asString()).as(node.toString()).isEqualTo("OK");
        return node.path("value").asDouble();
    }

    @Test
    void theExampleOfThePageHasTheValuesOfThePage() throws IOException {
        Run run = run(rows("p.nii", P), rows("g.nii", G), "--prediction-values", "probabilities", "--json");
        JsonNode json = run.json();
        JsonNode segment = json.at("/loss/segments/0");
        assertThat(segment.path("input").asString()).isEqualTo("probabilities");
        assertThat(value(segment.at("/losses/dice_loss"))).isCloseTo(0.285714, within(1e-6));
        assertThat(value(segment.at("/losses/lovasz_softmax_loss"))).isCloseTo(0.4, within(1e-6));
        assertThat(value(segment.at("/losses/boundary_loss"))).isCloseTo(-0.5375, within(1e-6));
        assertThat(segment.at("/sums/tp").asDouble()).isCloseTo(2.5, within(1e-6));
        assertThat(segment.at("/gradients/dice_loss/norm").asDouble()).isCloseTo(0.420230, within(1e-5));
        assertThat(value(segment.at("/soft/hard_dice"))).isCloseTo(6.0 / 7, within(1e-12));
        JsonNode calibration = json.at("/calibration/segments/0");
        assertThat(value(calibration.at("/volume/brier"))).isCloseTo(0.1275, within(1e-6));
        assertThat(value(calibration.at("/volume/nll"))).isCloseTo(0.383119, within(1e-6));
        assertThat(calibration.at("/volume/reliability").size()).isEqualTo(15);
        assertThat(calibration.at("/sweep/points/threshold").size()).isEqualTo(101);
        // The one voxel of the reference below a wrong one: 15 of 16 pairs are in order.
        assertThat(value(calibration.at("/sweep/auroc"))).isCloseTo(15.0 / 16, within(1e-12));
        assertThat(calibration.at("/sweep/best/dice").asDouble()).isCloseTo(8.0 / 9, within(1e-12));
        assertThat(value(json.at("/fragility/segments/0/fragility/dice"))).isCloseTo(6.0 / 7, within(1e-12));
    }

    @Test
    void asTextThereIsEveryLossAndTheSentence() throws IOException {
        Run run = run(rows("p.nii", P), rows("g.nii", G), "--prediction-values", "probabilities", "--threads", "1");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out())
                .containsPattern("dice_loss +0\\.285714")
                .containsPattern("bce +0\\.383119")
                // The two slopes of linear Dice in the whole image, and of a loss with more than those.
                .containsPattern("dice_loss +-0\\.1837 +0\\.1020 +0\\.4202 +0\\.76415")
                .containsPattern("vnet_dice_loss +-0\\.[0-9]+ [+-] 0\\.[0-9]+\\(1-p\\) ")
                .containsPattern("dice_ce_loss +-0\\.1837 \\+ f +0\\.1020 \\+ f ")
                .containsPattern("symmetric_unified_focal_loss .* \\+ f ")
                .contains("Brier 0.127500", "best Dice 0.888889", "fragility: ", "warning: ");
    }

    @Test
    void logitsFarFromZeroKeepTheirDistance() throws IOException {
        float[] z = {1000, 1000, 1000, -1000, -1000, -1000, -1000, 1000};
        JsonNode json = run(rows("z.nii", z), rows("g.nii", G), "--prediction-values", "logits", "--json")
                .json();
        JsonNode segment = json.at("/loss/segments/0");
        assertThat(segment.path("input").asString()).isEqualTo("logits");
        // Two of eight voxels are wrong by 1000 nats each.
        assertThat(value(segment.at("/losses/bce/0"))).isCloseTo(250, within(1e-9));
        assertThat(value(segment.at("/losses/hinge/1"))).isCloseTo(2 * 1001 / 8.0, within(1e-9));
    }

    @Test
    void infiniteLogitsOfASoftmaxAreCertainOrShared() throws IOException {
        float[] background = {0, -INFINITE, INFINITE, INFINITE, INFINITE, -INFINITE, 0, 0};
        float[] structure = {INFINITE, 0, INFINITE, 0, -INFINITE, -INFINITE, 0, 0};
        JsonNode json = run(
                        rows("z.nii", background, structure),
                        rows("g.nii", G),
                        "--prediction-values",
                        "logits",
                        "--prediction-background-first",
                        "--json")
                .json();
        // The structure has p = 1, 1, 1/2, 0 on the reference and 0, 1/2, 1/2, 1/2 elsewhere.
        assertThat(json.at("/loss/segments/0/sums/tp").asDouble()).isEqualTo(2.5);
        assertThat(json.at("/loss/segments/0/sums/fp").asDouble()).isEqualTo(1.5);
        assertThat(json.at("/loss/classes/background/sums/tp").asDouble()).isEqualTo(2.5);
        assertThat(json.at("/loss/classes/gradients/generalized_dice_loss_by_volume/norm")
                        .asDouble())
                .isPositive();
        assertThat(json.at("/loss/classes/gradients/generalized_dice_loss/classes")
                        .size())
                .isEqualTo(json.at("/loss/classes/gradients/generalized_wasserstein_dice_loss/perError")
                        .size());
        assertThat(json.at("/loss/segments/0/gradients/generalized_dice_loss_unweighted/norm")
                        .asDouble())
                .isPositive();
    }

    @Test
    void classesNeedToKnowTheBackgroundAndAWeightForEach() throws IOException {
        float[] first = {0, 0, 0, 2, 2, 2, 2, 2};
        float[] second = {2, 2, 2, 0, 0, 0, 0, 0};
        String z = rows("z.nii", first, second);
        String g = rows("g.nii", G);
        JsonNode declared = run(z, g, "--prediction-values", "logits", "--prediction-background-first", "--json")
                .json();
        assertThat(declared.at("/loss/segments").size()).isEqualTo(1);
        double wrong = Math.log1p(Math.exp(2));
        double right = Math.log1p(Math.exp(-2));
        assertThat(value(declared.at("/loss/classes/losses/cross_entropy/0")))
                .isCloseTo((7 * right + wrong) / 8, within(1e-6));
        JsonNode sigmoid = run(
                        z,
                        rows("gg.nii", new float[8], G),
                        "--prediction-values",
                        "sigmoid-logits",
                        "--reference-values",
                        "probabilities",
                        "--json")
                .json();
        assertThat(sigmoid.at("/loss/segments").size()).isEqualTo(2);
        assertThat(sigmoid.at("/loss/classes/state").asString()).isEqualTo("NOT_APPLICABLE");
        Run weights = run(
                z,
                g,
                "--prediction-values",
                "logits",
                "--prediction-background-first",
                "--parameter",
                "classWeights=1,2,3");
        assertThat(weights.status()).isEqualTo(1);
        assertThat(weights.err()).contains("invalid-request", "3 class weights", "2 class weights");
    }

    @Test
    void ignoredVoxelsAndThoseOutsideAMaskDoNotCount() throws IOException {
        float[] labels = {1, 1, 1, 1, 2, 2, 0, 0};
        String p = rows("p.nii", P);
        String g = rows("g.nii", labels);
        JsonNode all = run(
                        p,
                        g,
                        "--prediction-values",
                        "probabilities",
                        "--map",
                        "1=1",
                        "--parameter",
                        "ignore=2",
                        "--json")
                .json();
        assertThat(all.at("/loss/voxels").asInt()).isEqualTo(6);
        assertThat(all.at("/loss/segments/0/sums/fp").asDouble()).isZero();
        assertThat(all.at("/loss/segments/0/sums/fn").asDouble()).isCloseTo(1.5, within(1e-6));
        JsonNode only = run(p, g, "--prediction-values", "probabilities", "--parameter", "mask=2", "--json")
                .json();
        assertThat(only.at("/loss/voxels").asInt()).isEqualTo(2);
        assertThat(only.at("/loss/segments/0/sums/fp").asDouble()).isCloseTo(0.5, within(1e-6));
        assertThat(run(p, g, "--prediction-values", "probabilities", "--parameter", "mask=9")
                        .status())
                .isEqualTo(1);
    }

    @Test
    void aMaskOfItsOwnLeavesWhatItCovers() throws IOException {
        String p = rows("p.nii", P);
        String g = rows("g.nii", G);
        String mask = rows("mask.nii", new float[] {0, 0, 3, 1, 2, 0, 0, 0});
        JsonNode only = run(p, g, "--prediction-values", "probabilities", "--mask", mask, "--json")
                .json();
        assertThat(only.at("/loss/voxels").asInt()).isEqualTo(3);
        assertThat(only.at("/loss/segments/0/sums/tp").asDouble()).isCloseTo(0.8, within(1e-6));
        assertThat(only.at("/loss/segments/0/sums/fp").asDouble()).isCloseTo(0.4, within(1e-6));
        assertThat(only.at("/loss/segments/0/sums/fn").asDouble()).isCloseTo(1.2, within(1e-6));
        assertThat(only.at("/loss/mask/sha256").size()).isEqualTo(1);

        assertThat(run("--batch", "pairs.tsv", "--mask", mask).status()).isEqualTo(2);
        Run missing = run(p, g, "--mask", directory.resolve("none.nii").toString());
        assertThat(missing.status()).isEqualTo(1);
        assertThat(missing.err()).contains("mask");
    }

    @Test
    void aLineOfABatchMayNameAMask() throws IOException {
        rows("p.nii", P);
        rows("g.nii", G);
        rows("mask.nii", new float[] {0, 0, 3, 1, 2, 0, 0, 0});
        Path list = Files.writeString(directory.resolve("pairs.tsv"), "p.nii\tg.nii\tmask.nii\np.nii\tg.nii\n");
        JsonNode batch = run(
                        "--batch",
                        list.toString(),
                        "--prediction-values",
                        "probabilities",
                        "--parameter",
                        "smooth=0",
                        "--json")
                .json();
        assertThat(batch.at("/segments/0/cases/0/dice_loss").asDouble()).isCloseTo(1 - 1.6 / 3.2, within(1e-6));
        assertThat(batch.at("/segments/0/cases/1/dice_loss").asDouble()).isCloseTo(2 / 7.0, within(1e-6));
        assertThat(batch.at("/cases/0/mask/sha256").size()).isEqualTo(1);
        assertThat(batch.at("/cases/1").has("mask")).isFalse();
    }

    @Test
    void aBatchIsTheMeanOfItsCasesAndTheirPooledVoxels() throws IOException {
        rows("p.nii", P);
        rows("g.nii", G);
        rows("q.nii", new float[] {0, 0, 0, 0, 0, 0, 0, 1});
        rows("h.nii", new float[] {0, 0, 0, 0, 0, 0, 1, 0});
        Path list = Files.writeString(directory.resolve("pairs.tsv"), "p.nii\tg.nii\n\nq.nii\th.nii\n");
        Run run = run(
                "--batch",
                list.toString(),
                "--prediction-values",
                "probabilities",
                "--parameter",
                "smooth=0",
                "--json");
        JsonNode segment = run.json().at("/segments/0");
        assertThat(value(segment.at("/dice_loss_mean_of_cases"))).isCloseTo((2 / 7.0 + 1) / 2, within(1e-6));
        assertThat(value(segment.at("/dice_loss_pooled"))).isCloseTo(1 - 5 / 9.0, within(1e-6));
        assertThat(segment.at("/cases/1/weight").asDouble()).isCloseTo(2 / 9.0, within(1e-6));
        assertThat(segment.at("/cases/1/dice_loss_pooled_without").asDouble()).isCloseTo(2 / 7.0, within(1e-6));
        Run text = run("--batch", list.toString(), "--prediction-values", "probabilities");
        assertThat(text.out()).contains("2 cases", "mean of 2 cases 0.642854", "pooled 0.444444");
    }

    @Test
    void argumentsThatMakeNoSenseEndWithTwoAndInputsWithOne() throws IOException {
        String g = rows("g.nii", G);
        assertThat(run(g).status()).isEqualTo(2);
        assertThat(run(g, g, "--parameter", "alpha").status()).isEqualTo(2);
        assertThat(run(g, g, "--parameter", "alpha=2").status()).isEqualTo(2);
        assertThat(run(g, g, "--parameter", "bins=7").status()).isEqualTo(2);
        assertThat(run(g, g, "--parameter", "frob=7").err()).contains("frob", "focalGamma");
        assertThat(run(g, g, "--threads", "0").status()).isEqualTo(2);
        assertThat(run(g, g, "--prediction-values", "odds").status()).isEqualTo(2);
        assertThat(run(g, g, "--batch", g).status()).isEqualTo(2);
        assertThat(run("--batch", directory.resolve("none.tsv").toString()).status())
                .isEqualTo(1);
        Run missing = run(directory.resolve("none.nii").toString(), g, "--json");
        assertThat(missing.status()).isEqualTo(1);
        assertThat(JsonDocument.read(missing.err()).at("/type").asString()).isEqualTo("/problems/missing-part");
    }

    @Test
    void helpNamesEveryParameter() {
        Run help = run("--help");
        assertThat(help.status()).isZero();
        for (Map.Entry<String, String> parameter : LaboratoryOptions.PARAMETERS.entrySet()) {
            assertThat(help.out()).contains(parameter.getKey());
        }
    }
}
