package org.segmeter.database;

import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.callback.Callback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.core.retry.RetryException;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;

/**
 * Migrates a database that replicas of the version before are working with. A step waits for a table only so long, because whoever comes
 * after it waits behind it; a step that did not get its tables, or met their work in a deadlock, has been rolled back and is tried again.
 *
 * @param longestWait for a lock; at least 1 ms
 * @param pause before a step is tried again; doubled each time up to ten of it
 * @param retries how often at most
 */
record PatientMigration(Duration longestWait, Duration pause, int retries)
        implements FlywayMigrationStrategy, Callback {

    private static final Logger log = LoggerFactory.getLogger(PatientMigration.class);

    /** Requests wait five seconds for the database before they are refused: they go on before that. */
    static final PatientMigration UNDER_LOAD = new PatientMigration(Duration.ofSeconds(3), Duration.ofMillis(500), 60);

    /** serialization_failure, deadlock_detected, lock_not_available: PostgreSQL, appendix A. */
    private static final Set<String> MET_OTHERS = Set.of("40001", "40P01", "55P03");

    @Override
    public void migrate(Flyway flyway) {
        RetryTemplate patience = new RetryTemplate(RetryPolicy.builder()
                .maxRetries(retries)
                .delay(pause)
                .multiplier(2)
                .maxDelay(pause.multipliedBy(10))
                .predicate(PatientMigration::metOthers)
                .build());
        try {
            patience.execute(flyway::migrate);
        } catch (RetryException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new FlywayException(e.getMessage(), e.getCause());
        }
    }

    private static boolean metOthers(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && MET_OTHERS.contains(String.valueOf(sql.getSQLState()))) {
                log.warn(
                        "a migration met the work of other replicas (SQL state {}), was rolled back and is tried again",
                        sql.getSQLState());
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean supports(Event event, Context context) {
        return event == Event.BEFORE_EACH_MIGRATE;
    }

    @Override
    public boolean canHandleInTransaction(Event event, Context context) {
        return true;
    }

    @Override
    public void handle(Event event, Context context) {
        try (Statement statement = context.getConnection().createStatement()) {
            // Ends with the transaction of the step: connections of a pool go back as they came.
            statement.execute("set local lock_timeout = " + Math.max(1, longestWait.toMillis()));
        } catch (SQLException e) {
            throw new FlywayException("the time limit of a lock cannot be set", e);
        }
    }

    @Override
    public String getCallbackName() {
        return "patient-migration";
    }
}
