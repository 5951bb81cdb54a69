package org.segmeter.format.dicom;

import org.segmeter.format.dicom.jpeg.JpegLosslessDecoder;
import org.segmeter.format.dicom.jpeg.JpegLsDecoder;
import org.segmeter.format.dicom.jpeg2000.Jpeg2000Decoder;
import org.segmeter.volume.InputException;

/**
 * Frames coded as JPEG-LS, JPEG lossless or JPEG 2000, by the decoders of this project.
 *
 * @param signed whether the object's pixels are in two's complement: JPEG 2000 has a word of its own for that, which must not say more
 */
record JpegFrames(boolean signed) implements FrameDecoder {

    private static final String JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80";
    private static final String JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81";
    private static final String JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90";
    private static final String JPEG_2000 = "1.2.840.10008.1.2.4.91";
    private static final String JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57";
    private static final String JPEG_LOSSLESS_FIRST_ORDER = "1.2.840.10008.1.2.4.70";

    @Override
    public boolean decodes(String transferSyntaxUid) {
        return switch (transferSyntaxUid) {
            case JPEG_LS_LOSSLESS,
                    JPEG_LS_NEAR,
                    JPEG_2000_LOSSLESS,
                    JPEG_2000,
                    JPEG_LOSSLESS,
                    JPEG_LOSSLESS_FIRST_ORDER -> true;
            default -> false;
        };
    }

    @Override
    public void decode(
            String transferSyntaxUid, byte[] encoded, int rows, int columns, int bitsAllocated, byte[] pixels)
            throws InputException {
        short[] samples = switch (transferSyntaxUid) {
            case JPEG_LS_LOSSLESS, JPEG_LS_NEAR -> JpegLsDecoder.decode(encoded, rows, columns, bitsAllocated);
            case JPEG_2000_LOSSLESS, JPEG_2000 -> Jpeg2000Decoder.decode(encoded, rows, columns, bitsAllocated, signed);
            default -> JpegLosslessDecoder.decode(encoded, rows, columns, bitsAllocated);
        };
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
