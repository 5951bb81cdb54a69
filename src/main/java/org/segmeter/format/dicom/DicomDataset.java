package org.segmeter.format.dicom;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;

/**
 * A view of a data set or of a sequence item: the elements that were asked for when it was parsed. Values are decoded when
 * they are looked at; the bytes they come from must still be there then.
 */
public final class DicomDataset {

    private static final ValueLayout.OfShort SHORT_LE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT_BE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT_LE = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT_BE = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** No number, UID or code is longer; a longer value is refused before it is decoded. */
    private static final int MAXIMUM_SHORT_TEXT = 4096;

    /** Free text is cut here before it is decoded; what is kept of it is far shorter. */
    private static final int MAXIMUM_FREE_TEXT = 16384;

    private final Tape tape;
    private final MemorySegment bytes;
    private final int from;
    private final int to;

    DicomDataset(Tape tape, MemorySegment bytes, int from, int to) {
        this.tape = tape;
        this.bytes = bytes;
        this.from = from;
        this.to = to;
    }

    private int find(int tag) {
        for (int i = from; i < to; i = tape.next(i)) {
            if (tape.tag(i) == tag) {
                return i;
            }
        }
        return -1;
    }

    /** True if the element is there, even if empty. */
    public boolean contains(int tag) {
        return find(tag) >= 0;
    }

    /** The items of a sequence; none if it is absent or empty. */
    public List<DicomDataset> items(int tag) {
        int sequence = find(tag);
        if (sequence < 0 || !tape.is(sequence, Tape.SEQUENCE)) {
            return List.of();
        }
        List<DicomDataset> items = new ArrayList<>();
        int end = tape.next(sequence);
        for (int i = sequence + 1; i < end; i = tape.next(i)) {
            items.add(new DicomDataset(tape, bytes, i + 1, tape.next(i)));
        }
        return items;
    }

    /** The first item of a sequence, null if there is none. */
    public @Nullable DicomDataset item(int tag) {
        int sequence = find(tag);
        if (sequence < 0 || !tape.is(sequence, Tape.SEQUENCE) || tape.next(sequence) == sequence + 1) {
            return null;
        }
        return new DicomDataset(tape, bytes, sequence + 2, tape.next(sequence + 1));
    }

    /** True if a sequence has more than one item. */
    boolean hasSeveralItems(int tag) {
        int sequence = find(tag);
        return sequence >= 0
                && tape.is(sequence, Tape.SEQUENCE)
                && tape.next(sequence) > sequence + 1
                && tape.next(sequence + 1) < tape.next(sequence);
    }

