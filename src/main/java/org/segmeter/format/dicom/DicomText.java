package org.segmeter.format.dicom;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decodes text by Specific Character Set (0008,0005), DICOM PS3.3 C.12.1.1.2 and PS3.5 section 6.1. Never fails: bytes that
 * cannot be decoded become U+FFFD, because a label's spelling is no reason to lose a segmentation.
 */
final class DicomText {

    /** Single-byte and multi-byte sets without code extensions; the same with {@code ISO 2022 IR} in place of {@code ISO_IR}. */
    private static final Map<String, String> CHARSETS = Map.ofEntries(
            Map.entry("ISO_IR 6", "UTF-8"),
            Map.entry("ISO_IR 13", "JIS_X0201"),
            Map.entry("ISO_IR 100", "ISO-8859-1"),
            Map.entry("ISO_IR 101", "ISO-8859-2"),
            Map.entry("ISO_IR 109", "ISO-8859-3"),
            Map.entry("ISO_IR 110", "ISO-8859-4"),
            Map.entry("ISO_IR 126", "ISO-8859-7"),
            Map.entry("ISO_IR 127", "ISO-8859-6"),
            Map.entry("ISO_IR 138", "ISO-8859-8"),
            Map.entry("ISO_IR 144", "ISO-8859-5"),
            Map.entry("ISO_IR 148", "ISO-8859-9"),
            Map.entry("ISO_IR 166", "TIS-620"),
            Map.entry("ISO_IR 192", "UTF-8"),
            Map.entry("ISO_IR 203", "ISO-8859-15"),
            Map.entry("GB18030", "GB18030"),
            Map.entry("GBK", "GBK"));

    /** Final bytes of the escape sequences that switch to another set (PS3.3 tables C.12-3 and C.12-4). */
    private static final Map<String, String> EXTENSIONS = Map.ofEntries(
            Map.entry("$)C", "EUC-KR"),
            Map.entry("$)A", "GB2312"),
            Map.entry("(J", "JIS_X0201"),
            Map.entry(")I", "JIS_X0201"),
            Map.entry("-A", "ISO-8859-1"),
            Map.entry("-B", "ISO-8859-2"),
            Map.entry("-C", "ISO-8859-3"),
            Map.entry("-D", "ISO-8859-4"),
            Map.entry("-F", "ISO-8859-7"),
            Map.entry("-G", "ISO-8859-6"),
            Map.entry("-H", "ISO-8859-8"),
            Map.entry("-L", "ISO-8859-5"),
            Map.entry("-M", "ISO-8859-9"),
            Map.entry("-T", "TIS-620"),
            Map.entry("-b", "ISO-8859-15"));

    private static final byte ESCAPE = 0x1B;

    private final @Nullable Charset first;
    private final boolean known;

    /** @param specificCharacterSet the value of (0008,0005), null if absent */
    DicomText(@Nullable String specificCharacterSet) {
        String[] terms = specificCharacterSet == null ? new String[0] : specificCharacterSet.split("\\\\", -1);
        Charset charset = null;
        boolean allKnown = true;
        for (String term : terms) {
            String name = term.strip().toUpperCase(Locale.ROOT).replace("ISO 2022 IR", "ISO_IR");
            if (name.isEmpty() || isMultiByteExtension(name)) {
                continue;
            }
            String java = CHARSETS.get(name);
            if (java == null || !Charset.isSupported(java)) {
                allKnown = false;
            } else if (charset == null) {
                charset = Charset.forName(java);
            }
        }
        first = charset;
        known = allKnown;
    }

    private static boolean isMultiByteExtension(String name) {
        return switch (name) {
            case "ISO_IR 87", "ISO_IR 159", "ISO_IR 149", "ISO_IR 58" -> true;
            default -> false;
        };
    }

    /** False if the object names a character set that DICOM does not define. */
    boolean isKnown() {
        return known;
    }

    String decode(byte[] value) {
        for (byte b : value) {
            if (b == ESCAPE) {
                return decodeExtended(value);
            }
        }
        return decodePlain(value, 0, value.length, first);
    }

    private static String decodePlain(byte[] value, int from, int length, @Nullable Charset charset) {
        if (charset != null) {
            return new String(value, from, length, charset);
        }
        // No or an unknown character set: UTF-8 is what writers mean who forget to say it; Latin-1 can decode anything.
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(value, from, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return new String(value, from, length, StandardCharsets.ISO_8859_1);
        }
    }

    /** Code extensions (PS3.5 6.1.2.5): each escape sequence announces the set of what follows it. */
    private String decodeExtended(byte[] value) {
        String raw = new String(value, StandardCharsets.ISO_8859_1);
        if (raw.contains("\u001b$B") || raw.contains("\u001b$(D")) {
            return new String(value, Charset.forName("ISO-2022-JP-2"));
        }
        StringBuilder text = new StringBuilder();
        Charset charset = first;
        int at = 0;
        while (at < value.length) {
            int escape = raw.indexOf(ESCAPE, at);
            int end = escape < 0 ? value.length : escape;
            text.append(decodePlain(value, at, end - at, charset));
            if (escape < 0) {
                break;
            }
            int last = escape + 1;
            while (last < value.length && value[last] >= 0x20 && value[last] < 0x30) {
                last++;
            }
            at = Math.min(value.length, last + 1);
            String name = EXTENSIONS.get(raw.substring(escape + 1, at));
            charset = name == null || !Charset.isSupported(name) ? first : Charset.forName(name);
        }
        return text.toString();
    }

    /**
     * What is fit to be shown and stored: control characters, line separators and bidirectional controls become spaces (they
     * could forge lines of a log or reorder what a person reads), unpaired surrogates U+FFFD; cut to a number of characters.
     */
    static String clean(String text, int maximumCharacters) {
        StringBuilder clean = new StringBuilder(Math.min(text.length(), maximumCharacters));
        int characters = 0;
        for (int i = 0; i < text.length() && characters < maximumCharacters; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (Character.getType(c)) {
                case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.FORMAT ->
                    clean.append(' ');
                case Character.SURROGATE -> clean.append('\uFFFD');
                default -> clean.appendCodePoint(c);
            }
            characters++;
        }
        return clean.toString().strip();
    }
}
