package org.segmeter.benchmark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.Overlap;
import org.segmeter.scoring.EngineVersion;
import org.segmeter.scoring.Protocol;
import org.segmeter.scoring.Protocols;
import org.segmeter.scoring.Scorecard;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.LabelMasks;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;

/**
 * The whole engine beside its peers and limits: the same generated files, in one run, with the same number of threads; values are
 * compared before times are. Prints Markdown tables. The command is in docs/benchmarks.md.
 *
 * <p>{@code main [--threads N] [--rounds N] [--without-peers] [section ...]}; sections: {@link #SECTIONS}, all of them if none is named.
 */
public final class EndToEndBenchmark {

    private static final List<String> SECTIONS = List.of(
            "memory", "files", "liver", "organs", "lesions", "probabilities", "size", "labels", "scaling", "worst");

    /** The distance metrics that the peers have too, with the overlap. */
    private static final String DISTANCES = """
            {"id": "benchmark-distances", "version": 1, "title": "overlap and area-weighted distances", "geometry": "strict",
             "penalty": "none", "empty": {}, "metrics": [{"name": "tp"}, {"name": "fp"}, {"name": "fn"}, {"name": "dice"},
             {"name": "jaccard"}, {"name": "precision"}, {"name": "sensitivity"}, {"name": "hd"}, {"name": "hd95"},
             {"name": "assd"}, {"name": "masd"}, {"name": "nsd", "toleranceMm": [1]}]}
            """;

    private static final String OVERLAP = """
            {"id": "benchmark-overlap", "version": 1, "title": "overlap", "geometry": "strict", "penalty": "none", "empty": {},
             "metrics": [{"name": "tp"}, {"name": "fp"}, {"name": "fn"}, {"name": "tn"}, {"name": "dice"}, {"name": "jaccard"},
             {"name": "precision"}, {"name": "sensitivity"}, {"name": "specificity"}, {"name": "mcc"}, {"name": "kappa"}]}
            """;

    /** Panoptica matches from the threshold on; segmeter@1 above it. */
    private static final String LESIONS = """
            {"id": "benchmark-lesions", "version": 1, "title": "objects as panoptica matches them", "geometry": "strict",
             "penalty": "none", "empty": {}, "metrics": [{"name": "instances_prediction", "matchRule": "at-least"},
             {"name": "instances_reference", "matchRule": "at-least"}, {"name": "instances_tp", "matchRule": "at-least"},
             {"name": "rq", "matchRule": "at-least"}, {"name": "sq", "matchRule": "at-least"},
             {"name": "pq", "matchRule": "at-least"}]}
            """;

    private final Path folder;
    private final int threads;
    private final int rounds;
    private final boolean peers;
    private final Peer peer;
    private final ForkJoinPool pool;
    private final Scorer scorer;

    private EndToEndBenchmark(Path folder, int threads, int rounds, boolean peers) throws Exception {
        this.folder = folder;
        this.threads = threads;
        this.rounds = rounds;
        this.peers = peers;
        peer = new Peer(folder, threads);
        pool = new ForkJoinPool(threads);
        scorer = Scorer.standard()
                .withPool(pool)
                .withProtocols(Protocols.builtIn()
                        .with(List.of(Protocol.parse(DISTANCES), Protocol.parse(OVERLAP), Protocol.parse(LESIONS))));
    }

