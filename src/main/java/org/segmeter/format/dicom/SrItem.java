package org.segmeter.format.dicom;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CodedConcept;

/**
 * A content item of a structured report (PS3.3 C.17.3), with the items below it. To refer to an item that is not below, it must have been
 * added to its parent before.
 */
public final class SrItem {

    /** Relationship Types (PS3.3 C.17.3.2.4). */
    public enum Relation {
        CONTAINS("CONTAINS"),
        HAS_OBS_CONTEXT("HAS OBS CONTEXT"),
        HAS_CONCEPT_MOD("HAS CONCEPT MOD"),
        INFERRED_FROM("INFERRED FROM"),
        HAS_PROPERTIES("HAS PROPERTIES");

        private final String term;

        Relation(String term) {
            this.term = term;
        }
    }

    private static final int MEANING = 64;
    private static final int NUMERIC_VALUE = 0x0040_A30A;
    private static final int FLOATING_POINT_VALUE = 0x0040_A161;

    private final DatasetBuilder content = new DatasetBuilder();
    private final List<DatasetBuilder> children = new ArrayList<>();
    private int[] position = {1};

    private SrItem(String valueType, @Nullable CodedConcept name) {
        content.text(0x0040_A040, "CS", valueType);
        if (name != null) {
            content.sequence(0x0040_A043, code(name));
        }
    }

    /** A container of separate items. */
    public static SrItem container(CodedConcept name) {
        SrItem item = new SrItem("CONTAINER", name);
        item.content.text(0x0040_A050, "CS", "SEPARATE");
        return item;
    }

    /** @param template identifier of a DCMR template, for example 1500 */
    public SrItem template(int template) {
        content.sequence(
                0x0040_A504,
                new DatasetBuilder()
                        .text(0x0008_0105, "CS", "DCMR")
                        .text(0x0040_DB00, "CS", Integer.toString(template)));
        return this;
    }

    public static SrItem code(CodedConcept name, CodedConcept value) {
        SrItem item = new SrItem("CODE", name);
        item.content.sequence(0x0040_A168, code(value));
        return item;
    }

    public static SrItem text(CodedConcept name, String value) {
        SrItem item = new SrItem("TEXT", name);
        item.content.text(0x0040_A160, "UT", value.isEmpty() ? "-" : value);
        return item;
    }

    public static SrItem uid(CodedConcept name, String uid) {
        SrItem item = new SrItem("UIDREF", name);
        item.content.text(0x0040_A124, "UI", uid);
        return item;
    }

    /** A segment of a segmentation. */
    public static SrItem segment(CodedConcept name, String sopClassUid, String sopInstanceUid, int segmentNumber) {
        SrItem item = new SrItem("IMAGE", name);
        item.content.sequence(
                Tag.REFERENCED_SOP_SEQUENCE,
                new DatasetBuilder()
                        .text(Tag.REFERENCED_SOP_CLASS_UID, "UI", sopClassUid)
                        .text(Tag.REFERENCED_SOP_INSTANCE_UID, "UI", sopInstanceUid)
                        .shorts(Tag.REFERENCED_SEGMENT_NUMBER, segmentNumber));
        return item;
    }

    /** A number: as a decimal string of at most 16 characters, and exactly as a floating point value. */
    public static SrItem number(CodedConcept name, double value, CodedConcept unit) {
        SrItem item = new SrItem("NUM", name);
        item.content.sequence(
                0x0040_A300,
                new DatasetBuilder()
                        .decimals(NUMERIC_VALUE, value)
                        .doubles(FLOATING_POINT_VALUE, value)
                        .sequence(0x0040_08EA, code(unit)));
        return item;
    }

    /** A number that has no value, and why. */
    public static SrItem noNumber(CodedConcept name, CodedConcept qualifier) {
        SrItem item = new SrItem("NUM", name);
        item.content.sequence(0x0040_A300, List.of()).sequence(0x0040_A301, code(qualifier));
        return item;
    }

    /** Adds an item below this one; not changed after that. */
    public SrItem add(Relation relation, SrItem item) {
        item.content.text(0x0040_A010, "CS", relation.term);
        children.add(item.finished());
        return this;
    }

    /** Adds an item below this one that is to be filled and referred to; it must be {@linkplain #close closed}. */
    public SrItem open(Relation relation, SrItem item) {
        item.content.text(0x0040_A010, "CS", relation.term);
        item.position = new int[position.length + 1];
        System.arraycopy(position, 0, item.position, 0, position.length);
        item.position[position.length] = children.size() + 1;
        children.add(item.content);
        return item;
    }

    /** What was added to an open item is all of it. */
    public void close() {
        finished();
    }

    /** Adds a reference to an item that is elsewhere in the report. */
    public SrItem refer(Relation relation, SrItem target) {
        children.add(new DatasetBuilder().text(0x0040_A010, "CS", relation.term).ints(0x0040_DB73, target.position));
        return this;
    }

    DatasetBuilder finished() {
        if (!children.isEmpty()) {
            content.sequence(0x0040_A730, children);
        }
        return content;
    }

    /** A code sequence item (PS3.3 section 8.8); Code Value is SH, longer ones go into Long Code Value. */
    static DatasetBuilder code(CodedConcept code) {
        DatasetBuilder d = new DatasetBuilder();
        if (code.value().length() <= 16) {
            d.text(Tag.CODE_VALUE, "SH", code.value());
        } else {
            d.text(Tag.LONG_CODE_VALUE, "UC", code.value());
        }
        String meaning = DicomText.clean(code.meaning(), MEANING).replace('\\', '/');
        // 64 characters by the standard, of which some readers count the bytes.
        while (meaning.getBytes(StandardCharsets.UTF_8).length > MEANING) {
            meaning = meaning.substring(0, meaning.offsetByCodePoints(meaning.length(), -1))
                    .strip();
        }
        return d.text(Tag.CODING_SCHEME_DESIGNATOR, "SH", code.scheme())
                .text(Tag.CODE_MEANING, "LO", meaning.isEmpty() ? code.value() : meaning);
    }
}
