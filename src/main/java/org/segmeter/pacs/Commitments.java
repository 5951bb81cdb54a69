package org.segmeter.pacs;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.format.dicom.DatasetSink;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Storage commitment (PS3.18 chapter 13): says of each instance whether it is kept. It is kept if it was stored here, its file is there
 * and has the SHA-256 that it was received with; each is read for that. Instances that came over DICOMweb are never removed by retention.
 */
@Component
public final class Commitments {

    private static final int FAILURE_REASON = 0x0008_1197;
    private static final int TRANSACTION_UID = 0x0008_1195;
    private static final int FAILED_SOP_SEQUENCE = 0x0008_1198;
    private static final int REFERENCED_SOP_SEQUENCE = 0x0008_1199;
    private static final int REFERENCED_SOP_CLASS_UID = 0x0008_1150;
    private static final int REFERENCED_SOP_INSTANCE_UID = 0x0008_1155;

    private final StoredInstances instances;
    private final JdbcClient sql;
    private final JsonMapper json;

    Commitments(StoredInstances instances, JdbcClient sql, JsonMapper json) {
        this.instances = instances;
        this.sql = sql;
        this.json = json;
    }

    /** Why an instance is not committed to (PS3.3 section C.14.1.1). */
    public enum Reason {
        PROCESSING_FAILURE(0x0110),
        NO_SUCH_OBJECT_INSTANCE(0x0112),
        CLASS_INSTANCE_CONFLICT(0x0119);

        private final int code;

        Reason(int code) {
            this.code = code;
        }

        public int code() {
            return code;
        }
    }

    /** An instance that somebody wants to be sure of. */
    public record Reference(String sopClassUid, String sopInstanceUid) {}

    /** What is said of one. @param failure null if it is committed to */
    public record Outcome(Reference reference, @Nullable Integer failure) {}

    /** @param transactionUid as the asker called it */
    public record Commitment(String transactionUid, List<Outcome> outcomes) {

        /** The Storage Commitment Module (PS3.3 section C.14). */
        public void writeTo(DatasetSink sink) throws IOException {
            sink.text(TRANSACTION_UID, "UI", List.of(transactionUid));
            write(
                    sink,
                    FAILED_SOP_SEQUENCE,
                    outcomes.stream().filter(one -> one.failure != null).toList());
            write(
                    sink,
                    REFERENCED_SOP_SEQUENCE,
                    outcomes.stream().filter(one -> one.failure == null).toList());
        }

        private static void write(DatasetSink sink, int sequence, List<Outcome> some) throws IOException {
            if (some.isEmpty()) {
                return;
            }
            sink.beginSequence(sequence);
            for (Outcome one : some) {
                sink.beginItem();
                sink.text(REFERENCED_SOP_CLASS_UID, "UI", List.of(one.reference.sopClassUid()));
                sink.text(REFERENCED_SOP_INSTANCE_UID, "UI", List.of(one.reference.sopInstanceUid()));
                if (one.failure != null) {
                    sink.numbers(FAILURE_REASON, "US", List.of(one.failure));
                }
                sink.endItem();
            }
            sink.endSequence();
        }
    }

    /** What was answered to a transaction; empty if there was none. */
    public Optional<Commitment> find(String transactionUid) {
        return sql.sql("select outcomes::text from storage_commitment where transaction_uid = :uid")
                .param("uid", transactionUid)
                .query(String.class)
                .optional()
                .map(text -> new Commitment(transactionUid, read(text)));
    }

    /**
     * Looks at each instance and writes down what is said of it.
     *
     * @return empty if the transaction UID is in use
     */
    public Optional<Commitment> request(String transactionUid, List<Reference> references) {
        if (find(transactionUid).isPresent()) {
            return Optional.empty();
        }
        List<Outcome> outcomes = references.stream().map(this::look).toList();
        try {
            sql.sql("insert into storage_commitment (transaction_uid, outcomes) values (:uid, :outcomes::jsonb)")
                    .param("uid", transactionUid)
                    .param("outcomes", write(outcomes))
                    .update();
        } catch (DuplicateKeyException e) {
            return Optional.empty();
        }
        return Optional.of(new Commitment(transactionUid, outcomes));
    }

    private Outcome look(Reference reference) {
        Optional<StoredInstance> found = instances.find(reference.sopInstanceUid());
        if (found.isEmpty()) {
            return new Outcome(reference, Reason.NO_SUCH_OBJECT_INSTANCE.code());
        }
        if (!found.get().sopClassUid().equals(reference.sopClassUid())) {
            return new Outcome(reference, Reason.CLASS_INSTANCE_CONFLICT.code());
        }
        try (BlobStore.Content content = instances.open(found.get())) {
            boolean same = Blob.digest(Files.newInputStream(content.file()))
                    .equals(found.get().blob().sha256());
            return new Outcome(reference, same ? null : Reason.PROCESSING_FAILURE.code());
        } catch (IOException e) {
            return new Outcome(reference, Reason.PROCESSING_FAILURE.code());
        }
    }

    private String write(List<Outcome> outcomes) {
        ArrayNode list = json.createArrayNode();
        for (Outcome one : outcomes) {
            ObjectNode node = list.addObject();
            node.put("class", one.reference().sopClassUid());
            node.put("instance", one.reference().sopInstanceUid());
            node.put("failure", one.failure());
        }
        return list.toString();
    }

    private List<Outcome> read(String text) {
        List<Outcome> outcomes = new ArrayList<>();
        for (JsonNode node : json.readTree(text)) {
            outcomes.add(new Outcome(
                    new Reference(
                            node.path("class").asString(), node.path("instance").asString()),
                    node.path("failure").isNumber()
                            ? (Integer) node.path("failure").intValue()
                            : null));
        }
        return outcomes;
    }
}
