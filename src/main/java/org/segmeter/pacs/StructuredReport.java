package org.segmeter.pacs;

import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.dicom.SrDocument;
import org.segmeter.format.dicom.SrItem;
import org.segmeter.format.dicom.SrItem.Relation;
import org.segmeter.volume.CodedConcept;
import tools.jackson.databind.JsonNode;

/**
 * A scorecard as a Comprehensive 3D SR: TID 1500 with a measurement group (TID 1411) for each segment of each side and the metrics as
 * measurements derived from two of them (TID 1420). No standard code exists for overlap and surface distances; those of the private
 * scheme 99SEGMETER are listed in docs/dicom-conformance.md.
 */
final class StructuredReport {

    static final String SCHEME = "99SEGMETER";
    static final String SCHEME_NAME = "Segmeter metrics of segmentation agreement";

    /** Metrics that are reported: the scorecard has many more. */
    static final Map<String, CodedConcept> METRICS = metrics();

    private static final CodedConcept VOLUME = sct("118565006", "Volume");
    private static final CodedConcept MILLILITRE = ucum("ml", "milliliter");
    private static final CodedConcept MEASUREMENT_GROUP = dcm("125007", "Measurement Group");

    private StructuredReport() {}

    private static Map<String, CodedConcept> metrics() {
        Map<String, CodedConcept> codes = new LinkedHashMap<>();
        codes.put("dice", own("DSC", "Dice similarity coefficient"));
        codes.put("jaccard", own("JSC", "Jaccard similarity coefficient"));
        codes.put("precision", own("PREC", "Precision (positive predictive value)"));
        codes.put("sensitivity", own("SENS", "Sensitivity (recall)"));
        codes.put("hd", own("HD", "Hausdorff distance"));
        codes.put("hd95", own("HD95", "Hausdorff distance, 95th percentile"));
        codes.put("masd", own("MASD", "Mean average surface distance"));
        codes.put("assd", own("ASSD", "Average symmetric surface distance"));
        codes.put("nsd", own("NSD", "Normalized surface distance"));
        codes.put("boundary_iou", own("BIOU", "Boundary intersection over union"));
        codes.put("cldice", own("CLDSC", "Centreline Dice"));
        return codes;
    }

    /** The report's SOP Instance UID: made from the pair's id, so that writing it again gives the same object. */
    static String sopInstanceUid(UUID pair) {
        return uid(pair);
    }

    private static String uid(UUID uuid) {
        return "2.25." + new BigInteger(uuid.toString().replace("-", ""), 16); // PS3.5 B.2
    }

