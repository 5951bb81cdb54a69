package org.segmeter.pacs;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Blob;
import org.segmeter.format.dicom.DicomInstance;
import org.springframework.dao.DataRetrievalFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** All SQL about stored instances but the searches. The callers say where a transaction begins and ends. */
@Component
final class InstanceRows {

    private static final String COLUMNS = """
        sop_instance_uid, sop_class_uid, study_uid, series_uid, transfer_syntax_uid, frame_of_reference_uid,
        referenced_series, referenced_segmentations, segments, manufacturer, model_name, series_description,
        content_creator, content_at, source, sha256, size_bytes, received_at, role, tenant, identity\
        """;

    private final JdbcClient sql;
    private final JsonMapper json;
    private final Identity identities;

    InstanceRows(JdbcClient sql, JsonMapper json, Identity identities) {
        this.sql = sql;
        this.json = json;
        this.identities = identities;
    }

    /** Adds an instance; empty if there is one of this SOP Instance UID. Waits for whoever is adding it at this moment. */
    Optional<StoredInstance> insert(DicomInstance instance, Blob blob, @Nullable String source) {
        List<StoredSegment> segments = StoredSegment.of(instance.segments());
        Identity.Sealed sealed = identities.seal(Tenant.current(), instance);
        return sql.sql("""
            insert into dicom_instance (sop_instance_uid, sop_class_uid, study_uid, series_uid, transfer_syntax_uid,
                frame_of_reference_uid, referenced_series, referenced_segmentations, segments, manufacturer, model_name,
                content_creator, content_at, source, sha256, size_bytes, attributes, identity, sealed_by, patient,
                accession)
            values (:sop, :class, :study, :series, :syntax, :frame, :referencedSeries, :referencedSegmentations,
                :segments::jsonb, :manufacturer, :model, :creator, :contentAt::timestamp, :source, :sha256, :size,
                :attributes::jsonb, :identity, :sealedBy, :patient, :accession)
            on conflict (tenant, sop_instance_uid) do nothing returning\
            """ + " " + COLUMNS)
                .param("sop", instance.sopInstanceUid())
                .param("class", instance.sopClassUid())
                .param("study", instance.studyUid())
                .param("series", instance.seriesUid())
                .param("syntax", instance.transferSyntaxUid())
                .param("frame", instance.frameOfReferenceUid())
                .param("referencedSeries", instance.referencedSeries().toArray(String[]::new))
                .param(
                        "referencedSegmentations",
                        instance.referencedSegmentations().toArray(String[]::new))
                .param("segments", json.writeValueAsString(segments))
                .param("manufacturer", instance.manufacturer())
                .param("model", instance.modelName())
                .param("creator", sealed.creator())
                .param("contentAt", instance.contentTime())
                .param("source", source)
                .param("sha256", blob.sha256())
                .param("size", blob.size())
                .param("attributes", sealed.attributes())
                .param("identity", sealed.identity())
                .param("sealedBy", sealed.by())
                .param("patient", sealed.patient())
                .param("accession", sealed.accession())
                .query((row, number) -> instance(row))
                .optional();
    }

    void role(String sopInstanceUid, @Nullable Role role, @Nullable String rule) {
        sql.sql("update dicom_instance set role = :role, role_rule = :rule where sop_instance_uid = :sop")
                .param("role", role == null ? null : role.name())
                .param("rule", rule)
                .param("sop", sopInstanceUid)
                .update();
    }

    /**
     * The elements by which an instance can be found, in clear, in the DICOM JSON Model.
     *
     * @throws DataRetrievalFailureException if they were sealed with another key, for as long as they are not sealed again
     */
    JsonNode attributes(String sopInstanceUid) {
        return sql.sql("select attributes, tenant, identity from dicom_instance where sop_instance_uid = :sop")
                .param("sop", sopInstanceUid)
                .query((row, number) -> {
                    ObjectNode attributes = (ObjectNode) json.readTree(row.getString(1));
                    byte[] identity = row.getBytes(3);
                    if (identity == null) {
                        return attributes;
                    }
                    Identity.Opened opened = identities.open(row.getString(2), sopInstanceUid, identity);
                    if (opened == null) {
                        throw new DataRetrievalFailureException("sealed with another key");
                    }
                    return identities.shown(attributes, true, opened);
                })
                .single();
    }

    /** The segmentations that arrived last, newest first. */
    List<StoredInstance> latestSegmentations(int most) {
        return sql.sql("select " + COLUMNS + " " + """
            from dicom_instance where segments <> '[]' order by received_at desc limit :most\
            """)
                .param("most", most)
                .query((row, number) -> instance(row))
                .list();
    }

