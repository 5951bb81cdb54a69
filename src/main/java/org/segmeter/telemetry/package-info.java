/**
 * What the service tells about itself: metric names and their bounded labels. Nothing of a patient, no id and no text that a
 * sender chose is ever a label.
 */
@ApplicationModule(allowedDependencies = {})
@NullMarked
package org.segmeter.telemetry;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
