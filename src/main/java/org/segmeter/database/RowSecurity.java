package org.segmeter.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.callback.Callback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;

/**
 * The wall between tenants that no query can forget: row level security on every table with a column {@code tenant}, and on those whose
 * rows belong to a row of such a table. Put up after the migrations by the owner of the tables, and taken down where there is no login,
 * so that such an installation does not pay for it.
 *
 * @param on whether there is a login, and so may be several tenants
 */
record RowSecurity(boolean on) implements Callback {

    /** Rows that belong to others: the table, and what its row belongs to. */
    private static final Map<String, String> BELONGING = Map.of(
            "evaluation_event", "select from evaluation o where o.id = evaluation_id",
            "segment_values", "select from evaluation o where o.id = evaluation_id",
            "loss_document", "select from evaluation o where o.id = evaluation_id",
            "pair_transition", "select from pair o where o.id = pair_id");

    /** Replicas that start at once give and take rights one after the other; afterMigrate__rights.sql takes the same lock. */
    private static final String ALONE = "select pg_advisory_xact_lock(7301843)";

    /** For whom the connection works: selected, so that it is asked once for a statement and not for each of its rows. */
    private static final String WHOSE = "(select coalesce(current_setting('segmeter.tenant', true), ''))";

    private static final String SERVICE_ITSELF = WHOSE + " = ''";

    /** What the policies are commented with; another where their form changes, so that those that are there are made anew. */
    private static final String FORM = "selected once";

    @Override
    public boolean supports(Event event, Context context) {
        return event == Event.BEFORE_MIGRATE || event == Event.AFTER_MIGRATE;
    }

    @Override
    public boolean canHandleInTransaction(Event event, Context context) {
        return true;
    }

    @Override
    public void handle(Event event, Context context) {
        try {
            if (event == Event.AFTER_MIGRATE) {
                apply(context.getConnection());
            } else if (on) {
                makeRole(context.getConnection());
            }
        } catch (SQLException e) {
            throw new FlywayException(
                    "the walls between tenants cannot be put up (SQL state " + e.getSQLState() + ")", e);
        }
    }

    @Override
    public String getCallbackName() {
        return "row-security";
    }

    /** For a login that no policy binds: {@link TenantDataSource} works as this role then. */
    private static void makeRole(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(ALONE);
            statement.execute("do $$ begin if (select rolsuper from pg_roles where rolname = current_user)"
                    + " and not exists (select from pg_roles where rolname = '" + ServiceRole.NAME
                    + "') then create role " + ServiceRole.NAME + " nologin; end if; end $$");
        }
    }

    private void apply(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(ALONE);
            for (Map.Entry<String, String> table : tables(statement).entrySet()) {
                if (on) {
                    statement.execute("alter table " + table.getKey() + " enable row level security");
                    statement.execute("alter table " + table.getKey() + " force row level security");
                    statement.execute("drop policy if exists tenant on " + table.getKey());
                    statement.execute("create policy tenant on " + table.getKey() + " " + table.getValue());
                    statement.execute("comment on policy tenant on " + table.getKey() + " is '" + FORM + "'");
                } else {
                    statement.execute("alter table " + table.getKey() + " no force row level security");
                    statement.execute("alter table " + table.getKey() + " disable row level security");
                }
            }
        }
    }

    /** The tables that are not yet as they should be, and the clauses of their policy. */
    private Map<String, String> tables(Statement statement) throws SQLException {
        Map<String, String> rules = new LinkedHashMap<>();
        List<String> own = new ArrayList<>();
        try (ResultSet row = statement.executeQuery("""
            select c.relname, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant'
                and not a.attisdropped), c.relrowsecurity and c.relforcerowsecurity,
                exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant'
                    and obj_description(p.oid, 'pg_policy') = '%s')
            from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
            order by c.relname\
            """.formatted(FORM))) {
            while (row.next()) {
                String table = row.getString(1);
                if (row.getBoolean(3) == on && (!on || row.getBoolean(4))) {
                    continue;
                }
                if (row.getBoolean(2)) {
                    own.add(table);
                } else if (BELONGING.containsKey(table)) {
                    // A row may be written in the statement that writes what it belongs to, which is not seen yet then.
                    rules.put(
                            table,
                            "using (" + SERVICE_ITSELF + " or exists (" + BELONGING.get(table)
                                    + ")) with check (true)");
                }
            }
        }
        own.forEach(table -> rules.put(table, "using (" + SERVICE_ITSELF + " or tenant = " + WHOSE + ")"));
        return rules;
    }
}
