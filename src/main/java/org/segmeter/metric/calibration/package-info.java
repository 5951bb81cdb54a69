/** Whether probabilities mean what they say: Brier score, calibration errors, reliability tables, threshold sweep. */
@NamedInterface("calibration")
@NullMarked
package org.segmeter.metric.calibration;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
