/**
 * Many pairs at once: manifests and archives, the batch that feeds its items into the queue, its progress and its results.
 *
 * <p>To follow one batch: {@link org.segmeter.batch.BatchIntake} (received), {@link org.segmeter.batch.Batches} (accepted),
 * {@code BatchFeeder} (fed into the queue and followed), {@code BatchRows} (SQL).
 */
@ApplicationModule(allowedDependencies = {"evaluation", "pacs", "scoring", "format", "volume", "database"})
@NullMarked
package org.segmeter.batch;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
