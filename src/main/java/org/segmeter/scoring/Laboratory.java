package org.segmeter.scoring;

import java.io.IOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.calibration.BoundaryBand;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.calibration.ThresholdSweep;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.ChannelPass;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.LossLaboratory;
import org.segmeter.metric.loss.LossReport;
import org.segmeter.metric.loss.RankedLosses;
import org.segmeter.metric.loss.Region;
import org.segmeter.metric.loss.Side;
import org.segmeter.metric.loss.VoxelTerm;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Voxels;

/**
 * Measures every loss of a pair, with its gradient, and how well its probabilities are calibrated. The pair is read, aligned and
 * matched as for a scorecard. Has no state of its own; a report does not depend on how many threads help.
 */
public final class Laboratory {

    /** Soft skeletons, distances and orders are left out for a segment whose box has more voxels; they take 100 bytes for each. */
    public static final long MOST_DENSE_VOXELS = LossLaboratory.MOST_DENSE_VOXELS;

    /** Voxels times classes up to which segments are measured as classes: some nanoseconds for each. */
    private static final long MOST_CLASS_VOXELS = 1L << 31;

    /** By how much the sum of a voxel's probabilities may exceed 1 for its segments to be exclusive classes. */
    private static final float SUM_SLACK = 1e-3f;

    private static final double CLIP = 1e-7;

    private final SegmentationReader reader;
    private final Protocols protocols;
    private final @Nullable ForkJoinPool pool;

    /** @param pool that helps; null: the calling thread does it all */
    public Laboratory(SegmentationReader reader, Protocols protocols, @Nullable ForkJoinPool pool) {
        this.reader = reader;
        this.protocols = protocols;
        this.pool = pool;
    }

    /**
     * Measures a pair of files.
     *
     * @param pair how the pair is read and matched and what of it is scored; of its protocols the geometry and scope matter
     * @throws InputException if the pair cannot be scored, or the options do not fit it
     * @throws IOException if a file cannot be read from disk
     * @throws CancellationException if the signal was given or the thread interrupted
     */
    public LaboratoryReport measure(
            ScoringInput prediction,
            ScoringInput reference,
            ScoringOptions pair,
            LaboratoryOptions options,
            CancelSignal cancel)
            throws InputException, IOException {
        return measure(prediction, reference, null, pair, options, cancel);
    }

    /**
     * The same of what a mask leaves.
     *
     * @param mask as for {@link Scorer#score(ScoringInput, ScoringInput, ScoringInput, ScoringOptions, ScoringProgress, CancelSignal)}
     * @see #measure(ScoringInput, ScoringInput, ScoringOptions, LaboratoryOptions, CancelSignal)
     */
    public LaboratoryReport measure(
            ScoringInput prediction,
            ScoringInput reference,
            @Nullable ScoringInput mask,
            ScoringOptions pair,
            LaboratoryOptions options,
            CancelSignal cancel)
            throws InputException, IOException {
        List<Protocol> chosen = new ArrayList<>();
        for (String id : pair.protocols()) {
            chosen.add(protocols.require(id));
        }
        PairReader.Pair sides = new PairReader(reader, pool).read(prediction, reference, pair, true, cancel);
        Scope scope = Scorer.scope(pair, chosen);
        AlignedPair aligned = AlignedPair.of(
                sides.prediction(),
                sides.reference(),
                mask == null ? null : Scorer.readMask(reader, mask, pair),
                pair.withScope(scope),
                chosen.getFirst().geometry(),
                cancel);
        Coverages coverages = Coverages.of(aligned, scope, sides.reference().grid());
        Measurement measurement =
                new Measurement(aligned, coverages, options, pair.prediction().values(), cancel);
        Digests digests =
                new Digests(prediction.sha256(), reference.sha256(), mask == null ? List.of() : mask.sha256());
        return pool == null ? measurement.run(digests) : inPool(pool, measurement, digests);
    }

    /** Of the content of each side, and of the mask. */
    private record Digests(List<String> prediction, List<String> reference, List<String> mask) {}

    private static LaboratoryReport inPool(ForkJoinPool pool, Measurement measurement, Digests digests)
            throws InputException {
        // Passes over voxels use the threads of the pool that they are called from.
        Object outcome = pool.invoke(ForkJoinTask.adapt(() -> {
            try {
                return measurement.run(digests);
            } catch (InputException e) {
                return e;
            }
        }));
        if (outcome instanceof InputException e) {
            throw e;
        }
        return (LaboratoryReport) outcome;
    }

