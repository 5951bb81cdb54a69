package org.segmeter.format.dicom;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A parsed DICOM object.
 *
 * @param meta the file meta information; empty if there was none
 * @param dataset the kept elements of the data set
 * @param transferSyntax how the data set is encoded
 * @param pixelData null if there is none, or if parsing was told to stop before it
 * @param notices what was accepted with a remark
 */
record DicomFile(
        DicomDataset meta,
        DicomDataset dataset,
        TransferSyntax transferSyntax,
        @Nullable PixelData pixelData,
        List<String> notices) {}
