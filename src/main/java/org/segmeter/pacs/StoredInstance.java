package org.segmeter.pacs;

import java.time.Instant;
import java.time.LocalDateTime;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;

/**
 * A DICOM instance that is kept.
 *
 * @param referencedSeries series of the images that a segmentation was made from
 * @param referencedSegmentations SOP Instance UIDs of the segmentations that it refers to
 * @param segments of a segmentation, in the order of its Segment Sequence
 * @param contentAt Content Date and Time, of no known time zone
 * @param source who sent it, as far as it is known
 * @param role which part it plays; null if none
 */
public record StoredInstance(
        String sopInstanceUid,
        String sopClassUid,
        String studyUid,
        String seriesUid,
        String transferSyntaxUid,
        @Nullable String frameOfReferenceUid,
        Set<String> referencedSeries,
        Set<String> referencedSegmentations,
        List<StoredSegment> segments,
        @Nullable String manufacturer,
        @Nullable String modelName,
        @Nullable String seriesDescription,
        @Nullable String contentCreator,
        @Nullable LocalDateTime contentAt,
        @Nullable String source,
        Blob blob,
        Instant receivedAt,
        @Nullable Role role) {

    /** Identities of its segments. */
    Set<String> keys() {
        return segments.stream().map(StoredSegment::key).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    StoredInstance withRole(@Nullable Role other) {
        return new StoredInstance(
                sopInstanceUid,
                sopClassUid,
                studyUid,
                seriesUid,
                transferSyntaxUid,
                frameOfReferenceUid,
                referencedSeries,
                referencedSegmentations,
                segments,
                manufacturer,
                modelName,
                seriesDescription,
                contentCreator,
                contentAt,
                source,
                blob,
                receivedAt,
                other);
    }

    /** Where the instance is below the DICOMweb root. */
    public String path() {
        return "/studies/" + studyUid + "/series/" + seriesUid + "/instances/" + sopInstanceUid;
    }
}
