/**
 * Reads and writes volumes: NIfTI, DICOM Segmentation and Label Map Segmentation. What is read is found by its content, never
 * by a file name; everything that cannot be scored is refused by an {@link org.segmeter.volume.InputException}.
 */
@ApplicationModule(allowedDependencies = "volume")
@NullMarked
package org.segmeter.format;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
