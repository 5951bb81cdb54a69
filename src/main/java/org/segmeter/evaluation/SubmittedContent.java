package org.segmeter.evaluation;

import java.util.Optional;
import java.util.UUID;
import org.segmeter.scoring.EngineVersion;
import org.segmeter.scoring.Scorecard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which evaluation a content has: the files of both sides, the request with all that it says, and the engine that scores. Scoring it
 * again could only give the same scorecard again.
 */
@Component
final class SubmittedContent {

    private static final Logger log = LoggerFactory.getLogger(SubmittedContent.class);

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED).build();

    private final JdbcClient sql;

    SubmittedContent(JdbcClient sql) {
        this.sql = sql;
    }

    /**
     * Takes the content for an evaluation, within the transaction that accepts it, unless it has one that succeeded or may yet. Waits
     * for another transaction that is taking the same content, in this or any other process.
     *
     * @return the evaluation that the content has; empty if it is now {@code id}
     */
    Optional<UUID> take(Submission submission, UUID id) {
        String content = digest(submission);
        boolean first = sql.sql("""
            insert into submission_content (content_sha256, evaluation_id) values (:content, :id)
            on conflict do nothing\
            """).param("content", content).param("id", id).update() == 1;
        if (first) {
            return Optional.empty();
        }
        // The row is locked before the evaluation is looked at: two of the same content come one after the other.
        sql.sql("select 1 from submission_content where content_sha256 = :content for update")
                .param("content", content)
                .query(Integer.class)
                .optional();
        Optional<UUID> known =
                sql.sql("""
                    select e.id from submission_content c join evaluation e on e.id = c.evaluation_id
                    where c.content_sha256 = :content and e.state in ('QUEUED', 'RUNNING', 'SUCCEEDED')
                        and not e.cancel_requested\
                    """).param("content", content).query(UUID.class).optional();
        if (known.isEmpty()) {
            // It failed, was cancelled or removed: the content may be tried again.
            sql.sql("""
                insert into submission_content (content_sha256, evaluation_id) values (:content, :id)
                on conflict (content_sha256) do update set evaluation_id = excluded.evaluation_id\
                """).param("content", content).param("id", id).update();
        }
        return known;
    }

    private static String digest(Submission submission) {
        Scorecard.Engine engine = EngineVersion.current();
        Submission meant = new Submission(
                submission.prediction(),
                submission.reference(),
                submission.mask(),
                submission.image(),
                submission.description(),
                submission.protocols(),
                meaning(submission));
        return Submission.sha256(IdempotencyKey.ofTenant(meant.contentSha256() + "\n" + engine.version() + "\n"
                        + engine.commit() + "\n" + engine.vector())
                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** The request in one way of writing, with the protocols that it stands for: what is meant counts, not how it is spelt. */
    private static String meaning(Submission submission) {
        ObjectNode members = JSON.createObjectNode();
        String request = submission.request();
        if (request != null && JSON.readTree(request) instanceof ObjectNode said) {
            members.setAll(said);
        }
        submission.protocols().forEach(members.putArray("protocol")::add);
        return JSON.writeValueAsString(members);
    }

    /** Forgets the contents whose evaluations were removed. */
    @Scheduled(initialDelay = 900_000, fixedDelay = 3_600_000)
    void sweep() {
        try {
            sql.sql("delete from submission_content c where not exists (select 1 from evaluation e where e.id"
                            + " = c.evaluation_id)")
                    .update();
        } catch (DataAccessException e) {
            log.warn("contents of removed evaluations could not be forgotten: {}", Reasons.describe(e));
        }
    }
}