    /**
     * Writes the report of a pair.
     *
     * @param card the scorecard
     * @param unchanged true if the reference is the prediction, voxel for voxel: then no agreement is reported as measured
     * @param patientAndStudy attributes of one of the segmentations, in the DICOM JSON Model
     */
    static byte[] write(
            Pair pair,
            JsonNode card,
            boolean unchanged,
            StoredInstance prediction,
            StoredInstance reference,
            JsonNode patientAndStudy,
            String softwareVersion) {
        SrItem root =
                SrItem.container(dcm("126000", "Imaging Measurement Report")).template(1500);
        root.add(
                Relation.HAS_CONCEPT_MOD,
                SrItem.code(
                        dcm("121049", "Language of Content Item and Descendants"),
                        new CodedConcept("en", "RFC5646", "English")));
        root.add(Relation.HAS_OBS_CONTEXT, SrItem.code(dcm("121005", "Observer Type"), dcm("121007", "Device")));
        root.add(
                Relation.HAS_OBS_CONTEXT,
                SrItem.uid(dcm("121012", "Device Observer UID"), uid(new UUID(0x5e67e7e25e67e7e2L, 1))));
        root.add(Relation.HAS_OBS_CONTEXT, SrItem.text(dcm("121013", "Device Observer Name"), "Segmeter"));
        root.add(
                Relation.HAS_CONCEPT_MOD,
                SrItem.code(dcm("121058", "Procedure reported"), sct("363679005", "Imaging procedure")));
        SrItem measurements = root.open(Relation.CONTAINS, SrItem.container(dcm("126010", "Imaging Measurements")));

        List<Derived> derived = new ArrayList<>();
        List<SrItem> remarks = new ArrayList<>();
        for (JsonNode entry : card.path("segments")) {
            Integer p = number(entry, "prediction");
            Integer r = number(entry, "reference");
            JsonNode metrics = entry.path("metrics");
            SrItem pg = p == null
                    ? null
                    : group(
                            measurements,
                            entry,
                            prediction,
                            p,
                            "prediction",
                            metrics.path("volume_prediction_ml"),
                            pair);
            SrItem rg = r == null
                    ? null
                    : group(measurements, entry, reference, r, "reference", metrics.path("volume_reference_ml"), pair);
            if (pg != null && rg != null) {
                derived.add(new Derived(metrics, pg, rg));
            } else if (p != null) {
                remarks.add(unmatched(label(entry, p), "prediction"));
            } else if (r != null) {
                remarks.add(unmatched(label(entry, r), "reference"));
            }
        }
        measurements.close();
        if (unchanged) {
            remarks.add(SrItem.code(own("REVIEW", "Result of the review"), own("UNCHANGED", "Accepted unchanged")));
        } else if (!derived.isEmpty()) {
            derived(root, derived, card);
        }
        if (!remarks.isEmpty()) {
            SrItem evaluations = root.open(
                    Relation.CONTAINS,
                    SrItem.container(new CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")));
            remarks.forEach(remark -> evaluations.add(Relation.CONTAINS, remark));
            evaluations.close();
        }
        return new SrDocument(
                        sopInstanceUid(pair.id()),
                        uid(new UUID(
                                pair.id().getMostSignificantBits(), pair.id().getLeastSignificantBits() ^ 1)),
                        created(card),
                        patient(patientAndStudy),
                        List.of(evidence(prediction), evidence(reference)),
                        new TreeMap<>(Map.of(SCHEME, SCHEME_NAME)),
                        softwareVersion,
                        root)
                .bytes();
    }

    private record Derived(JsonNode metrics, SrItem prediction, SrItem reference) {}

    /** TID 1411: one segment of one side. */
    private static SrItem group(
            SrItem measurements,
            JsonNode entry,
            StoredInstance instance,
            int segment,
            String side,
            JsonNode volume,
            Pair pair) {
        JsonNode concept = entry.path("segment").path("concept");
        String label = label(entry, segment);
        SrItem group = measurements.open(
                Relation.CONTAINS, SrItem.container(MEASUREMENT_GROUP).template(1411));
        group.add(Relation.HAS_OBS_CONTEXT, SrItem.text(dcm("112039", "Tracking Identifier"), label + ", " + side));
        long low = pair.id().getLeastSignificantBits() ^ ((long) segment << 2 | (side.equals("prediction") ? 2 : 3));
        group.add(
                Relation.HAS_OBS_CONTEXT,
                SrItem.uid(
                        dcm("112040", "Tracking Unique Identifier"),
                        uid(new UUID(pair.id().getMostSignificantBits(), low))));
        CodedConcept type = code(concept.path("type"));
        CodedConcept finding = type == null ? own("SEGMENT", label) : type;
        group.add(Relation.CONTAINS, SrItem.code(dcm("121071", "Finding"), finding));
        group.add(
                Relation.CONTAINS,
                SrItem.segment(
                        dcm("121191", "Referenced Segment"),
                        instance.sopClassUid(),
                        instance.sopInstanceUid(),
                        segment));
        group.add(
                Relation.CONTAINS,
                SrItem.uid(
                        dcm("121232", "Source series for segmentation"),
                        instance.referencedSeries().isEmpty()
                                ? instance.seriesUid()
                                : instance.referencedSeries().iterator().next()));
        algorithm(group, instance, segment);
        CodedConcept region = code(concept.path("region"));
        CodedConcept bodySide = laterality(concept.path("laterality").asString(""));
        if (region != null || bodySide != null) {
            // A structure of the body is where it is itself.
            SrItem site = SrItem.code(sct("363698007", "Finding Site"), region == null ? finding : region);
            if (bodySide != null) {
                site.add(Relation.HAS_CONCEPT_MOD, SrItem.code(sct("272741003", "Laterality"), bodySide));
            }
            group.add(Relation.HAS_CONCEPT_MOD, site);
        }
        if (volume.path("value").isNumber()) {
            group.add(
                    Relation.CONTAINS,
                    SrItem.number(VOLUME, volume.path("value").doubleValue(), MILLILITRE));
        }
        group.close();
        return group;
    }

    /** It may be missed or made up, or be none of what the model is for: nobody says, so there is no number. */
    private static SrItem unmatched(String label, String side) {
        return SrItem.text(own("UNMATCHED", "Segment without counterpart"), label + ", in the " + side + " only");
    }

    private static String label(JsonNode entry, int segment) {
        String label = entry.path("segment").path("label").asString("");
        return label.isBlank() ? "segment " + segment : label;
    }

    /** Null if there is none that a report could have. */
    private static @Nullable CodedConcept code(JsonNode code) {
        String value = code.path("value").asString("");
        String scheme = code.path("scheme").asString("");
        return value.isBlank() || scheme.isBlank()
                ? null
                : new CodedConcept(value, scheme, code.path("meaning").asString(""));
    }

    /** TID 4019. */
    private static void algorithm(SrItem group, StoredInstance instance, int segment) {
        for (StoredSegment one : instance.segments()) {
            if (one.number() == segment && one.algorithmName() != null && one.algorithmVersion() != null) {
                group.add(Relation.HAS_CONCEPT_MOD, SrItem.text(dcm("111001", "Algorithm Name"), one.algorithmName()));
                group.add(
                        Relation.HAS_CONCEPT_MOD,
                        SrItem.text(dcm("111003", "Algorithm Version"), one.algorithmVersion()));
            }
        }
    }

    /** TID 1420: the metrics, each inferred from the two groups. */
    private static void derived(SrItem root, List<Derived> all, JsonNode card) {
        SrItem container =
                root.open(Relation.CONTAINS, SrItem.container(dcm("126011", "Derived Imaging Measurements")));
        String protocol = card.path("protocol").path("id").asString("unknown");
        for (Derived one : all) {
            METRICS.forEach((name, code) -> {
                JsonNode node = one.metrics.path(name);
                for (JsonNode value : node.isArray() ? node : node.isObject() ? List.of(node) : List.<JsonNode>of()) {
                    SrItem item = value.path("value").isNumber()
                            ? SrItem.number(
                                    code,
                                    value.path("value").doubleValue(),
                                    unit(value.path("unit").asString("1")))
                            : SrItem.noNumber(
                                    code, qualifier(value.path("state").asString("")));
                    item.add(
                            Relation.HAS_CONCEPT_MOD,
                            SrItem.text(own("PROTOCOL", "Protocol of the measurement"), protocol));
                    JsonNode tolerance = value.path("parameters").path("toleranceMm");
                    if (tolerance.isNumber()) {
                        item.add(
                                Relation.INFERRED_FROM,
                                SrItem.number(
                                        own("TOLERANCE", "Tolerance"),
                                        tolerance.doubleValue(),
                                        ucum("mm", "millimeter")));
                    }
                    item.refer(Relation.INFERRED_FROM, one.prediction);
                    item.refer(Relation.INFERRED_FROM, one.reference);
                    container.add(Relation.CONTAINS, item);
                }
            });
        }
        container.close();
    }

    private static CodedConcept unit(String unit) {
        return switch (unit) {
            case "mm" -> ucum("mm", "millimeter");
            case "ml" -> MILLILITRE;
            default -> ucum("1", "no units");
        };
    }

    /** CID 42: why there is no number. */
    private static CodedConcept qualifier(String state) {
        return switch (state) {
            case "BOTH_EMPTY" -> dcm("114003", "Divide by zero");
            case "REFERENCE_EMPTY", "PREDICTION_EMPTY" -> dcm("114011", "Value indeterminate");
            default -> dcm("114007", "Measurement not attempted");
        };
    }

    private static @Nullable CodedConcept laterality(String side) {
        return switch (side) {
            case "left" -> sct("7771000", "Left");
            case "right" -> sct("24028007", "Right");
            case "bilateral" -> sct("51440002", "Right and left");
            default -> null;
        };
    }

    private static @Nullable Integer number(JsonNode entry, String side) {
        JsonNode number = entry.path("match").path(side);
        return number.isIntegralNumber() ? number.intValue() : null;
    }

    private static LocalDateTime created(JsonNode card) {
        String at = card.path("startedAt").asString("");
        return LocalDateTime.ofInstant(at.isEmpty() ? Instant.EPOCH : Instant.parse(at), ZoneOffset.UTC);
    }

    private static Map<Integer, String> patient(JsonNode attributes) {
        Map<Integer, String> values = new HashMap<>();
        for (int tag : SrDocument.copied()) {
            JsonNode value =
                    attributes.path("%08X".formatted(tag)).path("Value").path(0);
            if (value.isObject()) {
                List<String> groups = new ArrayList<>();
                for (String group : List.of("Alphabetic", "Ideographic", "Phonetic")) {
                    groups.add(value.path(group).asString(""));
                }
                values.put(tag, String.join("=", groups).replaceAll("=+$", ""));
            } else if (!value.isMissingNode() && !value.isNull()) {
                values.put(tag, value.asString(""));
            }
        }
        return values;
    }

    private static SrDocument.Evidence evidence(StoredInstance one) {
        return new SrDocument.Evidence(one.studyUid(), one.seriesUid(), one.sopClassUid(), one.sopInstanceUid());
    }

    private static CodedConcept dcm(String value, String meaning) {
        return new CodedConcept(value, "DCM", meaning);
    }

    private static CodedConcept sct(String value, String meaning) {
        return new CodedConcept(value, "SCT", meaning);
    }

    private static CodedConcept ucum(String value, String meaning) {
        return new CodedConcept(value, "UCUM", meaning);
    }

    private static CodedConcept own(String value, String meaning) {
        return new CodedConcept(value, SCHEME, meaning);
    }
}
