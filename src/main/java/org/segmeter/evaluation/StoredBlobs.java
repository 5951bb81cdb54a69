package org.segmeter.evaluation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.segmeter.database.Tenant;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What the database knows of stored content, and the one rule by which content goes: its row is locked, nobody holds it and nobody names
 * it, and only then the store is told to remove it. A submission writes rows and holds, in a transaction of its own, before it gives its
 * files their names, or, where keeping them takes no longer than a disk, keeps those rows locked from before that until it is committed; so
 * with any number of replicas a file is never removed between being found there and being named by an evaluation.
 * All times are the database's.
 *
 * <p>Nobody waits crosswise: who sends locks rows against removal only ({@code for key share}), which two senders can have at once, and
 * writes rows in the order of their digests; who removes locks {@code for update} and never waits for it, but comes again later.
 */
@Component
final class StoredBlobs {

    /** Far longer than any submission takes from its hold to its commit. */
    private static final double HOLD_SECONDS = 24 * 3600.0;

    private static final int CONDEMN_TRIES = 20;
    private static final Duration CONDEMN_PAUSE = Duration.ofMillis(50);

    private final JdbcClient sql;
    private final JdbcTemplate template;
    private final TransactionTemplate transaction;
    private final BlobStore store;

    StoredBlobs(JdbcClient sql, JdbcTemplate template, TransactionTemplate transaction, BlobStore store) {
        this.sql = sql;
        this.template = template;
        this.transaction = transaction;
        this.store = store;
    }

    /** What is known of one file. */
    enum Condition {
        STORED,
        REMOVED,
        CORRUPT,
        MISSING
    }

    /** Holds content that is about to be kept; committed on return. */
    void hold(UUID holder, Collection<Blob> blobs) {
        transaction.executeWithoutResult(status -> {
            // Lost with the machine at worst, and then the evaluation that needs it was not committed either.
            sql.sql("set local synchronous_commit = off").update();
            insert(blobs);
            List<Object[]> holds = new ArrayList<>();
            sizes(blobs).forEach((sha256, size) -> holds.add(new Object[] {sha256, holder, HOLD_SECONDS}));
            template.batchUpdate("""
                insert into blob_hold (sha256, holder, held_until) values (?, ?, now() + make_interval(secs => ?))\
                """, holds);
        });
    }

    /**
     * Takes content that is about to be kept and named, within one transaction: until that ends nobody removes it, and if it was being
     * removed, that is waited for. Rows that say already what this would say are not written again.
     *
     * <p>All rows are locked before the first one is written, which sorting them sees to, and against removal only: writing one of them
     * afterwards needs nothing that another submission of the same content has.
     *
     * <p>Each is looked up by itself (lateral). A join may be planned while the table is small, as one that reads all of it, and the plan
     * is kept while the table grows.
     */
    void take(Collection<Blob> blobs) {
        Map<String, Long> sizes = sizes(blobs);
        sql.sql("""
            insert into blob (sha256, size_bytes)
            select s.sha256, s.size_bytes from unnest(:digests::text[], :sizes::bigint[]) as s (sha256, size_bytes)
                left join lateral (
                    select b.size_bytes, b.condition = 'STORED' and b.last_used_at > now() - interval '1 minute' as fresh
                    from blob b where b.sha256 = s.sha256 for key share of b) p on true
            where (p.fresh and p.size_bytes = s.size_bytes) is not true
            order by s.sha256
            on conflict (sha256) do update set last_used_at = now(), size_bytes = excluded.size_bytes,
                verified_at = case when blob.condition = 'STORED' then blob.verified_at else now() end, condition = 'STORED',
                remains = false\
            """)
                .param("digests", sizes.keySet().toArray(String[]::new))
                .param("sizes", sizes.values().toArray(Long[]::new))
                .update();
    }

