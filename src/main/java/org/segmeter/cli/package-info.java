/** The same engine without a server: {@code segmeter score prediction reference}. Touches no class of Spring. */
@ApplicationModule(
        allowedDependencies = {
            "volume",
            "format",
            "format :: *",
            "metric",
            "metric :: *",
            "scoring",
            "batch",
            "evaluation",
            "backup",
            "database",
            "security"
        })
@NullMarked
package org.segmeter.cli;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
