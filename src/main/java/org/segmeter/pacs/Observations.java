package org.segmeter.pacs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.volume.CodedConcept;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The values of a scorecard as FHIR R4 Observations, one for each segment and metric that the structured report has too: Derived Imaging
 * Measurements as in the guide <em>DICOM SR to FHIR Resource Mapping</em> of HL7, on R4. They are written as JSON and not with HAPI FHIR's
 * structures, which would bring 60 MB and forty libraries into the service; the tests read them with those.
 */
@Component
public final class Observations {

    /** Where the private codes are from; docs/dicom-conformance.md lists them. */
    public static final String CODES = "urn:segmeter:codes:" + StructuredReport.SCHEME;

    private static final String DCM = "http://dicom.nema.org/resources/ontology/DCM";
    private static final String UCUM = "http://unitsofmeasure.org";
    private static final Map<String, String> SYSTEMS =
            Map.of("SCT", "http://snomed.info/sct", "DCM", DCM, "UCUM", UCUM);

    private final JsonMapper json;

    Observations(JsonMapper json) {
        this.json = json;
    }

    /**
     * All observations of an evaluation.
     *
     * @param card its scorecard
     * @param pair the pair that it scored; null if it was submitted otherwise
     * @param code value of a private code to which they are narrowed; null for all
     */
    public List<ObjectNode> of(Evaluation evaluation, JsonNode card, @Nullable Pair pair, @Nullable String code) {
        List<ObjectNode> observations = new ArrayList<>();
        int entry = 0;
        for (JsonNode segment : card.path("segments")) {
            for (Map.Entry<String, CodedConcept> metric : StructuredReport.METRICS.entrySet()) {
                if (code != null && !code.equals(metric.getValue().value())) {
                    continue;
                }
                JsonNode values = segment.path("metrics").path(metric.getKey());
                int number = 0;
                for (JsonNode value : values.isArray() ? values.values() : List.of(values)) {
                    if (value.path("state").isString()) {
                        String id = evaluation.id() + "." + entry + "."
                                + metric.getValue().value() + "." + number++;
                        observations.add(observation(id, evaluation, card, pair, segment, metric.getValue(), value));
                    }
                }
            }
            entry++;
        }
        return observations;
    }

    private ObjectNode observation(
            String id,
            Evaluation evaluation,
            JsonNode card,
            @Nullable Pair pair,
            JsonNode segment,
            CodedConcept metric,
            JsonNode value) {
        ObjectNode node = json.createObjectNode();
        node.put("resourceType", "Observation");
        node.put("id", id);
        JsonNode model = card.path("model");
        if (model.path("name").isString()) {
            ObjectNode device = node.putArray("contained").addObject();
            device.put("resourceType", "Device");
            device.put("id", "model");
            ObjectNode name = device.putArray("deviceName").addObject();
            name.put("name", model.path("name").stringValue());
            name.put("type", "model-name");
            if (model.path("version").isString()) {
                device.putArray("version")
                        .addObject()
                        .put("value", model.path("version").stringValue());
            }
        }
        ObjectNode identifier = node.putArray("identifier").addObject();
        identifier.put("system", "urn:ietf:rfc:3986");
        identifier.put("value", "urn:uuid:" + evaluation.id());
        if (pair != null) {
            study(node.putArray("partOf").addObject(), pair);
        }
        node.put("status", "final");
        coding(node.putArray("category").addObject(), DCM, "126011", "Derived Imaging Measurements");
        coding(node.putObject("code"), CODES, metric.value(), metric.meaning());
        if (evaluation.description().caseId() != null) {
            ObjectNode subject = node.putObject("subject").putObject("identifier");
            subject.put("system", "urn:segmeter:case");
            subject.put("value", evaluation.description().caseId());
        }
        if (evaluation.finishedAt() != null) {
            node.put("effectiveDateTime", evaluation.finishedAt().toString());
            node.put("issued", evaluation.finishedAt().toString());
        }
        value(node, value);
        bodySite(node, segment.path("segment"));
        node.putObject("method").put("text", card.path("protocol").path("id").asString("unknown"));
        if (model.path("name").isString()) {
            node.putObject("device").put("reference", "#model");
        }
        if (pair != null) {
            study(node.putArray("derivedFrom").addObject(), pair);
        }
        parameters(node, value.path("parameters"));
        return node;
    }

    private static void study(ObjectNode reference, Pair pair) {
        reference.put("type", "ImagingStudy");
        ObjectNode identifier = reference.putObject("identifier");
        identifier.put("system", "urn:dicom:uid");
        identifier.put("value", "urn:oid:" + pair.studyUid());
    }

    /** A number with its UCUM unit, or why there is none. */
    private static void value(ObjectNode node, JsonNode value) {
        if (value.path("value").isNumber()) {
            ObjectNode quantity = node.putObject("valueQuantity");
            quantity.put("value", value.path("value").decimalValue());
            String unit = value.path("unit").asString("1");
            quantity.put("unit", unit);
            quantity.put("system", UCUM);
            quantity.put("code", unit);
            return;
        }
        String state = value.path("state").stringValue();
        ObjectNode reason = node.putObject("dataAbsentReason");
        boolean applies = !state.equals("NOT_APPLICABLE") && !state.equals("NOT_SCORED");
        coding(
                reason,
                "http://terminology.hl7.org/CodeSystem/data-absent-reason",
                applies ? "not-a-number" : state.equals("NOT_SCORED") ? "not-performed" : "not-applicable",
                applies ? "Not a Number (NaN)" : state.equals("NOT_SCORED") ? "Not Performed" : "Not Applicable");
        reason.put("text", state.toLowerCase(Locale.ROOT).replace('_', ' '));
    }

    private static void bodySite(ObjectNode node, JsonNode segment) {
        ObjectNode site = node.putObject("bodySite");
        JsonNode type = segment.path("concept").path("type");
        String system = SYSTEMS.get(type.path("scheme").asString(""));
        if (system != null) {
            coding(
                    site,
                    system,
                    type.path("value").asString(""),
                    type.path("meaning").asString(""));
        }
        String label = segment.path("label").asString("");
        site.put("text", label.isBlank() ? "segment " + segment.path("number").asInt() : label);
    }

    private static void parameters(ObjectNode node, JsonNode parameters) {
        if (!parameters.isObject() || parameters.isEmpty()) {
            return;
        }
        ArrayNode components = node.putArray("component");
        for (Map.Entry<String, JsonNode> parameter : parameters.properties()) {
            ObjectNode component = components.addObject();
            component.putObject("code").put("text", parameter.getKey());
            if (parameter.getValue().isNumber()) {
                ObjectNode quantity = component.putObject("valueQuantity");
                quantity.put("value", parameter.getValue().decimalValue());
                if (parameter.getKey().endsWith("Mm")) {
                    quantity.put("unit", "mm");
                    quantity.put("system", UCUM);
                    quantity.put("code", "mm");
                }
            } else {
                component.put(
                        "valueString",
                        parameter.getValue().asString(parameter.getValue().toString()));
            }
        }
    }

    private static void coding(ObjectNode concept, String system, String code, String display) {
        ObjectNode coding = concept.putArray("coding").addObject();
        coding.put("system", system);
        coding.put("code", code);
        if (!display.isEmpty()) {
            coding.put("display", display);
        }
    }
}