    /** The content was kept, and is named by an evaluation from this transaction on. */
    void kept(UUID holder, Collection<Blob> blobs) {
        List<Object[]> rows = new ArrayList<>();
        sizes(blobs).forEach((sha256, size) -> rows.add(new Object[] {sha256, size}));
        template.batchUpdate("""
            insert into blob (sha256, size_bytes) values (?, ?)
            on conflict (sha256) do update set last_used_at = now(), size_bytes = excluded.size_bytes,
                verified_at = case when blob.condition = 'STORED' then blob.verified_at else now() end, condition = 'STORED',
                remains = false\
            """, rows);
        release(holder);
    }

    /** The content is needed by somebody else than an evaluation, for good. */
    void use(Blob blob, String user) {
        sql.sql("insert into blob_use (sha256, used_by) values (:sha256, :user) on conflict do nothing")
                .param("sha256", blob.sha256())
                .param("user", user)
                .update();
    }

    /** A user needs nothing any more. */
    void forget(String user) {
        sql.sql("delete from blob_use where used_by = :user")
                .param("user", user)
                .update();
    }

    /**
     * Those that are stored, by their SHA-256; none of them is removed before the transaction ends. For a tenant only what it uses
     * already: that another one has a file nobody can find out by its digest.
     */
    Map<String, Blob> locked(Collection<String> sha256) {
        Map<String, Blob> found = new TreeMap<>();
        sql.sql("""
            select sha256, size_bytes, condition from blob b where sha256 = any(:digests)
                and (:all or exists (select from blob_use u where u.sha256 = b.sha256)
                    or exists (select from evaluation_input i join evaluation e on e.id = i.evaluation_id
                        where i.sha256 = b.sha256))
            order by sha256 for key share of b\
            """)
                .param("digests", sha256.toArray(String[]::new))
                .param("all", Tenant.bound() == null)
                .query(row -> {
                    if (Condition.valueOf(row.getString(3)) == Condition.STORED) {
                        found.put(row.getString(1), new Blob(row.getString(1), row.getLong(2)));
                    }
                });
        return found;
    }

    /** The submission came to nothing. */
    void release(UUID holder) {
        sql.sql("delete from blob_hold where holder = :holder")
                .param("holder", holder)
                .update();
    }

    Optional<Condition> condition(String sha256) {
        return sql.sql("select condition from blob where sha256 = :sha256")
                .param("sha256", sha256)
                .query(String.class)
                .optional()
                .map(Condition::valueOf);
    }

    /** Files that nothing has named, and nobody sent, for a while. */
    List<String> unused(double graceSeconds, int most) {
        return sql.sql("""
            select sha256 from blob b where last_used_at < now() - make_interval(secs => :grace)
                and not exists (select 1 from evaluation_input i where i.sha256 = b.sha256)
                and not exists (select 1 from blob_use u where u.sha256 = b.sha256) limit :most\
            """)
                .param("grace", graceSeconds)
                .param("most", most)
                .query(String.class)
                .list();
    }

    /** True if it is known, and nothing names it. */
    boolean isUnused(String sha256) {
        return sql.sql("""
            select count(*) from blob b where sha256 = :sha256
                and not exists (select 1 from evaluation_input i where i.sha256 = b.sha256)
                and not exists (select 1 from blob_use u where u.sha256 = b.sha256)\
            """).param("sha256", sha256).query(Long.class).single() > 0;
    }

    /** Removes a file that nothing names, and its row; true if there was a file. */
    boolean removeUnused(String sha256, double graceSeconds) throws IOException {
        String unused = """
            last_used_at < now() - make_interval(secs => :grace)
                and not exists (select 1 from evaluation_input i where i.sha256 = b.sha256)
                and not exists (select 1 from blob_use u where u.sha256 = b.sha256)\
            """;
        Map<String, Object> grace = Map.of("grace", graceSeconds);
        if (!locked(sha256, unused, grace, () -> {
            announce(sha256);
            return true;
        })) {
            return false;
        }
        return locked(sha256, unused, grace, () -> {
            boolean removed = store.remove(sha256);
            Failpoint.RETENTION.reach();
            sql.sql("delete from blob where sha256 = :sha256")
                    .param("sha256", sha256)
                    .update();
            return removed;
        });
    }

