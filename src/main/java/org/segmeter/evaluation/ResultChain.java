package org.segmeter.evaluation;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.segmeter.evaluation.ResultLink.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Links results to each other, and the removal of results. Once a second one replica adds what has been committed since: so results are
 * written without waiting for each other, and a result is linked a second after it can be read.
 */
@Component
public final class ResultChain implements InfoContributor {

    private static final Logger log = LoggerFactory.getLogger(ResultChain.class);

    /** The advisory lock of the database that whoever links holds: one replica at a time, until its transaction ends. */
    public static final long LOCK = 7301844;

    private static final int AT_ONCE = 1000;

    /** Hardly a transaction that stores or removes a result is open for as long, */
    private static final Duration NEW = Duration.ofSeconds(10);

    /** and none for so long. */
    private static final Duration YOUNG = Duration.ofMinutes(2);

    private static final long LOOK_AT_YOUNG_NANOS = Duration.ofSeconds(10).toNanos();
    private static final long LOOK_AT_ALL_NANOS = Duration.ofHours(1).toNanos();

    private final JdbcClient sql;
    private final JdbcTemplate template;
    private final TransactionTemplate transaction;
    private long lookedAtYoung = System.nanoTime() - LOOK_AT_YOUNG_NANOS;
    private long lookedAtAll = System.nanoTime() - LOOK_AT_ALL_NANOS;

    ResultChain(JdbcClient sql, JdbcTemplate template, TransactionTemplate transaction) {
        this.sql = sql;
        this.template = template;
        this.transaction = transaction;
    }

    @Scheduled(initialDelay = 1000, fixedDelay = 1000)
    void link() {
        long now = System.nanoTime();
        boolean all = now - lookedAtAll >= LOOK_AT_ALL_NANOS;
        boolean young = now - lookedAtYoung >= LOOK_AT_YOUNG_NANOS;
        Duration age = all ? Duration.ofDays(365_000) : young ? YOUNG : NEW;
        try {
            while (linkSome(age) == AT_ONCE) {
                log.debug("more results are linked at once");
            }
            lookedAtAll = all ? now : lookedAtAll;
            lookedAtYoung = all || young ? now : lookedAtYoung;
        } catch (DataAccessException | TransactionException e) {
            log.warn("results could not be linked: {}", Reasons.describe(e));
        }
    }

    /** Links what is not older and not linked yet; says how many. */
    private int linkSome(Duration age) {
        Integer linked = transaction.execute(status -> {
            boolean mine = sql.sql("select pg_try_advisory_xact_lock(:lock)")
                    .param("lock", LOCK)
                    .query(Boolean.class)
                    .single();
            if (!mine) {
                return 0;
            }
            // The age stands in the statement and each link is looked up by itself: what is young can be estimated
            // then, and neither all results nor all links are gone through every second.
            List<ResultLink> open = sql.sql("""
                select 'RESULT', s.evaluation_id, s.sha256, s.created_at from scorecard s
                where s.created_at > now() - interval '%1$d seconds' and (select l.sequence from result_link l
                    where l.evaluation_id = s.evaluation_id and l.kind = 'RESULT') is null
                union all
                select 'REMOVAL', r.evaluation_id, r.scorecard_sha256, r.removed_at from result_removal r
                where r.removed_at > now() - interval '%1$d seconds' and (select l.sequence from result_link l
                    where l.evaluation_id = r.evaluation_id and l.kind = 'REMOVAL') is null
                order by 4, 1 desc limit :most\
                """.formatted(age.toSeconds()))
                    .param("most", AT_ONCE)
                    .query((row, number) -> new ResultLink(
                            0,
                            Kind.valueOf(row.getString(1)),
                            row.getObject(2, UUID.class),
                            row.getString(3),
                            row.getTimestamp(4).toInstant(),
                            "",
                            ""))
                    .list();
            if (open.isEmpty()) {
                return 0;
            }
            Optional<ResultLink> head = head();
            long sequence = head.map(ResultLink::sequence).orElse(0L);
            String previous = head.map(ResultLink::sha256).orElse(ResultLink.NOTHING);
            List<Object[]> rows = new ArrayList<>();
            for (ResultLink one : open) {
                ResultLink link = ResultLink.after(
                        sequence, previous, one.kind(), one.evaluation(), one.scorecardSha256(), one.at());
                rows.add(new Object[] {
                    link.sequence(),
                    link.kind().name(),
                    link.evaluation(),
                    link.scorecardSha256(),
                    Timestamp.from(link.at()),
                    link.previousSha256(),
                    link.sha256()
                });
                sequence = link.sequence();
                previous = link.sha256();
            }
            template.batchUpdate("""
                insert into result_link (sequence, kind, evaluation_id, scorecard_sha256, at, previous_sha256, sha256)
                values (?, ?, ?, ?, ?, ?, ?)\
                """, rows);
            return rows.size();
        });
        return linked == null ? 0 : linked;
    }

