/**
 * Statistics of evaluation results as pure functions of numbers: summaries and intervals, paired tests, rankings, agreement of
 * readers, control charts. Formulas with their sources and worked examples: {@code docs/statistics.md}.
 *
 * <p>All results are the same for the same input, whatever the number of threads: whatever draws random numbers takes a seed.
 */
@NamedInterface("statistics")
@NullMarked
package org.segmeter.analytics.statistics;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
