package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.StrictErrorHandler;
import java.util.List;
import java.util.UUID;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.Device;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.SegFixture;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** What stands under /fhir is FHIR R4 for a strict reader, and says what the scorecard says. */
class FhirTest {

    private static final String CODES = "urn:segmeter:codes:99SEGMETER";
    private static IParser parser;
    private static Api api;
    private static DicomWeb pacs;

    @BeforeAll
    static void start() throws Exception {
        parser = FhirContext.forR4Cached().newJsonParser().setParserErrorHandler(new StrictErrorHandler());
        api = Service.shared().api();
        pacs = new DicomWeb(Service.shared().port());
    }

    @Test
    void aScoredPairIsFoundByItsStudy() throws Exception {
        String study = SegFixture.uid();
        SegFixture ai = SegFixture.ai(study).liver(0);
        SegFixture corrected = SegFixture.corrected(study).liver(1);
        pacs.store(ai.bytes(), corrected.bytes());
        JsonNode pair = PairingTest.reached(study, "SCORED");
        Bundle found = bundle("/fhir/Observation?derived-from=urn:dicom:uid%7Curn:oid:" + study);
        assertThat(found.getEntry()).hasSizeGreaterThan(8);
        Observation dice = observations(found).stream()
                .filter(one -> one.getCode().getCodingFirstRep().getCode().equals("DSC"))
                .findFirst()
                .orElseThrow();
        assertThat(dice.getCode().getCodingFirstRep().getSystem()).isEqualTo(CODES);
        assertThat(dice.getValueQuantity().getValue().doubleValue()).isEqualTo(0.9);
        assertThat(dice.getValueQuantity().getSystem()).isEqualTo("http://unitsofmeasure.org");
        assertThat(dice.getStatus()).isEqualTo(Observation.ObservationStatus.FINAL);
        assertThat(dice.getCategoryFirstRep().getCodingFirstRep().getCode()).isEqualTo("126011");
        assertThat(dice.getPartOfFirstRep().getIdentifier().getValue()).isEqualTo("urn:oid:" + study);
        assertThat(dice.getDerivedFromFirstRep().getIdentifier().getValue()).isEqualTo("urn:oid:" + study);
        assertThat(dice.getIdentifierFirstRep().getValue())
                .isEqualTo("urn:uuid:"
                        + pair.path("links").path("evaluation").asString().replaceAll(".*/", ""));
        assertThat(((Device) dice.getContained().getFirst())
                        .getDeviceNameFirstRep()
                        .getName())
                .isEqualTo("liver-net");
        assertThat(dice.getBodySite().getCodingFirstRep().getSystem()).isEqualTo("http://snomed.info/sct");
        isDerivedFromTheVolumesOfBothSegments(dice, ai, corrected);

        Observation again = parser.parseResource(
                Observation.class,
                text("/fhir/Observation/" + dice.getIdElement().getIdPart(), 200));
        again.setId(dice.getIdElement()); // in a bundle it is absolute
        assertThat(parser.encodeResourceToString(again)).isEqualTo(parser.encodeResourceToString(dice));
        Bundle narrowed = bundle("/fhir/Observation?code=" + CODES + "%7CHD95&derived-from:identifier=" + study);
        assertThat(observations(narrowed))
                .singleElement()
                .satisfies(one -> assertThat(one.getValueQuantity().getCode()).isEqualTo("mm"));
        assertThat(observations(bundle("/fhir/Observation?identifier="
                        + dice.getIdentifierFirstRep().getValue())))
                .hasSameSizeAs(found.getEntry());
    }

    /** Derived Imaging Measurement: subject and device 1..1, derivedFrom the measurements of the segments. */
    private static void isDerivedFromTheVolumesOfBothSegments(Observation dice, SegFixture ai, SegFixture corrected) {
        assertThat(dice.getDerivedFrom()).hasSize(3);
        List<SegFixture> sides = List.of(ai, corrected);
        for (int side = 0; side < 2; side++) {
            Observation volume = parser.parseResource(
                    Observation.class,
                    text("/fhir/" + dice.getDerivedFrom().get(side + 1).getReference(), 200));
            assertThat(volume.getCode().getCodingFirstRep().getCode()).isEqualTo("118565006");
            assertThat(volume.getValueQuantity().getCode()).isEqualTo("ml");
            assertThat(volume.getValueQuantity().getValue().doubleValue()).isEqualTo(1.0); // 500 voxels of 2 mm³
            assertThat(volume.getDerivedFrom())
                    .extracting(one -> one.getIdentifier().getValue())
                    .contains("urn:oid:" + sides.get(side).sop());
            assertThat(volume.getComponentFirstRep().getValueIntegerType().getValue())
                    .isEqualTo(1);
            assertThat(observations(bundle("/fhir/Observation?code=http://snomed.info/sct%7C118565006&derived-from="
                            + sides.get(side).sop())))
                    .hasSize(2);
        }
    }