    /** The youngest link; empty for none yet. Whoever notes its digest elsewhere can tell later that nothing before it was changed. */
    Optional<ResultLink> head() {
        return sql.sql("select * from result_link order by sequence desc limit 1")
                .query((row, number) -> read(row))
                .optional();
    }

    Optional<ResultLink> find(UUID evaluation, Kind kind) {
        return sql.sql("select * from result_link where evaluation_id = :id and kind = :kind")
                .param("id", evaluation)
                .param("kind", kind.name())
                .query((row, number) -> read(row))
                .optional();
    }

    /** The digest of the link of this number; that of nothing for 0; empty if there is none. */
    Optional<String> digestOf(long sequence) {
        return sequence == 0
                ? Optional.of(ResultLink.NOTHING)
                : sql.sql("select sha256 from result_link where sequence = :sequence")
                        .param("sequence", sequence)
                        .query(String.class)
                        .optional();
    }

    private static ResultLink read(ResultSet row) throws SQLException {
        return new ResultLink(
                row.getLong("sequence"),
                Kind.valueOf(row.getString("kind")),
                row.getObject("evaluation_id", UUID.class),
                row.getString("scorecard_sha256"),
                row.getTimestamp("at").toInstant(),
                row.getString("previous_sha256"),
                row.getString("sha256"));
    }

    /** {@code chain} in {@code /actuator/info}: the youngest link. */
    @Override
    public void contribute(Info.Builder builder) {
        try {
            head().ifPresent(link ->
                    builder.withDetail("chain", Map.of("sequence", link.sequence(), "sha256", link.sha256())));
        } catch (DataAccessException e) {
            log.debug("the chain cannot be read");
        }
    }

    /**
     * Goes through the whole chain and all results.
     *
     * @param database read only; the service may be running
     * @return one line for each link, result or removal that is not what the others say; empty if all is well
     */
    public static List<String> findings(Connection database) throws SQLException {
        List<String> findings = new ArrayList<>();
        try (Statement statement = database.createStatement()) {
            statement.setFetchSize(1000);
            long sequence = 0;
            String previous = ResultLink.NOTHING;
            try (ResultSet row = statement.executeQuery("""
                select l.*, s.sha256 as card, s.content, r.scorecard_sha256 as removed from result_link l
                    left join scorecard s on s.evaluation_id = l.evaluation_id
                    left join result_removal r on r.evaluation_id = l.evaluation_id
                order by l.sequence\
                """)) {
                while (row.next()) {
                    ResultLink link = read(row);
                    if (link.sequence() != sequence + 1) {
                        findings.add(
                                "links %d to %d of the chain are missing".formatted(sequence + 1, link.sequence() - 1));
                    }
                    if (!link.previousSha256().equals(previous)) {
                        findings.add("link %d does not follow from the one before".formatted(link.sequence()));
                    }
                    if (!link.computedSha256().equals(link.sha256())) {
                        findings.add("link %d is not what its SHA-256 says".formatted(link.sequence()));
                    }
                    findings.addAll(
                            findings(link, row.getString("card"), row.getString("content"), row.getString("removed")));
                    sequence = link.sequence();
                    previous = link.sha256();
                }
            }
            unlinked(statement, findings, "result %s is not in the chain", """
                select s.evaluation_id from scorecard s
                where s.created_at < now() - interval '2 minutes' and not exists
                    (select 1 from result_link l where l.evaluation_id = s.evaluation_id and l.kind = 'RESULT')\
                """);
            unlinked(statement, findings, "removal of result %s is not in the chain", """
                select r.evaluation_id from result_removal r
                where r.removed_at < now() - interval '2 minutes' and not exists
                    (select 1 from result_link l where l.evaluation_id = r.evaluation_id and l.kind = 'REMOVAL')\
                """);
        }
        return findings;
    }

    private static void unlinked(Statement statement, List<String> findings, String said, String query)
            throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            while (row.next()) {
                findings.add(said.formatted(row.getString(1)));
            }
        }
    }

    private static List<String> findings(
            ResultLink link,
            @org.jspecify.annotations.Nullable String card,
            @org.jspecify.annotations.Nullable String content,
            @org.jspecify.annotations.Nullable String removed) {
        String name = "result %s of link %d".formatted(link.evaluation(), link.sequence());
        if (link.kind() == Kind.REMOVAL) {
            return link.scorecardSha256().equals(removed) ? List.of() : List.of(name + " has lost its tombstone");
        }
        if (card == null || content == null) {
            return link.scorecardSha256().equals(removed)
                    ? List.of()
                    : List.of(name + " is missing and was not removed by the service");
        }
        boolean same = card.equals(link.scorecardSha256())
                && Submission.sha256(content.getBytes(StandardCharsets.UTF_8)).equals(card);
        return same ? List.of() : List.of(name + " is not the one that was stored");
    }
}
