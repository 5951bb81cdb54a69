package org.segmeter.analytics;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The same question answered by the database and by what is in memory, so that tests can hold one to the other. */
public final class ResultViews {

    private final ValueRows rows;
    private final ResultColumns columns;

    /**
     * @param rows the bean {@code valueRows}
     * @param columns the bean {@code resultColumns}
     */
    public ResultViews(Object rows, Object columns) {
        this.rows = (ValueRows) rows;
        this.columns = (ResultColumns) columns;
    }

    /** Each group in words, in order. */
    public List<String> ofTheDatabase(ResultFilter filter, List<Dimension> by) {
        return words(rows.groups(filter, by), rows.counts(filter, by), rows.missing(filter, by, Integer.MAX_VALUE));
    }

    /** The same; empty while it is not in memory. */
    public Optional<List<String>> inMemory(ResultFilter filter, List<Dimension> by) {
        Optional<List<ValueRows.Group>> groups = columns.groups(filter, by);
        Optional<Map<List<@Nullable String>, double[]>> counts = columns.counts(filter, by);
        Optional<List<ValueRows.Missing>> missing = columns.missing(filter, by);
        return groups.isPresent() && counts.isPresent() && missing.isPresent()
                ? Optional.of(words(groups.get(), counts.get(), missing.get()))
                : Optional.empty();
    }

    private static List<String> words(
            List<ValueRows.Group> groups,
            Map<List<@Nullable String>, double[]> counts,
            List<ValueRows.Missing> missing) {
        List<String> words = new ArrayList<>();
        for (ValueRows.Group group : groups) {
            words.add(group.key() + " " + group.parameters() + " " + group.unit() + " detected "
                    + sorted(group.detected()) + " one empty " + sorted(group.oneEmpty()) + " misses " + group.misses()
                    + " hallucinations " + group.hallucinations() + " absent " + group.agreedAbsent() + " not scored "
                    + group.notScored());
        }
        words.sort(null);
        Map<String, String> sums = new TreeMap<>();
        counts.forEach((key, sum) -> {
            // Without groups the database answers with one row of nothing.
            if (Arrays.stream(sum).anyMatch(one -> one != 0)) {
                sums.put(key.toString(), Arrays.toString(sum));
            }
        });
        words.add(sums.toString());
        words.add(missing.stream()
                .map(ValueRows.Missing::toString)
                .sorted()
                .toList()
                .toString());
        return words;
    }

    private static String sorted(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return Arrays.toString(sorted);
    }

    /**
     * Reads rows in bulk, many times what is buffered, with fields of all types and of different lengths.
     *
     * @return those that were as they had to be, one after the other
     */
    public static int inBulk(Connection connection, int rows) throws SQLException {
        try (BulkRows bulk = new BulkRows(
                connection,
                "select i, case when i % 3 > 0 then i end, case when i % 5 > 0 then i / 2.0::float8 end, repeat('x', i"
                        + " % 70), lpad(i::text, 32, '0')::uuid, timestamptz '1970-01-01Z' + i * interval '1 second' from"
                        + " generate_series(1, "
                        + rows + ") i order by i")) {
            int right = 0;
            for (int i = 1; bulk.next(); i++) {
                boolean same = bulk.integer() == i
                        & Objects.equals(bulk.integerOrNull(), i % 3 > 0 ? (Integer) i : null)
                        & Double.compare(bulk.number(), i % 5 > 0 ? i / 2.0 : Double.NaN) == 0
                        & "x".repeat(i % 70).equals(bulk.text())
                        & bulk.uuid().toString().endsWith("%06d".formatted(i))
                        & bulk.micros() == i * 1_000_000L;
                right += same ? 1 : 0;
            }
            return right;
        }
    }
}
