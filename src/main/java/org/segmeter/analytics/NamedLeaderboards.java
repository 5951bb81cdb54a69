package org.segmeter.analytics;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Rankings that are kept under a name. */
@Component
public final class NamedLeaderboards {

    private static final String ROW = "select name, version, document, answer, created_at from leaderboard";

    private final JdbcClient sql;

    NamedLeaderboards(JdbcClient sql) {
        this.sql = sql;
    }

    /** What came of {@link #add}. */
    public record Added(NamedLeaderboard leaderboard, boolean isNew) {}

    /**
     * Adds a version. The same question as that of the newest version is that version, unless an answer is to be kept.
     *
     * @param answer the ranking, if it is to stay as it is; null to have it made anew whenever it is read
     */
    public Added add(String name, String document, @Nullable String answer) {
        while (true) {
            Optional<NamedLeaderboard> newest = find(name, null);
            if (newest.isPresent()
                    && answer == null
                    && !newest.get().isFrozen()
                    && newest.get().document().equals(document)) {
                return new Added(newest.get(), false);
            }
            int version = newest.map(NamedLeaderboard::version).orElse(0) + 1;
            // Another request may have taken this number meanwhile.
            int rows = sql.sql("""
                insert into leaderboard (name, version, document, answer) values (:name, :version, :document, :answer)
                on conflict do nothing\
                """)
                    .param("name", name)
                    .param("version", version)
                    .param("document", document)
                    .param("answer", answer)
                    .update();
            Optional<NamedLeaderboard> added = rows == 1 ? find(name, version) : Optional.empty();
            if (added.isPresent()) {
                return new Added(added.get(), true);
            }
        }
    }

    /** @param version null for the newest */
    public Optional<NamedLeaderboard> find(String name, @Nullable Integer version) {
        return sql.sql(ROW + " where name = :name and (:version::integer is null or version = :version)"
                        + " order by version desc limit 1")
                .param("name", name)
                .param("version", version)
                .query((row, number) -> row(row))
                .optional();
    }

    /** The newest version of each, in the order of their names. */
    public List<NamedLeaderboard> list(int limit) {
        return sql.sql("select distinct on (name)" + ROW.substring("select".length())
                        + " order by name, version desc limit :limit")
                .param("limit", limit)
                .query((row, number) -> row(row))
                .list();
    }

    /** Removes all versions; false if there is none. */
    public boolean remove(String name) {
        return sql.sql("delete from leaderboard where name = :name")
                        .param("name", name)
                        .update()
                > 0;
    }

    private static NamedLeaderboard row(ResultSet row) throws SQLException {
        return new NamedLeaderboard(
                row.getString(1),
                row.getInt(2),
                row.getString(3),
                row.getString(4),
                row.getTimestamp(5).toInstant());
    }
}