    /** The raw value; null if absent, empty or a sequence. */
    byte @Nullable [] raw(int tag, int maximum) {
        int i = find(tag);
        if (i < 0 || tape.is(i, Tape.SEQUENCE) || tape.length(i) == 0) {
            return null;
        }
        int n = (int) Math.min(tape.length(i), maximum);
        byte[] value = new byte[n];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, tape.offset(i), value, 0, n);
        return value;
    }

    /** Bytes of the value, -1 if the element is absent or a sequence. */
    long length(int tag) {
        int i = find(tag);
        return i < 0 || tape.is(i, Tape.SEQUENCE) ? -1 : tape.length(i);
    }

    /**
     * A code, UID or number as text: ISO 646, padding removed.
     *
     * @return null if absent or empty
     */
    public @Nullable String string(int tag) throws InputException {
        if (length(tag) > MAXIMUM_SHORT_TEXT) {
            throw Refusal.malformed(
                    "The value of " + Tag.text(tag) + " is far longer than the standard allows.",
                    length(tag) + " bytes",
                    "at most " + MAXIMUM_SHORT_TEXT + " bytes");
        }
        byte[] value = raw(tag, MAXIMUM_SHORT_TEXT);
        if (value == null) {
            return null;
        }
        String text = trimmed(new String(value, StandardCharsets.ISO_8859_1));
        return text.isEmpty() ? null : text;
    }

    /** Free text in the object's character set, made safe to show: see {@link DicomText#clean}. @return null if absent or empty */
    @Nullable
    String text(int tag, DicomText characterSet, int maximumCharacters) {
        byte[] value = raw(tag, MAXIMUM_FREE_TEXT);
        if (value == null) {
            return null;
        }
        String text = DicomText.clean(characterSet.decode(value), maximumCharacters);
        return text.isEmpty() ? null : text;
    }

    /** A UID: digits and dots, at most 64. @return null if absent or empty */
    public @Nullable String uid(int tag) throws InputException {
        String text = string(tag);
        if (text != null && !isUid(text)) {
            throw Refusal.malformed(
                    "The value of " + Tag.text(tag) + " is no UID.",
                    text.length() + " characters",
                    "at most 64 digits and dots");
        }
        return text;
    }

    static boolean isUid(String text) {
        if (text.length() > 64) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '.' && (c < '0' || c > '9')) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** An unsigned 16-bit number (US). @return empty if absent */
    public OptionalInt unsignedShort(int tag) throws InputException {
        int i = find(tag);
        if (i < 0 || tape.is(i, Tape.SEQUENCE) || tape.length(i) == 0) {
            return OptionalInt.empty();
        }
        if (tape.length(i) != 2) {
            throw Refusal.malformed(
                    "The value of " + Tag.text(tag) + " has the wrong length.", tape.length(i) + " bytes", "2 bytes");
        }
        return OptionalInt.of(bytes.get(tape.is(i, Tape.BIG_ENDIAN) ? SHORT_BE : SHORT_LE, tape.offset(i)) & 0xFFFF);
    }

    /** A required unsigned 16-bit number. @throws InputException if it is absent */
    int requiredShort(int tag, String name) throws InputException {
        OptionalInt value = unsignedShort(tag);
        if (value.isEmpty()) {
            throw Refusal.malformed(
                    name + " " + Tag.text(tag) + " is missing.", "no value", "an unsigned 16-bit number");
        }
        return value.getAsInt();
    }

    /** 32-bit numbers (UL or SL). @return null if absent or empty */
    int @Nullable [] integers32(int tag) throws InputException {
        int i = find(tag);
        if (i < 0 || tape.is(i, Tape.SEQUENCE) || tape.length(i) == 0) {
            return null;
        }
        long n = tape.length(i);
        if (n % 4 != 0 || n > MAXIMUM_SHORT_TEXT) {
            throw Refusal.malformed(
                    "The value of " + Tag.text(tag) + " has the wrong length.", n + " bytes", "32-bit numbers");
        }
        int[] values = new int[(int) n / 4];
        for (int k = 0; k < values.length; k++) {
            values[k] = bytes.get(tape.is(i, Tape.BIG_ENDIAN) ? INT_BE : INT_LE, tape.offset(i) + 4L * k);
        }
        return values;
    }

    /** An integer string (IS). @return empty if absent or empty */
    public OptionalInt integer(int tag) throws InputException {
        String text = string(tag);
        if (text == null) {
            return OptionalInt.empty();
        }
        if (!text.matches("[+-]?[0-9]{1,12}")) {
            throw notANumber(tag, "a whole number");
        }
        long value = Long.parseLong(text);
        if (value != (int) value) {
            throw notANumber(tag, "a whole number of at most 31 bits");
        }
        return OptionalInt.of((int) value);
    }

    /**
     * Decimal strings (DS), all finite.
     *
     * @param count how many there must be
     * @return null if absent or empty
     */
    public double @Nullable [] decimals(int tag, int count) throws InputException {
        String text = string(tag);
        if (text == null) {
            return null;
        }
        double[] values = new double[count];
        int at = 0;
        for (int k = 0; k < count; k++) {
            int end = text.indexOf('\\', at);
            if (end < 0 != (k == count - 1)) {
                throw notANumber(tag, count + (count == 1 ? " decimal number" : " decimal numbers"));
            }
            values[k] = decimal(tag, trimmed(text.substring(at, end < 0 ? text.length() : end)));
            at = end + 1;
        }
        return values;
    }

    /** Decimal strings (DS) of any number, all finite; none if absent or empty. */
    double[] manyDecimals(int tag) throws InputException {
        int i = find(tag);
        if (i < 0 || tape.is(i, Tape.SEQUENCE) || tape.length(i) == 0) {
            return new double[0];
        }
        long start = tape.offset(i);
        long end = start + tape.length(i);
        int count = 1;
        for (long at = start; at < end; at++) {
            count += bytes.get(ValueLayout.JAVA_BYTE, at) == '\\' ? 1 : 0;
        }
        double[] values = new double[count];
        byte[] one = new byte[80];
        int n = 0;
        int length = 0;
        for (long at = start; at <= end; at++) {
            byte b = at == end ? (byte) '\\' : bytes.get(ValueLayout.JAVA_BYTE, at);
            if (b == '\\') {
                values[n++] = decimal(tag, trimmed(new String(one, 0, length, StandardCharsets.ISO_8859_1)));
                length = 0;
            } else if (length == one.length) {
                throw notANumber(tag, "decimal numbers");
            } else {
                one[length++] = b;
            }
        }
        return values;
    }

    private static double decimal(int tag, String text) throws InputException {
        if (text.isEmpty() || text.length() > 64) {
            throw notANumber(tag, "a decimal number");
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
                throw notANumber(tag, "a decimal number");
            }
        }
        try {
            double value = Double.parseDouble(text);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Answered below, like every other text that is no number.
        }
        throw notANumber(tag, "a finite decimal number");
    }

    private static InputException notANumber(int tag, String expected) {
        return Refusal.malformed(
                "The value of " + Tag.text(tag) + " is not " + expected + ".", "another text", expected);
    }

    /**
     * Tells every kept element to a sink. Values longer than 32 KiB, of which only the beginning was kept, and group lengths are
     * left out.
     */
    public void writeTo(DatasetSink sink) throws IOException {
        writeTo(sink, new DicomText(characterSet(null)));
    }

    private @Nullable String characterSet(@Nullable String inherited) {
        byte[] value = raw(Tag.SPECIFIC_CHARACTER_SET, 1024);
        return value == null ? inherited : new String(value, StandardCharsets.ISO_8859_1);
    }

    private void writeTo(DatasetSink sink, DicomText characterSet) throws IOException {
        for (int i = from; i < to; i = tape.next(i)) {
            int tag = tape.tag(i);
            if (tape.is(i, Tape.SEQUENCE)) {
                sink.beginSequence(tag);
                int end = tape.next(i);
                for (int item = i + 1; item < end; item = tape.next(item)) {
                    DicomDataset inner = new DicomDataset(tape, bytes, item + 1, tape.next(item));
                    String own = inner.characterSet(null);
                    sink.beginItem();
                    inner.writeTo(sink, own == null ? characterSet : new DicomText(own));
                    sink.endItem();
                }
                sink.endSequence();
            } else if ((tag & 0xFFFF) != 0 && tape.length(i) < DicomParser.LONGEST_VALUE) {
                int vr = tape.vr(i);
                element(
                        sink,
                        i,
                        tag,
                        vr == 0 ? DataElements.vr(tag) : "" + (char) (vr >>> 8) + (char) (vr & 0xFF),
                        characterSet);
            }
        }
    }

    private void element(DatasetSink sink, int i, int tag, String vr, DicomText characterSet) throws IOException {
        byte[] value = new byte[(int) tape.length(i)];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, tape.offset(i), value, 0, value.length);
        ByteBuffer numbers = ByteBuffer.wrap(value)
                .order(tape.is(i, Tape.BIG_ENDIAN) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        List<Number> list = new ArrayList<>();
        switch (vr) {
            case "US" -> {
                while (numbers.remaining() >= 2) {
                    list.add(numbers.getShort() & 0xFFFF);
                }
                sink.numbers(tag, vr, list);
            }
            case "SS" -> {
                while (numbers.remaining() >= 2) {
                    list.add((int) numbers.getShort());
                }
                sink.numbers(tag, vr, list);
            }
            case "UL" -> {
                while (numbers.remaining() >= 4) {
                    list.add(numbers.getInt() & 0xFFFF_FFFFL);
                }
                sink.numbers(tag, vr, list);
            }
            case "SL" -> {
                while (numbers.remaining() >= 4) {
                    list.add(numbers.getInt());
                }
                sink.numbers(tag, vr, list);
            }
            case "UV" -> {
                while (numbers.remaining() >= 8) {
                    list.add(new BigInteger(Long.toUnsignedString(numbers.getLong())));
                }
                sink.numbers(tag, vr, list);
            }
            case "SV" -> {
                while (numbers.remaining() >= 8) {
                    list.add(numbers.getLong());
                }
                sink.numbers(tag, vr, list);
            }
            case "FL" -> {
                while (numbers.remaining() >= 4) {
                    list.add(numbers.getFloat());
                }
                sink.numbers(tag, vr, list);
            }
            case "FD" -> {
                while (numbers.remaining() >= 8) {
                    list.add(numbers.getDouble());
                }
                sink.numbers(tag, vr, list);
            }
            case "AT" -> {
                List<String> tags = new ArrayList<>();
                while (numbers.remaining() >= 4) {
                    tags.add("%04X%04X".formatted(numbers.getShort() & 0xFFFF, numbers.getShort() & 0xFFFF));
                }
                sink.text(tag, vr, tags);
            }
            case "OB", "OW", "OF", "OD", "OL", "OV", "UN", "SQ" -> sink.bytes(tag, vr.equals("SQ") ? "UN" : vr, value);
            case "LT", "ST", "UT", "UR" -> {
                // One value: a backslash is part of it, leading spaces too.
                String text = characterSet.decode(value).replaceAll("[ \\x00]+$", "");
                sink.text(tag, vr, text.isEmpty() ? List.of() : List.of(text));
            }
            default -> {
                String text = trimmed(
                        switch (vr) {
                            case "LO", "SH", "PN", "UC" -> characterSet.decode(value);
                            default -> new String(value, StandardCharsets.ISO_8859_1);
                        });
                List<String> values = new ArrayList<>();
                if (!text.isEmpty()) {
                    for (String one : text.split("\\\\", -1)) {
                        values.add(trimmed(one));
                    }
                }
                sink.text(tag, vr, values);
            }
        }
    }

    private static String trimmed(String text) {
        int a = 0;
        int b = text.length();
        while (b > a && text.charAt(b - 1) <= ' ') {
            b--;
        }
        while (a < b && text.charAt(a) <= ' ') {
            a++;
        }
        return text.substring(a, b);
    }
}
