package org.segmeter.format.dicom;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The data elements of DICOM PS3.6: value representation and keyword of each tag. */
public final class DataElements {

    private record Element(String vr, String keyword) {}

    /** Read when first needed: scoring does not. */
    private static final class Dictionary {
        static final Map<Integer, Element> BY_TAG = new HashMap<>();
        static final Map<String, Integer> BY_KEYWORD = new HashMap<>();

        static {
            try (InputStream in = DataElements.class.getResourceAsStream("elements.csv")) {
                if (in == null) {
                    throw new IllegalStateException("elements.csv is not in the jar");
                }
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (!line.startsWith("#") && line.length() > 12) {
                        int tag = Integer.parseUnsignedInt(line.substring(0, 8), 16);
                        Element element = new Element(line.substring(9, 11), line.substring(12));
                        BY_TAG.put(tag, element);
                        BY_KEYWORD.put(element.keyword, tag);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private DataElements() {}

    /** The value representation, the first where the standard allows several; {@code UN} if the tag is not in the standard. */
    public static String vr(int tag) {
        if ((tag & 0xFFFF) == 0) {
            return "UL";
        }
        Element element = Dictionary.BY_TAG.get(tag);
        if (element != null) {
            return element.vr;
        }
        // Private Creator (PS3.5 section 7.8.1)
        return (tag >>> 16 & 1) == 1 && (tag & 0xFFFF) >= 0x10 && (tag & 0xFFFF) <= 0xFF ? "LO" : "UN";
    }

    static boolean isSequence(int tag) {
        Element element = Dictionary.BY_TAG.get(tag);
        return element != null && element.vr.equals("SQ");
    }

    /** For example {@code PatientID}; null if the tag is not in the standard. */
    public static @Nullable String keyword(int tag) {
        Element element = Dictionary.BY_TAG.get(tag);
        return element == null ? null : element.keyword;
    }

    /** The tag of a keyword, or of eight hexadecimal digits; empty if it is neither. */
    public static OptionalInt tag(String keywordOrTag) {
        if (keywordOrTag.matches("[0-9A-Fa-f]{8}")) {
            return OptionalInt.of(Integer.parseUnsignedInt(keywordOrTag, 16));
        }
        Integer tag = Dictionary.BY_KEYWORD.get(keywordOrTag);
        return tag == null ? OptionalInt.empty() : OptionalInt.of(tag);
    }
}
