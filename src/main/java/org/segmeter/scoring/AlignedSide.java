package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Voxels;

/** One side's voxels on the evaluation grid. */
final class AlignedSide {
    private final Map<Integer, Voxels> byNumber = new LinkedHashMap<>();
    private final List<Segment> segments = new ArrayList<>();
    private @Nullable Voxels background;
    private final double threshold;
    /** The voxels of probabilities that are decided by more than a threshold, by identity. */
    private final Map<Voxels, Mask> decided = new IdentityHashMap<>();

    private long before;
    private long after;

    AlignedSide(
            Segmentation segmentation,
            SideOptions options,
            GridAlignment alignment,
            boolean isPrediction,
            CancelSignal cancel)
            throws InputException {
        threshold = options.threshold().orElse(SideOptions.DEFAULT_THRESHOLD);
        Reindexing map = isPrediction ? alignment.prediction() : alignment.reference();
        Resampling resampling = isPrediction && alignment.toPrediction() != null
                ? new Resampling(alignment.evaluation(), alignment.toPrediction())
                : null;
        boolean channels = options.backgroundFirst();
        if (channels && !isOfChannels(segmentation)) {
            throw new InputException(
                            InputProblem.INVALID_REQUEST,
                            "The first channel is declared to be the background, but this file has no channels.",
                            segmentation.source().format() + " with " + segmentation.encoding() + " voxels and "
                                    + segmentation.segments().size() + " segments",
                            "a NIfTI file with a mask, probability or logit for each of several channels")
                    .onSide(isPrediction ? "prediction" : "reference");
        }
        List<Voxels> given = new ArrayList<>();
        for (Segmentation.SegmentVoxels s : segmentation.segments()) {
            cancel.check();
            Voxels voxels = switch (s.voxels()) {
                case Mask mask -> resampling == null ? map.apply(mask) : resampling.nearest(mask, cancel);
                case ProbabilityVolume volume ->
                    resampling == null ? map.apply(volume) : resampling.linear(volume, cancel);
            };
            given.add(s.voxels());
            if (channels && background == null) {
                background = voxels;
                continue;
            }
            Segment segment = channels ? Segment.ofLabelValue(s.segment().number() - 1) : s.segment();
            segments.add(segment);
            byNumber.put(segment.number(), voxels);
        }
        if (options.byLargestProbability() && background != null) {
            decide(background, List.copyOf(byNumber.values()), cancel);
        }
        if (resampling != null) {
            for (Voxels voxels : byNumber.values()) {
                after += hard(voxels).count();
            }
            List<Voxels> classes = channels ? given.subList(1, given.size()) : given;
            if (options.byLargestProbability()) {
                decide(given.getFirst(), classes, cancel);
            }
            for (Voxels voxels : classes) {
                before += hard(voxels).count();
            }
            classes.forEach(decided::remove);
        }
    }

    private void decide(Voxels first, List<Voxels> others, CancelSignal cancel) {
        if (!(first instanceof ProbabilityVolume ofBackground)) {
            return; // channels of 0 and 1 are decided
        }
        List<ProbabilityVolume> classes =
                others.stream().map(ProbabilityVolume.class::cast).toList();
        List<BitMask> masks = LargestClass.of(ofBackground, classes, cancel);
        for (int i = 0; i < masks.size(); i++) {
            decided.put(classes.get(i), masks.get(i));
        }
    }

    private AlignedSide(AlignedSide other) {
        threshold = other.threshold;
        background = other.background;
        before = other.before;
        after = other.after;
        segments.addAll(other.segments);
        byNumber.putAll(other.byNumber);
        decided.putAll(other.decided);
    }

    /** This side, with what is not scored left out. */
    AlignedSide within(Coverage coverage) {
        if (coverage.isAll()) {
            return this;
        }
        AlignedSide restricted = new AlignedSide(this);
        restricted.byNumber.replaceAll((number, voxels) -> {
            Voxels scored = coverage.restrict(voxels);
            Mask mask = decided.get(voxels);
            if (mask != null) {
                restricted.decided.put(scored, coverage.restrict(mask));
            }
            return scored;
        });
        return restricted;
    }

    /** This side without some segments. */
    AlignedSide without(List<Segment> removed) {
        AlignedSide rest = new AlignedSide(this);
        rest.segments.removeAll(removed);
        removed.forEach(s -> rest.byNumber.remove(s.number()));
        return rest;
    }

    /** The voxels of several segments. */
    BitMask union(List<Segment> some) {
        return MaskUnion.of(some.stream().map(s -> hard(voxels(s))).toList());
    }

    /** This side with a segment that is no segment of the source: a region. */
    AlignedSide with(Segment region, Mask voxels) {
        AlignedSide more = new AlignedSide(this);
        more.byNumber.put(region.number(), voxels);
        return more;
    }

    private static boolean isOfChannels(Segmentation segmentation) {
        return segmentation.encoding() != Segmentation.Encoding.LABELMAP
                && segmentation.segments().size() > 1
                && segmentation.source().format().startsWith("nifti");
    }

    /** The segments, in the order of the source; a declared background is none of them. */
    List<Segment> segments() {
        return segments;
    }

    /** The voxels of the channel that was declared to be the background; null if none was. */
    @Nullable
    Voxels background() {
        return background;
    }

    Voxels voxels(@Nullable Segment segment) {
        Voxels voxels = segment == null ? null : byNumber.get(segment.number());
        return voxels == null ? new BitMask(Box.EMPTY) : voxels;
    }

    /** @param voxels of this side, as {@link #voxels} gives them */
    Mask hard(Voxels voxels) {
        return switch (voxels) {
            case Mask mask -> mask;
            case ProbabilityVolume volume -> {
                Mask mask = decided.get(volume);
                yield mask != null ? mask : volume.atLeast(threshold);
            }
        };
    }

    /** Voxels of the boxes of all sets that are held as scattered points. */
    long scattered() {
        long sum = 0;
        for (Voxels v : byNumber.values()) {
            sum += v instanceof PointMask points ? points.box().voxelCount() : 0;
        }
        return sum;
    }

    /** All voxels of any segment. */
    BitMask union() {
        List<Mask> masks = byNumber.values().stream().map(this::hard).toList();
        return MaskUnion.of(masks);
    }

    /** Voxels of all segments before they were resampled; 0 if they were not. */
    long voxelsBeforeResampling() {
        return before;
    }

    /** Voxels of all segments after they were resampled; 0 if they were not. */
    long voxelsAfterResampling() {
        return after;
    }
}
