/**
 * What many evaluations say together: results as rows, aggregates, comparisons of models, control charts and their alerts, gates,
 * rankings, agreement of readers. The formulas are in {@link org.segmeter.analytics.statistics}, which knows nothing of Spring or
 * SQL; this package reads the values that evaluations left and applies them.
 */
@ApplicationModule(
        allowedDependencies = {
            "evaluation",
            "scoring",
            "metric",
            "format",
            "format::nifti",
            "volume",
            "telemetry",
            "database"
        })
@NullMarked
package org.segmeter.analytics;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
