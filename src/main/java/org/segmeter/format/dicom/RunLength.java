package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

    private static InputException tooShort(int found, int expected) {
        return Refusal.pixels(
                "An RLE frame decodes to fewer bytes than it must have.", found + " bytes", expected + " bytes");
    }
}
