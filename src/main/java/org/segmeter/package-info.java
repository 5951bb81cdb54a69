/** Segmeter scores 3D medical segmentations. */
@NullMarked
package org.segmeter;

import org.jspecify.annotations.NullMarked;
