package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;

/**
 * JPEG 2000 Part 1 (ITU-T T.800), one component of 1 to 16 bits, reversible or irreversible.
 *
 * <p>Decoded: every number of decomposition levels, code-block style, progression order (also changes of it), precincts, layers,
 * tiles and tile-parts, regions of interest by maximum shift, and a JP2 file around the codestream. Not supported, and refused:
 * several or subsampled components, packet headers that are packed in the main or a tile-part header, extensions of
 * later parts, more than 31 magnitude bits in a code-block.
 */
public final class Jpeg2000Decoder {

    private Jpeg2000Decoder() {}

    /**
     * Decodes one frame.
     *
     * @param stream a codestream from SOC on, or a JP2 file that contains one
     * @param rows that the stream must have; {@code columns} likewise. The caller has admitted rows x columns samples
     * @param maximumBits precision that the stream may have at most, 1 to 16
     * @param signedToo whether samples may be signed; where they may not, a stream of signed ones is refused
     * @return samples, row by row: unsigned, or in two's complement of 16 bits if the stream says that they are signed
     * @throws InputException if the stream is damaged, is of another size, or uses what is not supported
     */
    public static short[] decode(byte[] stream, int rows, int columns, int maximumBits, boolean signedToo)
            throws InputException {
        CodestreamParser parser = new CodestreamParser(Codestream.of(stream));
        ImageSize size = parser.parse(rows, columns, maximumBits, signedToo);
        short[] samples = new short[Math.multiplyExact(rows, columns)];
        for (TileSource tile : parser.tiles()) {
            new TileDecoder(size, tile).decode(samples);
        }
        return samples;
    }
}