    @Test
    void anUndefinedValueSaysWhyAndPagesFollowOneAnother() throws Exception {
        api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study).liver(0).bytes(),
                SegFixture.corrected(study).liver(2).bytes());
        PairingTest.reached(study, "SCORED");
        Bundle first = bundle("/fhir/Observation?_count=1");
        Bundle.BundleLinkComponent next = first.getLink("next");
        Bundle second = bundle(next.getUrl().substring(next.getUrl().indexOf("/fhir")));
        assertThat(first.getEntry()).isNotEmpty();
        assertThat(second.getEntry()).isNotEmpty();
        assertThat(observations(first).getFirst().getIdentifierFirstRep().getValue())
                .isNotEqualTo(
                        observations(second).getFirst().getIdentifierFirstRep().getValue());
        for (Observation one : observations(bundle("/fhir/Observation?_count=50"))) {
            assertThat(one.hasValue()).isNotEqualTo(one.hasDataAbsentReason());
            assertThat(one.hasSubject()).isTrue();
            assertThat(one.hasDevice() || one.getId().contains(".reference")).isTrue();
        }
    }

    @Test
    void aPageEndsWhereItHasEnoughObservationsAndTheNextGoesOn() throws Exception {
        JdbcClient sql = Service.shared().bean(JdbcClient.class);
        String study = SegFixture.uid();
        List<UUID> large = List.of(UUID.randomUUID(), UUID.randomUUID());
        for (UUID id : large) {
            sql.sql("""
                insert into evaluation (id, created_at, started_at, finished_at, state, case_id, protocols)
                values (:id, now() + interval '1 hour', now(), now(), 'SUCCEEDED', :study, array['segmeter@1'])\
                """).param("id", id).param("study", study).update();
            sql.sql("""
                insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256, engine_version, engine_commit)
                select :id, 1, c, encode(sha256(convert_to(c, 'UTF8')), 'hex'), 'segmeter@1', repeat('0', 64), '0', '0'
                from (select '{"segments": [' || string_agg('{"segment": {"number": ' || i || '}, "metrics": {' || m || '}}', ',')
                    || ']}' as c from generate_series(1, 600) i, (select string_agg('"' || n
                    || '": {"value": 0.5, "unit": "1", "state": "OK"}', ',') as m
                    from unnest(array['dice', 'jaccard', 'precision', 'sensitivity', 'hd', 'hd95', 'masd', 'assd', 'boundary_iou']) n) k) t\
                """).param("id", id).update();
            sql.sql("insert into pair (id, study_uid, state, reason, evaluation_id) values (:id, :study,"
                            + " 'SCORED', '', :id)")
                    .param("id", id)
                    .param("study", study)
                    .update();
        }
        try {
            for (String asked : List.of("?_count=2", "?_count=2&derived-from=" + study)) {
                JsonNode first = Api.JSON.readTree(text("/fhir/Observation" + asked, 200));
                String next = first.at("/link/1/url").asString();
                JsonNode second = Api.JSON.readTree(text(next.substring(next.indexOf("/fhir")), 200));
                assertThat(List.of(first, second))
                        .allSatisfy(page -> assertThat(page.path("entry")).hasSize(600 * 9))
                        .extracting(page ->
                                page.at("/entry/0/resource/identifier/0/value").asString())
                        .containsExactlyInAnyOrder("urn:uuid:" + large.get(0), "urn:uuid:" + large.get(1));
            }
            text("/fhir/Observation/" + large.getFirst() + ".599.DSC.0", 200);
        } finally {
            sql.sql("delete from pair where study_uid = :study")
                    .param("study", study)
                    .update();
            large.forEach(id -> api.delete("/api/v1/evaluations/" + id));
        }
    }

    @Test
    void mistakesAreAnsweredAsOperationOutcomes() {
        for (String wrong : List.of(
                "/fhir/Observation?derived-from=x",
                "/fhir/Observation?_count=0",
                "/fhir/Observation?subject=1",
                "/fhir/Observation?code=1%202")) {
            OperationOutcome outcome = parser.parseResource(OperationOutcome.class, text(wrong, 400));
            assertThat(outcome.getIssueFirstRep().getDiagnostics()).isNotBlank();
        }
        parser.parseResource(OperationOutcome.class, text("/fhir/Observation/1", 404));
        CapabilityStatement statement = parser.parseResource(CapabilityStatement.class, text("/fhir/metadata", 200));
        assertThat(statement.getFhirVersion().toCode()).isEqualTo("4.0.1");
    }

    private static List<Observation> observations(Bundle bundle) {
        return bundle.getEntry().stream()
                .map(entry -> (Observation) entry.getResource())
                .toList();
    }

    private static Bundle bundle(String path) {
        return parser.parseResource(Bundle.class, text(path, 200));
    }

    private static String text(String path, int status) {
        Api.Answer answer = status == 400 ? api.wrong("GET", path) : api.get(path);
        answer.expect(status);
        assertThat(answer.header("Content-Type")).startsWith("application/fhir+json");
        return answer.text();
    }
}
