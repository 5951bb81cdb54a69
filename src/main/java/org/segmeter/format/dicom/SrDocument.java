package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A Comprehensive 3D SR object (PS3.3 A.35.13) about segmentations of one study. Patient and study are those of the segmentations, so
 * that it is filed beside them.
 *
 * @param sopInstanceUid who it is
 * @param seriesUid of a series of its own
 * @param created Content Date and Time
 * @param patientAndStudy elements of the Patient and General Study modules by tag, in UTF-8; what is missing is written empty
 * @param evidence what it is about
 * @param schemes private coding schemes that it uses, with their names
 * @param softwareVersion of this service
 * @param root the content
 */
public record SrDocument(
        String sopInstanceUid,
        String seriesUid,
        LocalDateTime created,
        Map<Integer, String> patientAndStudy,
        List<Evidence> evidence,
        SortedMap<String, String> schemes,
        String softwareVersion,
        SrItem root) {

    /** An instance that the report is about, in the study of the report. */
    public record Evidence(String studyUid, String seriesUid, String sopClassUid, String sopInstanceUid) {}

    private static final int[][] COPIED = {
        {Tag.STUDY_INSTANCE_UID, 64},
        {Tag.STUDY_DATE, 8},
        {Tag.STUDY_TIME, 14},
        {Tag.ACCESSION_NUMBER, 16},
        {Tag.REFERRING_PHYSICIAN_NAME, 64},
        {Tag.PATIENT_NAME, 64},
        {Tag.PATIENT_ID, 64},
        {Tag.PATIENT_BIRTH_DATE, 8},
        {Tag.PATIENT_SEX, 16},
        {Tag.STUDY_ID, 16}
    };

    /** The elements that {@code patientAndStudy} may have. */
    public static List<Integer> copied() {
        List<Integer> tags = new ArrayList<>();
        for (int[] one : COPIED) {
            tags.add(one[0]);
        }
        return tags;
    }

    /** The file, in Explicit VR Little Endian. The same document gives the same bytes. */
    public byte[] bytes() {
        String date = created.format(DateTimeFormatter.BASIC_ISO_DATE);
        String time = created.format(DateTimeFormatter.ofPattern("HHmmss"));
        DatasetBuilder d = root.finished()
                .text(Tag.SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
                .text(Tag.SOP_CLASS_UID, "UI", DicomInstance.COMPREHENSIVE_3D_SR)
                .text(Tag.SOP_INSTANCE_UID, "UI", sopInstanceUid)
                .text(Tag.SERIES_DATE, "DA", date)
                .text(Tag.CONTENT_DATE, "DA", date)
                .text(Tag.SERIES_TIME, "TM", time)
                .text(Tag.CONTENT_TIME, "TM", time)
                .text(Tag.MODALITY, "CS", "SR")
                .text(Tag.MANUFACTURER, "LO", "Segmeter")
                .text(Tag.SERIES_DESCRIPTION, "LO", "Segmentation comparison")
                .text(Tag.MANUFACTURER_MODEL_NAME, "LO", "Segmeter")
                .sequence(0x0008_1111, List.of())
                .text(Tag.DEVICE_SERIAL_NUMBER, "LO", "1")
                .text(Tag.SOFTWARE_VERSIONS, "LO", softwareVersion)
                .text(Tag.SERIES_INSTANCE_UID, "UI", seriesUid)
                .text(Tag.SERIES_NUMBER, "IS", "990")
                .text(Tag.INSTANCE_NUMBER, "IS", "1")
                .sequence(0x0040_A372, List.of())
                .text(0x0040_A491, "CS", "COMPLETE")
                .text(0x0040_A493, "CS", "UNVERIFIED")
                .text(0x0040_A496, "CS", "FINAL")
                .sequence(0x0040_A375, studies());
        for (int[] one : COPIED) {
            String value = patientAndStudy.getOrDefault(one[0], "");
            String vr = DataElements.vr(one[0]);
            // Of a name each way of writing it may be as long (PS3.5 section 6.2).
            boolean fits = Stream.of(vr.equals("PN") ? value.split("=", -1) : new String[] {value})
                    .allMatch(part -> part.codePointCount(0, part.length()) <= one[1]);
            d.text(one[0], vr, fits ? value : "");
        }
        List<DatasetBuilder> named = new ArrayList<>();
        schemes.forEach((designator, name) -> named.add(new DatasetBuilder()
                .text(Tag.CODING_SCHEME_DESIGNATOR, "SH", designator)
                .text(0x0008_0115, "ST", name)
                .text(0x0008_0116, "ST", "Segmeter")));
        d.sequence(0x0008_0110, named);
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Part10.write(
                    out,
                    DicomInstance.COMPREHENSIVE_3D_SR,
                    sopInstanceUid,
                    TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
                    false,
                    d);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Current Requested Procedure Evidence: study, series, instances. */
    private List<DatasetBuilder> studies() {
        Map<String, SortedMap<String, List<DatasetBuilder>>> studies = new LinkedHashMap<>();
        for (Evidence one : evidence) {
            studies.computeIfAbsent(one.studyUid, uid -> new TreeMap<>())
                    .computeIfAbsent(one.seriesUid, uid -> new ArrayList<>())
                    .add(new DatasetBuilder()
                            .text(Tag.REFERENCED_SOP_CLASS_UID, "UI", one.sopClassUid)
                            .text(Tag.REFERENCED_SOP_INSTANCE_UID, "UI", one.sopInstanceUid));
        }
        List<DatasetBuilder> items = new ArrayList<>();
        studies.forEach((study, seriesOfStudy) -> {
            List<DatasetBuilder> series = new ArrayList<>();
            seriesOfStudy.forEach((uid, instances) -> series.add(new DatasetBuilder()
                    .text(Tag.SERIES_INSTANCE_UID, "UI", uid)
                    .sequence(Tag.REFERENCED_SOP_SEQUENCE, instances)));
            items.add(new DatasetBuilder()
                    .text(Tag.STUDY_INSTANCE_UID, "UI", study)
                    .sequence(Tag.REFERENCED_SERIES_SEQUENCE, series));
        });
        return items;
    }
}
