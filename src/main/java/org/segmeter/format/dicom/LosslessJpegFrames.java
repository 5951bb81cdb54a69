package org.segmeter.format.dicom;

import org.segmeter.format.dicom.jpeg.JpegLosslessDecoder;
import org.segmeter.format.dicom.jpeg.JpegLsDecoder;
import org.segmeter.volume.InputException;

/** Frames coded as JPEG-LS or JPEG lossless, by the decoders of this project. */
final class LosslessJpegFrames implements FrameDecoder {

    private static final String JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80";
    private static final String JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81";
    private static final String JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57";
    private static final String JPEG_LOSSLESS_FIRST_ORDER = "1.2.840.10008.1.2.4.70";

    @Override
    public boolean decodes(String transferSyntaxUid) {
        return switch (transferSyntaxUid) {
            case JPEG_LS_LOSSLESS, JPEG_LS_NEAR, JPEG_LOSSLESS, JPEG_LOSSLESS_FIRST_ORDER -> true;
            default -> false;
        };
    }

    @Override
    public void decode(
            String transferSyntaxUid, byte[] encoded, int rows, int columns, int bitsAllocated, byte[] pixels)
            throws InputException {
        boolean ls = transferSyntaxUid.equals(JPEG_LS_LOSSLESS) || transferSyntaxUid.equals(JPEG_LS_NEAR);
        short[] samples = ls
                ? JpegLsDecoder.decode(encoded, rows, columns, bitsAllocated)
                : JpegLosslessDecoder.decode(encoded, rows, columns, bitsAllocated);
        if (bitsAllocated == 8) {
            for (int i = 0; i < samples.length; i++) {
                pixels[i] = (byte) samples[i];
            }
        } else {
            for (int i = 0; i < samples.length; i++) {
                pixels[2 * i] = (byte) samples[i];
                pixels[2 * i + 1] = (byte) (samples[i] >> 8);
            }
        }
    }
}
