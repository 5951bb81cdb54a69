package org.segmeter.pacs;

import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.evaluation.Reasons;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Removes on request what there is of a patient, a study or a case: objects, pairs, reports and what of them is still to be delivered,
 * evaluations with their results, and the files of all these. What remains is a row that says when and at whose request, with a keyed
 * digest of the subject, and the digests of removed results in their chain. Instances of an erased study are not taken again.
 *
 * <p>What is to be done is written down first; a process that ends meanwhile is followed by another one that goes on.
 */
@Component
public final class Erasures {

    private static final Logger log = LoggerFactory.getLogger(Erasures.class);

    private static final String COLUMNS = """
        id, tenant, kind, subject, requested_by, requested_at, completed_at, lifted_at, studies, instances, pairs, evaluations, files\
        """;

    /** Whatever is asked for at once; more in the next turn. */
    private static final int AT_ONCE = 100;

    private final JdbcClient sql;
    private final TransactionTemplate transaction;
    private final Identity identities;
    private final KeptContent content;
    private final Evaluations evaluations;

    Erasures(
            JdbcClient sql,
            TransactionTemplate transaction,
            Identity identities,
            KeptContent content,
            Evaluations evaluations) {
        this.sql = sql;
        this.transaction = transaction;
        this.identities = identities;
        this.content = content;
        this.evaluations = evaluations;
    }

    /** Of what everything is erased. */
    public enum Kind {
        PATIENT,
        STUDY,
        CASE
    }

    /**
     * An erasure, which is all that remains.
     *
     * @param subject keyed digest of the Patient ID, Study Instance UID or case
     * @param requestedBy id of the caller
     * @param completedAt null if something is still to be removed: an evaluation that is running, a file that is being sent
     * @param liftedAt since when its studies are taken again; null if they are not
     * @param evaluations that were removed; instances and others likewise
     */
    public record Erasure(
            UUID id,
            String tenant,
            Kind kind,
            String subject,
            String requestedBy,
            Instant requestedAt,
            @Nullable Instant completedAt,
            @Nullable Instant liftedAt,
            int studies,
            int instances,
            int pairs,
            int evaluations,
            int files) {}

    /** True if something of a study is stored. */
    public boolean knowsStudy(String studyUid) {
        return sql.sql("select exists (select from dicom_instance where study_uid = :study)")
                .param("study", studyUid)
                .query(Boolean.class)
                .single();
    }

    /** The pseudonym by which those who may not see a Patient ID see it. */
    public String pseudonymOfPatient(String patientId) {
        return identities.pseudonym(Tenant.current(), Identity.PATIENT_ID, patientId);
    }

    /**
     * Erases; on return what can be removed at once is.
     *
     * @param subject pseudonym of a Patient ID, Study Instance UID, or case
     */
    public Erasure erase(Kind kind, String subject, String by) {
        UUID id = UUID.randomUUID();
        transaction.executeWithoutResult(status -> {
            sql.sql("insert into erasure (id, kind, subject, requested_by) values (:id, :kind, :subject, :by)")
                    .param("id", id)
                    .param("kind", kind.name())
                    .param(
                            "subject",
                            switch (kind) {
                                case PATIENT -> subject;
                                case STUDY -> identities.pseudonymOfStudy(Tenant.current(), subject);
                                case CASE -> identities.pseudonymOfCase(Tenant.current(), subject);
                            })
                    .param("by", by)
                    .update();
            switch (kind) {
                case STUDY -> left(id, "STUDY", List.of(subject));
                case PATIENT ->
                    left(
                            id,
                            "STUDY",
                            sql.sql("select distinct study_uid from dicom_instance where patient = :patient")
                                    .param("patient", subject)
                                    .query(String.class)
                                    .list());
                case CASE ->
                    left(
                            id,
                            "EVALUATION",
                            sql.sql("select id::text from evaluation where case_id = :case")
                                    .param("case", subject)
                                    .query(String.class)
                                    .list());
            }
        });
        log.info("an erasure was requested: {}", id);
        goOn(id);
        return find(id).orElseThrow();
    }

    public Optional<Erasure> find(UUID id) {
        return sql.sql("select " + COLUMNS + " from erasure where id = :id")
                .param("id", id)
                .query((row, number) -> erasure(row))
                .optional();
    }

