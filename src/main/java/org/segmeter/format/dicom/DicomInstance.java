package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segment;

/**
 * Who a DICOM instance of any kind is and what it belongs to: read from its header, without its pixels.
 *
 * @param sopClassUid what it is
 * @param sopInstanceUid who it is
 * @param transferSyntaxUid how its bytes are encoded
 * @param frameOfReferenceUid null if absent
 * @param referencedSeries series of the images that it was made from: of Referenced Series Sequence (0008,1115), without those
 *     that it refers to for their segmentations only
 * @param referencedSegmentations SOP Instance UIDs of the segmentations that it refers to, wherever it does outside of frames
 * @param segments its Segment Sequence without background; empty if it is no segmentation
 * @param manufacturer null if absent; likewise the following
 * @param contentCreator Content Creator's Name
 * @param contentTime Content Date and Time; null if either is absent or none
 * @param sender Source Application Entity Title, or the Sending one, of the file meta information
 * @param attributes the elements by which it can be found, as a DICOM JSON object
 */
public record DicomInstance(
        String sopClassUid,
        String sopInstanceUid,
        String studyUid,
        String seriesUid,
        String transferSyntaxUid,
        @Nullable String frameOfReferenceUid,
        SortedSet<String> referencedSeries,
        SortedSet<String> referencedSegmentations,
        List<Segment> segments,
        @Nullable String manufacturer,
        @Nullable String modelName,
        @Nullable String seriesDescription,
        @Nullable String contentCreator,
        @Nullable LocalDateTime contentTime,
        @Nullable String sender,
        String attributes) {

    public static final String SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4";
    public static final String LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7";
    public static final String RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3";
    public static final String COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34";

    private static final int MAXIMUM_NAME = 64;

    /** What QIDO-RS can match or return (PS3.18 tables 10.6.3-3 to -5), as far as a segmentation or report has it. */
    private static final int[] FOUND_BY = {
        Tag.SPECIFIC_CHARACTER_SET,
        Tag.IMAGE_TYPE,
        Tag.INSTANCE_CREATION_DATE,
        Tag.INSTANCE_CREATION_TIME,
        Tag.SOP_CLASS_UID,
        Tag.SOP_INSTANCE_UID,
        Tag.STUDY_DATE,
        Tag.SERIES_DATE,
        Tag.CONTENT_DATE,
        Tag.STUDY_TIME,
        Tag.SERIES_TIME,
        Tag.CONTENT_TIME,
        Tag.ACCESSION_NUMBER,
        Tag.MODALITY,
        Tag.MANUFACTURER,
        Tag.REFERRING_PHYSICIAN_NAME,
        Tag.STUDY_DESCRIPTION,
        Tag.SERIES_DESCRIPTION,
        Tag.MANUFACTURER_MODEL_NAME,
        Tag.PATIENT_NAME,
        Tag.PATIENT_ID,
        Tag.PATIENT_BIRTH_DATE,
        Tag.PATIENT_SEX,
        Tag.DEVICE_SERIAL_NUMBER,
        Tag.SOFTWARE_VERSIONS,
        Tag.STUDY_INSTANCE_UID,
        Tag.SERIES_INSTANCE_UID,
        Tag.STUDY_ID,
        Tag.SERIES_NUMBER,
        Tag.INSTANCE_NUMBER,
        Tag.FRAME_OF_REFERENCE_UID,
        Tag.NUMBER_OF_FRAMES,
        Tag.ROWS,
        Tag.COLUMNS,
        Tag.BITS_ALLOCATED,
        Tag.SEGMENTATION_TYPE,
        Tag.CONTENT_LABEL,
        Tag.CONTENT_DESCRIPTION,
        Tag.CONTENT_CREATOR_NAME
    };

    private static final Selection INDEX = Selection.of(FOUND_BY, new int[0]);

    private static final Selection HEADER = Selection.of(
            new int[] {
                Tag.SPECIFIC_CHARACTER_SET,
                Tag.SOP_CLASS_UID,
                Tag.SOP_INSTANCE_UID,
                Tag.CONTENT_DATE,
                Tag.CONTENT_TIME,
                Tag.MANUFACTURER,
                Tag.SERIES_DESCRIPTION,
                Tag.MANUFACTURER_MODEL_NAME,
                Tag.REFERENCED_SOP_CLASS_UID,
                Tag.REFERENCED_SOP_INSTANCE_UID,
                Tag.STUDY_INSTANCE_UID,
                Tag.SERIES_INSTANCE_UID,
                Tag.FRAME_OF_REFERENCE_UID,
                Tag.CONTENT_CREATOR_NAME,
                Tag.CODE_VALUE,
                Tag.CODING_SCHEME_DESIGNATOR,
                Tag.CODE_MEANING,
                Tag.LONG_CODE_VALUE,
                Tag.URN_CODE_VALUE,
                Tag.SEGMENT_NUMBER,
                Tag.SEGMENT_LABEL,
                Tag.SEGMENT_ALGORITHM_TYPE,
                Tag.SEGMENT_ALGORITHM_NAME,
                Tag.TRACKING_ID,
                Tag.TRACKING_UID,
                Tag.ALGORITHM_VERSION,
                Tag.ALGORITHM_NAME
            },
            new int[] {
                Tag.REFERENCED_SERIES_SEQUENCE,
                Tag.REFERENCED_IMAGE_SEQUENCE,
                Tag.REFERENCED_INSTANCE_SEQUENCE,
                Tag.REFERENCED_SOP_SEQUENCE,
                Tag.STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE,
                Tag.SOURCE_IMAGE_SEQUENCE,
                Tag.PREDECESSOR_DOCUMENTS_SEQUENCE,
                Tag.SOURCE_INSTANCE_SEQUENCE,
                Tag.ANATOMIC_REGION_SEQUENCE,
                Tag.ANATOMIC_REGION_MODIFIER_SEQUENCE,
                Tag.SEGMENT_SEQUENCE,
                Tag.PROPERTY_CATEGORY_SEQUENCE,
                Tag.PROPERTY_TYPE_SEQUENCE,
                Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE,
                Tag.ALGORITHM_IDENTIFICATION_SEQUENCE
            });

    public DicomInstance {
        segments = List.copyOf(segments);
    }

    /** True for an element that {@link #attributes} has, if the object has it. */
    public static boolean isAttribute(int tag) {
        return Arrays.stream(FOUND_BY).anyMatch(one -> one == tag);
    }

    /** True for the two kinds of objects that can be scored. */
    public boolean isSegmentation() {
        return isSegmentation(sopClassUid);
    }

    private static boolean isSegmentation(@Nullable String sopClassUid) {
        return SEGMENTATION.equals(sopClassUid) || LABEL_MAP.equals(sopClassUid);
    }

    /**
     * The SOP class and instance of an object, as far as it can be read; for an answer about an object that is refused.
     *
     * @param sopClassUid null if absent; {@code sopInstanceUid} and {@code studyUid} likewise
     */
    public record Name(
            @Nullable String sopClassUid,
            @Nullable String sopInstanceUid,
            @Nullable String studyUid) {}

    /** @throws InputException if it is no DICOM object */
    public static Name name(MemorySegment object, ReadOptions options) throws InputException {
        requireDicom(object);
        DicomDataset dataset =
                parse(object, HEADER, options, Tag.FRAME_OF_REFERENCE_UID).dataset();
        return new Name(
                dataset.uid(Tag.SOP_CLASS_UID), dataset.uid(Tag.SOP_INSTANCE_UID), dataset.uid(Tag.STUDY_INSTANCE_UID));
    }

    /** @throws InputException MALFORMED_DATASET and others; also if a UID that names it is missing */
    public static DicomInstance read(MemorySegment object, ReadOptions options) throws InputException {
        requireDicom(object);
        DicomFile file = parse(object, HEADER, options, Tag.PIXEL_DATA);
        DicomDataset dataset = file.dataset();
        String characterSetName = dataset.string(Tag.SPECIFIC_CHARACTER_SET);
        DicomText characterSet = new DicomText(characterSetName);
        String sopClass = required(dataset, Tag.SOP_CLASS_UID);
        SortedSet<String> segmentations = new TreeSet<>();
        SortedSet<String> series = new TreeSet<>();
        references(dataset, segmentations, series);
        String self = required(dataset, Tag.SOP_INSTANCE_UID);
        segmentations.remove(self);
        List<Segment> segments = new ArrayList<>();
        if (isSegmentation(sopClass)) {
            SegObject.Type type = LABEL_MAP.equals(sopClass) ? SegObject.Type.LABELMAP : SegObject.Type.BINARY;
            for (SegmentDescription one : SegmentDescription.readAll(
                    dataset, characterSet, type, options.limits().segments(), new ArrayList<>())) {
                if (!one.background()) {
                    segments.add(one.segment());
                }
            }
        }
        DicomDataset index = parse(object, INDEX, options, Tag.PIXEL_DATA).dataset();
        String sender = file.meta().text(Tag.SOURCE_APPLICATION_ENTITY_TITLE, characterSet, 16);
        return new DicomInstance(
                sopClass,
                self,
                required(dataset, Tag.STUDY_INSTANCE_UID),
                required(dataset, Tag.SERIES_INSTANCE_UID),
                file.transferSyntax().uid(),
                dataset.uid(Tag.FRAME_OF_REFERENCE_UID),
                series,
                segmentations,
                segments,
                dataset.text(Tag.MANUFACTURER, characterSet, MAXIMUM_NAME),
                dataset.text(Tag.MANUFACTURER_MODEL_NAME, characterSet, MAXIMUM_NAME),
                dataset.text(Tag.SERIES_DESCRIPTION, characterSet, MAXIMUM_NAME),
                dataset.text(Tag.CONTENT_CREATOR_NAME, characterSet, 3 * MAXIMUM_NAME),
                time(dataset.string(Tag.CONTENT_DATE), dataset.string(Tag.CONTENT_TIME)),
                sender != null ? sender : file.meta().text(Tag.SENDING_APPLICATION_ENTITY_TITLE, characterSet, 16),
                DicomJson.object(index::writeTo));
    }

    /**
     * Checks what a segmentation says about itself, as it is checked before it is scored, to the end of the object; no pixel is
     * decoded.
     */
    public static void checkSegmentation(MemorySegment object, ReadOptions options) throws InputException {
        SegObject.read(object, options, true);
    }

    /**
     * Tells the whole data set to a sink, but for pixel data and values of more than 32 KiB.
     *
     * @param sink given the elements
     */
    public static void describe(MemorySegment object, ReadOptions options, DatasetSink sink)
            throws InputException, java.io.IOException {
        parse(object, Selection.EVERYTHING, options, Tag.PIXEL_DATA).dataset().writeTo(sink);
    }

    private static void requireDicom(MemorySegment object) throws InputException {
        if (!DicomParser.recognises(object)) {
            throw Refusal.malformed("The content is no DICOM object.", "another format", "a DICOM file as in PS3.10");
        }
    }

    private static DicomFile parse(MemorySegment object, Selection selection, ReadOptions options, int stopBefore)
            throws InputException {
        return DicomParser.parse(
                object, selection, options.limits().nesting(), options.cancel(), stopBefore, (header, length) -> {});
    }

    private static String required(DicomDataset dataset, int tag) throws InputException {
        String uid = dataset.uid(tag);
        if (uid == null) {
            throw Refusal.malformed(
                    "The object has no " + DataElements.keyword(tag) + ".", "no " + Tag.text(tag), "a UID");
        }
        return uid;
    }

    private static void references(DicomDataset dataset, SortedSet<String> segmentations, SortedSet<String> series)
            throws InputException {
        for (DicomDataset one : dataset.items(Tag.REFERENCED_SERIES_SEQUENCE)) {
            int others = instances(one, segmentations);
            String uid = one.uid(Tag.SERIES_INSTANCE_UID);
            boolean segmentationsOnly = others == 0
                    && !(one.items(Tag.REFERENCED_INSTANCE_SEQUENCE).isEmpty()
                            && one.items(Tag.REFERENCED_SOP_SEQUENCE).isEmpty());
            if (uid != null && !segmentationsOnly) {
                series.add(uid);
            }
        }
        SortedSet<String> elsewhere = new TreeSet<>();
        for (int sequence : new int[] {
            Tag.STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE, Tag.PREDECESSOR_DOCUMENTS_SEQUENCE
        }) {
            for (DicomDataset study : dataset.items(sequence)) {
                references(study, segmentations, elsewhere);
            }
        }
        instances(dataset, segmentations);
    }

    /** Collects the segmentations that an item refers to; says how many other objects it refers to. */
    private static int instances(DicomDataset item, SortedSet<String> segmentations) throws InputException {
        int others = 0;
        for (int sequence : new int[] {
            Tag.REFERENCED_INSTANCE_SEQUENCE,
            Tag.REFERENCED_SOP_SEQUENCE,
            Tag.REFERENCED_IMAGE_SEQUENCE,
            Tag.SOURCE_IMAGE_SEQUENCE,
            Tag.SOURCE_INSTANCE_SEQUENCE
        }) {
            for (DicomDataset one : item.items(sequence)) {
                String uid = one.uid(Tag.REFERENCED_SOP_INSTANCE_UID);
                if (uid != null && isSegmentation(one.uid(Tag.REFERENCED_SOP_CLASS_UID))) {
                    segmentations.add(uid);
                } else {
                    others++;
                }
            }
        }
        return others;
    }

    private static final Pattern TIME = Pattern.compile("([0-9]{2})([0-9]{2})?([0-9]{2})?(\\.[0-9]{1,6})?");

    private static @Nullable LocalDateTime time(@Nullable String date, @Nullable String time) {
        Matcher m = TIME.matcher(time == null ? "" : time);
        if (date == null || !date.matches("[0-9]{8}") || !m.matches()) {
            return null;
        }
        try {
            return LocalDate.parse(date, DateTimeFormatter.BASIC_ISO_DATE)
                    .atTime(
                            Integer.parseInt(m.group(1)),
                            m.group(2) == null ? 0 : Integer.parseInt(m.group(2)),
                            m.group(3) == null ? 0 : Math.min(59, Integer.parseInt(m.group(3))), // a leap second
                            m.group(4) == null ? 0 : (int) Math.round(Double.parseDouble("0" + m.group(4)) * 1e9));
        } catch (DateTimeException e) {
            return null;
        }
    }
}
