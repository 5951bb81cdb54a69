/** Whole-process benchmarks against peers, in the same run; see docs/benchmarks.md. */
@NullMarked
package org.segmeter.benchmark;

import org.jspecify.annotations.NullMarked;
