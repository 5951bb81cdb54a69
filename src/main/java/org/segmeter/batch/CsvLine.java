package org.segmeter.batch;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lines of CSV (RFC 4180, but with a line feed) whose cells do nothing in a spreadsheet: a text that a sender chose and that a spreadsheet
 * would take for a formula, because it begins with one of {@code = + - @}, their full-width forms, a tab or a carriage return, gets
 * an apostrophe before it (OWASP, CSV Injection).
 */
public final class CsvLine {

    private static final String STARTS_FORMULA = "=+-@\t\uff1d\uff0b\uff0d\uff20";

    private CsvLine() {}

    /** One line with its end. */
    public static String of(List<String> cells) {
        StringBuilder line = new StringBuilder(128);
        for (int i = 0; i < cells.size(); i++) {
            if (i > 0) {
                line.append(',');
            }
            append(line, cells.get(i), i == 0);
        }
        return line.append('\n').toString();
    }

    /** In quotation marks where it must be, and where a reader might else take away spaces, or the line for a comment or for none. */
    private static void append(StringBuilder line, String cell, boolean first) {
        boolean quoted = cell.isEmpty() ? first : cell.charAt(0) <= '#' || cell.charAt(cell.length() - 1) <= ' ';
        for (int i = 0; i < cell.length() && !quoted; i++) {
            char c = cell.charAt(i);
            quoted = c == ',' || c == '"' || c == '\n' || c == '\r';
        }
        if (quoted) {
            line.append('"').append(cell.replace("\"", "\"\"")).append('"');
        } else {
            line.append(cell);
        }
    }

    /** A text that somebody else chose, on one line and harmless in a spreadsheet. */
    public static String harmless(@Nullable String given) {
        if (given == null || given.isEmpty()) {
            return "";
        }
        String text = given.indexOf('\n') < 0 && given.indexOf('\r') < 0 ? given : given.replaceAll("[\\r\\n]+", " ");
        String visible = text.stripLeading();
        boolean formula = STARTS_FORMULA.indexOf(text.charAt(0)) >= 0
                || !visible.isEmpty() && STARTS_FORMULA.indexOf(visible.charAt(0)) >= 0;
        return formula ? "'" + text : text;
    }

    /** A number as it is, undefined as nothing. */
    public static String number(@Nullable Double value) {
        if (value == null) {
            return "";
        }
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString(value.longValue())
                : Double.toString(value);
    }
}
