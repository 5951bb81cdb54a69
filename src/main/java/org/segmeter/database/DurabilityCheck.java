package org.segmeter.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Asks a server by SHOW whether it keeps what it acknowledged. With {@code fsync=off} or {@code synchronous_commit=off} a
 * {@code kill -9} was seen to lose acknowledged commits in twelve of twelve runs, so such a server is refused.
 */
final class DurabilityCheck {

    private static final int OLDEST_SERVER = 14;
    private static final Duration MOST_CLOCK_SKEW = Duration.ofSeconds(5);

    /** Server settings and the values that are safe; {@code on} comes first and is what the message recommends. */
    private record Required(String setting, Set<String> safe, String why) {}

    private static final List<Required> REQUIRED = List.of(
            new Required("fsync", Set.of("on"), "a crash would lose or corrupt acknowledged evaluations"),
            new Required(
                    "synchronous_commit",
                    Set.of("on", "local", "remote_write", "remote_apply"),
                    "a crash would lose acknowledged evaluations"),
            new Required("full_page_writes", Set.of("on"), "a power failure could corrupt the database"));

    private DurabilityCheck() {}

    /**
     * Returns when the server is safe.
     *
     * @param requireChecksums true for the embedded server, which was created with them
     * @throws StartRefused naming the first unsafe setting
     */
    static void verify(DatabaseAddress address, boolean requireChecksums) {
        try (Connection connection = address.connect()) {
            verify(connection, requireChecksums);
        } catch (SQLException e) {
            throw unreachable(e);
        }
    }

    /** As {@link #verify(DatabaseAddress, boolean)}, by a connection that is there. */
    static void verify(Connection connection, boolean requireChecksums) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            int version = connection.getMetaData().getDatabaseMajorVersion();
            if (version < OLDEST_SERVER) {
                throw new StartRefused("server_version of the PostgreSQL server is %d; use %d or newer"
                        .formatted(version, OLDEST_SERVER));
            }
            for (Required required : REQUIRED) {
                String value = show(statement, required.setting());
                if (!required.safe().contains(value.toLowerCase(Locale.ROOT))) {
                    throw new StartRefused("%s is '%s' at the PostgreSQL server, so %s; set %s = on"
                            .formatted(required.setting(), value, required.why(), required.setting()));
                }
            }
            if (requireChecksums && !show(statement, "data_checksums").equals("on")) {
                throw new StartRefused("data_checksums is off in the embedded PostgreSQL's data directory, so silent"
                        + " corruption would go unseen; run pg_checksums --enable on it");
            }
            if (show(statement, "transaction_read_only").equals("on")) {
                throw new StartRefused("transaction_read_only is on at the PostgreSQL server (a standby?);"
                        + " point SEGMETER_DATABASE_URL at the primary");
            }
            verifyClock(statement);
        }
    }

    /** The driver's text may quote the URL; the SQL state says enough. */
    static StartRefused unreachable(SQLException e) {
        return new StartRefused("SEGMETER_DATABASE_URL: no connection to the PostgreSQL server (SQL state "
                + e.getSQLState() + "); check address, SEGMETER_DATABASE_USER and SEGMETER_DATABASE_PASSWORD");
    }

    private static void verifyClock(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("select extract(epoch from clock_timestamp())")) {
            row.next();
            Instant server = Instant.ofEpochMilli((long) (row.getDouble(1) * 1000));
            Duration skew = Duration.between(server, Instant.now()).abs();
            if (skew.compareTo(MOST_CLOCK_SKEW) > 0) {
                throw new StartRefused(
                        "the clock differs from the PostgreSQL server's by %d s; at most %d s is allowed,"
                                        .formatted(skew.toSeconds(), MOST_CLOCK_SKEW.toSeconds())
                                + " synchronise both (NTP)");
            }
        }
    }

    private static String show(Statement statement, String setting) throws SQLException {
        try (ResultSet row = statement.executeQuery("show " + setting)) {
            row.next();
            return row.getString(1);
        }
    }
}
