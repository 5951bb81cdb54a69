package org.segmeter.pacs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.volume.CodedConcept;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The values of a scorecard as FHIR R4 Observations: for each segment and metric that the structured report has too a Derived Imaging
 * Measurement, as in the guide <em>DICOM SR to FHIR Resource Mapping</em> of HL7, on R4, and the volumes of both sides, from which it is
 * derived. R4 has no resource for a segment: a volume names the object and the number of its segment. They are written as JSON and not with HAPI FHIR's
 * structures, which would bring 60 MB and forty libraries into the service; the tests read them with those.
 */
@Component
public final class Observations {

    /** Where the private codes are from; docs/dicom-conformance.md lists them. */
    public static final String CODES = "urn:segmeter:codes:" + StructuredReport.SCHEME;

    /** Systems of the codes that observations have. */
    public static final List<String> SYSTEMS_OF_CODES = List.of(CODES, "http://snomed.info/sct");

    private static final String DCM = "http://dicom.nema.org/resources/ontology/DCM";
    private static final String SCT = "http://snomed.info/sct";
    private static final String UCUM = "http://unitsofmeasure.org";
    private static final Map<String, String> SYSTEMS = Map.of("SCT", SCT, "DCM", DCM, "UCUM", UCUM);
    private static final CodedConcept VOLUME = new CodedConcept("118565006", "SCT", "Volume");
    private static final List<String> SIDES = List.of("prediction", "reference");

    private final JsonMapper json;

    Observations(JsonMapper json) {
        this.json = json;
    }

    /**
     * All observations of an evaluation, each made when it is asked for: of tens of thousands of segments they are more than fits into memory.
     *
     * @param card its scorecard
     * @param pair the pair that it scored; null if it was submitted otherwise
     * @param code value of the code to which they are narrowed; null for all
     */
    public Stream<ObjectNode> of(Evaluation evaluation, JsonNode card, @Nullable Pair pair, @Nullable String code) {
        JsonNode segments = card.path("segments");
        return IntStream.range(0, segments.size())
                .mapToObj(entry ->
                        new Context(evaluation, card, pair, segments.get(entry), evaluation.id() + "." + entry))
                .flatMap(of -> ofSegment(of, code).stream());
    }

    private List<ObjectNode> ofSegment(Context of, @Nullable String code) {
        List<ObjectNode> observations = new ArrayList<>();
        for (String side : SIDES) {
            if ((code == null || code.equals(VOLUME.value())) && of.has(side)) {
                observations.add(volume(of, side));
            }
        }
        for (Map.Entry<String, CodedConcept> metric : StructuredReport.METRICS.entrySet()) {
            if (code != null && !code.equals(metric.getValue().value())) {
                continue;
            }
            JsonNode values = of.segment.path("metrics").path(metric.getKey());
            int number = 0;
            for (JsonNode value : values.isArray() ? values.values() : List.of(values)) {
                if (value.path("state").isString()) {
                    String id = of.id + "." + metric.getValue().value() + "." + number++;
                    observations.add(derived(of, id, metric.getValue(), value));
                }
            }
        }
        return observations;
    }

    /**
     * What the observations of a segment have in common.
     *
     * @param segment an entry of the scorecard
     * @param id of which each one's id is made
     */
    private record Context(
            Evaluation evaluation, JsonNode card, @Nullable Pair pair, JsonNode segment, String id) {

        JsonNode volume(String side) {
            return segment.path("metrics").path("volume_" + side + "_ml");
        }

        /** True if the segment is on this side and its volume was measured. */
        boolean has(String side) {
            return segment.path("match").path(side).isIntegralNumber()
                    && volume(side).path("state").isString();
        }

        String idOfVolume(String side) {
            return id + "." + side;
        }
    }

