package org.segmeter.database;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** Whether the tables are known to this version: a newer one may have changed what they mean. */
final class SchemaCheck {

    private static final Pattern VERSION = Pattern.compile("V(\\d+)__.*\\.sql");

    private SchemaCheck() {}

    /** @throws StartRefused if the tables were made by a newer version */
    static void verify(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("select to_regclass('flyway_schema_history') is not null")) {
                row.next();
                if (!row.getBoolean(1)) {
                    return;
                }
            }
            try (ResultSet row = statement.executeQuery("select coalesce(max(version::integer), 0)"
                    + " from flyway_schema_history where success and version ~ '^[0-9]+$'")) {
                row.next();
                verify(row.getInt(1), newest());
            }
        } catch (SQLException e) {
            throw new StartRefused("SEGMETER_DATABASE_URL: the version of the tables cannot be read (SQL state "
                    + e.getSQLState() + "); check the rights of SEGMETER_DATABASE_USER");
        }
    }

    /** @throws StartRefused if what is there is newer than what is known */
    static void verify(int there, int known) {
        if (there > known) {
            throw new StartRefused(
                    "the tables in SEGMETER_DATABASE_URL or segmeter.data-directory are of version %d, and"
                                    .formatted(there)
                            + " this service knows %d; start the newer version of the service, or restore a backup"
                                    .formatted(known));
        }
    }

    private static int newest() {
        try {
            return Arrays.stream(
                            new PathMatchingResourcePatternResolver().getResources("classpath*:db/migration/V*.sql"))
                    .map(file -> VERSION.matcher(String.valueOf(file.getFilename())))
                    .filter(Matcher::matches)
                    .mapToInt(name -> Integer.parseInt(name.group(1)))
                    .max()
                    .orElse(0);
        } catch (IOException e) {
            throw new StartRefused("this build is not complete: its migrations cannot be read");
        }
    }
}
