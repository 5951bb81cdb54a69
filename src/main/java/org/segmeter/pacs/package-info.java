/**
 * The loop with a PACS: DICOM instances that arrive over DICOMweb are kept, the segmentations among them paired, the pairs
 * scored, and the results given back.
 *
 * <p>To follow one segmentation: {@code Reception} (kept), {@code Pairing} (paired), {@code PairFollower} (scored),
 * {@code StructuredReport} and {@code Deliveries} (given back).
 */
@ApplicationModule(
        allowedDependencies = {
            "database",
            "evaluation",
            "scoring",
            "format",
            "format::dicom",
            "metric",
            "volume",
            "telemetry",
            "security"
        })
@NullMarked
package org.segmeter.pacs;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