    private ObjectNode volume(Context of, String side) {
        ObjectNode node = begin(of, of.idOfVolume(side), side.equals("prediction"));
        node.put("status", "final");
        coding(node.putArray("category").addObject(), DCM, "126010", "Imaging Measurements");
        coding(node.putObject("code"), SCT, VOLUME.value(), VOLUME.meaning());
        describe(of, node, of.volume(side));
        if (side.equals("prediction")) {
            node.putObject("device").put("reference", "#device");
        }
        Pair pair = of.pair;
        if (pair != null) {
            ArrayNode from = node.putArray("derivedFrom");
            study(from.addObject(), pair);
            String sop = side.equals("prediction") ? pair.predictionSop() : pair.referenceSop();
            if (sop != null) {
                ObjectNode instance = from.addObject();
                instance.put("type", "ImagingStudy");
                uid(instance.putObject("identifier"), sop);
                instance.put("display", "segmentation");
            }
        }
        ObjectNode number = node.putArray("component").addObject();
        coding(number.putObject("code"), DCM, "121191", "Referenced Segment");
        number.put("valueInteger", of.segment.path("match").path(side).intValue());
        return node;
    }

    private ObjectNode derived(Context of, String id, CodedConcept metric, JsonNode value) {
        ObjectNode node = begin(of, id, true);
        node.put("status", "final");
        coding(node.putArray("category").addObject(), DCM, "126011", "Derived Imaging Measurements");
        coding(node.putObject("code"), CODES, metric.value(), metric.meaning());
        describe(of, node, value);
        node.putObject("device").put("reference", "#device");
        ArrayNode from = json.createArrayNode();
        if (of.pair != null) {
            study(from.addObject(), of.pair);
        }
        for (String side : SIDES) {
            if (of.has(side)) {
                from.addObject().put("reference", "Observation/" + of.idOfVolume(side));
            }
        }
        if (!from.isEmpty()) {
            node.set("derivedFrom", from);
        }
        parameters(node, value.path("parameters"));
        return node;
    }

    /** @param withDevice true for what the device is said of: the model, or where none is named this service */
    private ObjectNode begin(Context of, String id, boolean withDevice) {
        ObjectNode node = json.createObjectNode();
        node.put("resourceType", "Observation");
        node.put("id", id);
        if (withDevice) {
            JsonNode model = of.card.path("model");
            boolean named = model.path("name").isString();
            ObjectNode device = node.putArray("contained").addObject();
            device.put("resourceType", "Device");
            device.put("id", "device");
            ObjectNode name = device.putArray("deviceName").addObject();
            name.put("name", named ? model.path("name").stringValue() : "Segmeter");
            name.put("type", "model-name");
            JsonNode version = (named ? model : of.card.path("engine")).path("version");
            if (version.isString()) {
                device.putArray("version").addObject().put("value", version.stringValue());
            }
        }
        ObjectNode identifier = node.putArray("identifier").addObject();
        identifier.put("system", "urn:ietf:rfc:3986");
        identifier.put("value", "urn:uuid:" + of.evaluation.id());
        if (of.pair != null) {
            study(node.putArray("partOf").addObject(), of.pair);
        }
        return node;
    }

    /** Subject, times, value, site and method. */
    private static void describe(Context of, ObjectNode node, JsonNode value) {
        String caseId = of.evaluation.description().caseId();
        ObjectNode subject = node.putObject("subject").putObject("identifier");
        subject.put("system", caseId == null ? "urn:segmeter:evaluation" : "urn:segmeter:case");
        subject.put("value", caseId == null ? of.evaluation.id().toString() : caseId);
        if (of.evaluation.finishedAt() != null) {
            node.put("effectiveDateTime", of.evaluation.finishedAt().toString());
            node.put("issued", of.evaluation.finishedAt().toString());
        }
        value(node, value);
        bodySite(node, of.segment.path("segment"));
        node.putObject("method").put("text", of.card.path("protocol").path("id").asString("unknown"));
    }

    private static void study(ObjectNode reference, Pair pair) {
        reference.put("type", "ImagingStudy");
        uid(reference.putObject("identifier"), pair.studyUid());
    }

    private static void uid(ObjectNode identifier, String uid) {
        identifier.put("system", "urn:dicom:uid");
        identifier.put("value", "urn:oid:" + uid);
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
