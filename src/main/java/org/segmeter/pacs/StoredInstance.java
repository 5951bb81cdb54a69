package org.segmeter.pacs;

import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Set;
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
        Instant receivedAt) {

    /** Where the instance is below the DICOMweb root. */
    public String path() {
        return "/studies/" + studyUid + "/series/" + seriesUid + "/instances/" + sopInstanceUid;
    }
}
