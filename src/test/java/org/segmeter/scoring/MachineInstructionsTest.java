package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.LossLaboratory;
import org.segmeter.metric.loss.LossReport;
import org.segmeter.metric.loss.LossSettings;
import org.segmeter.metric.loss.Region;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.ProbabilityVolume;

/**
 * A scorecard and the losses do not depend on the instructions that the Java compiler makes of the loops: another process computes them
 * without vector instructions.
 */
class MachineInstructionsTest {

    /** What both processes compute, as the digest of all bits of it. */
    private static String digest() throws Exception {
        Random random = new Random(31);
        Grid grid = Synthetic.grid(96, 40, 24, 0.7, 0.9, 2.5);
        BitMask prediction = Synthetic.noise(new Box(5, 4, 3, 70, 33, 20), 0.6, random);
        BitMask reference = Synthetic.noise(new Box(9, 6, 2, 75, 35, 19), 0.6, random);
        Scorecard card = Scorer.standard()
                .score(
                        Synthetic.of(grid, prediction, Synthetic.box(72, 4, 4, 90, 30, 20)),
                        Synthetic.of(grid, reference, Synthetic.box(76, 5, 3, 93, 28, 21)),
                        ScoringOptions.defaults(),
                        CancelSignal.none());
        // Large enough for the sums in bins, with probabilities of every kind.
        Box box = new Box(0, 0, 0, 192, 96, 64);
        float[] p = new float[(int) box.voxelCount()];
        BitMask mask = new BitMask(box);
        for (int i = 0; i < p.length; i++) {
            boolean inside = i % 192 > 70 && i % 192 < 140;
            float near = (float) Math.scalb(random.nextFloat(), -random.nextInt(30));
            p[i] = inside && i / 64 % 3 != 0 ? 1 - near : near;
            if (inside) {
                mask.set(i % 192, i / 192 % 96, i / (192 * 96));
            }
        }
        LossReport.OfChannel losses = LossLaboratory.measure(
                        List.of(Channel.of(new ProbabilityVolume(box, p), mask)),
                        Region.of(box),
                        new double[] {1, 1, 1},
                        LossSettings.defaults().onePass(),
                        CancelSignal.none())
                .channels()
                .getFirst();
        String all = ScorecardJson.write(card) + losses.losses() + losses.gradients() + losses.facts();
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-XX:-UseSuperWord -XX:UseAVX=0", "-Xint -XX:UseAVX=0"})
    void theBytesAreThoseOfAProcessWithoutVectorInstructions(String flags) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(flags.split(" ")));
        // Other processors have other flags.
        command.addAll(List.of(
                "-XX:+IgnoreUnrecognizedVMOptions",
                "-cp",
                System.getProperty("java.class.path"),
                MachineInstructionsTest.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String other = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).isZero();
        assertThat(other).hasSize(64).isEqualTo(digest());
    }

    static void main() throws Exception {
        System.out.println(digest());
    }
}
