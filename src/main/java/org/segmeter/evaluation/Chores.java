package org.segmeter.evaluation;

import java.io.IOException;
import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Work that one replica does for all of them: whoever comes first when it is due has it, by the database's clock. */
@Component
final class Chores {

    /** A replica that died at its work is waited for this long. */
    private static final Duration LEASE = Duration.ofHours(1);

    private final JdbcClient sql;

    Chores(JdbcClient sql) {
        this.sql = sql;
    }

    /** What is to be done. */
    interface Work {
        void run() throws IOException;
    }

    /** Does a chore, if it was not done for a while and nobody is at it. If it fails, it is due at once. */
    void run(String name, Duration every, Work work) throws IOException {
        if (!take(name, every)) {
            return;
        }
        boolean done = false;
        try {
            work.run();
            done = true;
        } finally {
            if (done) {
                done(name);
            } else {
                failed(name);
            }
        }
    }

    /** Takes a chore, if it was not done for a while and nobody is at it. */
    boolean take(String name, Duration every) {
        return sql.sql("""
            insert into chore as c (name, leased_until) values (:name, now() + make_interval(secs => :lease))
            on conflict (name) do update set leased_until = excluded.leased_until
            where (c.leased_until is null or c.leased_until < now())
                and (c.last_at is null or c.last_at < now() - make_interval(secs => :every))\
            """)
                        .param("name", name)
                        .param("lease", LEASE.toSeconds() * 1.0)
                        .param("every", every.toMillis() / 1000.0)
                        .update()
                == 1;
    }

    /** It is done; due again after its time. */
    void done(String name) {
        sql.sql("update chore set last_at = now(), leased_until = null where name = :name")
                .param("name", name)
                .update();
    }

    /** It failed; due at once. */
    void failed(String name) {
        sql.sql("update chore set leased_until = null where name = :name")
                .param("name", name)
                .update();
    }
}
