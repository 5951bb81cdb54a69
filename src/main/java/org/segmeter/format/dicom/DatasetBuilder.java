package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A data set to be written: elements by tag, in ascending order whatever order they are put in. The writer's counterpart of
 * {@link DicomDataset}.
 */
public final class DatasetBuilder {

    private sealed interface Value {}

    private record Text(String vr, String text) implements Value {}

    private record Shorts(String vr, int[] values) implements Value {}

    private record Ints(String vr, int[] values) implements Value {}

    private record Doubles(double[] values) implements Value {}

    private record Bytes(String vr, byte[] bytes) implements Value {}

    private record Sequence(List<DatasetBuilder> items) implements Value {}

    private record Fragments(int[] offsets, List<byte[]> fragments) implements Value {}

    /** Value representations whose length takes four bytes. */
    private static final Set<String> LONG = Set.of("OB", "OW", "SQ", "UC", "UT");

    private final SortedMap<Integer, Value> elements = new TreeMap<>(Integer::compareUnsigned);

    /**
     * A text element, UTF-8.
     *
     * @param vr one of CS, DA, DS, IS, LO, PN, SH, ST, TM, UC, UI, UT
     * @throws IllegalArgumentException if it is longer than the value representation allows
     */
    public DatasetBuilder text(int tag, String vr, String value) {
        int maximum = switch (vr) {
            case "CS", "DS", "SH", "TM" -> 16;
            case "IS" -> 12;
            case "DA" -> 8;
            case "LO", "UI", "PN" -> 64;
            case "ST" -> 1024;
            case "UC", "UT" -> Integer.MAX_VALUE;
            default -> throw new IllegalArgumentException(vr + " is no text");
        };
        // The limit of a name is that of each way of writing it (PS3.5 section 6.2).
        String parts = vr.equals("PN") ? "[\\\\=]" : "\\\\";
        for (String part : vr.equals("UT") ? new String[] {value} : value.split(parts, -1)) {
            if (part.codePointCount(0, part.length()) > maximum) {
                throw new IllegalArgumentException(
                        Tag.text(tag) + " takes at most " + maximum + " characters, not " + part.length());
            }
        }
        elements.put(tag, new Text(vr, value));
        return this;
    }

    /** Unsigned 16-bit numbers (US). */
    public DatasetBuilder shorts(int tag, int... values) {
        elements.put(tag, new Shorts("US", values.clone()));
        return this;
    }

    /** Unsigned 32-bit numbers (UL). */
    public DatasetBuilder ints(int tag, int... values) {
        elements.put(tag, new Ints("UL", values.clone()));
        return this;
    }

    /** 64-bit floating point numbers (FD). */
    public DatasetBuilder doubles(int tag, double... values) {
        elements.put(tag, new Doubles(values.clone()));
        return this;
    }

    /** A tag as a value (AT). */
    public DatasetBuilder tag(int tag, int value) {
        elements.put(tag, new Shorts("AT", new int[] {value >>> 16, value & 0xFFFF}));
        return this;
    }

    /** Decimal strings (DS), rounded to what 16 characters can hold. */
    public DatasetBuilder decimals(int tag, double... values) {
        List<String> texts = new ArrayList<>();
        for (double v : values) {
            texts.add(decimal(v));
        }
        return text(tag, "DS", String.join("\\", texts));
    }

    /** Bytes as they are (OB), or words of 16 bits given low byte first (OW). */
    public DatasetBuilder bytes(int tag, String vr, byte[] value) {
        if (!vr.equals("OB") && !vr.equals("OW")) {
            throw new IllegalArgumentException(vr + " does not hold bytes");
        }
        elements.put(tag, new Bytes(vr, value));
        return this;
    }

    /** A sequence. */
    public DatasetBuilder sequence(int tag, List<DatasetBuilder> items) {
        elements.put(tag, new Sequence(List.copyOf(items)));
        return this;
    }

    /** A sequence of one item. */
    public DatasetBuilder sequence(int tag, DatasetBuilder item) {
        return sequence(tag, List.of(item));
    }

    /** Encapsulated pixel data; the basic offset table is empty where there is one fragment per frame. */
    DatasetBuilder fragments(int tag, int[] basicOffsets, List<byte[]> fragments) {
        elements.put(tag, new Fragments(basicOffsets.clone(), List.copyOf(fragments)));
        return this;
    }

