package org.segmeter.web;

import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.TransactionSystemException;

/** Connections that break in a commit: the server has done it, or has not, and the client cannot know. */
final class BrokenCommits {

    private final AtomicInteger toBreakAfter = new AtomicInteger();
    private final AtomicInteger toBreakBefore = new AtomicInteger();
    private final AtomicInteger broken = new AtomicInteger();

    @TestConfiguration(proxyBeanMethods = false)
    static class Configuration {
        @Bean
        static BrokenCommits brokenCommits() {
            return new BrokenCommits();
        }

        @Bean
        static BeanPostProcessor breaker(ObjectProvider<BrokenCommits> commits, ObjectProvider<JdbcClient> sql) {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    return bean instanceof PlatformTransactionManager real
                            ? commits.getObject().around(real, sql)
                            : bean;
                }
            };
        }
    }

    /** The next commit that accepts an evaluation is done, and then the connection is lost. */
    void breakAfterTheNext() {
        toBreakAfter.set(1);
    }

    /** The connection is lost before the next commit that accepts an evaluation. */
    void breakBeforeTheNext() {
        toBreakBefore.set(1);
    }

    int broken() {
        return broken.get();
    }

    private PlatformTransactionManager around(PlatformTransactionManager real, ObjectProvider<JdbcClient> sql) {
        return new PlatformTransactionManager() {
            @Override
            public TransactionStatus getTransaction(
                    @org.jspecify.annotations.Nullable TransactionDefinition definition) {
                return real.getTransaction(definition);
            }

            @Override
            public void commit(TransactionStatus status) {
                boolean accepts = (toBreakBefore.get() > 0 || toBreakAfter.get() > 0) && accepts(sql.getObject());
                if (accepts && toBreakBefore.compareAndSet(1, 0)) {
                    real.rollback(status);
                    throw lost();
                }
                real.commit(status);
                if (accepts && toBreakAfter.compareAndSet(1, 0)) {
                    throw lost();
                }
            }

            @Override
            public void rollback(TransactionStatus status) {
                real.rollback(status);
            }
        };
    }

    /** Whether the transaction that is about to be committed has made an evaluation. */
    private static boolean accepts(JdbcClient sql) {
        return sql.sql("select count(*) from evaluation where state = 'QUEUED' and attempt = 0"
                                + " and xmin::text = (txid_current() % 4294967296)::text")
                        .query(Long.class)
                        .single()
                > 0;
    }

    private TransactionSystemException lost() {
        broken.incrementAndGet();
        return new TransactionSystemException(
                "Could not commit JDBC transaction", new SQLException("An I/O error occurred", "08006"));
    }
}
