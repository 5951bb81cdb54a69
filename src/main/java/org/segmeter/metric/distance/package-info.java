/** Surface distances: which points stand for a surface, how far each lies from the other surface, and the numbers made of that. */
@NamedInterface("distance")
@NullMarked
package org.segmeter.metric.distance;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