    /** One pair's. */
    private static final class Measurement {
        private final AlignedPair aligned;
        private final LaboratoryOptions options;
        private final boolean softmax;
        private final boolean logits;
        private final CancelSignal cancel;
        private final Grid grid;
        private final double[] spacing;
        private final List<Part> parts = new ArrayList<>();
        private final List<SegmentMatching.Pair> pairs;
        /** Of the segments as classes: what is scored of all of them. */
        private final Region region;

        /** A pair, and the voxels that count for it. */
        private record Part(SegmentMatching.Pair pair, Region region, boolean sparse) {}

        Measurement(
                AlignedPair aligned,
                Coverages coverages,
                LaboratoryOptions options,
                ReadOptions.Values values,
                CancelSignal cancel)
                throws InputException {
            this.aligned = aligned;
            this.options = options;
            softmax = values == ReadOptions.Values.LOGITS;
            logits = softmax || values == ReadOptions.Values.SIGMOID_LOGITS;
            this.cancel = cancel;
            grid = aligned.alignment().evaluation();
            spacing = new double[] {grid.spacing(0), grid.spacing(1), grid.spacing(2)};
            Map<Coverage, Region> regions = new IdentityHashMap<>();
            BitMask kept = kept();
            for (int i = 0; i < aligned.pairs().size(); i++) {
                SegmentMatching.Pair pair = aligned.pairs().get(i);
                Coverage coverage = coverages.each().get(i);
                if (pair.reference() == null || !isExcluded(pair.reference().number())) {
                    Region own = regions.computeIfAbsent(coverage, c -> region(c, kept));
                    requireVoxel(own);
                    parts.add(new Part(pair, own, coverage.isSparse()));
                }
            }
            // A region consists of segments: it is no class beside them.
            pairs = parts.stream()
                    .map(Part::pair)
                    .filter(pair -> pair.rule() != Scorecard.MatchRule.REGION)
                    .toList();
            region = regions.computeIfAbsent(coverages.all(), c -> region(c, kept));
        }

        private boolean isExcluded(int number) {
            Integer mask = options.mask();
            return options.ignore().contains(number) || mask != null && mask == number;
        }

        private Region region(Coverage coverage, @Nullable BitMask kept) {
            if (coverage.isAll()) {
                return new Region(grid.box(), kept);
            }
            BitMask within = new BitMask(grid.box());
            combine(within, coverage.within(grid.box()), true);
            return new Region(grid.box(), kept == null ? within : intersection(within, kept));
        }

        private static void requireVoxel(Region region) throws InputException {
            if (region.within() != null && region.within().isEmpty()) {
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "Mask, ignored labels and extent leave no voxel to evaluate.",
                        "0 voxels",
                        "at least 1 voxel");
            }
        }

        /** The voxels that the laboratory's own options leave; null: all. */
        private @Nullable BitMask kept() throws InputException {
            Integer only = options.mask();
            if (only == null && options.ignore().isEmpty()) {
                return null;
            }
            BitMask within = only == null ? everything() : new BitMask(grid.box());
            if (only != null) {
                combine(within, ofReference(only), true);
            }
            for (int number : options.ignore()) {
                // A label that a case does not have leaves nothing out.
                Mask ignored = referenceOrNull(number);
                if (ignored != null) {
                    combine(within, ignored, false);
                }
            }
            return within;
        }

        private BitMask everything() {
            BitMask all = new BitMask(grid.box());
            for (int z = 0; z < grid.nz(); z++) {
                for (int y = 0; y < grid.ny(); y++) {
                    all.setRun(y, z, 0, grid.nx());
                }
            }
            return all;
        }

        private @Nullable Mask referenceOrNull(int number) {
            for (Segment segment : aligned.reference().segments()) {
                if (segment.number() == number) {
                    return aligned.reference().hard(aligned.reference().voxels(segment));
                }
            }
            return null;
        }

        private Mask ofReference(int number) throws InputException {
            Mask mask = referenceOrNull(number);
            if (mask == null) {
                throw new InputException(
                        InputProblem.UNKNOWN_SEGMENT,
                        "The reference has no segment " + number + " to serve as a mask.",
                        aligned.reference().segments().size() + " segments",
                        "the number of a segment of the reference");
            }
            return mask;
        }

