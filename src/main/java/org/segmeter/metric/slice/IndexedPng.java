package org.segmeter.metric.slice;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * Writes pictures of few colours as PNG (ISO/IEC 15948). The JDK's own writer would load AWT and its native libraries into the service
 * for it, and chooses its own filters; a palette picture is four chunks.
 */
public final class IndexedPng {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int PALETTE_COLOUR = 3;

    private IndexedPng() {}

    /**
     * @param picture whose values are indices into the palette
     * @param palette 1 to 256 colours, 0xRRGGBB
     */
    public static byte[] write(SlicePicture picture, int[] palette) {
        return write(picture, palette, false);
    }

    /** As {@link #write(SlicePicture, int[])}. @param seeThrough true to let what is behind be seen where the value is 0 */
    public static byte[] write(SlicePicture picture, int[] palette, boolean seeThrough) {
        int bits = palette.length <= 2 ? 1 : palette.length <= 4 ? 2 : palette.length <= 16 ? 4 : 8;
        try {
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            file.write(SIGNATURE);
            chunk(file, "IHDR", header -> {
                header.writeInt(picture.columns());
                header.writeInt(picture.rows());
                header.writeByte(bits);
                header.writeByte(PALETTE_COLOUR);
                header.write(new byte[3]); // deflate, the standard filters, not interlaced
            });
            chunk(file, "PLTE", colours -> {
                for (int colour : palette) {
                    colours.writeByte(colour >> 16);
                    colours.writeByte(colour >> 8);
                    colours.writeByte(colour);
                }
            });
            if (seeThrough) {
                chunk(file, "tRNS", alpha -> alpha.writeByte(0)); // of the first colour; the others are opaque
            }
            chunk(file, "IDAT", data -> {
                Deflater deflater = new Deflater(Deflater.BEST_SPEED);
                try (DeflaterOutputStream compressed = new DeflaterOutputStream(data, deflater)) {
                    rows(picture, bits, compressed);
                } finally {
                    deflater.end();
                }
            });
            chunk(file, "IEND", end -> {});
            return file.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
    }

    /** Each row with its filter, none, and its pixels from the high bits of a byte to the low ones. */
    private static void rows(SlicePicture picture, int bits, DeflaterOutputStream out) throws IOException {
        int perByte = 8 / bits;
        byte[] row = new byte[1 + (picture.columns() + perByte - 1) / perByte];
        for (int y = 0; y < picture.rows(); y++) {
            java.util.Arrays.fill(row, (byte) 0);
            for (int x = 0; x < picture.columns(); x++) {
                int value = picture.pixels()[y * picture.columns() + x] & 0xff;
                row[1 + x / perByte] |= (byte) (value << 8 - bits * (1 + x % perByte));
            }
            out.write(row);
        }
    }

    private interface Content {
        void writeTo(DataOutputStream out) throws IOException;
    }

    private static void chunk(ByteArrayOutputStream file, String type, Content content) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(body);
        out.write(type.getBytes(StandardCharsets.US_ASCII));
        content.writeTo(out);
        out.flush();
        byte[] bytes = body.toByteArray();
        CRC32 crc = new CRC32();
        crc.update(bytes);
        DataOutputStream whole = new DataOutputStream(file);
        whole.writeInt(bytes.length - 4);
        whole.write(bytes);
        whole.writeInt((int) crc.getValue());
    }
}
