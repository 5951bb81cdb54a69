package org.segmeter.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Tells the database whom a connection works for, by the setting {@code segmeter.tenant} that the policies of {@link RowSecurity} and the
 * defaults of the columns {@code tenant} read. It is told when that differs from what the connection was told last, so that an
 * installation with one tenant and no login never pays a round trip for it.
 */
final class TenantDataSource extends DelegatingDataSource {

    private final boolean isolated;

    /** What each connection of the pool was told last. */
    private final Map<Connection, Told> told = Collections.synchronizedMap(new WeakHashMap<>());

    /** @param tenant empty for the service itself */
    private record Told(String tenant) {}

    /** @param isolated false without a login: then everybody works for the service itself, and for other tenants only by their names */
    TenantDataSource(DataSource pool, boolean isolated) {
        super(pool);
        this.isolated = isolated;
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = super.getConnection();
        try {
            tell(connection, wanted());
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private String wanted() {
        @Nullable String bound = Tenant.bound();
        return bound == null || (!isolated && bound.equals(Tenant.DEFAULT)) ? "" : bound;
    }

    private void tell(Connection connection, String tenant) throws SQLException {
        Connection physical = connection.unwrap(Connection.class);
        Told last = told.get(physical);
        if (last == null && isolated) {
            workAsARoleThatPoliciesBind(connection);
        }
        if (!Objects.equals(last == null ? "" : last.tenant(), tenant)) {
            try (PreparedStatement set =
                    connection.prepareStatement("select set_config('segmeter.tenant', ?, false)")) {
                set.setString(1, tenant);
                set.execute();
            }
        } else if (last != null) {
            return;
        }
        told.put(physical, new Told(tenant));
    }

    /** A superuser, as the official image of PostgreSQL makes one, is bound by no policy; the role of the service is. */
    private static void workAsARoleThatPoliciesBind(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery(
                    "select rolsuper or rolbypassrls from pg_roles where rolname = current_user")) {
                if (!row.next() || !row.getBoolean(1)) {
                    return;
                }
            }
            statement.execute("set role " + ServiceRole.NAME);
        }
    }
}
