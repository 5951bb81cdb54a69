package org.segmeter.evaluation;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Looks for evaluations that wait or run and have no job in the queue. None should exist; one that does would wait for ever, and it was
 * acknowledged. And sees to it that what let others go first has its turn.
 */
@Component
final class ForgottenJobs {

    private static final Logger log = LoggerFactory.getLogger(ForgottenJobs.class);

    private final EvaluationRows rows;

    ForgottenJobs(EvaluationRows rows) {
        this.rows = rows;
    }

    @Scheduled(initialDelay = 10_000, fixedDelay = 60_000)
    void recall() {
        try {
            rows.endPatience();
            int found = rows.recallForgotten();
            if (found > 0) {
                log.error("{} evaluations had no job in the queue and were given one; please report this", found);
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn(
                    "the queue could not be compared with the evaluations: {}",
                    e.getClass().getSimpleName());
        }
    }
}
