/**
 * A demonstration for who looks at the service for the first time: a cohort that never existed, made from a seed, scored by the real engine
 * as a batch and dated over the last twelve months.
 */
@ApplicationModule(
        allowedDependencies = {
            "batch",
            "evaluation",
            "database",
            "format :: dicom",
            "format :: nifti",
            "scoring",
            "volume"
        })
@NullMarked
package org.segmeter.demo;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
