/**
 * A copy of everything an installation knows, taken while it runs, and the way back. A backup is a directory, or a zip file of the same
 * content: {@code tables/NAME.copy} of one snapshot of the database, {@code blobs/ab/cdef...}, {@code objects.txt} with every file's SHA-256
 * and size, {@code manifest.json} with the digest of each of these, and last of all {@code manifest.sha256}. One without it is unfinished.
 */
@ApplicationModule(allowedDependencies = {"database", "evaluation"})
@NullMarked
package org.segmeter.backup;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
