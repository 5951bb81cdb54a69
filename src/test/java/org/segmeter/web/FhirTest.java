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
        pacs.store(ai.bytes(), SegFixture.corrected(study).liver(1).bytes());
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
