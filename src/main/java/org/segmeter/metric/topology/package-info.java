/** The shape of a segment apart from its size: how many parts, tunnels and cavities it has, and its centreline. */
@NamedInterface("topology")
@NullMarked
package org.segmeter.metric.topology;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
