package org.segmeter.evaluation;

import com.github.kagkarlsson.scheduler.SchedulerName;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerCustomizer;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.CompletionHandler;
import com.github.kagkarlsson.scheduler.task.Task;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.segmeter.database.StartRefused;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** How the parts are put together: the queue's job, its threads, the store of files. */
@Configuration(proxyBeanMethods = false)
@EnableScheduling
@EnableConfigurationProperties({
    EvaluationSettings.class,
    IntakeSettings.class,
    StageSettings.class,
    StoreSettings.class,
    ScrubSettings.class,
    RetentionSettings.class
})
class EvaluationConfiguration {

    /** More than there are kinds of it. */
    private static final int SCHEDULED_AT_ONCE = 32;

    @Bean
    BlobStore blobStore(EvaluationSettings settings, StoreSettings store, JdbcClient sql) throws IOException {
        Failpoint.RECOVERY.reach();
        Path directory = settings.dataDirectory().toAbsolutePath();
        BlobStore blobs = BlobStore.open(store, directory, directory);
        belongs(
                blobs,
                sql.sql("select id::text from installation").query(String.class).single());
        return blobs;
    }

    /** A store that two databases believe to be theirs would lose what only one of them knows. */
    private static void belongs(BlobStore blobs, String installation) throws IOException {
        String owner = blobs.owner();
        if (owner == null) {
            blobs.claim(installation);
        } else if (!owner.equals(installation)) {
            throw new StartRefused(
                    "the files of this store (SEGMETER_STORE_BUCKET, or SEGMETER_DATA_DIRECTORY) belong to another"
                            + " database; replicas share one external database (SEGMETER_DATABASE_URL), and an embedded"
                            + " database allows one replica only");
        }
    }

    /**
     * Work that comes again each has a thread of its own while it is at it. The scheduler that comes with virtual threads does all work with a
     * fixed delay on one: a PACS that is slow to give a batch its files, or a large file that is hashed, would hold up cancelling, keys in use,
     * pairs and deliveries.
     */
    @Bean
    static ThreadPoolTaskScheduler taskScheduler() {
        ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
        scheduler.setVirtualThreads(true);
        scheduler.setPoolSize(SCHEDULED_AT_ONCE);
        scheduler.setThreadNamePrefix("scheduled-");
        return scheduler;
    }

    @Bean
    MemoryBudget memoryBudget() {
        return MemoryBudget.ofHeap();
    }

    @Bean
    MemoryAdmission scoringEngine(ProtocolStore protocols, MemoryBudget memory) {
        StandardEngine engine = new StandardEngine(protocols);
        return new MemoryAdmission(engine, engine, memory);
    }

    @Bean
    Changes changes() {
        return new Changes();
    }

    @Bean
    Task<Void> evaluationTask(ObjectProvider<EvaluationRunner> runner, ServiceMetrics metrics, DatabaseClock clock) {
        return Tasks.custom(EvaluationJob.TASK)
                .onDeadExecution((complete, operations) -> {
                    metrics.leaseLost();
                    operations.reschedule(complete, clock.now());
                })
                .onFailure((complete, operations) ->
                        // The verdict could not be reached, as when the database is away: the job stays.
                        operations.reschedule(complete, clock.now().plusSeconds(5)))
                .execute((instance, context) -> afterwards(
                        runner.getObject()
                                .run(
                                        UUID.fromString(instance.getId()),
                                        context.getExecution().version > EvaluationJob.VERSION_AT_FIRST_PICK),
                        clock));
    }

    private static CompletionHandler<Void> afterwards(EvaluationRunner.Verdict verdict, DatabaseClock clock) {
        if (verdict instanceof EvaluationRunner.Verdict.Again again) {
            return (complete, operations) ->
                    operations.reschedule(complete, clock.now().plus(again.pause()));
        }
        if (verdict instanceof EvaluationRunner.Verdict.NotYet) {
            return (complete, operations) -> operations.reschedule(complete, complete.getExecution().executionTime);
        }
        if (verdict instanceof EvaluationRunner.Verdict.Done) {
            return (complete, operations) -> operations.stop();
        }
        // Ended: the job went with the end of the evaluation, in one transaction. Elsewhere: it is another attempt's.
        return (complete, operations) -> {};
    }

    /**
     * Threads of the queue for each one that may score at a time: one scores, one writes a result and waits for the disk, and the others
     * have the next evaluations in hand while more are fetched, so that small ones never wait for the queue. What is in hand and not begun
     * goes back after a while, so that it is not kept from other replicas.
     */
    private static final int THREADS_OF_WORKER = 4;

    /** The queue takes as much work as there are threads; its starter would have it as a setting of its own. */
    @Bean
    static BeanPostProcessor threadsOfQueue(ObjectProvider<EvaluationSettings> settings) {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String name) {
                if (bean instanceof DbSchedulerProperties queue) {
                    queue.setThreads(THREADS_OF_WORKER * settings.getObject().workers());
                }
                return bean;
            }
        };
    }

    @Bean
    DbSchedulerCustomizer workers(EvaluationSettings settings) {
        AtomicInteger number = new AtomicInteger();
        return new DbSchedulerCustomizer() {
            @Override
            public Optional<SchedulerName> schedulerName() {
                // Unlike the host's name, never that of a dead service whose work must be taken over.
                return Optional.of(new SchedulerName.Fixed("segmeter-" + UUID.randomUUID()));
            }

            @Override
            public Optional<ExecutorService> executorService() {
                return Optional.of(Executors.newFixedThreadPool(
                        THREADS_OF_WORKER * settings.workers(),
                        work -> new Thread(work, "scoring-" + number.incrementAndGet())));
            }
        };
    }
}
