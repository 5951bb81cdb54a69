package org.segmeter.backup;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The tables of a service's database that a backup holds. */
final class Tables {

    /** Flyway writes its own; holds and leases are of processes that a restored service does not have. */
    private static final Set<String> LEFT_OUT = Set.of("flyway_schema_history", "blob_hold", "chore");

    private Tables() {}

    /** A table and its columns, quoted. */
    record Table(String name, List<String> columns) {
        String columnList() {
            return String.join(", ", columns);
        }
    }

    /** All tables, each after those that it refers to. */
    static List<Table> of(Connection database) throws SQLException {
        Map<String, List<String>> columns = new LinkedHashMap<>();
        try (Statement statement = database.createStatement();
                ResultSet rows = statement.executeQuery("""
                    select c.relname, quote_ident(a.attname) from pg_class c join pg_attribute a on a.attrelid = c.oid
                    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and a.attnum > 0
                        and not a.attisdropped and a.attgenerated = '' order by c.relname, a.attnum\
                    """)) {
            while (rows.next()) {
                if (!LEFT_OUT.contains(rows.getString(1))) {
                    columns.computeIfAbsent(rows.getString(1), key -> new ArrayList<>())
                            .add(rows.getString(2));
                }
            }
        }
        Map<String, Set<String>> needs = new LinkedHashMap<>();
        try (Statement statement = database.createStatement();
                ResultSet rows = statement.executeQuery("""
                    select c.relname, f.relname from pg_constraint k join pg_class c on c.oid = k.conrelid
                    join pg_class f on f.oid = k.confrelid where k.contype = 'f' and c.oid <> f.oid\
                    """)) {
            while (rows.next()) {
                needs.computeIfAbsent(rows.getString(1), key -> new LinkedHashSet<>())
                        .add(rows.getString(2));
            }
        }
        List<Table> ordered = new ArrayList<>();
        Set<String> placed = new LinkedHashSet<>();
        while (placed.size() < columns.size()) {
            int before = placed.size();
            for (Map.Entry<String, List<String>> table : columns.entrySet()) {
                boolean ready = needs.getOrDefault(table.getKey(), Set.of()).stream()
                        .allMatch(need -> placed.contains(need) || !columns.containsKey(need));
                if (ready && placed.add(table.getKey())) {
                    ordered.add(new Table(table.getKey(), List.copyOf(table.getValue())));
                }
            }
            if (placed.size() == before) {
                throw new IllegalStateException("tables refer to each other in a circle");
            }
        }
        return ordered;
    }

    static long number(Connection database, String query) throws SQLException {
        try (Statement statement = database.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    static String text(Connection database, String query) throws SQLException {
        try (Statement statement = database.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    static void run(Connection database, String command) throws SQLException {
        try (Statement statement = database.createStatement()) {
            statement.execute(command);
        }
    }
}
