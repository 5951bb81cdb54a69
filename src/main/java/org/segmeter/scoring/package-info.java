/**
 * Prediction and reference in, scorecard out: geometry, segment matching, the plan of what is measured in one pass, and the
 * protocol that says by which conventions. Knows nothing of HTTP, SQL or Spring.
 */
@ApplicationModule(allowedDependencies = {"volume", "format", "metric", "metric :: *"})
@NullMarked
package org.segmeter.scoring;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
