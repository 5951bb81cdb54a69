package org.segmeter.pacs;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.dicom.DataElements;
import org.segmeter.format.dicom.DicomInstance;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Keeps what names a person out of the database in clear: names, identifiers, the date of birth, and free text, in which they may stand.
 * Each is replaced by its pseudonym, and all of an instance are sealed beside it for those who may see them.
 */
@Component
final class Identity {

    static final int ACCESSION_NUMBER = 0x0008_0050;
    static final int PATIENT_NAME = 0x0010_0010;
    static final int PATIENT_ID = 0x0010_0020;

    /** Elements of which the database has pseudonyms only. */
    private static final Set<Integer> SEALED = Set.of(
            ACCESSION_NUMBER,
            0x0008_0090, // Referring Physician's Name
            0x0008_1030, // Study Description
            0x0008_103E, // Series Description
            PATIENT_NAME,
            PATIENT_ID,
            0x0010_0030, // Patient's Birth Date
            0x0020_0010, // Study ID
            0x0070_0081, // Content Description
            0x0070_0084); // Content Creator's Name

    /** Those whose pseudonym is shown to those who may not see more, so that they can tell patients apart. */
    private static final Set<Integer> TELL_APART = Set.of(ACCESSION_NUMBER, PATIENT_NAME, PATIENT_ID);

    private final PseudonymKey key;
    private final JsonMapper json;

    Identity(PseudonymKey key, JsonMapper json) {
        this.key = key;
        this.json = json;
    }

    /**
     * What the database has of an instance.
     *
     * @param attributes with pseudonyms
     * @param identity sealed
     * @param patient pseudonym of the Patient ID, null without one; likewise accession and creator
     */
    record Sealed(
            String attributes,
            byte[] identity,
            String by,
            @Nullable String patient,
            @Nullable String accession,
            @Nullable String creator) {}

    /**
     * What was sealed.
     *
     * @param attributes the elements that pseudonyms stand for, in the DICOM JSON Model
     */
    record Opened(
            ObjectNode attributes,
            @Nullable String creator,
            @Nullable String seriesDescription) {}

    static boolean isSealed(int tag) {
        return SEALED.contains(tag);
    }

    Sealed seal(String tenant, DicomInstance instance) {
        return seal(
                tenant,
                instance.sopInstanceUid(),
                instance.attributes(),
                instance.contentCreator(),
                instance.seriesDescription());
    }

    Sealed seal(
            String tenant,
            String sop,
            String attributes,
            @Nullable String creator,
            @Nullable String seriesDescription) {
        ObjectNode shown = (ObjectNode) json.readTree(attributes);
        ObjectNode clear = json.createObjectNode();
        for (int tag : SEALED) {
            String name = name(tag);
            JsonNode element = shown.get(name);
            String value = element == null ? null : value(tag, element);
            if (element != null && value != null) {
                clear.set(name, element);
                shown.set(name, element(tag, pseudonym(tenant, tag, value)));
            }
        }
        ObjectNode all = json.createObjectNode();
        all.set("attributes", clear);
        all.put("creator", creator);
        all.put("seriesDescription", seriesDescription);
        return new Sealed(
                shown.toString(),
                key.seal(about(tenant, sop), all.toString().getBytes(StandardCharsets.UTF_8)),
                key.id(),
                pseudonymOf(shown, PATIENT_ID, clear),
                pseudonymOf(shown, ACCESSION_NUMBER, clear),
                creator == null ? null : key.pseudonym(tenant, "reader", normal(true, creator)));
    }

    private static @Nullable String pseudonymOf(ObjectNode shown, int tag, ObjectNode clear) {
        JsonNode element = clear.has(name(tag)) ? shown.get(name(tag)) : null;
        return element == null ? null : value(tag, element);
    }

    /** Null if it was sealed with another key. */
    @Nullable
    Opened open(String tenant, String sop, byte[] identity) {
        byte[] content = key.open(about(tenant, sop), identity);
        if (content == null) {
            return null;
        }
        JsonNode all = json.readTree(content);
        return new Opened(
                (ObjectNode) all.path("attributes"), text(all.path("creator")), text(all.path("seriesDescription")));
    }

    private static @Nullable String text(JsonNode node) {
        return node.isString() ? node.stringValue() : null;
    }

    private static String about(String tenant, String sop) {
        return tenant + "\0" + sop;
    }

    /** The pseudonym by which an element is found in the database. */
    String pseudonym(String tenant, int tag, String value) {
        return key.pseudonym(tenant, name(tag), normal(DataElements.vr(tag).equals("PN"), value));
    }

    /** The pseudonym of a study, which is written down when the study itself is not to be. */
    String pseudonymOfStudy(String tenant, String studyUid) {
        return key.pseudonym(tenant, "study", studyUid);
    }

    /** The pseudonym of a case, which is written down when the case itself is not to be. */
    String pseudonymOfCase(String tenant, String caseId) {
        return key.pseudonym(tenant, "case", caseId);
    }

    /** Names of people are the same in capitals (PS3.4 section C.2.2.2.1). */
    private static String normal(boolean name, String value) {
        String stripped = value.strip();
        return name ? stripped.toLowerCase(Locale.ROOT) : stripped;
    }

    /**
     * The elements of an instance as somebody may see them.
     *
     * @param attributes as they are in the database
     * @param opened null if they are not to be seen in clear
     */
    ObjectNode shown(ObjectNode attributes, boolean sealed, @Nullable Opened opened) {
        if (opened != null) {
            attributes.setAll(opened.attributes());
            return attributes;
        }
        for (int tag : SEALED) {
            String name = name(tag);
            if (attributes.has(name) && !(sealed && TELL_APART.contains(tag))) {
                attributes.set(name, json.createObjectNode().put("vr", DataElements.vr(tag)));
            }
        }
        return attributes;
    }

    /** The first value of an element; of a name its alphabetic form. Null without one. */
    static @Nullable String value(int tag, JsonNode element) {
        JsonNode value = element.path("Value").path(0);
        if (DataElements.vr(tag).equals("PN")) {
            value = value.path("Alphabetic");
        }
        return value.isString() && !value.stringValue().isEmpty() ? value.stringValue() : null;
    }

    private ObjectNode element(int tag, String pseudonym) {
        String vr = DataElements.vr(tag);
        ObjectNode element = json.createObjectNode().put("vr", vr);
        if (vr.equals("PN")) {
            element.putArray("Value").addObject().put("Alphabetic", pseudonym);
        } else {
            element.putArray("Value").add(pseudonym);
        }
        return element;
    }

    static String name(int tag) {
        return "%08X".formatted(tag);
    }

    /** All tags of which there are pseudonyms. */
    static List<Integer> tags() {
        return SEALED.stream().sorted().toList();
    }
}
