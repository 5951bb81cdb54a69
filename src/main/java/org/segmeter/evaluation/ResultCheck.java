package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.ResultLink.Kind;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Holds one evaluation to what was written down when it was scored: files, scorecard, values and its place in the chain. */
@Component
public final class ResultCheck {

    private final JdbcClient sql;
    private final EvaluationRows rows;
    private final ResultChain chain;
    private final BlobStore store;
    private final StoredBlobs stored;
    private final JsonMapper json;

    /** Files may be large: no more than two are read at once for this. */
    private final Semaphore reading = new Semaphore(2, true);

    ResultCheck(
            JdbcClient sql,
            EvaluationRows rows,
            ResultChain chain,
            BlobStore store,
            StoredBlobs stored,
            JsonMapper json) {
        this.sql = sql;
        this.rows = rows;
        this.chain = chain;
        this.store = store;
        this.stored = stored;
        this.json = json;
    }

    /** How a part was found. */
    public enum Outcome {
        /** As it was written down. */
        OK,
        /** Not as it was written down, or not there. */
        FAILED,
        /** Removed in good order: there is nothing to compare. */
        REMOVED,
        /** Not linked yet; it will be within seconds. */
        PENDING
    }

    /**
     * A part that was looked at.
     *
     * @param part scorecard, values, chain, removal, or prediction/1 and so on for the files
     * @param found what there is, mostly a SHA-256
     * @param expected what was written down
     */
    public record Finding(
            String part,
            Outcome outcome,
            @Nullable String found,
            @Nullable String expected) {}

    /**
     * What was found of an evaluation.
     *
     * @param removedAt when its result was removed; null if it was not
     * @param sequence number of its link in the chain; null if it has none
     * @param linkSha256 digest of that link
     */
    public record Report(
            UUID evaluation,
            List<Finding> findings,
            @Nullable Instant removedAt,
            @Nullable Long sequence,
            @Nullable String linkSha256) {

        /** True if nothing failed. */
        public boolean isVerified() {
            return findings.stream().noneMatch(finding -> finding.outcome() == Outcome.FAILED);
        }
    }

    /** Looks at everything; empty if there never was such an evaluation. */
    public Optional<Report> of(UUID id) throws IOException, InterruptedException {
        Optional<Evaluation> evaluation = rows.find(id);
        List<Finding> findings = new ArrayList<>();
        if (evaluation.isEmpty()) {
            Optional<Removal> removal = removal(id);
            if (removal.isEmpty()) {
                return Optional.empty();
            }
            Optional<ResultLink> link = chain.find(id, Kind.REMOVAL);
            findings.add(new Finding(
                    "scorecard", Outcome.REMOVED, null, removal.get().scorecardSha256()));
            findings.add(chained("removal", link, removal.get().scorecardSha256()));
            chain.find(id, Kind.RESULT)
                    .ifPresent(result -> findings.add(
                            chained("chain", Optional.of(result), removal.get().scorecardSha256())));
            return Optional.of(report(id, findings, removal.get().at(), link));
        }
        files(evaluation.get(), findings);
        Optional<StoredScorecard> card = rows.scorecard(id);
        Optional<ResultLink> link = chain.find(id, Kind.RESULT);
        if (card.isPresent()) {
            String actual = Submission.sha256(card.get().content().getBytes(StandardCharsets.UTF_8));
            findings.add(compared("scorecard", actual, card.get().sha256()));
            findings.add(values(id, card.get()));
            findings.add(chained("chain", link, card.get().sha256()));
        } else if (evaluation.get().state() == State.SUCCEEDED || link.isPresent()) {
            findings.add(new Finding(
                    "scorecard",
                    Outcome.FAILED,
                    null,
                    link.map(ResultLink::scorecardSha256).orElse(null)));
        }
        return Optional.of(report(id, findings, null, link));
    }

    private static Report report(
            UUID id, List<Finding> findings, @Nullable Instant removedAt, Optional<ResultLink> link) {
        return new Report(
                id,
                List.copyOf(findings),
                removedAt,
                link.map(ResultLink::sequence).orElse(null),
                link.map(ResultLink::sha256).orElse(null));
    }

    private record Removal(String scorecardSha256, Instant at) {}

    private Optional<Removal> removal(UUID id) {
        return sql.sql("select scorecard_sha256, removed_at from result_removal where evaluation_id = :id")
                .param("id", id)
                .query((row, number) ->
                        new Removal(row.getString(1), row.getTimestamp(2).toInstant()))
                .optional();
    }

    private void files(Evaluation evaluation, List<Finding> findings) throws IOException, InterruptedException {
        for (Side side : Side.values()) {
            int number = 0;
            for (Evaluation.Input input : evaluation.inputs()) {
                if (input.side() == side) {
                    findings.add(file(side.word() + "/" + ++number, input.blob()));
                }
            }
        }
    }

    private Finding file(String part, Blob blob) throws IOException, InterruptedException {
        reading.acquire();
        try (InputStream content = store.read(blob.sha256())) {
            return compared(part, Blob.digest(content), blob.sha256());
        } catch (BlobStore.Lost e) {
            boolean removed = stored.condition(blob.sha256()).orElse(StoredBlobs.Condition.MISSING)
                    == StoredBlobs.Condition.REMOVED;
            return new Finding(part, removed ? Outcome.REMOVED : Outcome.FAILED, null, blob.sha256());
        } finally {
            reading.release();
        }
    }

    /** The rows that queries read, against the scorecard that they were taken from. */
    private Finding values(UUID id, StoredScorecard card) {
        Set<EvaluationRows.Value> there = new HashSet<>(sql.sql("""
            select segment_index, segment_number, segment_label, metric, parameters, value, unit, state
            from metric_value where evaluation_id = :id\
            """)
                .param("id", id)
                .query((row, number) -> new EvaluationRows.Value(
                        row.getInt(1),
                        row.getObject(2, Integer.class),
                        row.getString(3),
                        row.getString(4),
                        row.getString(5),
                        row.getObject(6, Double.class),
                        row.getString(7),
                        row.getString(8)))
                .list());
        try {
            Set<EvaluationRows.Value> expected = new HashSet<>(ScorecardValues.of(json.readTree(card.content())));
            long same = there.stream().filter(expected::contains).count();
            return new Finding(
                    "values",
                    same == expected.size() && same == there.size() ? Outcome.OK : Outcome.FAILED,
                    "%d rows, %d of them as in the scorecard".formatted(there.size(), same),
                    "%d rows".formatted(expected.size()));
        } catch (JacksonException e) {
            return new Finding("values", Outcome.FAILED, "a scorecard that is no JSON", null);
        }
    }

    private Finding chained(String part, Optional<ResultLink> link, String scorecardSha256) {
        if (link.isEmpty()) {
            return new Finding(part, Outcome.PENDING, null, null);
        }
        ResultLink one = link.get();
        if (!one.computedSha256().equals(one.sha256())) {
            return new Finding(part, Outcome.FAILED, one.computedSha256(), one.sha256());
        }
        if (!one.scorecardSha256().equals(scorecardSha256)) {
            return new Finding(part, Outcome.FAILED, scorecardSha256, one.scorecardSha256());
        }
        String before = chain.digestOf(one.sequence() - 1).orElse(null);
        return new Finding(
                part, one.previousSha256().equals(before) ? Outcome.OK : Outcome.FAILED, before, one.previousSha256());
    }

    private static Finding compared(String part, String found, String expected) {
        return new Finding(part, found.equals(expected) ? Outcome.OK : Outcome.FAILED, found, expected);
    }
}
