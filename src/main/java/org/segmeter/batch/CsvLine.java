package org.segmeter.batch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.jspecify.annotations.Nullable;

/**
 * Lines of CSV (RFC 4180, but with a line feed) whose cells do nothing in a spreadsheet: a text that a sender chose and that a spreadsheet
 * would take for a formula, because it begins with one of {@code = + - @}, their full-width forms, a tab or a carriage return, gets
 * an apostrophe before it (OWASP, CSV Injection).
 */
public final class CsvLine {

    private static final CSVFormat FORMAT =
            CSVFormat.RFC4180.builder().setRecordSeparator('\n').get();
    private static final String STARTS_FORMULA = "=+-@\t\uff1d\uff0b\uff0d\uff20";

    private CsvLine() {}

    /** One line with its end. */
    public static String of(List<String> cells) {
        StringBuilder line = new StringBuilder();
        try (CSVPrinter printer = new CSVPrinter(line, FORMAT)) {
            printer.printRecord(cells);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringBuilder does not fail
        }
        return line.toString();
    }

    /** A text that somebody else chose, on one line and harmless in a spreadsheet. */
    public static String harmless(@Nullable String given) {
        if (given == null || given.isEmpty()) {
            return "";
        }
        String text = given.replaceAll("[\\r\\n]+", " ");
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
