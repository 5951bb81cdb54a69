package org.segmeter.analytics;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** By what results are told apart. */
public enum Dimension {
    MODEL("e.model_name"),
    VERSION("e.model_version"),
    SITE("e.site"),
    /** The label {@code scanner}. */
    SCANNER("e.labels ->> 'scanner'"),
    /** The label {@code reader}. */
    READER("e.labels ->> 'reader'"),
    /** The segment's label, or {@code #} and its number; all foreground together is {@code *}. */
    STRUCTURE("coalesce(v.segment_label, case when v.segment_index = -1 then '*' else '#' || v.segment_number end)"),
    CASE("e.case_id"),
    /** The protocol that gave the values. */
    PROTOCOL("e.protocols[1]"),
    /** Day of submission, such as 2026-01-31; the calendar is that of UTC. */
    DAY("to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD')"),
    /** Week of submission (ISO 8601), such as 2026-W05. */
    WEEK("to_char(e.created_at at time zone 'UTC', 'IYYY-\"W\"IW')"),
    /** Month of submission, such as 2026-01. */
    MONTH("to_char(e.created_at at time zone 'UTC', 'YYYY-MM')");

    private final String sql;

    Dimension(String sql) {
        this.sql = sql;
    }

    /** In requests and answers. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The expression over evaluation e and metric_value v. */
    String sql() {
        return sql;
    }

    boolean isTime() {
        return this == DAY || this == WEEK || this == MONTH;
    }

    static Optional<Dimension> of(String word) {
        return Arrays.stream(values()).filter(d -> d.word().equals(word)).findFirst();
    }

    /** Those that results can be filtered by. */
    static List<Dimension> filters() {
        return Arrays.stream(values()).filter(d -> !d.isTime()).toList();
    }

    static String words(List<Dimension> dimensions) {
        return String.join(", ", dimensions.stream().map(Dimension::word).toList());
    }
}
