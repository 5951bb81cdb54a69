/** DICOM Part 10 and the segmentation objects in it. */
@NullMarked
package org.segmeter.format.dicom;

import org.jspecify.annotations.NullMarked;
