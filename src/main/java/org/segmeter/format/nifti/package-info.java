/** NIfTI-1 and NIfTI-2. */
@NamedInterface("nifti")
@NullMarked
package org.segmeter.format.nifti;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