    /**
     * Removes the files of an evaluation that has ended, except those that another evaluation needs: the last one takes them along. The
     * rows stay and say so, before the files go: a crash between the two leaves files that nobody will read, and {@link #removeRest} finds
     * them.
     *
     * @return false if somebody is sending one of them: to be tried again later
     */
    boolean removeInputs(UUID evaluation) throws IOException {
        List<String> going = new ArrayList<>();
        boolean done = Boolean.TRUE.equals(transaction.execute(status -> {
            List<String> all = sql.sql("select distinct sha256 from evaluation_input where evaluation_id = :id")
                    .param("id", evaluation)
                    .query(String.class)
                    .list();
            List<String> files = sql.sql("select sha256 from blob where sha256 = any(:all) for update skip locked")
                    .param("all", all.toArray(String[]::new))
                    .query(String.class)
                    .list();
            if (files.size() < all.size()) {
                status.setRollbackOnly();
                return false;
            }
            for (String sha256 : files) {
                if (isHeld(sha256)) {
                    status.setRollbackOnly();
                    return false;
                }
                boolean needed = sql.sql("""
                    select (select count(*) from evaluation_input i join evaluation e on e.id = i.evaluation_id
                        where i.sha256 = :sha256 and e.id <> :id and e.inputs_removed_at is null)
                        + (select count(*) from blob_use u where u.sha256 = :sha256)\
                    """)
                                .param("sha256", sha256)
                                .param("id", evaluation)
                                .query(Long.class)
                                .single()
                        > 0;
                if (!needed) {
                    announce(sha256);
                    going.add(sha256);
                }
            }
            sql.sql("update evaluation set inputs_removed_at = now() where id = :id")
                    .param("id", evaluation)
                    .update();
            return true;
        }));
        if (done) {
            for (String sha256 : going) {
                removeAnnounced(sha256);
            }
        }
        return done;
    }

    /** Removes the files whose removal was announced and then interrupted; says how many. */
    int removeRest() throws IOException {
        int removed = 0;
        for (String sha256 : sql.sql("select sha256 from blob where remains")
                .query(String.class)
                .list()) {
            removed += removeAnnounced(sha256) ? 1 : 0;
        }
        return removed;
    }

    private void announce(String sha256) {
        sql.sql("update blob set condition = 'REMOVED', remains = true where sha256 = :sha256")
                .param("sha256", sha256)
                .update();
    }

    /** The second step, unless the content was sent again since the first. */
    private boolean removeAnnounced(String sha256) throws IOException {
        return locked(sha256, "remains", Map.of(), () -> {
            store.remove(sha256);
            Failpoint.RETENTION.reach();
            sql.sql("update blob set remains = false where sha256 = :sha256")
                    .param("sha256", sha256)
                    .update();
            return true;
        });
    }

    private boolean isHeld(String sha256) {
        return sql.sql("select count(*) from blob_hold where sha256 = :sha256 and held_until > now()")
                        .param("sha256", sha256)
                        .query(Long.class)
                        .single()
                > 0;
    }

