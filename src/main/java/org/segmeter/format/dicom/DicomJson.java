package org.segmeter.format.dicom;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * Writes data sets in the DICOM JSON Model (PS3.18 annex F). IS and DS become numbers where they are numbers, as annex F.2.3.1
 * wants, with the digits that were sent.
 */
public final class DicomJson implements DatasetSink {

    private static final int FLUSHED = 1 << 15;

    private final Appendable out;
    private final StringBuilder json = new StringBuilder();
    private boolean first = true;

    /** @param out given the JSON in pieces; all of it after {@link #end} */
    public DicomJson(Appendable out) {
        this.out = out;
    }

    /** One data set as a JSON object. */
    @FunctionalInterface
    public interface Content {
        void writeTo(DatasetSink sink) throws IOException;
    }

    /** A data set as a JSON object. */
    public static String object(Content content) {
        StringBuilder all = new StringBuilder();
        try {
            DicomJson json = new DicomJson(all);
            json.begin();
            content.writeTo(json);
            json.end();
        } catch (IOException e) {
            throw new IllegalStateException("a string takes everything", e);
        }
        return all.toString();
    }

    /** Begins an object. */
    public void begin() {
        json.append('{');
        first = true;
    }

    /** Ends the object and hands over what was written. */
    public void end() throws IOException {
        json.append('}');
        out.append(json);
        json.setLength(0);
    }

    @Override
    public void text(int tag, String vr, List<String> values) throws IOException {
        element(tag, vr);
        if (!values.isEmpty()) {
            json.append(",\"Value\":[");
            for (int i = 0; i < values.size(); i++) {
                if (i > 0) {
                    json.append(',');
                }
                value(vr, tag == Tag.SPECIFIC_CHARACTER_SET ? "ISO_IR 192" : values.get(i));
                if (tag == Tag.SPECIFIC_CHARACTER_SET) {
                    break; // the text is UTF-8 now, whatever it was
                }
            }
            json.append(']');
        }
        close();
    }

    private void value(String vr, String value) {
        if (value.isEmpty()) {
            json.append("null");
        } else if (vr.equals("PN")) {
            String[] groups = value.split("=", -1);
            String[] names = {"Alphabetic", "Ideographic", "Phonetic"};
            json.append('{');
            boolean any = false;
            for (int i = 0; i < Math.min(groups.length, names.length); i++) {
                if (!groups[i].isEmpty()) {
                    json.append(any ? "," : "").append('"').append(names[i]).append("\":");
                    string(groups[i]);
                    any = true;
                }
            }
            json.append('}');
        } else if ((vr.equals("DS") || vr.equals("IS")) && isNumber(value)) {
            json.append(number(value));
        } else {
            string(value);
        }
    }

    private static boolean isNumber(String value) {
        return value.length() <= 16 && value.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?");
    }

    private static String number(String value) {
        return new BigDecimal(value).toString();
    }

    @Override
    public void numbers(int tag, String vr, List<? extends Number> values) throws IOException {
        element(tag, vr);
        if (!values.isEmpty()) {
            json.append(",\"Value\":[");
            for (int i = 0; i < values.size(); i++) {
                Number number = values.get(i);
                json.append(i > 0 ? "," : "");
                if (number instanceof Double d && !Double.isFinite(d)
                        || number instanceof Float f && !Float.isFinite(f)) {
                    string(number.toString()); // JSON has no such number
                } else {
                    json.append(number);
                }
            }
            json.append(']');
        }
        close();
    }

    @Override
    public void bytes(int tag, String vr, byte[] value) throws IOException {
        element(tag, vr);
        if (value.length > 0) {
            json.append(",\"InlineBinary\":\"")
                    .append(Base64.getEncoder().encodeToString(value))
                    .append('"');
        }
        close();
    }

    @Override
    public void beginSequence(int tag) {
        element(tag, "SQ");
        json.append(",\"Value\":[");
        first = true;
    }

    @Override
    public void beginItem() {
        if (!first) {
            json.append(',');
        }
        json.append('{');
        first = true;
    }

    @Override
    public void endItem() throws IOException {
        json.append('}');
        first = false;
        if (json.length() > FLUSHED) {
            out.append(json);
            json.setLength(0);
        }
    }

    @Override
    public void endSequence() throws IOException {
        json.append(']');
        close();
    }

    private void element(int tag, String vr) {
        if (!first) {
            json.append(',');
        }
        first = false;
        json.append('"')
                .append("%08X".formatted(tag))
                .append("\":{\"vr\":\"")
                .append(vr)
                .append('"');
    }

    private void close() throws IOException {
        json.append('}');
        first = false;
        if (json.length() > FLUSHED) {
            out.append(json);
            json.setLength(0);
        }
    }

    private void string(String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\0' -> {} // padding in the middle of a text; databases refuse it
                default -> {
                    if (c < 0x20 || c == 0x2028 || c == 0x2029 || Character.isSurrogate(c) && !paired(text, i)) {
                        json.append("\\u%04x".formatted((int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
    }

    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1))
                || Character.isLowSurrogate(text.charAt(i)) && i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }

    /** UTF-8, which the media type prescribes. */
    public static byte[] utf8(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }
}
