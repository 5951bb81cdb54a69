package org.segmeter.format.dicom;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;

/** Writes data sets in the Native DICOM Model (PS3.19 annex A.1), which is the DICOM XML of PS3.18. */
public final class DicomXml implements DatasetSink {

    private static final String[] GROUPS = {"Alphabetic", "Ideographic", "Phonetic"};
    private static final String[] COMPONENTS = {"FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"};

    private final Appendable out;
    private final Deque<Integer> items = new ArrayDeque<>();

    public DicomXml(Appendable out) {
        this.out = out;
    }

    /** A data set as a document. */
    public static String document(DicomJson.Content content) {
        StringBuilder all = new StringBuilder();
        try {
            DicomXml xml = new DicomXml(all);
            xml.begin();
            content.writeTo(xml);
            xml.end();
        } catch (IOException e) {
            throw new IllegalStateException("a string takes everything", e);
        }
        return all.toString();
    }

    /** Begins a document. */
    public void begin() throws IOException {
        out.append("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")
                .append("<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\""
                        + " xml:space=\"preserve\">");
    }

    /** Ends the document. */
    public void end() throws IOException {
        out.append("</NativeDicomModel>");
    }

    @Override
    public void text(int tag, String vr, List<String> values) throws IOException {
        element(tag, vr);
        for (int i = 0; i < values.size(); i++) {
            if (vr.equals("PN")) {
                name(i + 1, values.get(i));
            } else if (tag == Tag.SPECIFIC_CHARACTER_SET) {
                value(1, "ISO_IR 192"); // the text is UTF-8 now, whatever it was
                break;
            } else {
                value(i + 1, values.get(i));
            }
        }
        out.append("</DicomAttribute>");
    }

    private void value(int number, String value) throws IOException {
        out.append("<Value number=\"").append(Integer.toString(number)).append("\">");
        escape(value);
        out.append("</Value>");
    }

    private void name(int number, String value) throws IOException {
        out.append("<PersonName number=\"").append(Integer.toString(number)).append("\">");
        String[] groups = value.split("=", -1);
        for (int g = 0; g < Math.min(groups.length, GROUPS.length); g++) {
            if (groups[g].isEmpty()) {
                continue;
            }
            out.append('<').append(GROUPS[g]).append('>');
            String[] components = groups[g].split("\\^", -1);
            for (int c = 0; c < Math.min(components.length, COMPONENTS.length); c++) {
                if (!components[c].isEmpty()) {
                    out.append('<').append(COMPONENTS[c]).append('>');
                    escape(components[c]);
                    out.append("</").append(COMPONENTS[c]).append('>');
                }
            }
            out.append("</").append(GROUPS[g]).append('>');
        }
        out.append("</PersonName>");
    }

    @Override
    public void numbers(int tag, String vr, List<? extends Number> values) throws IOException {
        text(tag, vr, values.stream().map(Object::toString).toList());
    }

    @Override
    public void bytes(int tag, String vr, byte[] value) throws IOException {
        element(tag, vr);
        if (value.length > 0) {
            out.append("<InlineBinary>")
                    .append(Base64.getEncoder().encodeToString(value))
                    .append("</InlineBinary>");
        }
        out.append("</DicomAttribute>");
    }

    @Override
    public void beginSequence(int tag) throws IOException {
        element(tag, "SQ");
        items.push(0);
    }

    @Override
    public void beginItem() throws IOException {
        int number = items.pop() + 1;
        items.push(number);
        out.append("<Item number=\"").append(Integer.toString(number)).append("\">");
    }

    @Override
    public void endItem() throws IOException {
        out.append("</Item>");
    }

    @Override
    public void endSequence() throws IOException {
        items.pop();
        out.append("</DicomAttribute>");
    }

    private void element(int tag, String vr) throws IOException {
        out.append("<DicomAttribute tag=\"%08X\" vr=\"%s\"".formatted(tag, vr));
        String keyword = DataElements.keyword(tag);
        if (keyword != null) {
            out.append(" keyword=\"").append(keyword).append('"');
        }
        out.append('>');
    }

    private void escape(String text) throws IOException {
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '\r' -> out.append("&#13;");
                default -> {
                    // What XML 1.0 cannot hold
                    boolean fit = c == '\t'
                            || c == '\n'
                            || c >= 0x20 && c < 0xD800
                            || c > 0xDFFF && c != 0xFFFE && c != 0xFFFF;
                    out.append(fit ? Character.toString(c) : "\uFFFD");
                }
            }
        }
    }
}
