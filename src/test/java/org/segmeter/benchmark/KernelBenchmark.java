package org.segmeter.benchmark;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.Moments;
import org.segmeter.metric.distance.BoundaryIou;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.metric.instance.Components;
import org.segmeter.metric.instance.Overlaps;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.LabelMasks;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;

/**
 * The loops that scoring consists of, one by one, on 200 x 200 x 200 voxels: what a change of one of them gains. For JMH; the command
 * is in docs/benchmarks.md. Those that can take several threads take the common pool's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBenchmark {

    private static final int N = 200;
    private static final Spacing SPACING = new Spacing(0.8, 0.8, 1.5);

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final byte[] labels = new byte[N * N * N];
    private BitMask prediction = new BitMask(Box.EMPTY);
    private BitMask reference = prediction;
    private BitMask shell = prediction;
    private BitMask ball = prediction;
    private BitMask noise = prediction;
    private BitMask otherNoise = prediction;
    private List<Mask> predicted = List.of();
    private List<Mask> referenced = List.of();

    @Setup
    public void volumes() {
        BenchmarkVolumes volumes = new BenchmarkVolumes(N, N, N);
        predicted = masks(volumes.organs(24, true));
        referenced = masks(volumes.organs(24, false));
        for (int label = 0; label < predicted.size(); label++) {
            BitMask mask = predicted.get(label).toBitMask();
            for (int z = mask.box().z0(); z < mask.box().z1(); z++) {
                for (int y = mask.box().y0(); y < mask.box().y1(); y++) {
                    for (int x = mask.box().x0(); x < mask.box().x1(); x++) {
                        if (mask.contains(x, y, z)) {
                            labels[(z * N + y) * N + x] = (byte) (label + 1);
                        }
                    }
                }
            }
        }
        prediction = masks(volumes.liver(true, false)).getFirst().toBitMask();
        reference = masks(volumes.liver(false, false)).getFirst().toBitMask();
        shell = BenchmarkVolumes.shell(N, 80, 95);
        ball = BenchmarkVolumes.shell(N, 0, 20);
        noise = BenchmarkVolumes.noise(N, N, N, 0.5, 3);
        otherNoise = BenchmarkVolumes.noise(N, N, N, 0.5, 4);
    }

    private static List<Mask> masks(Segmentation segmentation) {
        return segmentation.segments().stream()
                .map(segment -> (Mask) segment.voxels())
                .toList();
    }

    /** Bytes of 24 labels to a bit mask for each. */
    @Benchmark
    public SortedMap<Integer, Mask> labelMapToMasks() throws InputException {
        LabelMasks masks = new LabelMasks(N, N, N, 255);
        masks.addUint8(0, labels, 0, labels.length);
        return masks.masks();
    }

    /** The bound: each byte read once. */
    @Benchmark
    public long readingTheLabelMap() {
        long sum = 0;
        for (int i = 0; i < labels.length; i += Long.BYTES) {
            sum += (long) WORD.get(labels, i);
        }
        return sum;
    }

    /** Overlap of one pair. */
    @Benchmark
    public ConfusionCounts overlap() {
        return ConfusionCounts.of(prediction, reference, labels.length);
    }

    /** What each of 24 labels shares with each: the joint histogram. */
    @Benchmark
    public long jointHistogram() {
        long sum = 0;
        for (Mask p : predicted) {
            for (Mask r : referenced) {
                sum += p.intersectionCount(r);
            }
        }
        return sum;
    }

    /** Centre and spread of a mask. */
    @Benchmark
    public Moments moments() {
        return Moments.of(prediction);
    }

    /** Surfaces that lie near each other: few rows of bits are looked at for each point, then distances are sorted. */
    @Benchmark
    public SurfaceDistances distancesOfNearSurfaces() {
        return distances(prediction, reference);
    }

    /** Surfaces on which almost all points are equally near: rows are swept. */
    @Benchmark
    public SurfaceDistances distancesOfShellAndBall() {
        return distances(ball, shell);
    }

    private static SurfaceDistances distances(BitMask p, BitMask r) {
        return SurfaceDistances.between(p, r, SPACING, SurfaceModel.AREA_WEIGHTED, CancelSignal.none());
    }

    /** Voxels near the boundary, 64 at a time. */
    @Benchmark
    public double boundaryIou() {
        return BoundaryIou.inMm(prediction, reference, SPACING, 2, CancelSignal.none());
    }

    /** Components of noise: as many runs as there can be. */
    @Benchmark
    public Overlaps componentsOfNoise() {
        return Components.of(noise, Connectivity.CORNERS).overlapsWith(Components.of(otherNoise, Connectivity.CORNERS));
    }
}
