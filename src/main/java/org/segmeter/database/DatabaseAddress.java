package org.segmeter.database;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/**
 * Where a PostgreSQL is and how to log in.
 *
 * @param url a {@code jdbc:postgresql:} URL
 */
record DatabaseAddress(String url, String user, String password) {

    /** Limits that keep a thread from waiting for ever on a server that stopped answering, in seconds. */
    private static final String TIMEOUTS = "connectTimeout=10&loginTimeout=15&cancelSignalTimeout=5"
            + "&tcpKeepAlive=true&ApplicationName=segmeter&socketTimeout=";

    private static final Duration SILENCE = Duration.ofMinutes(1);

    /** While it changes or copies all results there are, a server has nothing to say for hours. */
    private static final Duration SILENCE_OF_LONG_WORK = Duration.ofHours(6);

    /** The same address with every timeout that it does not set itself. */
    DatabaseAddress withTimeouts() {
        return withTimeouts(SILENCE);
    }

    /** As {@link #withTimeouts()}, for migrations, backups and restoring them. */
    DatabaseAddress forLongWork() {
        return withTimeouts(SILENCE_OF_LONG_WORK);
    }

    private DatabaseAddress withTimeouts(Duration silence) {
        StringBuilder complete = new StringBuilder(url);
        char separator = url.indexOf('?') < 0 ? '?' : '&';
        for (String setting : (TIMEOUTS + silence.toSeconds()).split("&", -1)) {
            String name = setting.substring(0, setting.indexOf('=') + 1);
            if (!url.contains("?" + name) && !url.contains("&" + name)) {
                complete.append(separator).append(setting);
                separator = '&';
            }
        }
        return new DatabaseAddress(complete.toString(), user, password);
    }

    Connection connect() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        return DriverManager.getConnection(url, properties);
    }

    /** Without the password, which must not reach a log. */
    @Override
    public String toString() {
        return "DatabaseAddress[" + user + "]";
    }
}
