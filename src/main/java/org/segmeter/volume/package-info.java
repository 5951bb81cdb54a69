/**
 * Volumes: grids in patient space, bit masks, probability volumes and the segments they belong to.
 *
 * <p>Coordinates are DICOM's patient system, LPS+, in millimetres; NIfTI's RAS+ is converted where a file is read. A voxel is
 * addressed by (x, y, z), x running fastest. This package depends on nothing but the JDK.
 */
@ApplicationModule(allowedDependencies = {})
@NullMarked
package org.segmeter.volume;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
