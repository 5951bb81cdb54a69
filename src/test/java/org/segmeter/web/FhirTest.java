package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.StrictErrorHandler;
import java.util.List;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.Device;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.SegFixture;
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
