/**
 * The database the service runs on: an embedded PostgreSQL under the data directory, or an external one named by the
 * environment. Either is checked before anything else starts; one that could lose an acknowledged evaluation is refused.
 */
@ApplicationModule(allowedDependencies = {})
@NullMarked
package org.segmeter.database;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
