/** What surrounds the program: image, compose file, chart, read-me and the rules every tracked file obeys. */
@NullMarked
package org.segmeter.deployment;

import org.jspecify.annotations.NullMarked;
