package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;

/**
 * Decides which segment of the prediction is scored against which of the reference: by the request's mapping; else by coded concept,
 * by label, by number, each among the segments that are still free; else, if one segment is left on each side and there were no others,
 * those two. A key that two segments of one side share decides nothing unless it leaves a doubt that no later rule can settle: then
 * the pair is refused rather than guessed.
 */
final class SegmentMatching {

    private SegmentMatching() {}

    /**
     * A pair, or a segment without counterpart: then the other side is null.
     *
     * @param rule how the pair was found
     */
    record Pair(@Nullable Segment prediction, @Nullable Segment reference, Scorecard.MatchRule rule) {

        /**
         * Who the pair is: the reference's number; label and codes of the reference, or of the prediction where the reference has
         * none; made by the prediction's algorithm, for that is what is being judged.
         */
        Segment identity() {
            Segment mine = prediction;
            Segment theirs = reference;
            if (mine == null || theirs == null) {
                return theirs != null ? theirs : Objects.requireNonNull(mine);
            }
            boolean bare = theirs.label().equals(Integer.toString(theirs.number()));
            return new Segment(
                    theirs.number(),
                    bare ? mine.label() : theirs.label(),
                    theirs.concept() != null ? theirs.concept() : mine.concept(),
                    mine.algorithm() != null ? mine.algorithm() : theirs.algorithm(),
                    theirs.trackingId() != null ? theirs.trackingId() : mine.trackingId(),
                    theirs.trackingUid() != null ? theirs.trackingUid() : mine.trackingUid());
        }
    }

    /**
     * @return pairs and unmatched in the order of the reference, then unmatched ones of the prediction in their order
     * @throws InputException UNKNOWN_SEGMENT or AMBIGUOUS_SEGMENTS, showing both sides
     */
    static List<Pair> match(List<Segment> prediction, List<Segment> reference, List<SegmentMapping> mapping)
            throws InputException {
        Map<Segment, Pair> byReference = new HashMap<>();
        List<Segment> freePrediction = new ArrayList<>(prediction);
        List<Segment> freeReference = new ArrayList<>(reference);
        if (!mapping.isEmpty()) {
            for (SegmentMapping m : mapping) {
                Segment p = select(m.prediction(), prediction, "prediction");
                Segment r = select(m.reference(), reference, "reference");
                if (!freePrediction.remove(p) || !freeReference.remove(r)) {
                    throw new InputException(
                            InputProblem.AMBIGUOUS_SEGMENTS,
                            "The mapping names a segment twice; each segment can take part in one pair only.",
                            "prediction " + p.number() + " with reference " + r.number(),
                            "each segment at most once");
                }
                byReference.put(r, new Pair(p, r, Scorecard.MatchRule.EXPLICIT));
            }
        } else {
            pair(freePrediction, freeReference, byReference, SegmentMatching::conceptKey, Scorecard.MatchRule.CONCEPT);
            pair(freePrediction, freeReference, byReference, SegmentMatching::labelKey, Scorecard.MatchRule.LABEL);
            pair(
                    freePrediction,
                    freeReference,
                    byReference,
                    s -> Integer.toString(s.number()),
                    Scorecard.MatchRule.NUMBER);
            if (prediction.size() == 1 && reference.size() == 1 && !freePrediction.isEmpty()) {
                Segment r = freeReference.removeFirst();
                byReference.put(r, new Pair(freePrediction.removeFirst(), r, Scorecard.MatchRule.ONLY_ONE));
            }
        }
        List<Pair> result = new ArrayList<>();
        for (Segment r : reference) {
            result.add(byReference.getOrDefault(r, new Pair(null, r, Scorecard.MatchRule.UNMATCHED)));
        }
        for (Segment p : freePrediction) {
            result.add(new Pair(p, null, Scorecard.MatchRule.UNMATCHED));
        }
        return result;
    }

    private static void pair(
            List<Segment> freePrediction,
            List<Segment> freeReference,
            Map<Segment, Pair> pairs,
            Function<Segment, @Nullable String> key,
            Scorecard.MatchRule rule)
            throws InputException {
        Map<String, List<Segment>> predictions = grouped(freePrediction, key);
        Map<String, List<Segment>> references = grouped(freeReference, key);
        Set<Segment> taken = new HashSet<>();
        for (Segment r : List.copyOf(freeReference)) {
            String k = key.apply(r);
            if (k == null || !predictions.containsKey(k)) {
                continue;
            }
            List<Segment> ps = predictions.getOrDefault(k, List.of());
            List<Segment> rs = references.getOrDefault(k, List.of());
            if (ps.size() == 1 && rs.size() == 1) {
                if (contradict(ps.getFirst(), r, rule)) {
                    continue;
                }
                pairs.put(r, new Pair(ps.getFirst(), r, rule));
                taken.add(r);
                taken.add(ps.getFirst());
            } else if (!settled(ps, rs, rule)) {
                throw ambiguous(ps, rs, rule);
            }
        }
        freePrediction.removeAll(taken);
        freeReference.removeAll(taken);
    }

