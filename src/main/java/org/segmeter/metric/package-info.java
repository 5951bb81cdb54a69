/**
 * The definitions: overlap, distance, instance, topology, loss, calibration and fragility, each computed from volumes alone.
 * A definition's convention (surface model, percentile rule, empty rule) is a parameter, never an accident of code.
 */
@ApplicationModule(type = ApplicationModule.Type.OPEN, allowedDependencies = "volume")
@NullMarked
package org.segmeter.metric;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
