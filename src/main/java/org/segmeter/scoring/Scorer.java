package org.segmeter.scoring;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.metric.ClassTable;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Voxels;

/**
 * Scores a prediction against a reference: decode, bring onto one grid, match segments, measure. Has no state of its own and may be used
 * by many threads at once; the scorecard does not depend on how many threads help.
 */
public final class Scorer {

    private final SegmentationReader reader;
    private final Protocols protocols;
    private final @Nullable ForkJoinPool pool;
    private final boolean explaining;

    /**
     * @param pool that helps the calling thread with decoding and measuring; null: the calling thread does it all
     */
    public Scorer(SegmentationReader reader, Protocols protocols, @Nullable ForkJoinPool pool) {
        this(reader, protocols, pool, true);
    }

    private Scorer(SegmentationReader reader, Protocols protocols, @Nullable ForkJoinPool pool, boolean explaining) {
        this.reader = reader;
        this.protocols = protocols;
        this.pool = pool;
        this.explaining = explaining;
    }

    /** All formats and built-in protocols; everything on the calling thread. */
    public static Scorer standard() {
        return new Scorer(SegmentationReader.standard(), Protocols.builtIn(), null);
    }

    /** This scorer with helping threads. The pool stays the caller's to close. */
    public Scorer withPool(ForkJoinPool helpers) {
        return new Scorer(reader, protocols, helpers, explaining);
    }

    /** This scorer with other protocols. */
    public Scorer withProtocols(Protocols others) {
        return new Scorer(reader, others, pool, explaining);
    }

    /** This scorer, whose scorecards have the values of metrics, but neither what limits a Dice nor what half a voxel costs. */
    public Scorer withoutExplanations() {
        return new Scorer(reader, protocols, pool, false);
    }

    /**
     * Scores a pair of files.
     *
     * @throws InputException if a side cannot be read, the grids do not fit, segments cannot be matched, or the options name what does
     *     not exist
     * @throws IOException if a file cannot be read from disk
     * @throws CancellationException if the signal was given or the thread interrupted
     */
    public Scorecard score(
            ScoringInput prediction,
            ScoringInput reference,
            ScoringOptions options,
            ScoringProgress progress,
            CancelSignal cancel)
            throws InputException, IOException {
        return score(prediction, reference, null, options, progress, cancel);
    }

    /**
     * As {@link #score(ScoringInput, ScoringInput, ScoringOptions, ScoringProgress, CancelSignal)}, of what a mask leaves.
     *
     * @param mask a segmentation on the grid of prediction and reference, or a part of it: voxels of any of its segments are scored, no
     *     others, as if all others were ignored; null to score all
     */
    public Scorecard score(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            ScoringOptions options,
            ScoringProgress progress,
            CancelSignal cancel)
            throws InputException, IOException {
        List<Protocol> chosen = chosen(options);
        progress.entered(ScoringProgress.Stage.DECODING);
        PairReader.Pair sides = new PairReader(reader, pool).read(prediction, reference, options, cancel);
        return score(
                sides.prediction(),
                prediction.sha256(),
                sides.reference(),
                reference.sha256(),
                mask == null ? null : readMask(mask, options),
                mask == null ? List.of() : mask.sha256(),
                options,
                chosen,
                progress,
                cancel);
    }

    /**
     * Scores two segmentations that are in memory.
     *
     * @see #score(ScoringInput, ScoringInput, ScoringOptions, ScoringProgress, CancelSignal)
     */
    public Scorecard score(Segmentation prediction, Segmentation reference, ScoringOptions options, CancelSignal cancel)
            throws InputException {
        return score(prediction, reference, null, options, cancel);
    }

    /** Scores what a mask leaves of two segmentations that are in memory. @param mask null to score all */
    Scorecard score(
            Segmentation prediction,
            Segmentation reference,
            @Nullable Segmentation mask,
            ScoringOptions options,
            CancelSignal cancel)
            throws InputException {
        return score(
                prediction,
                List.of(),
                reference,
                List.of(),
                mask,
                List.of(),
                options,
                chosen(options),
                ScoringProgress.NONE,
                cancel);
    }

