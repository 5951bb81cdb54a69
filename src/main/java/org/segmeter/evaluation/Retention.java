package org.segmeter.evaluation;

import java.io.IOException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/** Removes what has been kept for as long as it was to be kept: inputs, results, and the events of evaluations. */
@Component
public final class Retention {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);
    private static final int AT_ONCE = 200;

    private final JdbcClient sql;
    private final StoredBlobs stored;
    private final BlobStore store;
    private final Chores chores;
    private final RetentionSettings settings;
    private final RetentionClock clock;

    Retention(JdbcClient sql, StoredBlobs stored, BlobStore store, Chores chores, RetentionSettings settings) {
        this.sql = sql;
        this.stored = stored;
        this.store = store;
        this.chores = chores;
        this.settings = settings;
        this.clock = new RetentionClock(this::databaseTime, Clock.systemUTC(), System::nanoTime);
    }

    /** What is kept for how long. */
    public enum Kind {
        INPUTS,
        RESULTS,
        AUDIT;

        /** As settings and answers name it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What retention would remove now.
     *
     * @param kept how long it is kept after the evaluation's end; null for ever
     * @param due how many: evaluations for inputs and results, events for audit
     * @param bytes of the files that would go with the inputs; 0 for the other kinds
     * @param oldest end of the evaluation (time of the event) that is due longest; null if nothing is
     */
    public record Due(
            Kind kind,
            @Nullable Duration kept,
            long due,
            long bytes,
            @Nullable Instant oldest) {}

    /** What would be removed now, without removing it. */
    public List<Due> due() {
        Instant now = databaseTime();
        List<Due> all = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            Duration kept = kept(kind);
            if (kept == null) {
                all.add(new Due(kind, null, 0, 0, null));
                continue;
            }
            Timestamp before = Timestamp.from(before(now, kept));
            String count = switch (kind) {
                case INPUTS ->
                    "select count(*), min(finished_at) from evaluation where inputs_removed_at is null"
                            + " and finished_at is not null and finished_at < :before";
                case RESULTS -> "select count(*), min(finished_at) from evaluation where finished_at < :before";
                case AUDIT ->
                    "select count(*), min(v.at) from evaluation_event v join evaluation e on e.id = v.evaluation_id"
                            + " where v.at < :before and e.finished_at is not null";
            };
            long bytes = kind == Kind.INPUTS ? bytesOfInputs(before) : 0;
            all.add(sql.sql(count)
                    .param("before", before)
                    .query((row, number) -> new Due(
                            kind,
                            kept,
                            row.getLong(1),
                            bytes,
                            row.getTimestamp(2) == null
                                    ? null
                                    : row.getTimestamp(2).toInstant()))
                    .single());
        }
        return all;
    }

    @Scheduled(initialDelay = 60_000, fixedDelay = 60_000)
    void work() {
        try {
            Optional<Instant> now = clock.read();
            if (settings.inputsGoAtOnce()) {
                // Those whose replica died between the end of the evaluation and this.
                inputs(databaseTime());
            }
            if (now.isPresent()) {
                chores.run("retention", Duration.ofMinutes(15), () -> run(now.get()));
            }
            stored.removeRest();
            store.forgetCopies(sha256 -> stored.condition(sha256)
                    .map(condition -> condition != StoredBlobs.Condition.STORED)
                    .orElse(true));
        } catch (IOException | DataAccessException | TransactionException e) {
            log.warn("retention could not do its work: {}", e.getClass().getSimpleName());
        }
    }

    /** Removes what is due at a time. */
    void run(Instant now) throws IOException {
        int inputs = settings.inputs() == null ? 0 : inputs(now);
        int results = 0;
        int events = 0;
        if (settings.results() != null) {
            results = repeated("""
                delete from evaluation where id in (select id from evaluation where finished_at < :before
                    order by finished_at limit :most for update skip locked)\
                """, before(now, settings.results()));
        }
        if (settings.audit() != null) {
            events = repeated("""
                delete from evaluation_event where sequence in (
                    select v.sequence from evaluation_event v join evaluation e on e.id = v.evaluation_id
                    where v.at < :before and e.finished_at is not null limit :most)\
                """, before(now, settings.audit()));
        }
        if (inputs + results + events > 0) {
            log.info(
                    "retention removed the inputs of {} evaluations, {} evaluations, {} events",
                    inputs,
                    results,
                    events);
        }
    }

    /** An evaluation has ended. */
    void ended(UUID id) {
        if (settings.inputsGoAtOnce()) {
            try {
                stored.removeInputs(id);
            } catch (IOException | DataAccessException | TransactionException e) {
                log.warn("inputs could not be removed yet: {}", e.getClass().getSimpleName());
            }
        }
    }

    private int inputs(Instant time) throws IOException {
        Duration kept = settings.inputs();
        if (kept == null) {
            return 0;
        }
        int removed = 0;
        while (true) {
            List<UUID> due = sql.sql("""
                select id from evaluation where inputs_removed_at is null and finished_at is not null and finished_at < :before
                order by finished_at limit :most\
                """)
                    .param("before", Timestamp.from(before(time, kept)))
                    .param("most", AT_ONCE)
                    .query(UUID.class)
                    .list();
            int now = 0;
            for (UUID id : due) {
                now += stored.removeInputs(id) ? 1 : 0;
            }
            removed += now;
            if (due.size() < AT_ONCE || now == 0) {
                return removed;
            }
        }
    }

    private int repeated(String statement, Instant before) {
        int removed = 0;
        while (true) {
            int now = sql.sql(statement)
                    .param("before", Timestamp.from(before))
                    .param("most", AT_ONCE)
                    .update();
            removed += now;
            if (now < AT_ONCE) {
                return removed;
            }
        }
    }

    private long bytesOfInputs(Timestamp before) {
        return sql.sql("""
            select coalesce(sum(size_bytes), 0) from blob b where condition = 'STORED'
                and exists (select 1 from evaluation_input i where i.sha256 = b.sha256)
                and not exists (select 1 from evaluation_input i join evaluation e on e.id = i.evaluation_id
                    where i.sha256 = b.sha256 and e.inputs_removed_at is null
                        and (e.finished_at is null or e.finished_at >= :before))\
            """).param("before", before).query(Long.class).single();
    }

    private @Nullable Duration kept(Kind kind) {
        return switch (kind) {
            case INPUTS -> settings.inputs();
            case RESULTS -> settings.results();
            case AUDIT -> settings.audit();
        };
    }

    private static Instant before(Instant now, Duration kept) {
        // What goes at once goes by its evaluation's state, not by its age.
        return kept.isZero() ? now.plus(RetentionClock.GUARD) : now.minus(kept).minus(RetentionClock.GUARD);
    }

    private Instant databaseTime() {
        return sql.sql("select clock_timestamp()")
                .query((row, number) -> row.getTimestamp(1).toInstant())
                .single();
    }
}
