/** What the slices of a volume show that the whole does not. */
@NamedInterface("slice")
@NullMarked
package org.segmeter.metric.slice;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
