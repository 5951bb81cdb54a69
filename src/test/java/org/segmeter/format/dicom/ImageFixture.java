package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A series of images, one an object, in Explicit VR Little Endian: its own reading of the standard. Values are unsigned with 12 bits and
 * rescaled by 1 and -1024 unless something else is said.
 */
public final class ImageFixture {

    /** A value for each place of the patient in mm, LPS+. */
    public interface Body {
        double at(double left, double back, double head);
    }

    private final int columns;
    private final int rows;
    private final int slices;
    private final double[] spacing;
    private final double[][] axes;
    private final double[] origin;
    private final Body body;
    private final Map<Integer, String> texts = new LinkedHashMap<>();
    private int signed;
    private int bitsStored = 12;
    private double intercept = -1024;

    /**
     * @param size columns, rows, slices
     * @param spacing mm from one to the next of each
     * @param axes unit vectors of a row, a column and from a slice to the next, LPS+
     * @param origin middle of the first pixel of the first slice
     */
    public ImageFixture(int[] size, double[] spacing, double[][] axes, double[] origin, Body body) {
        this.columns = size[0];
        this.rows = size[1];
        this.slices = size[2];
        this.spacing = spacing.clone();
        this.axes = axes.clone();
        this.origin = origin.clone();
        this.body = body;
        with(0x0008_0016, "1.2.840.10008.5.1.4.1.1.2");
        with(0x0020_000D, "1.2.3");
        with(0x0020_000E, "1.2.3.4");
        with(0x0028_0004, "MONOCHROME2");
        with(0x0028_0030, decimals(spacing[1], spacing[0]));
        with(0x0020_0037, decimals(axes[0][0], axes[0][1], axes[0][2], axes[1][0], axes[1][1], axes[1][2]));
    }

    /** Says something else in every image; nothing if the text is empty. */
    public ImageFixture with(int tag, String text) {
        texts.put(tag, text);
        return this;
    }

    /** Two's complement of 16 bits, not rescaled. */
    public ImageFixture signed() {
        signed = 1;
        bitsStored = 16;
        intercept = 0;
        return this;
    }

    /** Unsigned numbers of 16 bits, rescaled by 1 and this. */
    public ImageFixture unsigned16(double by) {
        bitsStored = 16;
        intercept = by;
        return this;
    }

    /** Middle of a pixel, LPS+ mm. */
    public double[] place(double column, double row, double slice) {
        double[] place = origin.clone();
        for (int i = 0; i < 3; i++) {
            place[i] +=
                    column * spacing[0] * axes[0][i] + row * spacing[1] * axes[1][i] + slice * spacing[2] * axes[2][i];
        }
        return place;
    }

    /** All images, the last one first. */
    public List<byte[]> files() {
        List<byte[]> files = new ArrayList<>();
        for (int slice = slices - 1; slice >= 0; slice--) {
            files.add(file(slice, 1));
        }
        return files;
    }