    /** The shortest decimal string of at most 16 characters that is closest to a number. */
    static String decimal(double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("a decimal string is finite");
        }
        BigDecimal exact = new BigDecimal(Double.toString(value));
        for (int digits = 17; digits > 0; digits--) {
            BigDecimal rounded =
                    exact.round(new MathContext(digits, RoundingMode.HALF_EVEN)).stripTrailingZeros();
            String plain = rounded.toPlainString();
            if (plain.length() <= 16) {
                return plain;
            }
            String scientific = rounded.unscaledValue() + "E" + -rounded.scale();
            if (scientific.length() <= 16) {
                return scientific;
            }
        }
        throw new IllegalArgumentException(value + " has no decimal string of 16 characters");
    }

    /**
     * Writes the elements, without file meta information.
     *
     * @param undefinedLengths true to delimit sequences and items instead of giving their lengths
     */
    void write(OutputStream out, boolean explicitVr, boolean bigEndian, boolean undefinedLengths) throws IOException {
        for (var element : elements.entrySet()) {
            write(out, element.getKey(), element.getValue(), explicitVr, bigEndian, undefinedLengths);
        }
    }

    private static void write(
            OutputStream out, int tag, Value value, boolean explicit, boolean big, boolean undefinedLengths)
            throws IOException {
        switch (value) {
            case Text t -> {
                byte[] bytes = t.text.getBytes(StandardCharsets.UTF_8);
                header(out, tag, t.vr, bytes.length + (bytes.length & 1), explicit, big);
                out.write(bytes);
                if ((bytes.length & 1) != 0) {
                    out.write(t.vr.equals("UI") ? 0 : ' ');
                }
            }
            case Shorts s -> {
                header(out, tag, s.vr, 2L * s.values.length, explicit, big);
                byte[] bytes = new byte[2 * s.values.length];
                for (int i = 0; i < s.values.length; i++) {
                    put16(bytes, 2 * i, s.values[i], big);
                }
                out.write(bytes);
            }
            case Ints i -> {
                header(out, tag, i.vr, 4L * i.values.length, explicit, big);
                byte[] bytes = new byte[4 * i.values.length];
                for (int k = 0; k < i.values.length; k++) {
                    put32(bytes, 4 * k, i.values[k], big);
                }
                out.write(bytes);
            }
            case Doubles doubles -> {
                header(out, tag, "FD", 8L * doubles.values.length, explicit, big);
                byte[] bytes = new byte[8 * doubles.values.length];
                for (int k = 0; k < doubles.values.length; k++) {
                    long bits = Double.doubleToRawLongBits(doubles.values[k]);
                    put32(bytes, 8 * k, (int) (big ? bits >>> 32 : bits), big);
                    put32(bytes, 8 * k + 4, (int) (big ? bits : bits >>> 32), big);
                }
                out.write(bytes);
            }
            case Bytes b -> {
                int padded = b.bytes.length + (b.bytes.length & 1);
                header(out, tag, b.vr, padded, explicit, big);
                if (big && b.vr.equals("OW")) {
                    for (int k = 0; k < padded; k += 2) {
                        out.write(k + 1 < b.bytes.length ? b.bytes[k + 1] : 0);
                        out.write(b.bytes[k]);
                    }
                } else {
                    out.write(b.bytes);
                    if (padded > b.bytes.length) {
                        out.write(0);
                    }
                }
            }
            case Sequence s -> sequence(out, tag, s, explicit, big, undefinedLengths);
            case Fragments f -> {
                header(out, tag, "OB", 0xFFFF_FFFFL, explicit, big);
                item(out, Tag.ITEM, 4L * f.offsets.length, big);
                byte[] offsets = new byte[4 * f.offsets.length];
                for (int k = 0; k < f.offsets.length; k++) {
                    put32(offsets, 4 * k, f.offsets[k], big);
                }
                out.write(offsets);
                for (byte[] fragment : f.fragments) {
                    item(out, Tag.ITEM, fragment.length + (fragment.length & 1), big);
                    out.write(fragment);
                    if ((fragment.length & 1) != 0) {
                        out.write(0);
                    }
                }
                item(out, Tag.SEQUENCE_DELIMITER, 0, big);
            }
        }
    }

    private static void sequence(
            OutputStream out, int tag, Sequence s, boolean explicit, boolean big, boolean undefinedLengths)
            throws IOException {
        if (undefinedLengths) {
            header(out, tag, "SQ", 0xFFFF_FFFFL, explicit, big);
            for (DatasetBuilder each : s.items) {
                item(out, Tag.ITEM, 0xFFFF_FFFFL, big);
                each.write(out, explicit, big, true);
                item(out, Tag.ITEM_DELIMITER, 0, big);
            }
            item(out, Tag.SEQUENCE_DELIMITER, 0, big);
            return;
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (DatasetBuilder each : s.items) {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            each.write(one, explicit, big, false);
            item(content, Tag.ITEM, one.size(), big);
            one.writeTo(content);
        }
        header(out, tag, "SQ", content.size(), explicit, big);
        content.writeTo(out);
    }

    private static void item(OutputStream out, int tag, long length, boolean big) throws IOException {
        byte[] bytes = new byte[8];
        put16(bytes, 0, tag >>> 16, big);
        put16(bytes, 2, tag, big);
        put32(bytes, 4, (int) length, big);
        out.write(bytes);
    }

    private static void header(OutputStream out, int tag, String vr, long length, boolean explicit, boolean big)
            throws IOException {
        boolean wide = !explicit || LONG.contains(vr);
        if (!wide && length > 0xFFFF) {
            throw new IllegalArgumentException(Tag.text(tag) + " is too long for " + vr);
        }
        byte[] bytes = new byte[explicit && wide ? 12 : 8];
        put16(bytes, 0, tag >>> 16, big);
        put16(bytes, 2, tag, big);
        if (explicit) {
            bytes[4] = (byte) vr.charAt(0);
            bytes[5] = (byte) vr.charAt(1);
        }
        if (wide) {
            put32(bytes, bytes.length - 4, (int) length, big);
        } else {
            put16(bytes, 6, (int) length, big);
        }
        out.write(bytes);
    }

    private static void put16(byte[] bytes, int at, int v, boolean big) {
        bytes[at] = (byte) (big ? v >>> 8 : v);
        bytes[at + 1] = (byte) (big ? v : v >>> 8);
    }

    private static void put32(byte[] bytes, int at, int v, boolean big) {
        put16(bytes, at, big ? v >>> 16 : v, big);
        put16(bytes, at + 2, big ? v : v >>> 16, big);
    }
}