        private static void combine(BitMask target, Mask mask, boolean add) {
            BitMask bits = mask.toBitMask();
            for (int z = bits.z0(); z < bits.z1(); z++) {
                for (int y = bits.y0(); y < bits.y1(); y++) {
                    if (!target.hasRow(y, z)) {
                        continue;
                    }
                    int from = bits.rowStart(y, z);
                    int to = target.rowStart(y, z) + bits.wordX0() - target.wordX0();
                    for (int w = 0; w < bits.wordsPerRow(); w++) {
                        long word = bits.words()[from + w];
                        if (word != 0) {
                            target.words()[to + w] =
                                    add ? target.words()[to + w] | word : target.words()[to + w] & ~word;
                        }
                    }
                }
            }
        }

        /** The voxels of a mask that are also in another one. */
        private static BitMask intersection(BitMask mask, BitMask other) {
            BitMask both = new BitMask(mask.stored());
            for (int z = mask.z0(); z < mask.z1(); z++) {
                for (int y = mask.y0(); y < mask.y1(); y++) {
                    if (!other.hasRow(y, z)) {
                        continue;
                    }
                    int at = mask.rowStart(y, z);
                    int from = other.rowStart(y, z) + mask.wordX0() - other.wordX0();
                    for (int w = 0; w < mask.wordsPerRow(); w++) {
                        both.words()[at + w] = mask.words()[at + w] & other.words()[from + w];
                    }
                }
            }
            return both;
        }

        private Mask counted(Mask mask, Region region) {
            return region.within() == null ? mask : intersection(mask.toBitMask(), region.within());
        }

        private static long voxels(Region region) {
            return region.within() == null
                    ? region.box().voxelCount()
                    : region.within().count();
        }

        LaboratoryReport run(Digests digests) throws InputException {
            Background background = background();
            Channel first = background.channel();
            LaboratoryReport.Classes classes;
            Map<SegmentMatching.Pair, LossReport.OfChannel> known = new IdentityHashMap<>();
            if (first != null) {
                List<Channel> all = new ArrayList<>(List.of(first));
                pairs.forEach(pair -> all.add(channel(pair)));
                requireWeights(all.size());
                LossReport report = LossLaboratory.measure(all, region, spacing, options.settings(), cancel);
                for (Part part : parts) {
                    if (part.region() == region && pairs.contains(part.pair())) {
                        known.put(part.pair(), report.channels().get(1 + pairs.indexOf(part.pair())));
                    }
                }
                classes = new LaboratoryReport.Classes.Measured(
                        report.channels().getFirst(), report, Objects.requireNonNull(report.moments()));
            } else {
                classes = new LaboratoryReport.Classes.Absent(background.reason());
            }
            List<LaboratoryReport.OfSegment> segments = new ArrayList<>();
            for (Part part : parts) {
                cancel.check();
                Channel channel = channel(part.pair());
                LossReport.OfChannel losses = known.get(part.pair());
                if (losses == null) {
                    losses = LossLaboratory.measure(
                                    List.of(channel), part.region(), spacing, options.settings(), cancel)
                            .channels()
                            .getFirst();
                }
                segments.add(segment(part, channel, losses));
            }
            return new LaboratoryReport(
                    options,
                    digests.prediction(),
                    digests.reference(),
                    digests.mask(),
                    aligned.alignment().verdict(),
                    voxels(region),
                    grid.voxelVolumeMm3(),
                    segments,
                    classes,
                    notices());
        }

        private Channel channel(SegmentMatching.Pair pair) {
            return new Channel(
                    prediction(aligned.prediction().voxels(pair.prediction())),
                    LossMeasurement.side(aligned.reference().voxels(pair.reference())));
        }

        private List<String> notices() {
            List<String> notices = new ArrayList<>(aligned.notices());
            if (logits && aligned.alignment().verdict() == GeometryReport.Verdict.RESAMPLED) {
                notices.add(
                        "loss/resampled: the probabilities were resampled, so that every value is theirs and none of"
                                + " the logits");
            }
            if (!pairs.isEmpty()
                    && pairs.stream()
                            .allMatch(pair -> aligned.prediction().voxels(pair.prediction()) instanceof Mask)) {
                notices.add("loss/mask: the prediction is a mask, which is taken for probabilities of 0 and 1; its"
                        + " calibration only says how often it is wrong");
            }
            return notices;
        }

