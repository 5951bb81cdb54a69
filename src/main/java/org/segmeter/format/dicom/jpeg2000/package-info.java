/**
 * JPEG 2000 Part 1 (ITU-T T.800) codestreams of a single component, as DICOM encapsulates them.
 *
 * <p>Home-made because no maintained decoder in pure Java under a free licence is on Maven Central: dcm4che's codec plugins call
 * native OpenCV. Written from the text of the standard, whose names and annexes the comments cite. It decodes into an array whose
 * size the caller has already admitted, whatever the stream says of itself; what else it allocates is bounded by a small multiple
 * of that size plus the length of the stream.
 *
 * <p>Order of reading: {@link org.segmeter.format.dicom.jpeg2000.CodestreamParser} collects the markers and the bytes of each
 * tile; {@link org.segmeter.format.dicom.jpeg2000.TileDecoder} reads packets (annex B), decodes code-blocks (annexes C and D) and
 * inverts quantisation and wavelet (annexes E and F).
 */
@NullMarked
package org.segmeter.format.dicom.jpeg2000;

import org.jspecify.annotations.NullMarked;