    Optional<StoredInstance> find(String sopInstanceUid) {
        return sql.sql("select " + COLUMNS + " from dicom_instance where sop_instance_uid = :sop")
                .param("sop", sopInstanceUid)
                .query((row, number) -> instance(row))
                .optional();
    }

    List<StoredInstance> findAll(Collection<String> sopInstanceUids) {
        return sql.sql("select " + COLUMNS + " from dicom_instance where sop_instance_uid = any(:sops)")
                .param("sops", sopInstanceUids.toArray(String[]::new))
                .query((row, number) -> instance(row))
                .list();
    }

    /** @param seriesUid null for all of the study; likewise the instance */
    List<StoredInstance> of(String studyUid, @Nullable String seriesUid, @Nullable String sopInstanceUid) {
        return sql.sql("select " + COLUMNS + " " + """
             from dicom_instance where study_uid = :study
            and (:series::text is null or series_uid = :series) and (:sop::text is null or sop_instance_uid = :sop)
            order by series_uid, received_at, sop_instance_uid\
            """)
                .param("study", studyUid)
                .param("series", seriesUid)
                .param("sop", sopInstanceUid)
                .query((row, number) -> instance(row))
                .list();
    }

    /** An instance whose identifiers are in clear, or sealed with another key. */
    record Unsealed(
            String tenant,
            String sopInstanceUid,
            Blob blob,
            @Nullable String sealedBy,
            String attributes,
            @Nullable String creator,
            @Nullable String seriesDescription) {}

    /** @param after tenant and SOP Instance UID that were seen last, in this order */
    List<Unsealed> unsealed(String key, String afterTenant, String afterSop, int most) {
        return sql.sql("""
            select tenant, sop_instance_uid, sha256, size_bytes, sealed_by, attributes, content_creator, series_description
            from dicom_instance where (sealed_by is null or sealed_by < :key or sealed_by > :key)
                and (tenant, sop_instance_uid) > (:tenant, :sop)
            order by tenant, sop_instance_uid limit :most\
            """)
                .param("key", key)
                .param("tenant", afterTenant)
                .param("sop", afterSop)
                .param("most", most)
                .query((row, number) -> new Unsealed(
                        row.getString(1),
                        row.getString(2),
                        new Blob(row.getString(3), row.getLong(4)),
                        row.getString(5),
                        row.getString(6),
                        row.getString(7),
                        row.getString(8)))
                .list();
    }

    /** Puts a seal on an instance, unless another process did meanwhile. */
    void seal(Unsealed one, Identity.Sealed sealed) {
        sql.sql("""
            update dicom_instance set attributes = :attributes::jsonb, identity = :identity, sealed_by = :by, patient = :patient,
                accession = :accession, content_creator = :creator, series_description = null
            where tenant = :tenant and sop_instance_uid = :sop and sealed_by is not distinct from :before\
            """)
                .param("attributes", sealed.attributes())
                .param("identity", sealed.identity())
                .param("by", sealed.by())
                .param("patient", sealed.patient())
                .param("accession", sealed.accession())
                .param("creator", sealed.creator())
                .param("tenant", one.tenant())
                .param("sop", one.sopInstanceUid())
                .param("before", one.sealedBy())
                .update();
    }

    private StoredInstance instance(ResultSet row) throws SQLException {
        List<StoredSegment> segments = new ArrayList<>();
        for (JsonNode node : json.readTree(row.getString("segments"))) {
            segments.add(json.treeToValue(node, StoredSegment.class));
        }
        byte[] identity = row.getBytes("identity");
        Identity.Opened opened = identity == null
                ? null
                : identities.open(row.getString("tenant"), row.getString("sop_instance_uid"), identity);
        String role = row.getString("role");
        return new StoredInstance(
                row.getString("sop_instance_uid"),
                row.getString("sop_class_uid"),
                row.getString("study_uid"),
                row.getString("series_uid"),
                row.getString("transfer_syntax_uid"),
                row.getString("frame_of_reference_uid"),
                texts(row.getArray("referenced_series")),
                texts(row.getArray("referenced_segmentations")),
                List.copyOf(segments),
                row.getString("manufacturer"),
                row.getString("model_name"),
                opened == null ? row.getString("series_description") : opened.seriesDescription(),
                opened == null ? row.getString("content_creator") : opened.creator(),
                // Of no time zone: by way of the machine's, an hour that a day of it does not have would become the
                // next.
                row.getObject("content_at", LocalDateTime.class),
                row.getString("source"),
                new Blob(row.getString("sha256"), row.getLong("size_bytes")),
                row.getTimestamp("received_at").toInstant(),
                role == null ? null : Role.valueOf(role));
    }

    private static Set<String> texts(Array array) throws SQLException {
        return Collections.unmodifiableSet(new LinkedHashSet<>(List.of((String[]) array.getArray())));
    }
}
