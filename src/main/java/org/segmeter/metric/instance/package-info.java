/** Separate objects of one segment: connected components, which of both sides belong together, and the scores made of that. */
@NamedInterface("instance")
@NullMarked
package org.segmeter.metric.instance;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
