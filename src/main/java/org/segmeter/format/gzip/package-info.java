/** Bytes that come one after another, plain or out of gzip, checked to the last one. */
@NullMarked
package org.segmeter.format.gzip;

import org.jspecify.annotations.NullMarked;
