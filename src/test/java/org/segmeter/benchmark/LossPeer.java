package org.segmeter.benchmark;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.ChannelPass;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.Region;
import org.segmeter.metric.loss.RegionLoss;
import org.segmeter.metric.loss.VoxelTerm;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/** MONAI and torch computing losses on the volumes of {@link LossBenchmark}, each once, in a process of their own. */
final class LossPeer {

    private static final String COMMON = """
            import sys, time
            import numpy as np
            import torch
            try:
                import monai.losses as L
            except ImportError as e:
                print("absent", e)
                sys.exit(0)
            torch.set_num_threads(int(sys.argv[1]))
            shape = (1, 1) + tuple(int(n) for n in sys.argv[2].split(","))
            p = torch.from_numpy(np.fromfile(sys.argv[3], np.float32)).reshape(shape)
            g = torch.from_numpy(np.fromfile(sys.argv[4], np.uint8)).reshape(shape).float()
            def run(name, f):
                start = time.perf_counter()
                with torch.no_grad():
                    value = float(f())
                print("loss", name, 1000 * (time.perf_counter() - start), value, flush=True)
            F = torch.nn.functional
            """;

    private static final String ONE_PASS = """
            run("DiceLoss", lambda: L.DiceLoss(smooth_nr=1e-5, smooth_dr=1e-5)(p, g))
            run("DiceLoss-squared", lambda: L.DiceLoss(squared_pred=True)(p, g))
            run("DiceLoss-jaccard", lambda: L.DiceLoss(jaccard=True)(p, g))
            run("TverskyLoss", lambda: L.TverskyLoss(alpha=0.3, beta=0.7)(p, g))
            run("GeneralizedDiceLoss", lambda: L.GeneralizedDiceLoss()(p, g))
            run("binary_cross_entropy", lambda: F.binary_cross_entropy(p, g))
            run("l1_loss", lambda: F.l1_loss(p, g))
            run("mse_loss", lambda: F.mse_loss(p, g))
            run("huber_loss", lambda: F.huber_loss(p, g, delta=0.5))
            z = torch.logit(p, 1e-7)
            run("FocalLoss", lambda: L.FocalLoss(gamma=2.0)(z, g))
            """;

    private static final String APART = """
            run("SoftclDiceLoss", lambda: L.SoftclDiceLoss(iter_=3, smooth=1.0)(g, p))
            run("HausdorffDTLoss", lambda: L.HausdorffDTLoss(alpha=2.0)(p, g))
            """;

    private record Answer(double millis, double value) {}

    private LossPeer() {}

    /** @param ours time of our slowest pass in ms, which has all losses, calibration and sweep */
    static void compareOnePass(float[] p, byte[] g, Box box, int threads, double ours) throws Exception {
        Map<String, Answer> answers = run(ONE_PASS, p, g, box, threads);
        if (answers.isEmpty()) {
            return;
        }
        BitMask mask = new BitMask(box);
        for (int i = 0; i < g.length; i++) {
            if (g[i] != 0) {
                mask.set(i % box.nx(), i / box.nx() % box.ny(), i / box.nx() / box.ny());
            }
        }
        List<VoxelTerm> terms = List.of(new VoxelTerm.CrossEntropy(), new VoxelTerm.Focal(2), new VoxelTerm.Huber(0.5));
        ChannelStatistics s = ChannelPass.of(
                Channel.of(new ProbabilityVolume(box, p), mask), Region.of(box), terms, CancelSignal.none());
        Map<String, Double> values = Map.of(
                "DiceLoss", RegionLoss.Dice.linear(1e-5).of(s.sums()),
                "DiceLoss-squared", RegionLoss.Dice.squared(1e-5).of(s.sums()),
                "DiceLoss-jaccard", RegionLoss.Jaccard.smooth(0.5e-5).of(s.sums()),
                "TverskyLoss", RegionLoss.Tversky.of(0.3, 0.7, 1e-5).of(s.sums()),
                "binary_cross_entropy", s.mean(terms.get(0)),
                "l1_loss", s.sums().l1() / s.sums().voxels(),
                "mse_loss", s.sums().l2() / s.sums().voxels(),
                "huber_loss", s.mean(terms.get(2)),
                "FocalLoss", s.mean(terms.get(1)));
        report(answers, Map.of(), values);
        double theirs = answers.values().stream().mapToDouble(Answer::millis).sum();
        System.out.printf(
                Locale.ROOT,
                "  MONAI and torch together %.0f ms, all of ours with calibration and sweep %.0f ms: %.1f times less%n",
                theirs,
                ours,
                theirs / ours);
    }

    static void compareApart(
            float[] p, byte[] g, Box box, int threads, Map<String, Double> millis, Map<String, Double> values)
            throws Exception {
        report(run(APART, p, g, box, threads), millis, values);
    }

    private static void report(Map<String, Answer> answers, Map<String, Double> millis, Map<String, Double> values) {
        answers.forEach((name, answer) -> {
            Double time = millis.get(name);
            Double value = values.get(name);
            System.out.printf(
                    Locale.ROOT,
                    "  %-22s %9.0f ms%s   value %.9g%s%n",
                    name,
                    answer.millis(),
                    time == null ? "" : String.format(Locale.ROOT, ", %.1f times ours", answer.millis() / time),
                    answer.value(),
                    value == null
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    ", ours %.9g, relative difference %.1e",
                                    value,
                                    Math.abs(answer.value() - value) / Math.abs(value)));
        });
    }

    private static Map<String, Answer> run(String script, float[] p, byte[] g, Box box, int threads) throws Exception {
        Map<String, Answer> answers = new LinkedHashMap<>();
        Path directory = Files.createTempDirectory("loss-benchmark");
        Path prediction = directory.resolve("p.raw");
        Path reference = directory.resolve("g.raw");
        try {
            write(prediction, p);
            Files.write(reference, g);
            Process process = new ProcessBuilder(
                            System.getenv().getOrDefault("PYTHON", "python3"),
                            "-c",
                            COMMON + script,
                            Integer.toString(threads),
                            box.nz() + "," + box.ny() + "," + box.nx(),
                            prediction.toString(),
                            reference.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    String[] words = line.split(" ");
                    if (words[0].equals("loss")) {
                        answers.put(words[1], new Answer(Double.parseDouble(words[2]), Double.parseDouble(words[3])));
                    } else {
                        System.out.println("  " + line);
                    }
                }
            }
            int exit = process.waitFor();
            if (exit != 0) {
                System.out.println("  THE PEER FAILED with exit code " + exit + ": the comparison is not complete");
            }
        } catch (IOException e) {
            System.out.println("  python could not be run: " + e.getMessage());
        } finally {
            Files.deleteIfExists(prediction);
            Files.deleteIfExists(reference);
            Files.deleteIfExists(directory);
        }
        if (answers.isEmpty()) {
            System.out.println(
                    "  NOT COMPARED WITH MONAI: PYTHON names an interpreter with torch, PYTHONPATH its sources");
        }
        return answers;
    }

    private static void write(Path path, float[] values) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 20).order(ByteOrder.nativeOrder());
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(path)))) {
            for (int at = 0; at < values.length; ) {
                buffer.clear();
                while (at < values.length && buffer.remaining() >= 4) {
                    buffer.putFloat(values[at++]);
                }
                out.write(buffer.array(), 0, buffer.position());
            }
        }
    }
}