    /** The latest first. */
    public List<Erasure> list(int limit, int offset) {
        return sql.sql("select " + COLUMNS + " from erasure order by requested_at desc, id limit :limit offset :offset")
                .param("limit", limit)
                .param("offset", offset)
                .query((row, number) -> erasure(row))
                .list();
    }

    /** From now on the studies of an erasure are taken again; empty if there is no such erasure. */
    public Optional<Erasure> lift(UUID id) {
        transaction.executeWithoutResult(status -> {
            sql.sql("delete from erased_study where erasure_id = :id")
                    .param("id", id)
                    .update();
            sql.sql("update erasure set lifted_at = coalesce(lifted_at, clock_timestamp()) where id = :id")
                    .param("id", id)
                    .update();
        });
        return find(id);
    }

    /** True if a study was erased and is not taken again. Until the caller's transaction ends nobody can erase it. */
    boolean refuses(String studyUid) {
        lock("pg_advisory_xact_lock_shared", studyUid);
        return sql.sql("select exists (select from erased_study where study = :study)")
                .param("study", identities.pseudonymOfStudy(Tenant.current(), studyUid))
                .query(Boolean.class)
                .single();
    }

    private void lock(String how, String studyUid) {
        sql.sql("select " + how + "(hashtextextended(:study, 7301845))")
                .param("study", studyUid)
                .query((row, number) -> true)
                .single();
    }

