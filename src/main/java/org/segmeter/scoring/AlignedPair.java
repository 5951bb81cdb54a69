package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/**
 * Prediction and reference on one grid, with their segments matched.
 *
 * @param alignment how the grids lie to one another
 * @param pairs which segment belongs to which
 * @param frameOfReference {@code same}, {@code different} or {@code unknown}
 * @param notices what was accepted with a remark
 */
record AlignedPair(
        GridAlignment alignment,
        List<SegmentMatching.Pair> pairs,
        AlignedSide prediction,
        AlignedSide reference,
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
        List<SegmentMatching.Pair> pairs = SegmentMatching.match(p.segments(), r.segments(), options.segments());
        return new AlignedPair(alignment, pairs, p, r, frame, notices);
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
                    "The Frame of Reference UIDs differ, so nothing is known about how the two lie to one another. If you know that they"
                            + " share one space, say so: \"geometry\": {\"frameOfReference\": \"ignore\"} in a request,"
                            + " --ignore-frame-of-reference on the command line.",
                    "two different Frame of Reference UIDs",
                    "the same Frame of Reference UID");
        }
        return "different";
    }
}
