package org.segmeter.pacs;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.segmeter.evaluation.Blob;

/** Stored instances of which little is known. */
final class Instances {

    private Instances() {}

    /**
     * An instance of an uncompressed transfer syntax.
     *
     * @param referencedSeries series of the images that it was made from
     */
    static StoredInstance stored(
            String sop,
            String sopClass,
            String study,
            String series,
            Set<String> referencedSeries,
            List<StoredSegment> segments) {
        return new StoredInstance(
                sop,
                sopClass,
                study,
                series,
                "1.2.840.10008.1.2.1",
                null,
                referencedSeries,
                Set.of(),
                segments,
                null,
                null,
                null,
                null,
                null,
                null,
                new Blob("0".repeat(64), 1),
                Instant.EPOCH,
                null);
    }
}
