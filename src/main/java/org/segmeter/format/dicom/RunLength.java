package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.segmeter.volume.InputException;

/** RLE Lossless (PS3.5 annex G): byte planes, each coded as by PackBits. */
final class RunLength {

    private static final int HEADER = 64;

    private RunLength() {}

    /**
     * @param fragment one frame
     * @param planes bytes per pixel: the most significant plane comes first
     * @param pixels receives the pixels, little endian, {@code planes} bytes each; all of it is written
     */
    static void decode(MemorySegment fragment, int planes, byte[] pixels) throws InputException {
        long size = fragment.byteSize();
        if (size < HEADER) {
            throw Refusal.pixels("An RLE frame is shorter than its header.", size + " bytes", "at least 64 bytes");
        }
        MappedInput header = new MappedInput(fragment, 0);
        long count = Integer.toUnsignedLong(header.peek32(0, false));
        if (count != planes) {
            throw Refusal.pixels(
                    "An RLE frame has another number of segments than its pixels have bytes.",
                    count + " segments",
                    planes + (planes == 1 ? " segment" : " segments"));
        }
        for (int plane = 0; plane < planes; plane++) {
            long from = Integer.toUnsignedLong(header.peek32(4 + 4 * plane, false));
            long to = plane + 1 < planes ? Integer.toUnsignedLong(header.peek32(8 + 4 * plane, false)) : size;
            if (from < HEADER || from > to || to > size) {
                throw Refusal.pixels(
                        "An RLE frame points outside itself.",
                        "a segment from " + from + " to " + to,
                        "offsets from 64 to " + size);
            }
            plane(fragment, from, to, pixels, planes - 1 - plane, planes);
        }
    }

    private static void plane(MemorySegment in, long from, long to, byte[] out, int first, int stride)
            throws InputException {
        long i = from;
        int o = first;
        while (o < out.length) {
            if (i >= to) {
                throw tooShort(o / stride, out.length / stride);
            }
            int control = in.get(ValueLayout.JAVA_BYTE, i++);
            if (control == -128) {
                continue;
            }
            int run = control >= 0 ? control + 1 : 1 - control;
            if (run > (out.length - o + stride - 1) / stride) {
                throw Refusal.pixels(
                        "An RLE frame decodes to more bytes than it may have.",
                        "more than " + out.length + " bytes",
                        out.length + " bytes");
            }
            if (control >= 0) {
                if (run > to - i) {
                    throw tooShort(o / stride, out.length / stride);
                }
                if (stride == 1) {
                    MemorySegment.copy(in, ValueLayout.JAVA_BYTE, i, out, o, run);
                    o += run;
                } else {
                    for (int k = 0; k < run; k++, o += stride) {
                        out[o] = in.get(ValueLayout.JAVA_BYTE, i + k);
                    }
                }
                i += run;
            } else {
                if (i >= to) {
                    throw tooShort(o / stride, out.length / stride);
                }
                byte value = in.get(ValueLayout.JAVA_BYTE, i++);
                if (stride == 1) {
                    Arrays.fill(out, o, o + run, value);
                    o += run;
                } else {
                    for (int k = 0; k < run; k++, o += stride) {
                        out[o] = value;
                    }
                }
            }
        }
    }

    /**
     * Codes one frame.
     *
     * @param pixels little endian, {@code planes} bytes per pixel
     */
    static byte[] encode(byte[] pixels, int planes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int[] offsets = new int[planes];
        for (int plane = 0; plane < planes; plane++) {
            offsets[plane] = HEADER + out.size();
            byte[] bytes = new byte[pixels.length / planes];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = pixels[i * planes + planes - 1 - plane];
            }
            encode(bytes, out);
            if ((out.size() & 1) != 0) {
                out.write(0);
            }
        }
        byte[] all = new byte[HEADER + out.size()];
        ByteBuffer header = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putInt(planes);
        for (int offset : offsets) {
            header.putInt(offset);
        }
        System.arraycopy(out.toByteArray(), 0, all, HEADER, out.size());
        return all;
    }

    private static void encode(byte[] bytes, ByteArrayOutputStream out) {
        int i = 0;
        while (i < bytes.length) {
            int run = 1;
            while (run < 128 && i + run < bytes.length && bytes[i + run] == bytes[i]) {
                run++;
            }
            if (run > 1) {
                out.write(1 - run);
                out.write(bytes[i]);
                i += run;
            } else {
                int literal = 1;
                while (literal < 128
                        && i + literal < bytes.length
                        && (i + literal + 1 == bytes.length || bytes[i + literal] != bytes[i + literal + 1])) {
                    literal++;
                }
                out.write(literal - 1);
                out.write(bytes, i, literal);
                i += literal;
            }
        }
    }

    private static InputException tooShort(int found, int expected) {
        return Refusal.pixels(
                "An RLE frame decodes to fewer bytes than it must have.", found + " bytes", expected + " bytes");
    }
}
