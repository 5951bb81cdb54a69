/**
 * HTTP: the REST resources, uploads that stream, problem documents, the pages. Everything that can be asked is in
 * {@code openapi.yaml}, and a test compares the two.
 */
@NullMarked
@ApplicationModule
package org.segmeter.web;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
