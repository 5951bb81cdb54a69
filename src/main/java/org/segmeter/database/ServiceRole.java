package org.segmeter.database;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;

/**
 * The role that the service works with in the embedded database. Unlike the owner, which makes the tables, it may add results but neither
 * change nor delete them; which rights it has, the migrations say. Its password is made anew at each start and known to nobody else.
 */
final class ServiceRole {

    static final String NAME = "segmeter_service";

    private ServiceRole() {}

    /** Makes the role, or gives it a new password; returns the address at which it logs in. */
    static DatabaseAddress create(DatabaseAddress owner) {
        byte[] secret = new byte[24];
        new SecureRandom().nextBytes(secret);
        String password = HexFormat.of().formatHex(secret);
        try (Connection connection = owner.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("do $$ begin if not exists (select from pg_roles where rolname = '" + NAME
                    + "') then create role " + NAME + "; end if; end $$");
            // Hexadecimal digits only: nothing to be quoted.
            statement.execute("alter role " + NAME
                    + " with login nosuperuser nocreatedb nocreaterole noreplication password '" + password + "'");
            return new DatabaseAddress(owner.url(), NAME, password);
        } catch (SQLException e) {
            throw new StartRefused("the embedded PostgreSQL does not answer (SQL state " + e.getSQLState() + ")");
        }
    }
}