    /** Says what is wrong with content and puts it out of the way, if it still is wrong; true if it was. */
    boolean condemn(Blob blob) throws IOException {
        // The other replica's question for what is due locks the row for a moment, too; what stays locked the next
        // scrub finds.
        for (int left = CONDEMN_TRIES; left > 0; left--) {
            Attempt attempt = attempt(blob.sha256(), "condition = 'STORED'", Map.of(), () -> condemnLocked(blob));
            if (attempt != Attempt.LOCKED_OUT) {
                return attempt == Attempt.DONE;
            }
            try {
                Thread.sleep(CONDEMN_PAUSE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }

    private boolean condemnLocked(Blob blob) throws IOException {
        Condition condition = Scrub.look(store, blob);
        if (condition == Condition.STORED) {
            return false;
        }
        if (condition == Condition.CORRUPT) {
            store.setAside(blob.sha256());
        }
        sql.sql("""
            update blob set condition = :condition, verified_at = now(), verifying_until = null where sha256 = :sha256\
            """)
                .param("condition", condition.name())
                .param("sha256", blob.sha256())
                .update();
        return true;
    }

    /** Writes down files that the store has and the database does not; they are removed after the grace. Says how many. */
    int adopt(List<Blob> found) {
        List<Object[]> rows = new ArrayList<>();
        sizes(found).forEach((sha256, size) -> rows.add(new Object[] {sha256, size}));
        int adopted = 0;
        for (int[] one : List.of(template.batchUpdate(
                "insert into blob (sha256, size_bytes) values (?, ?) on conflict do nothing", rows))) {
            for (int n : one) {
                adopted += Math.max(0, n);
            }
        }
        return adopted;
    }

    /** Takes files that were not hashed for a while, the longest first, for an hour. */
    List<Blob> dueForScrub(double everySeconds, int most) {
        return sql.sql("""
            update blob set verifying_until = now() + interval '1 hour' where sha256 in (
                select sha256 from blob where condition = 'STORED' and verified_at < now() - make_interval(secs => :every)
                    and (verifying_until is null or verifying_until < now())
                order by verified_at limit :most for update skip locked)
            returning sha256, size_bytes\
            """)
                .param("every", everySeconds)
                .param("most", most)
                .query((row, number) -> new Blob(row.getString(1), row.getLong(2)))
                .list();
    }

    void verified(String sha256) {
        sql.sql("update blob set verified_at = now(), verifying_until = null where sha256 = :sha256")
                .param("sha256", sha256)
                .update();
    }

    /** All files that should be there. */
    List<Blob> stored(String after, int most) {
        return sql.sql("""
            select sha256, size_bytes from blob where condition = 'STORED' and sha256 > :after order by sha256 limit :most\
            """)
                .param("after", after)
                .param("most", most)
                .query((row, number) -> new Blob(row.getString(1), row.getLong(2)))
                .list();
    }

    private void insert(Collection<Blob> blobs) {
        List<Object[]> rows = new ArrayList<>();
        sizes(blobs).forEach((sha256, size) -> rows.add(new Object[] {sha256, size}));
        template.batchUpdate("""
            insert into blob (sha256, size_bytes) values (?, ?) on conflict (sha256) do update set last_used_at = now()\
            """, rows);
    }

    /** In the order of the digests, so that two submissions of the same files never wait for each other crosswise. */
    private static Map<String, Long> sizes(Collection<Blob> blobs) {
        Map<String, Long> sizes = new TreeMap<>();
        blobs.forEach(blob -> sizes.put(blob.sha256(), blob.size()));
        return sizes;
    }

    private interface Removal {
        boolean run() throws IOException;
    }

    /** How an attempt at something that needs a row locked ended. */
    private enum Attempt {
        DONE,
        NOT_DONE,
        /** The row is locked by somebody else: it is for the caller to try again. */
        LOCKED_OUT
    }

    /** Runs while the row is locked, if it can be locked at once, nobody holds the content and the condition is true. */
    private boolean locked(String sha256, String condition, Map<String, Object> parameters, Removal work)
            throws IOException {
        return attempt(sha256, condition, parameters, work) == Attempt.DONE;
    }

    private Attempt attempt(String sha256, String condition, Map<String, Object> parameters, Removal work)
            throws IOException {
        try {
            return Objects.requireNonNull(transaction.execute(status -> {
                boolean mine = sql.sql("select 1 from blob b where sha256 = :sha256 for update skip locked")
                        .param("sha256", sha256)
                        .query(Integer.class)
                        .optional()
                        .isPresent();
                if (!mine) {
                    return Attempt.LOCKED_OUT;
                }
                // Asked again once the lock is there: what the first question saw may be from before the last hold.
                boolean free = !isHeld(sha256)
                        && sql.sql("select count(*) from blob b where sha256 = :sha256 and (" + condition + ")")
                                        .param("sha256", sha256)
                                        .params(parameters)
                                        .query(Long.class)
                                        .single()
                                > 0;
                try {
                    return free && work.run() ? Attempt.DONE : Attempt.NOT_DONE;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
