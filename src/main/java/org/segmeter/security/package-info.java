/**
 * Who may do what: keys, tokens and sessions that say who sends a request, the roles that {@code openapi.yaml} asks for, and the refusal
 * to listen to others than this machine without any of it. For whom a request works, the database is told ({@code Tenant}).
 */
@ApplicationModule(allowedDependencies = {"evaluation", "database", "telemetry"})
@NullMarked
package org.segmeter.security;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
