/**
 * The evaluation as a resource: accept, store, queue, run, persist, cancel. Execution is at least once, its effect is once: the
 * attempt is counted before work starts and is the fencing number of the one transaction that writes the result.
 *
 * <p>To follow one evaluation: {@link org.segmeter.evaluation.BlobStore} (bytes in),
 * {@link org.segmeter.evaluation.Evaluations} (accepted), {@code EvaluationRunner} (run), {@code EvaluationRows} (SQL).
 */
@ApplicationModule(allowedDependencies = {"scoring", "format", "volume", "telemetry", "database"})
@NullMarked
package org.segmeter.evaluation;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
