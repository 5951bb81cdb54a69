/** DICOM Part 10 and the segmentation objects in it. */
@NamedInterface("dicom")
@NullMarked
package org.segmeter.format.dicom;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