    private Segmentation readMask(ScoringInput mask, ScoringOptions options) throws InputException, IOException {
        return readMask(reader, mask, options);
    }

    /** Reads a mask of what is scored. */
    static Segmentation readMask(SegmentationReader reader, ScoringInput mask, ScoringOptions options)
            throws InputException, IOException {
        try {
            return reader.readFiles(mask.files(), ReadOptions.defaults().withLimits(options.limits()));
        } catch (InputException e) {
            throw e.onSide("mask");
        }
    }

    private List<Protocol> chosen(ScoringOptions options) throws InputException {
        List<Protocol> chosen = new ArrayList<>();
        for (String id : options.protocols()) {
            chosen.add(protocols.require(id).withParameters(options.metricParameters()));
        }
        return chosen;
    }

    private Scorecard score(
            Segmentation prediction,
            List<String> predictionSha256,
            Segmentation reference,
            List<String> referenceSha256,
            @Nullable Segmentation mask,
            List<String> maskSha256,
            ScoringOptions options,
            List<Protocol> chosen,
            ScoringProgress progress,
            CancelSignal cancel)
            throws InputException {
        progress.entered(ScoringProgress.Stage.ALIGNING);
        Protocol main = chosen.getFirst();
        Scope scope = scope(options, chosen);
        AlignedPair aligned =
                AlignedPair.of(prediction, reference, mask, options.withScope(scope), main.geometry(), cancel);
        Coverages coverages = Coverages.of(aligned, scope, reference.grid());
        Coverage everywhere = coverages.all();
        List<String> notices = new ArrayList<>(aligned.notices());
        GridAlignment alignment = aligned.alignment();
        List<SegmentMatching.Pair> pairs = aligned.pairs();
        AlignedSide p = aligned.prediction();
        AlignedSide r = aligned.reference();

        progress.entered(ScoringProgress.Stage.MEASURING);
        Grid grid = alignment.evaluation();
        // A set scattered over the whole volume costs the whole volume whenever its shape is looked at, however few
        // voxels it has:
        // a handful of such sets is measured, thousands are not.
        boolean shapes = p.scattered() + r.scattered() <= MOST_SCATTERED_VOLUMES * grid.voxelCount();
        if (everywhere.voxels() == 0) {
            notices.add(
                    "scope/apart: the extents of the segments have no voxel in common, so that nothing is said of all"
                            + " together");
        }
        if (!shapes) {
            notices.add("the segments are scattered so thinly over the volume that their surfaces and objects were not"
                    + " measured");
        }
        int n = pairs.size();
        PairMeasurement[] measured = new PairMeasurement[n];
        forEach(inOrder(n), cancel, i -> {
            SegmentMatching.Pair pair = pairs.get(i);
            Coverage coverage = coverages.each().get(i);
            Voxels softPrediction = coverage.restrict(p.voxels(pair.prediction()));
            Voxels softReference = coverage.restrict(r.voxels(pair.reference()));
            measured[i] = new PairMeasurement(
                    pair.identity(),
                    grid,
                    coverage.restrict(p.hard(p.voxels(pair.prediction()))),
                    coverage.restrict(r.hard(r.voxels(pair.reference()))),
                    softPrediction,
                    softReference,
                    chosen,
                    shapes || !(softPrediction instanceof PointMask || softReference instanceof PointMask),
                    coverage,
                    cancel);
        });
        AlignedSide scoredPrediction = p.within(everywhere);
        AlignedSide scoredReference = r.within(everywhere);
        BitMask allPrediction = scoredPrediction.union();
        BitMask allReference = scoredReference.union();
        PairMeasurement union = new PairMeasurement(
                null,
                grid,
                allPrediction,
                allReference,
                allPrediction,
                allReference,
                chosen,
                shapes,
                everywhere,
                cancel);
        // One entry per pair and protocol, and a last one for the union; filled in any order, read in one.
        List<List<@Nullable Measured>> results = new ArrayList<>();
        for (int i = 0; i <= n; i++) {
            results.add(new ArrayList<>(Collections.nCopies(chosen.size(), null)));
        }
        // The union of a single segment is that segment: it is not measured twice, unless an entry is for that segment
        // alone.
        boolean alone = n == 1
                && shapes
                && measured[0].isHard()
                && measured[0].counts().equals(union.counts())
                && chosen.stream()
                        .flatMap(c -> c.metrics().stream())
                        .allMatch(m -> m.segments().isEmpty());
        // Skeletons, meshes and probabilities take more than the model knows of.
        boolean known = everywhere.isAll()
                && chosen.stream().allMatch(c -> c.id().equals(ScoringOptions.DEFAULT_PROTOCOL))
                && Arrays.stream(measured).allMatch(PairMeasurement::isHard);
        if (alone && everywhere.isAll() && coverages.each().getFirst().isAll()) {
            measured[0].share(allPrediction, allReference);
        }
        progress.takes(peak(prediction, reference, p, r, measured, union, alone, shapes, chosen.size(), cancel), known);
        List<AskedMetrics> asked = chosen.stream().map(AskedMetrics::new).toList();
        forEach(alone ? inOrder(n) : largestFirst(measured), cancel, i -> {
            PairMeasurement measurement = i == n ? union : measured[i];
            for (int k = 0; k < chosen.size(); k++) {
                AskedMetrics metrics = asked.get(k);
                results.get(i)
                        .set(
                                k,
                                new Measured(
                                        measurement.measure(metrics, false),
                                        // Of the union, the losses of the first protocol alone are shown.
                                        i == n && k > 0 ? Map.of() : measurement.measure(metrics, true),
                                        explaining && i < n && k == 0 ? measurement.fragility() : null));
            }
            measurement.letGo();
        });
        List<@Nullable Measured> last = results.removeLast();
        List<@Nullable Measured> ofUnion = alone ? results.getFirst() : last;
        List<Scorecard.SegmentScore> segments = new ArrayList<>();
        List<Scorecard.Unmatched> unmatched = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            SegmentMatching.Pair pair = pairs.get(i);
            Segment mine = pair.prediction();
            Segment theirs = pair.reference();
            Measured values = Objects.requireNonNull(results.get(i).getFirst());
            segments.add(new Scorecard.SegmentScore(
                    pair.identity(),
                    mine == null || pair.rule() == Scorecard.MatchRule.REGION ? null : mine.number(),
                    theirs == null || pair.rule() == Scorecard.MatchRule.REGION ? null : theirs.number(),
                    pair.rule(),
                    values.metrics(),
                    values.loss(),
                    values.fragility(),
                    scored(pair, coverages.each().get(i), grid, p, r)));
            if (theirs == null && mine != null) {
                unmatched.add(new Scorecard.Unmatched(
                        "prediction", mine, measured[i].counts().prediction()));
            } else if (mine == null && theirs != null) {
                unmatched.add(new Scorecard.Unmatched(
                        "reference", theirs, measured[i].counts().reference()));
            }
        }
        List<SegmentMatching.Pair> single = pairs.stream()
                .filter(pair -> pair.rule() != Scorecard.MatchRule.REGION)
                .toList();
        Scorecard.ConfusionMatrix confusion = confusion(single, scoredPrediction, scoredReference);
        Scorecard.ConfusionMatrix complete = confusion != null && confusion.complete() ? confusion : null;
        ClassTable table = complete == null
                ? null
                : classTable(single, scoredPrediction, scoredReference, complete, union.counts());
        List<Map<String, List<MetricValue>>> multiclass = chosen.stream()
                .map(protocol ->
                        complete == null ? Map.<String, List<MetricValue>>of() : MultiClass.of(table, protocol))
                .toList();
        List<Scorecard.ProtocolScores> others = byProtocol(chosen, options, results, ofUnion, multiclass);
        Scorecard.Overall overall = overall(
                Objects.requireNonNull(ofUnion.getFirst()),
                measured,
                segments,
                main,
                grid,
                everywhere,
                multiclass.getFirst());
        return new Scorecard(
                reference(main, options),
                side(prediction, p.segments().size(), predictionSha256, options.prediction()),
                side(reference, r.segments().size(), referenceSha256, options.reference()),
                mask == null ? null : side(mask, mask.segments().size(), maskSha256, SideOptions.DEFAULT),
                report(
                        prediction,
                        reference,
                        alignment,
                        main,
                        aligned.frameOfReference(),
                        p,
                        r,
                        allPrediction,
                        allReference,
                        everywhere),
                segments,
                overall,
                confusion,
                unmatched,
                others,
                ProtocolSpread.of(main.id(), segments, overall, others),
                notices,
                EngineVersion.current());
    }

    /**
     * The request's scope, and what it leaves open from the first protocol; regions of all of them.
     *
     * @throws InputException if a further protocol scores other voxels, or means something else by a region's name
     */
    static Scope scope(ScoringOptions options, List<Protocol> chosen) throws InputException {
        Scope scope = options.scope().orElse(chosen.getFirst().scope());
        Map<String, Scope.Region> regions = new LinkedHashMap<>();
        if (scope.regions() != null) {
            scope.regions().forEach(region -> regions.put(region.name(), region));
        }
        for (Protocol protocol : chosen) {
            Scope own = options.scope().orElse(protocol.scope());
            if (!Objects.equals(own.ignore(), scope.ignore()) || !Objects.equals(own.extents(), scope.extents())) {
                throw apart(protocol, "scores other voxels than the first one");
            }
            for (Scope.Region region : own.regions() == null ? List.<Scope.Region>of() : own.regions()) {
                Scope.Region known = regions.putIfAbsent(region.name(), region);
                if (known != null && !known.equals(region)) {
                    throw apart(protocol, "means other segments by the name of a region than another one");
                }
            }
        }
        return new Scope(scope.ignore(), scope.extents(), regions.isEmpty() ? null : List.copyOf(regions.values()));
    }

    private static InputException apart(Protocol protocol, String why) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The protocol " + protocol.id() + " " + why
                        + ", so that their values cannot stand side by side. Say it in the"
                        + " request, or ask for each by itself.",
                "protocols of different scope",
                "one scope for all protocols");
    }

    /** What was scored of a pair, where that is not everything. */
    private static Scorecard.@Nullable Scored scored(
            SegmentMatching.Pair pair, Coverage coverage, Grid grid, AlignedSide p, AlignedSide r) {
        if (coverage.isAll()) {
            return null;
        }
        Mask prediction = p.hard(p.voxels(pair.prediction()));
        Mask reference = r.hard(r.voxels(pair.reference()));
        Spacing spacing = coverage.isSparse() ? null : Spacing.of(grid).orElse(null);
        return new Scorecard.Scored(
                coverage.voxels(),
                coverage.box(),
                coverage.isSparse() ? coverage.slices() : List.of(),
                prediction.count() - coverage.restrict(prediction).count(),
                reference.count() - coverage.restrict(reference).count(),
                spacing == null ? null : (Double) leftOut(prediction, coverage, spacing),
                spacing == null ? null : (Double) leftOut(reference, coverage, spacing));
    }

    private static double leftOut(Mask mask, Coverage coverage, Spacing spacing) {
        return SurfaceDistances.leftOut(mask.toBitMask(), spacing, coverage.around(mask, mask));
    }

    private record Measured(
            Map<String, List<MetricValue>> metrics,
            Map<String, List<MetricValue>> loss,
            @Nullable Fragility fragility) {}

    private static int[] inOrder(int n) {
        return IntStream.range(0, n).toArray();
    }

    /** The indices of all pairs and, first and as index n, the union: what takes longest is not begun last. */
    private static int[] largestFirst(PairMeasurement[] measured) {
        return Stream.concat(
                        Stream.of(measured.length),
                        IntStream.range(0, measured.length)
                                .boxed()
                                .sorted(Comparator.comparingLong((Integer i) -> {
                                            ConfusionCounts c = measured[i].counts();
                                            return c.prediction() + c.reference();
                                        })
                                        .reversed()))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private long peak(
            Segmentation prediction,
            Segmentation reference,
            AlignedSide p,
            AlignedSide r,
            PairMeasurement[] measured,
            PairMeasurement union,
            boolean alone,
            boolean shapes,
            int protocols,
            CancelSignal cancel) {
        List<Voxels> held = new ArrayList<>();
        for (Segmentation side : List.of(prediction, reference)) {
            side.segments().forEach(segment -> held.add(segment.voxels()));
        }
        for (AlignedSide side : List.of(p, r)) {
            side.segments().forEach(segment -> held.add(side.voxels(segment)));
        }
        List<PairMeasurement> each = List.of(measured);
        Stream.concat(each.stream(), Stream.of(union)).forEach(one -> {
            held.add(one.prediction());
            held.add(one.reference());
        });
        // Alone, a pair is measured by the bits of the union.
        List<PairMeasurement> all = alone
                ? List.of(union)
                : Stream.concat(each.stream(), Stream.of(union)).toList();
        double[] whileMeasured = new double[all.size()];
        if (shapes) {
            forEach(inOrder(all.size()), cancel, i -> {
                PairMeasurement one = all.get(i);
                whileMeasured[i] = PeakMemory.ofPair(
                        one.prediction(), one.reference(), one.counts().tp());
            });
        }
        // The calling thread measures too.
        return PeakMemory.of(held, whileMeasured, pool == null ? 1 : pool.getParallelism() + 1, protocols);
    }

    private static final int MOST_TASKS = 1024;

    /** Runs the tasks of these indices, with the pool's help if there is one; the first failure in their order is thrown. */
    private void forEach(int[] indices, CancelSignal cancel, IntConsumer task) {
        if (pool == null || indices.length < 2) {
            for (int i : indices) {
                cancel.check();
                task.accept(i);
            }
            return;
        }
        List<ForkJoinTask<?>> tasks = new ArrayList<>();
        // Tens of thousands of pairs are small ones: several together are worth a task.
        int together = 1 + indices.length / MOST_TASKS;
        for (int first = 0; first < indices.length; first += together) {
            int from = first;
            int to = Math.min(indices.length, first + together);
            tasks.add(pool.submit(() -> {
                for (int at = from; at < to; at++) {
                    if (cancel.isCancelled()) {
                        throw new CancellationException("cancelled");
                    }
                    task.accept(indices[at]);
                }
            }));
        }
        RuntimeException failure = null;
        for (ForkJoinTask<?> each : tasks) {
            try {
                each.join();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
        cancel.check();
    }

    private static Scorecard.ProtocolReference reference(Protocol protocol, ScoringOptions options) {
        return new Scorecard.ProtocolReference(protocol.id(), protocol.sha256(), options.metricParameters());
    }

    private static Scorecard.Side side(
            Segmentation segmentation, int segments, List<String> sha256, SideOptions options) {
        boolean probabilities = segmentation.encoding() == Segmentation.Encoding.PROBABILITY;
        return new Scorecard.Side(
                sha256,
                segmentation.source().format(),
                segmentation.encoding().name().toLowerCase(Locale.ROOT),
                segments,
                probabilities && !options.byLargestProbability()
                        ? (Double) options.threshold().orElse(SideOptions.DEFAULT_THRESHOLD)
                        : null);
    }

    private static final long MOST_SCATTERED_VOLUMES = 64;

    private GeometryReport report(
            Segmentation prediction,
            Segmentation reference,
            GridAlignment alignment,
            Protocol protocol,
            String frame,
            AlignedSide p,
            AlignedSide r,
            BitMask allPrediction,
            BitMask allReference,
            Coverage everywhere) {
        Grid grid = alignment.evaluation();
        boolean resampled = alignment.verdict() == GeometryReport.Verdict.RESAMPLED;
        Reindexing map = resampled
                ? GridAlignment.byDirection(prediction.grid(), reference.grid())
                : alignment.predictionInReference();
        Box mine = alignment.predictionInReference().apply(prediction.grid().box());
        Box theirs = reference.grid().box();
        double voxels = grid.voxelCount();
        int reached = Math.max(0, Math.min(mine.z1(), theirs.z1()) - Math.max(mine.z0(), theirs.z0()));
        boolean equal = alignment.verdict() == GeometryReport.Verdict.IDENTICAL
                && map.equals(Reindexing.NONE)
                && mine.equals(theirs);
        return new GeometryReport(
                alignment.verdict(),
                equal,
                alignment.displacement(),
                GridAlignment.spacingRatio(prediction.grid(), reference.grid(), map),
                GridAlignment.angle(prediction.grid(), reference.grid(), map),
                map.axes(),
                resampled ? List.of(0, 0, 0) : List.of(mine.x0(), mine.y0(), mine.z0()),
                frame,
                protocol.geometry().name().toLowerCase(Locale.ROOT),
                !prediction.source().patientGeometry() || !reference.source().patientGeometry(),
                List.of(grid.nx(), grid.ny(), grid.nz()),
                List.of(grid.spacing(0), grid.spacing(1), grid.spacing(2)),
                grid.voxelVolumeMm3(),
                resampled
                        ? coveredByResampling(prediction.grid(), alignment)
                        : prediction.grid().voxelCount() / voxels,
                resampled ? 1 : reference.grid().voxelCount() / voxels,
                resampled ? 0 : theirs.nz() - reached,
                resampled ? 1 : 0,
                resampled && p.voxelsBeforeResampling() > 0
                        ? (Double) (p.voxelsAfterResampling()
                                * grid.voxelVolumeMm3()
                                / (p.voxelsBeforeResampling()
                                        * prediction.grid().voxelVolumeMm3()))
                        : null,
                explaining ? HalfVoxelShift.dice(allReference) : null,
                everywhere.voxels(),
                everywhere.box());
    }

    /** The share of the reference's voxel centres that lie inside the prediction's grid. */
    private static double coveredByResampling(Grid prediction, GridAlignment alignment) {
        Mask full = fullMask(prediction);
        Affine map = Objects.requireNonNull(alignment.toPrediction());
        return new Resampling(alignment.evaluation(), map)
                        .nearest(full, CancelSignal.none())
                        .count()
                / (double) alignment.evaluation().voxelCount();
    }

    private static Mask fullMask(Grid grid) {
        BitMask mask = new BitMask(grid.box());
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = 0; y < grid.ny(); y++) {
                mask.setRun(y, z, 0, grid.nx());
            }
        }
        return mask;
    }

    private static Scorecard.Overall overall(
            Measured union,
            PairMeasurement[] measured,
            List<Scorecard.SegmentScore> segments,
            Protocol protocol,
            Grid grid,
            Coverage everywhere,
            Map<String, List<MetricValue>> multiclass) {
        ConfusionCounts sum = new ConfusionCounts(0, 0, 0, 0);
        int[] states = new int[MetricValue.State.values().length];
        List<MetricValue.State> emptiness = new ArrayList<>();
        // Regions are made of segments, and would count their voxels again.
        List<Scorecard.SegmentScore> single = segments.stream()
                .filter(s -> s.match() != Scorecard.MatchRule.REGION)
                .toList();
        for (PairMeasurement m : List.of(measured).subList(0, single.size())) {
            sum = sum.plus(m.counts());
            states[m.counts().emptiness().ordinal()]++;
            emptiness.add(m.counts().emptiness());
        }
        return new Scorecard.Overall(
                union.metrics(),
                PairMeasurement.pooled(sum, grid, everywhere, protocol),
                SegmentMeans.of(single, emptiness, protocol, grid),
                union.loss(),
                multiclass,
                states[MetricValue.State.OK.ordinal()],
                states[MetricValue.State.PREDICTION_EMPTY.ordinal()],
                states[MetricValue.State.REFERENCE_EMPTY.ordinal()],
                states[MetricValue.State.BOTH_EMPTY.ordinal()]);
    }

    /** Pairs of segments looked at for the confusion matrix at most; their boxes alone cost nanoseconds each. */
    private static final long MOST_CONFUSION_PAIRS = 1_000_000;

    private static Scorecard.@Nullable ConfusionMatrix confusion(
            List<SegmentMatching.Pair> pairs, AlignedSide prediction, AlignedSide reference) {
        List<Segment> ps = pairs.stream()
                .map(SegmentMatching.Pair::prediction)
                .filter(Objects::nonNull)
                .toList();
        List<Segment> rs = pairs.stream()
                .map(SegmentMatching.Pair::reference)
                .filter(Objects::nonNull)
                .toList();
        if (ps.size() < 2 && rs.size() < 2) {
            return null;
        }
        List<Scorecard.ConfusionMatrix.Cell> cells = new ArrayList<>();
        if ((long) ps.size() * rs.size() > MOST_CONFUSION_PAIRS) {
            for (SegmentMatching.Pair pair : pairs) {
                if (pair.prediction() != null && pair.reference() != null) {
                    cell(cells, pair.reference(), pair.prediction(), reference, prediction);
                }
            }
            return new Scorecard.ConfusionMatrix(cells, false);
        }
        Map<Integer, Box> boxes = new LinkedHashMap<>();
        for (Segment p : ps) {
            boxes.put(p.number(), prediction.hard(prediction.voxels(p)).box());
        }
        for (Segment r : rs) {
            Box box = reference.hard(reference.voxels(r)).box();
            for (Segment p : ps) {
                if (!box.intersection(Objects.requireNonNull(boxes.get(p.number())))
                        .isEmpty()) {
                    cell(cells, r, p, reference, prediction);
                }
            }
        }
        return new Scorecard.ConfusionMatrix(cells, true);
    }

    /** The segments and the background as classes; null if segments of a side overlap. */
    private static @Nullable ClassTable classTable(
            List<SegmentMatching.Pair> pairs,
            AlignedSide predicted,
            AlignedSide referenced,
            Scorecard.ConfusionMatrix confusion,
            ConfusionCounts union) {
        int n = pairs.size();
        long[] prediction = new long[n];
        long[] reference = new long[n];
        long predictions = 0;
        long references = 0;
        // The order of the classes is that of their numbers: it decides what the weighted kappa calls near.
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingInt(i -> pairs.get(i).identity().number()));
        Map<Integer, Integer> classOfPrediction = new HashMap<>();
        Map<Integer, Integer> classOfReference = new HashMap<>();
        for (int c = 0; c < n; c++) {
            SegmentMatching.Pair pair = pairs.get(order.get(c));
            if (pair.prediction() != null) {
                classOfPrediction.put(pair.prediction().number(), c + 1);
            }
            if (pair.reference() != null) {
                classOfReference.put(pair.reference().number(), c + 1);
            }
            prediction[c] = predicted.hard(predicted.voxels(pair.prediction())).count();
            predictions += prediction[c];
            reference[c] = referenced.hard(referenced.voxels(pair.reference())).count();
            references += reference[c];
        }
        if (predictions != union.prediction() || references != union.reference()) {
            return null;
        }
        List<ClassTable.Cell> cells = confusion.cells().stream()
                .map(cell -> new ClassTable.Cell(
                        Objects.requireNonNull(classOfReference.get(cell.reference())),
                        Objects.requireNonNull(classOfPrediction.get(cell.prediction())),
                        cell.voxels()))
                .toList();
        return ClassTable.of(cells, reference, prediction, union.total());
    }

    private static void cell(
            List<Scorecard.ConfusionMatrix.Cell> cells,
            Segment r,
            Segment p,
            AlignedSide reference,
            AlignedSide prediction) {
        long voxels = reference.hard(reference.voxels(r)).intersectionCount(prediction.hard(prediction.voxels(p)));
        if (voxels > 0) {
            cells.add(new Scorecard.ConfusionMatrix.Cell(r.number(), p.number(), voxels));
        }
    }

    private static List<Scorecard.ProtocolScores> byProtocol(
            List<Protocol> chosen,
            ScoringOptions options,
            List<List<@Nullable Measured>> results,
            List<@Nullable Measured> union,
            List<Map<String, List<MetricValue>>> multiclass) {
        List<Scorecard.ProtocolScores> list = new ArrayList<>();
        for (int k = 1; k < chosen.size(); k++) {
            int index = k;
            list.add(new Scorecard.ProtocolScores(
                    reference(chosen.get(k), options),
                    results.stream()
                            .map(r -> Objects.requireNonNull(r.get(index)).metrics())
                            .toList(),
                    Objects.requireNonNull(union.get(k)).metrics(),
                    multiclass.get(k)));
        }
        return list;
    }
}
