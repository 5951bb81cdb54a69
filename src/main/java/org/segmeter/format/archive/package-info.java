/**
 * Zip and tar as an envelope for the files of one side. Read in place and by our own code, because every count and length of
 * an archive is a claim of its sender: nothing is allocated per entry before the number of entries is known to be within the
 * limit, contents are cut out of the mapped file, and names are never looked at.
 */
@NullMarked
package org.segmeter.format.archive;

import org.jspecify.annotations.NullMarked;
