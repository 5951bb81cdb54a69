/** What the slices of a volume show that the whole does not. */
@NullMarked
package org.segmeter.metric.slice;

import org.jspecify.annotations.NullMarked;
