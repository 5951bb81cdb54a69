package org.segmeter.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;
import org.segmeter.batch.CardValue;
import org.segmeter.batch.CsvLine;
import org.segmeter.batch.ResultItem;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * A file to which every case is appended whole, in one write. What an earlier run has written is read when it is opened: cases that are
 * whole are known and not written again, and what the run was writing when it ended is cut off.
 */
final class BatchOutput implements AutoCloseable {

    private static final int PROTOCOL = ResultItem.TIDY.indexOf("protocol");

    private static final int SEGMENT = ResultItem.TIDY.indexOf("segment");

    /** Its parameters are in the column after it. */
    private static final int METRIC = ResultItem.TIDY.indexOf("metric");

    private final @Nullable FileChannel file;
    private final Set<String> known = new HashSet<>();

    private BatchOutput(@Nullable FileChannel file) {
        this.file = file;
    }

    /** What is there already is of another kind. */
    static final class Unusable extends Exception {
        Unusable(String message) {
            super(message, null, false, false);
        }
    }

    /** What tells one case from another. */
    static String key(ResultItem item) {
        return CsvLine.of(item.about()).strip();
    }

    /**
     * Opens a table of values.
     *
     * @param path null for none
     * @param protocol by which is scored: a table has the values of one only
     */
    static BatchOutput tidy(@Nullable Path path, boolean overwrite, String protocol) throws IOException, Unusable {
        if (path == null) {
            return new BatchOutput(null);
        }
        BatchOutput output = new BatchOutput(open(path, overwrite));
        boolean complete = false;
        try {
            output.readTable(path, protocol);
            complete = true;
            return output;
        } finally {
            if (!complete) {
                output.close();
            }
        }
    }

    /** Opens a file of one object a case. */
    static BatchOutput lines(@Nullable Path path, boolean overwrite) throws IOException, Unusable {
        if (path == null) {
            return new BatchOutput(null);
        }
        BatchOutput output = new BatchOutput(open(path, overwrite));
        boolean complete = false;
        try {
            output.readLines(path);
            complete = true;
            return output;
        } finally {
            if (!complete) {
                output.close();
            }
        }
    }

    private static FileChannel open(Path path, boolean overwrite) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (overwrite) {
            file.truncate(0);
        }
        return file;
    }

    /** True if the case need not be written: it is there, or nothing is written. */
    boolean has(String key) {
        return file == null || known.contains(key);
    }

    /** Appends a case, unless it is there. */
    void write(String key, String text) throws IOException {
        if (file != null && known.add(key)) {
            append(text);
        }
    }

    private void append(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining() && file != null) {
            file.write(bytes);
        }
    }

    /**
     * The lines of a case follow one another, and all but the last case are whole. The last one is if it ends as the one before it ended,
     * with the same value of all foreground, or could not be scored and has one line; else it is cut off and scored again. Where the
     * lines of cases are mixed somebody has sorted a table that was whole.
     */
    private void readTable(Path path, String protocol) throws IOException, Unusable {
        String header = CsvLine.of(ResultItem.TIDY);
        Lines lines = new Lines(path);
        long lastCase = 0;
        try (lines) {
            String first = lines.next();
            if (first == null) {
                cut(0);
                append(header);
                return;
            }
            if (!(first + "\n").equals(header)) {
                throw new Unusable(path + " is there and is no table of this command; --overwrite begins anew");
            }
            lastCase = lines.end;
            String current = null;
            List<String> last = List.of();
            List<String> ending = List.of();
            boolean sorted = false;
            for (String line = lines.next(); line != null; line = lines.next()) {
                List<String> cells = cells(line);
                if (cells.size() != ResultItem.TIDY.size()) {
                    throw new Unusable(
                            path + " is there and has other lines than this command writes; --overwrite begins anew");
                }
                String other = cells.get(PROTOCOL);
                if (!other.isEmpty() && !other.equals(protocol)) {
                    throw new Unusable(path + " has values of the protocol " + other + "; --overwrite begins anew");
                }
                String key = CsvLine.of(cells.subList(0, PROTOCOL)).strip();
                if (!key.equals(current)) {
                    if (current != null) {
                        known.add(current);
                        ending = last.get(METRIC).isEmpty() ? ending : last.subList(PROTOCOL, METRIC + 2);
                    }
                    sorted |= known.contains(key);
                    lastCase = lines.begin;
                    current = key;
                }
                last = cells;
            }
            if (current != null) {
                boolean whole = sorted
                        || last.get(METRIC).isEmpty()
                        || last.get(SEGMENT).equals(CardValue.ALL)
                                && last.subList(PROTOCOL, METRIC + 2).equals(ending);
                if (whole) {
                    known.add(current);
                    lastCase = lines.end;
                }
            }
        }
        cut(lastCase);
    }

    private static List<String> cells(String line) throws IOException {
        try (CSVParser parser = CSVParser.parse(line, CSVFormat.RFC4180)) {
            for (CSVRecord record : parser) {
                return record.toList();
            }
        } catch (java.io.UncheckedIOException e) {
            return List.of();
        }
        return List.of();
    }

    private void readLines(Path path) throws IOException, Unusable {
        Lines lines = new Lines(path);
        long whole = 0;
        try (lines) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                JsonNode node;
                try {
                    node = JsonDocument.read(line);
                } catch (JacksonException e) {
                    throw new Unusable(
                            path + " is there and has other lines than this command writes; --overwrite begins anew");
                }
                known.add(node.path("key").asString(""));
                whole = lines.end;
            }
        }
        cut(whole);
    }

    private void cut(long end) throws IOException {
        if (file != null) {
            file.truncate(end);
            file.position(end);
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.force(true);
            file.close();
        }
    }

    /** The lines of a file that are whole, and where they are. */
    private static final class Lines implements AutoCloseable {
        private final InputStream in;
        private long begin;
        private long end;

        Lines(Path path) throws IOException {
            in = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
        }

        /** Null if there is no more, or no end of the line. */
        @Nullable
        String next() throws IOException {
            begin = end;
            ByteArrayOutputStream line = new ByteArrayOutputStream(256);
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b == '\n') {
                    end = begin + line.size() + 1;
                    return line.toString(StandardCharsets.UTF_8);
                }
                line.write(b);
            }
            return null;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
