/** NIfTI-1 and NIfTI-2. */
@NullMarked
package org.segmeter.format.nifti;

import org.jspecify.annotations.NullMarked;