    public static void main(String[] args) throws Exception {
        int threads = 2;
        int rounds = 11;
        boolean peers = true;
        List<String> sections = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--threads" -> threads = Integer.parseInt(args[++i]);
                case "--rounds" -> rounds = Integer.parseInt(args[++i]);
                case "--without-peers" -> peers = false;
                default -> {
                    if (!SECTIONS.contains(args[i])) {
                        throw new IllegalArgumentException("no section " + args[i] + "; there are " + SECTIONS);
                    }
                    sections.add(args[i]);
                }
            }
        }
        Path folder = Files.createTempDirectory("segmeter-benchmark");
        try {
            EndToEndBenchmark benchmark = new EndToEndBenchmark(folder, threads, rounds, peers);
            benchmark.machine();
            for (String section : sections.isEmpty() ? SECTIONS : sections) {
                benchmark.section(section);
            }
            benchmark.peer.absent().forEach(a -> print("**Absent peer** %s", a));
        } finally {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private void section(String name) throws Exception {
        print("");
        switch (name) {
            case "memory" -> memory();
            case "files" -> files();
            case "liver" -> liver();
            case "organs" -> organs();
            case "lesions" -> lesions();
            case "probabilities" -> probabilities();
            case "size" -> size();
            case "labels" -> labels();
            case "scaling" -> scaling();
            default -> worst();
        }
    }

    private void machine() throws IOException {
        String model = "unknown processor";
        Path cpuinfo = Path.of("/proc/cpuinfo");
        if (Files.isReadable(cpuinfo)) {
            model = Files.readAllLines(cpuinfo).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(model);
        }
        print(
                "%s, %d processors, %s, Java %s, heap %d MiB; %d threads, medians of %d after warming up; load at the start %.1f; %s",
                model,
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                Runtime.version(),
                Runtime.getRuntime().maxMemory() >> 20,
                threads,
                rounds,
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                EngineVersion.current());
    }

    // ---- sections

    private void memory() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        byte[] prediction = bytes(volumes.liver(true, true));
        byte[] reference = bytes(volumes.liver(false, false));
        ConfusionCounts[] ours = new ConfusionCounts[1];
        double[] dice = new double[1];
        Timing counting = time(() -> {
            Mask[] masks = new Mask[2];
            pool.submit(() -> IntStream.range(0, 2).parallel().forEach(i -> {
                        LabelMasks labels = new LabelMasks(512, 512, 300, 255);
                        byte[] side = i == 0 ? prediction : reference;
                        try {
                            labels.addUint8(0, side, 0, side.length);
                            masks[i] = labels.masks().get(1);
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    }))
                    .get();
            ours[0] = ConfusionCounts.of(masks[0], masks[1], prediction.length);
            dice[0] = Overlap.dice(ours[0]) + Overlap.jaccard(ours[0]) + Overlap.matthews(ours[0]);
            return dice[0];
        });
        long[] sum = new long[1];
        Timing reading = time(() -> {
            sum[0] = pool.submit(() -> IntStream.range(0, 64)
                            .parallel()
                            .mapToLong(i -> wordSum(i < 32 ? prediction : reference, i & 31, 32))
                            .sum())
                    .get();
            return sum[0];
        });
        long tp = 0;
        long fp = 0;
        long fn = 0;
        for (int i = 0; i < prediction.length; i++) {
            tp += prediction[i] & reference[i];
            fp += prediction[i] & ~reference[i];
            fn += ~prediction[i] & reference[i];
        }
        require(
                ours[0].equals(new ConfusionCounts(tp, fp, fn, prediction.length - tp - fp - fn)),
                "the counts are those of a loop");
        print("## Overlap, 2 x 512 x 512 x 300 uint8 in memory, 1 label%n");
        print("| | ms | GB/s |%n|---|---|---|");
        double gigabytes = 2.0 * prediction.length / 1e6;
        print(
                "| reading both arrays once, %d threads | %.1f | %.1f |",
                threads, reading.median, gigabytes / reading.median);
        print("| to bit masks, counts, metrics | %.1f | %.1f |", counting.median, gigabytes / counting.median);
        print("%nshare of the speed of reading: **%.0f %%** (target 60 %%)", 100 * reading.median / counting.median);
    }

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private static long wordSum(byte[] bytes, int part, int parts) {
        int from = (int) ((long) bytes.length / 64 * part / parts) * 64;
        int to = (int) ((long) bytes.length / 64 * (part + 1) / parts) * 64;
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        for (int i = from; i < to; i += 32) {
            a += (long) WORD.get(bytes, i);
            b += (long) WORD.get(bytes, i + 8);
            c += (long) WORD.get(bytes, i + 16);
            d += (long) WORD.get(bytes, i + 24);
        }
        return a + b + c + d;
    }

    private void files() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        Path prediction = gzip(volumes.liver(true, true), "liver-prediction");
        Path reference = gzip(volumes.liver(false, false), "liver-reference");
        Timing ours = time(() -> score(prediction, reference, "benchmark-overlap@1"));
        print("## The same from two .nii.gz, warm%n");
        print("| | ms | over Segmeter | peak MiB |%n|---|---|---|---|");
        print("| Segmeter (overlap) | %.1f | 1 | |", ours.median);
        Optional<Double> igzip = igzip(prediction, reference);
        if (igzip.isPresent()) {
            print("| igzip of both in parallel, to nowhere | %.1f | %.2f | |", igzip.get(), igzip.get() / ours.median);
        } else {
            print("| igzip | absent | | |");
        }
        Scorecard card = score(prediction, reference, "benchmark-overlap@1");
        for (String name : List.of("nibabel + numpy", "plastimatch-dice")) {
            compare(name, prediction, reference, card, ours.median, true, 1e-5);
        }
        igzip.ifPresent(ms -> print("%nover igzip: **%.2f** (target 2)", ours.median / ms));
    }

    private void liver() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        Segmentation reference = volumes.liver(false, false);
        Path referenceFile = gzip(reference, "liver-reference");
        for (boolean islands : new boolean[] {true, false}) {
            Segmentation prediction = volumes.liver(true, islands);
            Path predictionFile = gzip(prediction, "liver-prediction");
            Timing ours = time(() -> score(prediction, reference, "benchmark-distances@1"));
            Timing whole = time(() -> score(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL));
            print(
                    "## One liver-like label%s, overlap and distances, in memory%n",
                    islands ? " with 12 far islands" : "");
            print("| | ms | over Segmeter | peak MiB |%n|---|---|---|---|");
            print("| Segmeter, the peers' metrics | %.1f | 1 | |", ours.median);
            print("| Segmeter, all of segmeter@1 | %.1f | | |", whole.median);
            compare(
                    "surface-distance",
                    predictionFile,
                    referenceFile,
                    score(predictionFile, referenceFile, "deepmind@1"),
                    ours.median,
                    false,
                    1e-6);
            compare(
                    "MONAI",
                    predictionFile,
                    referenceFile,
                    score(predictionFile, referenceFile, "monai@1"),
                    ours.median,
                    false,
                    1e-5);
            compare(
                    "plastimatch",
                    predictionFile,
                    referenceFile,
                    score(predictionFile, referenceFile, "plastimatch@1"),
                    ours.median,
                    true,
                    1e-3);
            print("");
        }
    }

    private void organs() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        Path prediction = gzip(volumes.organs(24, true), "organs-prediction");
        Path reference = gzip(volumes.organs(24, false), "organs-reference");
        Timing ours = time(() -> score(prediction, reference, "benchmark-distances@1"));
        Timing whole = time(() -> score(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL));
        double heap = heap(prediction, reference);
        print("## 24 labels, overlap and distances, from files%n");
        print("| | ms | over Segmeter | peak MiB |%n|---|---|---|---|");
        print("| Segmeter, the peers' metrics | %.1f | 1 | |", ours.median);
        print("| Segmeter, all of segmeter@1 | %.1f | | %.1f |", whole.median, heap);
        compare(
                "surface-distance",
                prediction,
                reference,
                score(prediction, reference, "deepmind@1"),
                ours.median,
                true,
                1e-6);
        compare("MONAI", prediction, reference, score(prediction, reference, "monai@1"), ours.median, true, 1e-5);
        print(
                "%npeak heap over the bytes of one raw volume: **%.2f** (target 1.2)",
                heap * (1 << 20) / volumes.grid().voxelCount());
    }

    private void lesions() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        Path prediction = gzip(volumes.lesions(100, true), "lesions-prediction");
        Path reference = gzip(volumes.lesions(100, false), "lesions-reference");
        Timing ours = time(() -> score(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL));
        print("## 100 lesions, matched one to one, from files%n");
        print("| | ms | over Segmeter | peak MiB |%n|---|---|---|---|");
        print("| Segmeter, all of segmeter@1 | %.1f | 1 | |", ours.median);
        compare(
                "panoptica",
                prediction,
                reference,
                score(prediction, reference, "benchmark-lesions@1"),
                ours.median,
                true,
                1e-6);
    }

    private void probabilities() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        Path prediction = gzip(volumes.probabilities(3), "probabilities-prediction");
        Path reference = gzip(volumes.structures(3), "probabilities-reference");
        Timing ours = time(() -> score(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL));
        print("## 3 probability maps against 3 labels, from files%n");
        print("| | ms | over Segmeter | peak MiB |%n|---|---|---|---|");
        print("| Segmeter, all of segmeter@1 | %.1f | 1 | |", ours.median);
        compare(
                "MONAI losses",
                prediction,
                reference,
                score(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL),
                ours.median,
                true,
                1e-3);
    }

    private void size() throws Exception {
        print("## Growth with size: 24 labels, all of segmeter@1, from files%n");
        print("| voxels | ms | ns a voxel | peak heap MiB | of one raw volume |%n|---|---|---|---|---|");
        for (int[] n :
                new int[][] {{64, 64, 64}, {128, 128, 128}, {256, 256, 256}, {512, 512, 300}, {1024, 1024, 800}}) {
            BenchmarkVolumes volumes = new BenchmarkVolumes(n[0], n[1], n[2]);
            growth(volumes, 24, n[0] + " x " + n[1] + " x " + n[2]);
        }
    }

    private void labels() throws Exception {
        print("## Growth with labels: 512 x 512 x 300, all of segmeter@1, from files%n");
        print("| labels | ms | ns a voxel | peak heap MiB | of one raw volume |%n|---|---|---|---|---|");
        for (int count : new int[] {1, 2, 5, 10, 24, 50, 100, 200}) {
            growth(BenchmarkVolumes.full(), count, Integer.toString(count));
        }
    }

    private void growth(BenchmarkVolumes volumes, int count, String name) throws Exception {
        Path prediction = gzip(volumes.organs(count, true), "growth-prediction");
        Path reference = gzip(volumes.organs(count, false), "growth-reference");
        Timing ours = time(() -> score(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL));
        double heap = heap(prediction, reference);
        long voxels = volumes.grid().voxelCount();
        print(
                "| %s | %.1f | %.2f | %.1f | %.2f |",
                name, ours.median, ours.median * 1e6 / voxels, heap, heap * (1 << 20) / voxels);
    }

    private void scaling() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        Path prediction = gzip(volumes.organs(24, true), "organs-prediction");
        Path reference = gzip(volumes.organs(24, false), "organs-reference");
        print("## Scaling: 24 labels from files%n");
        print("| protocol | 1 thread ms | %d threads ms | gain |%n|---|---|---|---|", threads);
        try (ForkJoinPool single = new ForkJoinPool(1)) {
            for (String protocol : List.of("benchmark-distances@1", ScoringOptions.DEFAULT_PROTOCOL)) {
                Scorer alone = scorer.withPool(single);
                Timing one = time(() -> score(alone, single, prediction, reference, protocol));
                Timing all = time(() -> score(prediction, reference, protocol));
                print("| %s | %.1f | %.1f | **%.2f** |", protocol, one.median, all.median, one.median / all.median);
                require(
                        score(alone, single, prediction, reference, protocol)
                                .equals(score(prediction, reference, protocol)),
                        "the scorecard is the same for any number of threads");
            }
        }
    }

    private void worst() throws Exception {
        int n = 200;
        BenchmarkVolumes volumes = new BenchmarkVolumes(n, n, n);
        Segmentation liver = volumes.liver(false, false);
        Map<String, Segmentation[]> cases = new LinkedHashMap<>();
        cases.put("liver-like label (the normal case)", new Segmentation[] {volumes.liver(true, false), liver});
        cases.put(
                "24 labels (the normal case of labels)",
                new Segmentation[] {volumes.organs(24, true), volumes.organs(24, false)});
        cases.put("one voxel against a far structure", masks(volumes, voxel(n, n - 5), mask(liver)));
        cases.put("one voxel against a far one", masks(volumes, voxel(n, 3), voxel(n, n - 5)));
        cases.put(
                "full volume against one voxel", masks(volumes, BenchmarkVolumes.shell(n, 0, 2 * n), voxel(n, n / 2)));
        cases.put(
                "full volume against itself",
                masks(volumes, BenchmarkVolumes.shell(n, 0, 2 * n), BenchmarkVolumes.shell(n, 0, 2 * n)));
        cases.put(
                "shell around a ball",
                masks(volumes, BenchmarkVolumes.shell(n, 0, 20), BenchmarkVolumes.shell(n, 80, 95)));
        cases.put(
                "sparse noise against sparse noise",
                masks(volumes, BenchmarkVolumes.noise(n, n, n, 0.001, 1), BenchmarkVolumes.noise(n, n, n, 0.0011, 2)));
        cases.put(
                "sparse noise against a liver", masks(volumes, BenchmarkVolumes.noise(n, n, n, 0.001, 1), mask(liver)));
        cases.put(
                "noise against noise",
                masks(volumes, BenchmarkVolumes.noise(n, n, n, 0.5, 3), BenchmarkVolumes.noise(n, n, n, 0.5, 4)));
        cases.put(
                "checkerboard against noise",
                masks(volumes, BenchmarkVolumes.checkerboard(n, n, n), BenchmarkVolumes.noise(n, n, n, 0.5, 3)));
        print("## Worst cases, %d x %d x %d, in memory%n", n, n, n);
        print(
                "| case | distances ms | over the normal case | segmeter@1 ms | over the normal case |%n|---|---|---|---|---|");
        double[] normal = new double[2];
        for (Map.Entry<String, Segmentation[]> c : cases.entrySet()) {
            Segmentation[] pair = c.getValue();
            double distances = time(() -> score(pair[0], pair[1], "benchmark-distances@1")).median;
            double whole = time(() -> score(pair[0], pair[1], ScoringOptions.DEFAULT_PROTOCOL)).median;
            if (normal[0] == 0) {
                normal[0] = distances;
                normal[1] = whole;
            }
            print(
                    "| %s | %.1f | %.1f | %.1f | %.1f |",
                    c.getKey(), distances, distances / normal[0], whole, whole / normal[1]);
        }
        manyLabels(n);
    }

    /** Every voxel of a volume one of 65,535 labels at random: nothing to crop, nothing to skip. From label arrays, reading included. */
    private void manyLabels(int n) throws Exception {
        BenchmarkVolumes volumes = new BenchmarkVolumes(n, n, n);
        int[][] voxels = new int[2][];
        for (int side = 0; side < 2; side++) {
            voxels[side] = new Random(side).ints((long) n * n * n, 1, 65_536).toArray();
        }
        Timing t = time(
                () -> {
                    Segmentation[] sides = new Segmentation[2];
                    for (int side = 0; side < 2; side++) {
                        LabelMasks labels = new LabelMasks(n, n, n, 65_535);
                        labels.addInts(0, voxels[side], 0, voxels[side].length);
                        List<Segmentation.SegmentVoxels> segments = new ArrayList<>();
                        labels.masks()
                                .forEach((label, mask) -> segments.add(
                                        new Segmentation.SegmentVoxels(Segment.ofLabelValue(label), mask)));
                        sides[side] = new Segmentation(
                                volumes.grid(),
                                Segmentation.Encoding.LABELMAP,
                                segments,
                                new Segmentation.Source("generated", null, true, List.of()));
                    }
                    return score(sides[0], sides[1], ScoringOptions.DEFAULT_PROTOCOL);
                },
                3);
        print("| 65,535 labels at random | | | %.1f | |", t.median);
    }

    // ---- parts

    private static Segmentation[] masks(BenchmarkVolumes volumes, BitMask prediction, BitMask reference) {
        return new Segmentation[] {volumes.labels(List.of(prediction)), volumes.labels(List.of(reference))};
    }

    private static BitMask mask(Segmentation one) {
        return ((Mask) one.segments().getFirst().voxels()).toBitMask();
    }

    private static BitMask voxel(int n, int at) {
        BitMask mask = new BitMask(new Box(at, at, at, at + 1, at + 1, at + 1));
        mask.set(at, at, at);
        return mask;
    }

    private static byte[] bytes(Segmentation one) {
        byte[] bytes = new byte[Math.toIntExact(one.grid().voxelCount())];
        BitMask mask = mask(one);
        Box box = mask.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        bytes[(z * one.grid().ny() + y) * one.grid().nx() + x] = 1;
                    }
                }
            }
        }
        return bytes;
    }

    private Path gzip(Segmentation segmentation, String name) throws IOException {
        Path file = folder.resolve(name + ".nii.gz");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            NiftiWriter.writeGzip(segmentation, out);
        }
        return file;
    }

    private Scorecard score(Path prediction, Path reference, String protocol) throws Exception {
        return score(scorer, pool, prediction, reference, protocol);
    }

    /** On the threads of the pool alone: the caller waits. */
    private static Scorecard score(Scorer scorer, ForkJoinPool pool, Path prediction, Path reference, String protocol)
            throws Exception {
        return pool.submit(() -> scorer.score(
                        new ScoringInput(List.of(prediction), List.of("0")),
                        new ScoringInput(List.of(reference), List.of("0")),
                        ScoringOptions.defaults().withProtocols(List.of(protocol)),
                        ScoringProgress.NONE,
                        CancelSignal.none()))
                .get();
    }

    private Scorecard score(Segmentation prediction, Segmentation reference, String protocol) throws Exception {
        return pool.submit(() -> scorer.score(
                        prediction,
                        reference,
                        ScoringOptions.defaults().withProtocols(List.of(protocol)),
                        CancelSignal.none()))
                .get();
    }

    private double heap(Path prediction, Path reference) throws Exception {
        return SmallestHeap.mib(prediction, reference, ScoringOptions.DEFAULT_PROTOCOL, threads);
    }

    /** A peer's row, after its values were found to be those of the scorecard under the protocol that is named after it. */
    private void compare(
            String name, Path prediction, Path reference, Scorecard card, double ours, boolean load, double tolerance)
            throws Exception {
        if (!peers) {
            return;
        }
        Optional<Peer.Run> ran = peer.run(name, prediction, reference);
        if (ran.isEmpty()) {
            print("| %s | absent | | |", name);
            return;
        }
        Peer.Run run = ran.get();
        double ms = run.millis() + (load ? run.loadMillis() : 0);
        Agreement agreement = agreement(card, run.values(), tolerance);
        print("| %s (%s), %s | %.0f | **%.0f** | %.0f |", name, run.version(), agreement, ms, ms / ours, run.peakMib());
    }

    private record Agreement(int values, List<String> different) {
        @Override
        public String toString() {
            return different.isEmpty()
                    ? values + " values agree"
                    : values - different.size() + " of " + values + " values agree, not "
                            + String.join("; ", different);
        }
    }

    private static Agreement agreement(Scorecard card, JsonNode values, double tolerance) {
        int compared = 0;
        List<String> different = new ArrayList<>();
        for (Scorecard.SegmentScore segment : card.segments()) {
            JsonNode theirs = values.get(Integer.toString(segment.segment().number()));
            if (theirs == null) {
                different.add("label " + segment.segment().number() + " is missing");
                continue;
            }
            for (Map.Entry<String, JsonNode> value : theirs.properties()) {
                List<MetricValue> ours = new ArrayList<>(segment.metrics().getOrDefault(value.getKey(), List.of()));
                ours.addAll(segment.loss().getOrDefault(value.getKey(), List.of()));
                double expected = value.getValue().asDouble();
                compared++;
                boolean agrees = ours.stream()
                        .anyMatch(v -> v.value() != null
                                && Math.abs(v.value().doubleValue() - expected)
                                        <= tolerance * Math.max(1, Math.abs(expected)));
                if (!agrees) {
                    different.add(String.format(
                            Locale.ROOT,
                            "%s of label %d: %s, here %s",
                            value.getKey(),
                            segment.segment().number(),
                            expected,
                            ours.stream().map(MetricValue::value).toList()));
                }
            }
        }
        return new Agreement(compared, different);
    }

    /** The median of several runs of both files at the same time, a process each. */
    private Optional<Double> igzip(Path a, Path b) throws InterruptedException {
        double[] ms = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            try {
                List<Process> both = new ArrayList<>();
                for (Path file : List.of(a, b)) {
                    both.add(new ProcessBuilder("igzip", "-d", "-c", file.toString())
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start());
                }
                for (Process p : both) {
                    require(p.waitFor() == 0, "igzip reads the file");
                }
            } catch (IOException e) {
                return Optional.empty();
            }
            ms[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(ms);
        return Optional.of(ms[rounds / 2]);
    }

    private record Timing(double median, double best) {}

    private Timing time(Callable<?> work) throws Exception {
        return time(work, rounds);
    }

    private static Timing time(Callable<?> work, int rounds) throws Exception {
        double[] ms = new double[rounds];
        long began = System.nanoTime();
        for (int i = 0; i < 3 * rounds && System.nanoTime() - began < 4_000_000_000L; i++) {
            consume(work.call());
        }
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            consume(work.call());
            ms[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(ms);
        return new Timing(ms[rounds / 2], ms[0]);
    }

    private static void consume(Object result) {
        if (result == null) {
            throw new IllegalStateException("nothing was measured");
        }
    }

    private static void require(boolean fact, String what) {
        if (!fact) {
            throw new IllegalStateException("not so: " + what);
        }
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }
}