        private void requireWeights(int classes) throws InputException {
            int weights = options.settings().classWeights().size();
            if (weights != 0 && weights != classes) {
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "There must be a class weight for the background and for each segment.",
                        weights + " class weights",
                        classes + " class weights");
            }
        }

        private LaboratoryReport.OfSegment segment(Part part, Channel channel, LossReport.OfChannel losses) {
            SegmentMatching.Pair pair = part.pair();
            Mask hardPrediction =
                    counted(aligned.prediction().hard(aligned.prediction().voxels(pair.prediction())), part.region());
            Mask hardReference =
                    counted(aligned.reference().hard(aligned.reference().voxels(pair.reference())), part.region());
            ConfusionCounts counts = ConfusionCounts.of(hardPrediction, hardReference, voxels(part.region()));
            ChannelStatistics s = losses.statistics();
            return new LaboratoryReport.OfSegment(
                    pair.identity(),
                    pair.rule(),
                    counts.emptiness(),
                    voxels(part.region()),
                    input(channel.prediction()),
                    losses,
                    reliability(s, losses.ranked()),
                    band(channel, hardReference.toBitMask(), part.region()),
                    s.hardReference() ? ThresholdSweep.of(s) : null,
                    fragility(part, counts, hardReference));
        }

        private static LaboratoryReport.OfFragility fragility(Part part, ConfusionCounts counts, Mask hardReference) {
            if (part.sparse()) {
                return new LaboratoryReport.OfFragility.Absent(
                        MetricValue.State.NOT_APPLICABLE,
                        "the reference is known in single slices only, so that nothing is known of its surface");
            }
            Fragility fragility = PairMeasurement.fragility(counts, hardReference);
            return fragility == null
                    ? new LaboratoryReport.OfFragility.Absent(MetricValue.State.BOTH_EMPTY, "neither side has a voxel")
                    : new LaboratoryReport.OfFragility.Measured(fragility);
        }

        private LaboratoryReport.@Nullable Reliability band(Channel channel, BitMask structure, Region region) {
            BitMask counted = Objects.requireNonNull(
                    BoundaryBand.of(structure, grid.box(), options.band()).within());
            if (region.within() != null) {
                // Where a structure meets voxels about which nothing is known it has no boundary that is known.
                BitMask structureOrUnknown = everything();
                combine(structureOrUnknown, region.within(), false);
                combine(structureOrUnknown, structure, true);
                counted = intersection(
                        intersection(counted, region.within()),
                        Objects.requireNonNull(BoundaryBand.of(structureOrUnknown, grid.box(), options.band())
                                .within()));
            }
            if (counted.isEmpty()) {
                return null;
            }
            Region narrow = new Region(counted.box(), counted);
            ChannelStatistics s =
                    ChannelPass.of(channel, narrow, List.of(new VoxelTerm.ClippedCrossEntropy(CLIP)), cancel);
            boolean sort = options.settings().ranked() && s.hardReference();
            return reliability(s, sort ? RankedLosses.of(channel, narrow, cancel) : null);
        }

        private LaboratoryReport.Reliability reliability(ChannelStatistics s, @Nullable RankedLosses ranked) {
            return new LaboratoryReport.Reliability(
                    s.sums().l2() / s.sums().voxels(),
                    s.mean(new VoxelTerm.ClippedCrossEntropy(CLIP)),
                    Calibration.of(s.cells(), options.bins(), Calibration.Closed.UPPER, true),
                    ranked == null ? Double.NaN : ranked.adaptiveCalibrationError(options.bins()));
        }

        private static String input(Side side) {
            return switch (side) {
                case Side.Hard hard -> "mask";
                case Side.Probability probability -> "probabilities";
                case Side.Logit logit -> "logits";
                case Side.SoftmaxLogit logit -> "logits";
                case Side.Rest rest -> input(rest.of());
            };
        }

        private Side prediction(Voxels voxels) {
            if (voxels instanceof ProbabilityVolume volume && volume.logits() != null) {
                List<float[]> all = logits();
                if (softmax && all.size() > 1) {
                    for (int c = 0; c < all.size(); c++) {
                        if (all.get(c) == volume.logits()) {
                            return new Side.SoftmaxLogit(volume.box(), all, c);
                        }
                    }
                }
                return new Side.Logit(volume.box(), volume.logits());
            }
            return LossMeasurement.side(voxels);
        }

        /** The logits of all channels of the prediction, in their order. */
        private List<float[]> logits() {
            List<float[]> all = new ArrayList<>();
            if (aligned.prediction().background() instanceof ProbabilityVolume first && first.logits() != null) {
                all.add(first.logits());
            }
            for (Segment segment : aligned.prediction().segments()) {
                if (aligned.prediction().voxels(segment) instanceof ProbabilityVolume volume
                        && volume.logits() != null) {
                    all.add(volume.logits());
                }
            }
            return all;
        }

        /** The channel of the background; null with the reason why segments are no exclusive classes. */
        private record Background(@Nullable Channel channel, String reason) {
            static Background none(String reason) {
                return new Background(null, reason);
            }
        }

        private Background background() {
            if (pairs.isEmpty()) {
                return Background.none("there is no segment");
            }
            if (region.within() != null && region.within().isEmpty()) {
                return Background.none("the extents of the segments have no voxel in common");
            }
            if (pairs.size() + 1 > MOST_CLASS_VOXELS / grid.voxelCount()) {
                return Background.none(
                        "too many voxels and classes: " + grid.voxelCount() + " times " + (pairs.size() + 1));
            }
            boolean kept = aligned.prediction().segments().stream()
                    .anyMatch(s -> aligned.prediction().voxels(s) instanceof ProbabilityVolume v && v.logits() != null);
            AlignedSide p = aligned.prediction();
            if (kept && p.segments().size() > 1 && (!softmax || p.background() == null)) {
                return Background.none(
                        softmax
                                ? "which of the channels is the background was not declared (prediction.background)"
                                : "segments by the sigmoid may overlap");
            }
            Side mine = p.background() != null
                    ? prediction(p.background())
                    : kept
                            ? new Side.Rest(prediction(p.voxels(p.segments().getFirst())))
                            : rest(
                                    p,
                                    pairs.stream()
                                            .map(SegmentMatching.Pair::prediction)
                                            .toList());
            AlignedSide r = aligned.reference();
            Side theirs = r.background() != null
                    ? LossMeasurement.side(r.background())
                    : rest(
                            r,
                            pairs.stream().map(SegmentMatching.Pair::reference).toList());
            return mine == null || theirs == null
                    ? Background.none("segments of one side overlap")
                    : new Background(new Channel(mine, theirs), "");
        }

        /** What the segments of a side leave; null if they overlap. */
        private static @Nullable Side rest(AlignedSide side, List<@Nullable Segment> segments) {
            List<Voxels> all = segments.stream().map(side::voxels).toList();
            if (all.stream().allMatch(Mask.class::isInstance)) {
                List<Mask> masks = all.stream().map(side::hard).toList();
                BitMask union = MaskUnion.of(masks);
                long sum = masks.stream().mapToLong(Mask::count).sum();
                return sum == union.count() ? new Side.Rest(new Side.Hard(union)) : null;
            }
            Box box = Box.EMPTY;
            for (Voxels voxels : all) {
                box = box.union(LossMeasurement.box(voxels));
            }
            float[] sum = new float[Math.toIntExact(box.voxelCount())];
            for (Voxels voxels : all) {
                add(voxels, box, sum);
            }
            for (int i = 0; i < sum.length; i++) {
                if (sum[i] > 1 + SUM_SLACK) {
                    return null;
                }
                sum[i] = Math.min(1, sum[i]);
            }
            return new Side.Rest(new Side.Probability(new ProbabilityVolume(box, sum)));
        }

        private static void add(Voxels voxels, Box box, float[] sum) {
            Box from = LossMeasurement.box(voxels);
            BitMask bits = voxels instanceof Mask mask ? mask.toBitMask() : null;
            for (int z = from.z0(); z < from.z1(); z++) {
                for (int y = from.y0(); y < from.y1(); y++) {
                    int to = ((z - box.z0()) * box.ny() + y - box.y0()) * box.nx() - box.x0();
                    int at = ((z - from.z0()) * from.ny() + y - from.y0()) * from.nx() - from.x0();
                    for (int x = from.x0(); x < from.x1(); x++) {
                        if (bits != null) {
                            sum[to + x] += bits.contains(x, y, z) ? 1 : 0;
                        } else if (voxels instanceof ProbabilityVolume volume) {
                            sum[to + x] += volume.values()[at + x];
                        }
                    }
                }
            }
        }
    }
}
