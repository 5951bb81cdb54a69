/**
 * Lossless JPEG codings of a single component, as DICOM encapsulates them: JPEG-LS (ITU-T T.87) and JPEG lossless,
 * non-hierarchical (ITU-T T.81 annex H).
 *
 * <p>Home-made because no maintained decoder in pure Java is on Maven Central: dcm4che's codec plugins call native OpenCV. Both
 * decode into an array whose size the caller has already admitted, whatever the stream says of itself.
 */
@NullMarked
package org.segmeter.format.dicom.jpeg;

import org.jspecify.annotations.NullMarked;
