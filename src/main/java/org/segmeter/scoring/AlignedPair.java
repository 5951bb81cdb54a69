package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;

/**
 * Prediction and reference on one grid, with their segments matched.
 *
 * @param alignment how the grids lie to one another
 * @param pairs which segment belongs to which
 * @param ignored voxels that the scope leaves out, on the evaluation grid; null if none
 * @param frameOfReference {@code same}, {@code different} or {@code unknown}
 * @param notices what was accepted with a remark
 */
record AlignedPair(
        GridAlignment alignment,
        List<SegmentMatching.Pair> pairs,
        AlignedSide prediction,
        AlignedSide reference,
        @Nullable BitMask ignored,
        String frameOfReference,
        List<String> notices) {

    AlignedPair {
        pairs = List.copyOf(pairs);
        notices = List.copyOf(notices);
    }

    /** @throws InputException if the grids do not fit or segments cannot be matched */
    static AlignedPair of(
            Segmentation prediction,
            Segmentation reference,
            ScoringOptions options,
            GeometryPolicy geometry,
            CancelSignal cancel)
            throws InputException {
        return of(prediction, reference, null, options, geometry, cancel);
    }

    /**
     * @param mask voxels of any of its segments are scored, no others; null to score all
     * @throws InputException if the grids do not fit or segments cannot be matched
     */
    static AlignedPair of(
            Segmentation prediction,
            Segmentation reference,
            @Nullable Segmentation mask,
            ScoringOptions options,
            GeometryPolicy geometry,
            CancelSignal cancel)
            throws InputException {
        List<String> notices = new ArrayList<>();
        prediction.source().notices().forEach(n -> notices.add("prediction: " + n));
        reference.source().notices().forEach(n -> notices.add("reference: " + n));
        String frame = frameOfReference(prediction, reference, options);
        GridAlignment alignment = GridAlignment.of(
                prediction.grid(), reference.grid(), geometry, options.limits().voxels());
        String apart = String.format(Locale.ROOT, "%.3g voxels apart", alignment.displacement());
        switch (alignment.verdict()) {
            case ROUNDING ->
                notices.add("geometry/rounding: the grids are " + apart + ", as rounded header values leave them");
            case LENIENT -> notices.add("geometry/lenient: the grids are " + apart + ", and the protocol accepts it");
            case RESAMPLED ->
                notices.add("geometry/resampled: the prediction was resampled onto the reference's grid; the grids are "
                        + apart);
            case IDENTICAL -> {
                // Nothing to remark.
            }
        }
        AlignedSide p = new AlignedSide(prediction, options.prediction(), alignment, true, cancel);
        AlignedSide r = new AlignedSide(reference, options.reference(), alignment, false, cancel);
        BitMask ignored = null;
        Scope.Ignore ignore = options.scope().ignore();
        if (ignore != null) {
            List<Segment> ofPrediction = named(p.segments(), ignore.prediction());
            List<Segment> ofReference = named(r.segments(), ignore.reference());
            ignored = MaskUnion.of(List.of(p.union(ofPrediction), r.union(ofReference)));
            p = p.without(ofPrediction);
            r = r.without(ofReference);
            if (ofPrediction.isEmpty() && ofReference.isEmpty()) {
                notices.add("no segment is there that is to be ignored: nothing was left out");
            }
        }
        if (mask != null) {
            BitMask unscored = outside(mask, alignment.evaluation(), options, cancel);
            ignored = ignored == null ? unscored : MaskUnion.of(List.of(ignored, unscored));
            notices.add("mask: " + unscored.count() + " of "
                    + alignment.evaluation().voxelCount() + " voxels lie outside the mask and were not scored");
        }
        List<SegmentMatching.Pair> pairs = SegmentMatching.match(p.segments(), r.segments(), options.segments());
        return new AlignedPair(alignment, pairs, p, r, ignored, frame, notices).withRegions(options.scope());
    }

    /** The voxels of the evaluation grid that no segment of a mask has. */
    private static BitMask outside(Segmentation mask, Grid evaluation, ScoringOptions options, CancelSignal cancel)
            throws InputException {
        GridAlignment onto;
        AlignedSide side;
        try {
            onto = GridAlignment.of(
                    mask.grid(),
                    evaluation,
                    GeometryPolicy.STRICT,
                    options.limits().voxels());
            side = new AlignedSide(mask, SideOptions.DEFAULT, onto, true, cancel);
        } catch (InputException e) {
            throw e.onSide("mask");
        }
        if (!onto.evaluation().box().equals(evaluation.box())) {
            throw new InputException(
                            InputProblem.GEOMETRY_MISMATCH,
                            "The mask of what is scored reaches beyond the grid of prediction and reference. Store it"
                                    + " on the reference's grid.",
                            "a mask of " + size(mask.grid()),
                            "a part of " + size(evaluation))
                    .onSide("mask");
        }
        BitMask scored = side.union();
        Box box = evaluation.box();
        BitMask outside = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                outside.setRun(y, z, box.x0(), box.x1());
                if (scored.hasRow(y, z)) {
                    int to = outside.rowStart(y, z) + scored.wordX0() - outside.wordX0();
                    for (int w = 0; w < scored.wordsPerRow(); w++) {
                        long bits = scored.words()[scored.rowStart(y, z) + w];
                        if (bits != 0) {
                            outside.words()[to + w] &= ~bits;
                        }
                    }
                }
            }
        }
        return outside;
    }

    private static String size(Grid grid) {
        return grid.nx() + " x " + grid.ny() + " x " + grid.nz() + " voxels";
    }

    private static List<Segment> named(List<Segment> segments, List<SegmentSelector> selectors) {
        return segments.stream()
                .filter(s -> selectors.stream().anyMatch(selector -> selector.names(s)))
                .toList();
    }

    /** This pair, with the declared regions as further pairs behind those of segments. */
    private AlignedPair withRegions(Scope scope) throws InputException {
        List<Scope.Region> regions = scope.regions();
        if (regions == null || regions.isEmpty()) {
            return this;
        }
        Map<String, Scope.Region> byName = new LinkedHashMap<>();
        regions.forEach(r -> byName.put(r.name(), r));
        // Numbers of regions lie below those of segments, which NIfTI allows to be negative.
        int number = Math.min(
                0,
                pairs.stream().mapToInt(pair -> pair.identity().number()).min().orElse(0));
        List<SegmentMatching.Pair> more = new ArrayList<>(pairs);
        AlignedSide p = prediction;
        AlignedSide r = reference;
        for (Scope.Region region : regions) {
            Set<SegmentSelector> selectors = new LinkedHashSet<>();
            collect(region, byName, selectors, new HashSet<>());
            for (SegmentSelector selector : selectors) {
                boolean found = pairs.stream().anyMatch(pair -> selector.names(pair.identity()));
                // A label value without a voxel is not there in a label map; a name that is not there is a mistake.
                if (!found && !(selector instanceof SegmentSelector.ByNumber)) {
                    throw new InputException(
                            InputProblem.UNKNOWN_SEGMENT,
                            "A region has a segment that neither side has.",
                            "region " + region.name(),
                            "numbers, labels or codes of segments");
                }
            }
            List<SegmentMatching.Pair> members = pairs.stream()
                    .filter(pair -> selectors.stream().anyMatch(s -> s.names(pair.identity())))
                    .toList();
            Segment segment = new Segment(--number, region.name(), null, null, null, null);
            p = p.with(segment, p.union(present(members, SegmentMatching.Pair::prediction)));
            r = r.with(segment, r.union(present(members, SegmentMatching.Pair::reference)));
            more.add(new SegmentMatching.Pair(segment, segment, Scorecard.MatchRule.REGION));
        }
        return new AlignedPair(alignment, more, p, r, ignored, frameOfReference, notices);
    }

    private static List<Segment> present(
            List<SegmentMatching.Pair> members, Function<SegmentMatching.Pair, @Nullable Segment> side) {
        List<Segment> list = new ArrayList<>();
        for (SegmentMatching.Pair member : members) {
            Segment segment = side.apply(member);
            if (segment != null) {
                list.add(segment);
            }
        }
        return list;
    }

    private static void collect(
            Scope.Region region, Map<String, Scope.Region> all, Set<SegmentSelector> selectors, Set<String> seen) {
        if (!seen.add(region.name())) {
            return;
        }
        selectors.addAll(region.segments());
        for (String other : region.regions()) {
            collect(Objects.requireNonNull(all.get(other)), all, selectors, seen);
        }
    }

    private static String frameOfReference(Segmentation prediction, Segmentation reference, ScoringOptions options)
            throws InputException {
        String p = prediction.source().frameOfReferenceUid();
        String r = reference.source().frameOfReferenceUid();
        if (p == null || r == null) {
            return "unknown";
        }
        if (p.equals(r)) {
            return "same";
        }
        if (!options.ignoreFrameOfReference()) {
            throw new InputException(
                    InputProblem.FRAME_OF_REFERENCE_MISMATCH,
                    "The Frame of Reference UIDs differ, so nothing is known about how the two lie to one another. If"
                            + " you know that they share one space, say so: \"geometry\": {\"frameOfReference\":"
                            + " \"ignore\"} in a request, --ignore-frame-of-reference on the command line.",
                    "two different Frame of Reference UIDs",
                    "the same Frame of Reference UID");
        }
        return "different";
    }
}