    @Scheduled(initialDelay = 5_000, fixedDelay = 5_000)
    void work() {
        try {
            for (Erasure one : sql.sql("select " + COLUMNS + " from erasure where completed_at is null"
                            + " order by requested_at limit " + AT_ONCE)
                    .query((row, number) -> erasure(row))
                    .list()) {
                try (Tenant.Binding ignored = Tenant.bind(one.tenant())) {
                    goOn(one.id());
                }
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn("erasures could not go on: {}", Reasons.describe(e));
        }
    }

    /** Works for the tenant of this thread; what two do at the same time is done once. */
    private void goOn(UUID id) {
        for (String study : left(id, "STUDY")) {
            transaction.executeWithoutResult(status -> study(id, study));
        }
        boolean open = false;
        for (String evaluation : left(id, "EVALUATION")) {
            open |= !evaluation(id, UUID.fromString(evaluation));
        }
        if (open) {
            return; // it ends soon, and is removed then
        }
        for (String file : left(id, "FILE")) {
            try {
                if (content.remove(file)) {
                    done(id, "FILE", file, "files");
                } else {
                    open = true;
                }
            } catch (IOException e) {
                log.warn("a file of an erasure could not be removed yet: {}", Reasons.describe(e));
                open = true;
            }
        }
        if (!open) {
            sql.sql("""
                update erasure set completed_at = clock_timestamp() where id = :id and completed_at is null
                    and not exists (select from erasure_left where erasure_id = :id)\
                """).param("id", id).update();
        }
    }

    private void study(UUID id, String study) {
        lock("pg_advisory_xact_lock", study);
        sql.sql("select 1 from pairing_study where study_uid = :study for update")
                .param("study", study)
                .query((row, number) -> true)
                .list();
        // A pair that is being given its report is waited for: else the report came after it was looked for what there
        // is.
        sql.sql("select 1 from pair where study_uid = :study for update")
                .param("study", study)
                .query((row, number) -> true)
                .list();
        if (sql.sql("delete from erasure_left where erasure_id = :id and kind = 'STUDY' and name = :study")
                        .param("id", id)
                        .param("study", study)
                        .update()
                == 0) {
            return; // another process did it
        }
        sql.sql("""
            insert into erased_study (study, erasure_id) values (:study, :id)
            on conflict (tenant, study) do update set erasure_id = excluded.erasure_id\
            """)
                .param("study", identities.pseudonymOfStudy(Tenant.current(), study))
                .param("id", id)
                .update();
        List<String> instances = texts("select sop_instance_uid from dicom_instance where study_uid = :study", study);
        left(id, "FILE", texts("select distinct sha256 from dicom_instance where study_uid = :study", study));
        left(id, "EVALUATION", texts("""
            select evaluation_id::text from pair where study_uid = :study and evaluation_id is not null
            union select id::text from evaluation where case_id = :study
            union select e.id::text from dicom_instance d join evaluation_input i on i.sha256 = d.sha256
                join evaluation e on e.id = i.evaluation_id where d.study_uid = :study\
            """, study));
        sql.sql("delete from delivery where pair_id in (select id from pair where study_uid = :study)")
                .param("study", study)
                .update();
        sql.sql("delete from pair_transition where pair_id in (select id from pair where study_uid = :study)")
                .param("study", study)
                .update();
        int pairs = sql.sql("delete from pair where study_uid = :study")
                .param("study", study)
                .update();
        sql.sql("""
            delete from storage_commitment where exists (select from jsonb_array_elements(outcomes) one
                where one ->> 'instance' = any(:instances))\
            """).param("instances", instances.toArray(String[]::new)).update();
        sql.sql("delete from blob_use where used_by = any(:users)")
                .param("users", instances.stream().map(sop -> "dicom:" + sop).toArray(String[]::new))
                .update();
        int removed = sql.sql("delete from dicom_instance where study_uid = :study")
                .param("study", study)
                .update();
        sql.sql("delete from pairing_study where study_uid = :study and not exists (select from pair where"
                        + " study_uid = :study)")
                .param("study", study)
                .update();
        sql.sql("""
            update erasure set studies = studies + :studies, instances = instances + :instances, pairs = pairs + :pairs
            where id = :id\
            """)
                .param("studies", removed > 0 ? 1 : 0)
                .param("instances", removed)
                .param("pairs", pairs)
                .param("id", id)
                .update();
    }

    /** False if it is running; it will end soon. */
    private boolean evaluation(UUID id, UUID evaluation) {
        left(
                id,
                "FILE",
                sql.sql("select distinct i.sha256 from evaluation_input i join evaluation e on e.id = i.evaluation_id"
                                + " where e.id = :evaluation")
                        .param("evaluation", evaluation)
                        .query(String.class)
                        .list());
        Evaluations.Removal removal = evaluations.cancelOrRemove(evaluation);
        if (removal == Evaluations.Removal.CANCELLED) {
            removal = evaluations.cancelOrRemove(evaluation);
        }
        if (removal != Evaluations.Removal.REMOVED && removal != Evaluations.Removal.ABSENT) {
            return false;
        }
        transaction.executeWithoutResult(status -> {
            // What was noted of it elsewhere.
            sql.sql("delete from alert where evaluation_id = :evaluation")
                    .param("evaluation", evaluation)
                    .update();
            sql.sql("""
                update batch_item set case_id = null, labels = '{}', prediction_name = null, reference_name = null, problem = null
                where evaluation_id = :evaluation\
                """).param("evaluation", evaluation).update();
            done(id, "EVALUATION", evaluation.toString(), "evaluations");
        });
        return true;
    }

    private List<String> texts(String query, String study) {
        return sql.sql(query).param("study", study).query(String.class).list();
    }

    private void left(UUID id, String kind, List<String> names) {
        for (String name : names) {
            sql.sql("insert into erasure_left (erasure_id, kind, name) values (:id, :kind, :name) on conflict"
                            + " do nothing")
                    .param("id", id)
                    .param("kind", kind)
                    .param("name", name)
                    .update();
        }
    }

    private List<String> left(UUID id, String kind) {
        return sql.sql("select name from erasure_left where erasure_id = :id and kind = :kind order by name")
                .param("id", id)
                .param("kind", kind)
                .query(String.class)
                .list();
    }

    private void done(UUID id, String kind, String name, String counter) {
        transaction.executeWithoutResult(status -> {
            if (sql.sql("delete from erasure_left where erasure_id = :id and kind = :kind and name = :name")
                            .param("id", id)
                            .param("kind", kind)
                            .param("name", name)
                            .update()
                    == 1) {
                sql.sql("update erasure set %1$s = %1$s + 1 where id = :id".formatted(counter))
                        .param("id", id)
                        .update();
            }
        });
    }

    private static Erasure erasure(ResultSet row) throws SQLException {
        return new Erasure(
                row.getObject("id", UUID.class),
                row.getString("tenant"),
                Kind.valueOf(row.getString("kind")),
                row.getString("subject"),
                row.getString("requested_by"),
                row.getTimestamp("requested_at").toInstant(),
                instant(row.getTimestamp("completed_at")),
                instant(row.getTimestamp("lifted_at")),
                row.getInt("studies"),
                row.getInt("instances"),
                row.getInt("pairs"),
                row.getInt("evaluations"),
                row.getInt("files"));
    }

    private static @Nullable Instant instant(@Nullable Timestamp time) {
        return time == null ? null : time.toInstant();
    }
}
