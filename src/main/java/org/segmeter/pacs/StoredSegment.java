package org.segmeter.pacs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;

/**
 * A segment of a stored segmentation.
 *
 * @param number Segment Number
 * @param label Segment Label
 * @param key the same for the same structure in any object: its coded concept with laterality, or where it has no code its label
 * @param algorithmType Segment Algorithm Type, null if absent; likewise the name and version
 */
public record StoredSegment(
        int number,
        String label,
        String key,
        @Nullable String algorithmType,
        @Nullable String algorithmName,
        @Nullable String algorithmVersion) {

    /** Segments of one object that share a concept are told apart by their labels. */
    static List<StoredSegment> of(List<Segment> segments) {
        Map<String, Integer> count = new HashMap<>();
        for (Segment segment : segments) {
            count.merge(concept(segment), 1, Integer::sum);
        }
        List<StoredSegment> stored = new ArrayList<>();
        for (Segment segment : segments) {
            String concept = concept(segment);
            Segment.Algorithm algorithm = segment.algorithm();
            stored.add(new StoredSegment(
                    segment.number(),
                    segment.label(),
                    count.getOrDefault(concept, 1) > 1 ? concept + "|" + label(segment) : concept,
                    algorithm == null || algorithm.type() == Segment.Algorithm.Type.UNKNOWN
                            ? null
                            : algorithm.type().name(),
                    algorithm == null ? null : algorithm.name(),
                    algorithm == null ? null : algorithm.version()));
        }
        return stored;
    }

    private static String concept(Segment segment) {
        SegmentConcept concept = segment.concept();
        return concept == null ? label(segment) : concept.key();
    }

    private static String label(Segment segment) {
        return "label:" + segment.label().strip().toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", " ");
    }
}
