package org.segmeter.evaluation;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** The keys of accepted submissions, for as long as they are kept; all times are the database's. */
@Component
public final class IdempotencyKeys implements InfoContributor {

    private static final Logger log = LoggerFactory.getLogger(IdempotencyKeys.class);

    private static final int HOLD_SECONDS = 20;

    private final JdbcClient sql;
    private final UUID holder = UUID.randomUUID();
    private final Set<String> held = ConcurrentHashMap.newKeySet();
    private final double keepSeconds;

    IdempotencyKeys(JdbcClient sql, EvaluationSettings settings) {
        this.sql = sql;
        this.keepSeconds = settings.idempotencyKeep().toMillis() / 1000.0;
    }

    /** {@code idempotency} in {@code /actuator/info}. */
    @Override
    public void contribute(Info.Builder builder) {
        builder.withDetail("idempotency", Map.of("keepSeconds", (long) keepSeconds));
    }

    /** What the key stands for; empty if it is free. */
    public Optional<Acceptance> find(IdempotencyKey key, String contentSha256) {
        return sql.sql("""
            select evaluation_id, content_sha256 from idempotency_key
            where key_sha256 = :key and created_at >= now() - make_interval(secs => :keep)\
            """)
                .param("key", key.sha256())
                .param("keep", keepSeconds)
                .<Acceptance>query((row, number) -> row.getString(2).equals(contentSha256)
                        ? new Acceptance.Replayed(row.getObject(1, UUID.class))
                        : new Acceptance.OtherContent())
                .optional();
    }

    /**
     * Takes a key for an evaluation or a batch, within the transaction that accepts it. Waits for another transaction that is taking the same
     * key, in this or any other process.
     *
     * @return false if the key is not free
     */
    public boolean take(IdempotencyKey key, String contentSha256, UUID id) {
        return sql.sql("""
            insert into idempotency_key as k (key_sha256, content_sha256, evaluation_id) values (:key, :content, :id)
            on conflict (key_sha256) do update set content_sha256 = excluded.content_sha256,
                evaluation_id = excluded.evaluation_id, created_at = now()
            where k.created_at < now() - make_interval(secs => :keep)\
            """)
                        .param("key", key.sha256())
                        .param("content", contentSha256)
                        .param("id", id)
                        .param("keep", keepSeconds)
                        .update()
                == 1;
    }

    /** That this process is receiving the first request of a key; no other process may. To be closed. */
    public final class Hold implements AutoCloseable {
        private final IdempotencyKey key;

        private Hold(IdempotencyKey key) {
            this.key = key;
        }

        @Override
        public void close() {
            held.remove(key.sha256());
            try {
                sql.sql("delete from idempotency_key_in_use where key_sha256 = :key and holder = :holder")
                        .param("key", key.sha256())
                        .param("holder", holder)
                        .update();
            } catch (DataAccessException e) {
                log.warn("a key is held {} s longer than it is used: {}", HOLD_SECONDS, Reasons.describe(e));
            }
        }
    }

    /** Holds a key while its request is being received; empty if another process does. */
    Optional<Hold> hold(IdempotencyKey key) {
        boolean taken = sql.sql("""
            insert into idempotency_key_in_use as k (key_sha256, holder, held_until)
            values (:key, :holder, now() + make_interval(secs => :seconds))
            on conflict (key_sha256) do update set holder = excluded.holder, held_until = excluded.held_until
            where k.held_until < now()\
            """)
                        .param("key", key.sha256())
                        .param("holder", holder)
                        .param("seconds", (double) HOLD_SECONDS)
                        .update()
                == 1;
        if (!taken) {
            return Optional.empty();
        }
        held.add(key.sha256());
        return Optional.of(new Hold(key));
    }

    /** A process that died does not hold its keys for long; one that lives says so. */
    @Scheduled(fixedDelay = HOLD_SECONDS * 250)
    void renew() {
        if (held.isEmpty()) {
            return;
        }
        try {
            sql.sql("""
                update idempotency_key_in_use set held_until = now() + make_interval(secs => :seconds)
                where key_sha256 = any(:keys) and holder = :holder\
                """)
                    .param("seconds", (double) HOLD_SECONDS)
                    .param("keys", held.toArray(String[]::new))
                    .param("holder", holder)
                    .update();
        } catch (DataAccessException e) {
            log.warn("keys in use could not be renewed: {}", Reasons.describe(e));
        }
    }

    /** Forgets the keys whose time is over. */
    @Scheduled(initialDelay = 300_000, fixedDelay = 3_600_000)
    void sweep() {
        try {
            sql.sql("delete from idempotency_key where created_at < now() - make_interval(secs => :keep)")
                    .param("keep", keepSeconds)
                    .update();
            sql.sql("delete from idempotency_key_in_use where held_until < now() - interval '1 hour'")
                    .update();
        } catch (DataAccessException e) {
            log.warn("old idempotency keys could not be removed: {}", Reasons.describe(e));
        }
    }
}