    public byte[] zip() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("README.txt"));
            zip.write("a series".getBytes(StandardCharsets.US_ASCII));
            int number = 0;
            for (byte[] file : files()) {
                zip.putNextEntry(new ZipEntry("series/IM" + number++));
                zip.write(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** @param slope by which stored values are to be multiplied */
    public byte[] file(int slice, double slope) {
        Map<Integer, byte[]> elements = ofAll();
        elements.put(
                0x0008_0018, element(0x0008_0018, "UI", "1.2.3.4." + (slice + 1) + "." + Math.abs(texts.hashCode())));
        double[] corner = place(0, 0, slice);
        elements.putIfAbsent(0x0020_0032, element(0x0020_0032, "DS", decimals(corner)));
        if ("none".equals(texts.get(0x0020_0032))) {
            elements.remove(0x0020_0032);
        }
        elements.put(0x0028_1052, element(0x0028_1052, "DS", decimals(intercept)));
        elements.put(0x0028_1053, element(0x0028_1053, "DS", decimals(slope)));
        elements.put(0x7FE0_0010, value(0x7FE0_0010, "OW", pixels(slice, slope)));
        return part10(elements);
    }

    /** All slices as the frames of one enhanced object (PS3.3 C.7.6.16), the last one first: where each lies, and nothing else, its own group says. */
    public byte[] multiFrame() {
        Map<Integer, byte[]> elements = ofAll();
        elements.put(0x0008_0016, element(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.2.1"));
        elements.put(0x0008_0018, element(0x0008_0018, "UI", "1.2.3.4." + Math.abs(texts.hashCode())));
        elements.put(0x0028_0008, element(0x0028_0008, "IS", String.valueOf(slices)));
        byte[] transformation = joined(
                element(0x0028_1052, "DS", decimals(intercept)),
                element(0x0028_1053, "DS", decimals(1)),
                element(0x0028_1054, "LO", "HU"));
        byte[] window = joined(taken(elements, 0x0028_1050), taken(elements, 0x0028_1051));
        byte[] shared = joined(
                sequence(0x0020_9116, taken(elements, 0x0020_0037)),
                sequence(0x0028_9110, taken(elements, 0x0028_0030)),
                window.length == 0 ? window : sequence(0x0028_9132, window),
                sequence(0x0028_9145, transformation));
        elements.put(0x5200_9229, sequence(0x5200_9229, shared));
        byte[][] frames = new byte[slices][];
        ByteArrayOutputStream pixels = new ByteArrayOutputStream();
        for (int frame = 0; frame < slices; frame++) {
            int slice = slices - 1 - frame;
            frames[frame] = sequence(0x0020_9113, element(0x0020_0032, "DS", decimals(place(0, 0, slice))));
            pixels.writeBytes(pixels(slice, 1));
        }
        elements.put(0x5200_9230, sequence(0x5200_9230, frames));
        elements.put(0x7FE0_0010, value(0x7FE0_0010, "OW", pixels.toByteArray()));
        return part10(elements);
    }

    /** Takes an element out of the object's own; nothing if it is not there. */
    private static byte[] taken(Map<Integer, byte[]> elements, int tag) {
        byte[] element = elements.remove(tag);
        return element == null ? new byte[0] : element;
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static byte[] sequence(int tag, byte[]... items) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] item : items) {
            little(out, 0xFFFE, 2);
            little(out, 0xE000, 2);
            little(out, item.length, 4);
            out.writeBytes(item);
        }
        return value(tag, "SQ", out.toByteArray());
    }

    /** What is the same in every image. */
    private Map<Integer, byte[]> ofAll() {
        Map<Integer, byte[]> elements = new TreeMap<>(Integer::compareUnsigned);
        texts.forEach((tag, text) -> {
            if (!text.isEmpty()) {
                elements.put(
                        tag,
                        element(
                                tag,
                                tag >>> 16 == 0x0008 && tag != 0x0008_0008 || tag >>> 16 == 0x0020 && tag <= 0x0020_000E
                                        ? "UI"
                                        : tag == 0x0028_0004 || tag == 0x0008_0008 ? "CS" : "DS",
                                text));
            }
        });
        number(elements, 0x0028_0002, "RGB".equals(texts.get(0x0028_0004)) ? 3 : 1);
        number(elements, 0x0028_0010, rows);
        number(elements, 0x0028_0011, columns);
        number(elements, 0x0028_0100, 16);
        number(elements, 0x0028_0101, bitsStored);
        number(elements, 0x0028_0102, bitsStored - 1);
        number(elements, 0x0028_0103, signed);
        return elements;
    }

    private byte[] pixels(int slice, double slope) {
        byte[] pixels = new byte[2 * rows * columns];
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                double[] place = place(column, row, slice);
                long stored = Math.round((body.at(place[0], place[1], place[2]) - intercept) / slope);
                pixels[at++] = (byte) stored;
                pixels[at++] = (byte) (stored >> 8);
            }
        }
        return pixels;
    }

    private static byte[] part10(Map<Integer, byte[]> elements) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(new byte[128]);
        file.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
        byte[] syntax = element(0x0002_0010, "UI", "1.2.840.10008.1.2.1");
        file.writeBytes(value(0x0002_0000, "UL", new byte[] {(byte) syntax.length, 0, 0, 0}));
        file.writeBytes(syntax);
        elements.values().forEach(file::writeBytes);
        return file.toByteArray();
    }

    private static void number(Map<Integer, byte[]> elements, int tag, int number) {
        elements.put(tag, value(tag, "US", new byte[] {(byte) number, (byte) (number >> 8)}));
    }

    private static byte[] element(int tag, String vr, String text) {
        String even = (text.length() & 1) == 0 ? text : text + (vr.equals("UI") ? "\0" : " ");
        return value(tag, vr, even.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static byte[] value(int tag, String vr, byte[] value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        little(out, tag >>> 16, 2);
        little(out, tag & 0xFFFF, 2);
        out.writeBytes(vr.getBytes(StandardCharsets.US_ASCII));
        if (vr.equals("OW") || vr.equals("SQ")) {
            little(out, 0, 2);
            little(out, value.length, 4);
        } else {
            little(out, value.length, 2);
        }
        out.writeBytes(value);
        return out.toByteArray();
    }

    private static void little(ByteArrayOutputStream out, int number, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write(number >>> 8 * i);
        }
    }

    /** At most 16 characters each, as Decimal Strings have. */
    private static String decimals(double... numbers) {
        StringBuilder text = new StringBuilder();
        for (double number : numbers) {
            text.append(text.isEmpty() ? "" : "\\").append(String.format(Locale.ROOT, "%.10f", number));
        }
        return text.toString();
    }
}