    /** Segments that share a concept are told apart by their labels, if these are different on each side and the same on both. */
    private static boolean settled(List<Segment> ps, List<Segment> rs, Scorecard.MatchRule rule) {
        return rule == Scorecard.MatchRule.CONCEPT
                && distinct(ps)
                && distinct(rs)
                && ps.stream()
                        .map(SegmentMatching::labelKey)
                        .collect(Collectors.toSet())
                        .equals(rs.stream().map(SegmentMatching::labelKey).collect(Collectors.toSet()));
    }

    private static boolean distinct(List<Segment> segments) {
        return segments.stream().map(SegmentMatching::labelKey).distinct().count() == segments.size();
    }

    private static Map<String, List<Segment>> grouped(List<Segment> segments, Function<Segment, @Nullable String> key) {
        Map<String, List<Segment>> groups = new HashMap<>();
        for (Segment s : segments) {
            String k = key.apply(s);
            if (k != null) {
                groups.computeIfAbsent(k, unused -> new ArrayList<>()).add(s);
            }
        }
        return groups;
    }

    private static @Nullable String conceptKey(Segment segment) {
        SegmentConcept concept = segment.concept();
        return concept == null ? null : concept.key();
    }

    /** The label as it is compared; null if the segment has no other name than its number, which is the number rule's business. */
    private static @Nullable String labelKey(Segment segment) {
        String label = SegmentSelector.normalised(segment.label());
        return label.isEmpty() || label.equals(Integer.toString(segment.number())) ? null : label;
    }

    /** True if codes say that the two are different structures, so that an equal label (left and right) or number means nothing. */
    private static boolean contradict(Segment p, Segment r, Scorecard.MatchRule rule) {
        SegmentConcept a = p.concept();
        SegmentConcept b = r.concept();
        if (a == null || b == null) {
            return false;
        }
        return rule == Scorecard.MatchRule.NUMBER
                || rule == Scorecard.MatchRule.LABEL
                        && a.laterality() != b.laterality()
                        && a.laterality() != SegmentConcept.Laterality.UNSPECIFIED
                        && b.laterality() != SegmentConcept.Laterality.UNSPECIFIED;
    }

    private static Segment select(SegmentSelector selector, List<Segment> segments, String side) throws InputException {
        List<Segment> found = segments.stream().filter(selector::names).toList();
        if (found.size() == 1) {
            return found.getFirst();
        }
        String asked = switch (selector) {
            case SegmentSelector.ByNumber n -> "number " + n.number();
            case SegmentSelector.ByLabel l -> "a label of " + l.label().length() + " characters";
            case SegmentSelector.ByCode c -> "code (" + c.scheme() + ":" + c.value() + ")";
        };
        if (found.isEmpty()) {
            throw new InputException(
                            InputProblem.UNKNOWN_SEGMENT,
                            "The mapping names a segment that the " + side + " does not have.",
                            asked,
                            "one of the numbers " + numbers(segments))
                    .onSide(side);
        }
        throw new InputException(
                        InputProblem.AMBIGUOUS_SEGMENTS,
                        "The mapping names several segments of the " + side + " at once; use their numbers.",
                        asked + " is that of segments " + numbers(found),
                        "a selector of one segment")
                .onSide(side);
    }

    private static InputException ambiguous(List<Segment> ps, List<Segment> rs, Scorecard.MatchRule rule) {
        return new InputException(
                        InputProblem.AMBIGUOUS_SEGMENTS,
                        "Several segments share one " + rule.name().toLowerCase(Locale.ROOT)
                                + ", so that it is not clear which belongs to which. Say it in the request, for example"
                                + " \"segments\": [{\"prediction\": "
                                + ps.getFirst().number() + ", \"reference\": "
                                + rs.getFirst().number() + "}].",
                        "segments " + numbers(ps) + " of the prediction and " + numbers(rs) + " of the reference",
                        "an explicit mapping")
                .with(
                        "predictionNumbers",
                        ps.stream().limit(SHOWN).map(Segment::number).toList())
                .with(
                        "referenceNumbers",
                        rs.stream().limit(SHOWN).map(Segment::number).toList());
    }

    private static final int SHOWN = 20;

    private static String numbers(List<Segment> segments) {
        String list = segments.stream()
                .limit(SHOWN)
                .map(s -> Integer.toString(s.number()))
                .collect(Collectors.joining(", "));
        return segments.size() > SHOWN
                ? list + ", ... (" + segments.size() + " in all)"
                : list.isEmpty() ? "none" : list;
    }
}
