package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Small BINARY Segmentation objects of boxes in slices of 24 x 20 voxels of 1 x 1 x 2 mm, with everything that pairing looks
 * at. Its own reading of the standard, beside {@link SegWriter}.
 */
public final class SegFixture {

    private static final AtomicLong NEXT = new AtomicLong(System.nanoTime());

    private record Box(String label, String code, @Nullable String side, String meaning, int[] from, int[] to) {}

    public final String study;
    private int columns = 24;
    private int rows = 20;
    private String series = uid();
    private String sop = uid();
    private String frameOfReference = "1.2.3.4.5";
    private @Nullable String referencedSeries = "1.2.3.4.6";
    private @Nullable String refersTo;
    private @Nullable String creator;
    private String contentTime = "120000";
    private String manufacturer = "ACME";
    private String model = "Segmenter";
    private String algorithmType = "AUTOMATIC";
    private @Nullable String algorithmName = "liver-net";
    private @Nullable String algorithmVersion = "1.2";
    private String patient = "Doe^Jane";
    private final List<Box> boxes = new ArrayList<>();

    private SegFixture(String study) {
        this.study = study;
    }

    /** A UID that no other object has. */
    public static String uid() {
        return "2.25." + NEXT.incrementAndGet();
    }

    public static SegFixture ai(String study) {
        return new SegFixture(study);
    }

    /** What a reader made or corrected. */
    public static SegFixture corrected(String study) {
        SegFixture seg = new SegFixture(study);
        seg.algorithmType = "SEMIAUTOMATIC";
        seg.algorithmName = "editor";
        seg.algorithmVersion = null;
        seg.manufacturer = "Workstations";
        seg.model = "Viewer";
        return seg;
    }

    /** A box of a liver; {@code shift} moves it along the rows. */
    public SegFixture liver(int shift) {
        return box("Liver", "10200004", null, "Liver", new int[] {2 + shift, 3, 1}, new int[] {12 + shift, 13, 6});
    }

    public SegFixture kidney(String side, int shift) {
        return box(
                "Kidney " + side, "64033007", side, "Kidney", new int[] {14 + shift, 4, 2}, new int[] {20 + shift, 10, 5
                });
    }

    public SegFixture box(String label, String code, @Nullable String side, String meaning, int[] from, int[] to) {
        boxes.add(new Box(label, code, side, meaning, from, to));
        return this;
    }

    /** The pixels of a slice, for an object that is not small. */
    public SegFixture slices(int columnsOfSlice, int rowsOfSlice) {
        columns = columnsOfSlice;
        rows = rowsOfSlice;
        return this;
    }

    public SegFixture sop(String uid) {
        sop = uid;
        return this;
    }

    public SegFixture series(String uid) {
        series = uid;
        return this;
    }

    public SegFixture frameOfReference(String uid) {
        frameOfReference = uid;
        return this;
    }

    public SegFixture referencedSeries(@Nullable String uid) {
        referencedSeries = uid;
        return this;
    }

    public SegFixture refersTo(String sopInstanceUid) {
        refersTo = sopInstanceUid;
        return this;
    }

    public SegFixture creator(String name) {
        creator = name;
        return this;
    }

    public SegFixture contentTime(String time) {
        contentTime = time;
        return this;
    }

    public SegFixture manufacturer(String name, String modelName) {
        manufacturer = name;
        model = modelName;
        return this;
    }

    public SegFixture algorithm(String type, @Nullable String name, @Nullable String version) {
        algorithmType = type;
        algorithmName = name;
        algorithmVersion = version;
        return this;
    }

    public SegFixture patient(String name) {
        patient = name;
        return this;
    }

    public String sop() {
        return sop;
    }

    public String series() {
        return series;
    }

    public byte[] bytes() {
        List<DatasetBuilder> frames = new ArrayList<>();
        ByteArrayOutputStream pixels = new ByteArrayOutputStream();
        int partial = 0;
        int bits = 0;
        for (int b = 0; b < boxes.size(); b++) {
            Box box = boxes.get(b);
            for (int z = box.from[2]; z < box.to[2]; z++) {
                frames.add(new DatasetBuilder()
                        .sequence(
                                Tag.FRAME_CONTENT_SEQUENCE,
                                new DatasetBuilder().ints(Tag.DIMENSION_INDEX_VALUES, b + 1, z + 1))
                        .sequence(
                                Tag.PLANE_POSITION_SEQUENCE,
                                new DatasetBuilder().decimals(Tag.IMAGE_POSITION_PATIENT, -10, -20, 2.0 * z))
                        .sequence(
                                Tag.SEGMENT_IDENTIFICATION_SEQUENCE,
                                new DatasetBuilder().shorts(Tag.REFERENCED_SEGMENT_NUMBER, b + 1)));
                for (int y = 0; y < rows; y++) {
                    for (int x = 0; x < columns; x++) {
                        boolean in = x >= box.from[0] && x < box.to[0] && y >= box.from[1] && y < box.to[1];
                        partial |= (in ? 1 : 0) << bits;
                        if (++bits == 8) {
                            pixels.write(partial);
                            partial = 0;
                            bits = 0;
                        }
                    }
                }
            }
        }
        if (bits > 0) {
            pixels.write(partial);
        }
        String organization = uid();
        DatasetBuilder d = new DatasetBuilder()
                .text(Tag.SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
                .text(Tag.IMAGE_TYPE, "CS", "DERIVED\\PRIMARY")
                .text(Tag.SOP_CLASS_UID, "UI", DicomInstance.SEGMENTATION)
                .text(Tag.SOP_INSTANCE_UID, "UI", sop)
                .text(Tag.STUDY_DATE, "DA", "20260102")
                .text(Tag.SERIES_DATE, "DA", "20260103")
                .text(Tag.CONTENT_DATE, "DA", "20260103")
                .text(Tag.STUDY_TIME, "TM", "081500")
                .text(Tag.SERIES_TIME, "TM", "120000")
                .text(Tag.CONTENT_TIME, "TM", contentTime)
                .text(Tag.ACCESSION_NUMBER, "SH", "A-" + study.substring(study.length() - 6))
                .text(Tag.MODALITY, "CS", "SEG")
                .text(Tag.MANUFACTURER, "LO", manufacturer)
                .text(Tag.REFERRING_PHYSICIAN_NAME, "PN", "")
                .text(Tag.SERIES_DESCRIPTION, "LO", "Segmentation " + algorithmType)
                .text(Tag.MANUFACTURER_MODEL_NAME, "LO", model)
                .text(Tag.PATIENT_NAME, "PN", patient)
                .text(Tag.PATIENT_ID, "LO", "P-" + study.substring(study.length() - 8))
                .text(Tag.PATIENT_BIRTH_DATE, "DA", "19500101")
                .text(Tag.PATIENT_SEX, "CS", "F")
                .text(Tag.DEVICE_SERIAL_NUMBER, "LO", "1")
                .text(Tag.SOFTWARE_VERSIONS, "LO", "1")
                .text(Tag.STUDY_INSTANCE_UID, "UI", study)
                .text(Tag.SERIES_INSTANCE_UID, "UI", series)
                .text(Tag.STUDY_ID, "SH", "S1")
                .text(Tag.SERIES_NUMBER, "IS", "7")
                .text(Tag.INSTANCE_NUMBER, "IS", "1")
                .text(Tag.FRAME_OF_REFERENCE_UID, "UI", frameOfReference)
                .text(Tag.POSITION_REFERENCE_INDICATOR, "LO", "")
                .sequence(
                        Tag.DIMENSION_ORGANIZATION_SEQUENCE,
                        new DatasetBuilder().text(Tag.DIMENSION_ORGANIZATION_UID, "UI", organization))
                .sequence(
                        Tag.DIMENSION_INDEX_SEQUENCE,
                        List.of(
                                new DatasetBuilder()
                                        .text(Tag.DIMENSION_ORGANIZATION_UID, "UI", organization)
                                        .tag(Tag.DIMENSION_INDEX_POINTER, Tag.REFERENCED_SEGMENT_NUMBER)
                                        .tag(Tag.FUNCTIONAL_GROUP_POINTER, Tag.SEGMENT_IDENTIFICATION_SEQUENCE),
                                new DatasetBuilder()
                                        .text(Tag.DIMENSION_ORGANIZATION_UID, "UI", organization)
                                        .tag(Tag.DIMENSION_INDEX_POINTER, Tag.IMAGE_POSITION_PATIENT)
                                        .tag(Tag.FUNCTIONAL_GROUP_POINTER, Tag.PLANE_POSITION_SEQUENCE)))
                .shorts(Tag.SAMPLES_PER_PIXEL, 1)
                .text(Tag.PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2")
                .text(Tag.NUMBER_OF_FRAMES, "IS", Integer.toString(frames.size()))
                .shorts(Tag.ROWS, rows)
                .shorts(Tag.COLUMNS, columns)
                .shorts(Tag.BITS_ALLOCATED, 1)
                .shorts(Tag.BITS_STORED, 1)
                .shorts(Tag.HIGH_BIT, 0)
                .shorts(Tag.PIXEL_REPRESENTATION, 0)
                .text(Tag.LOSSY_IMAGE_COMPRESSION, "CS", "00")
                .text(Tag.SEGMENTATION_TYPE, "CS", "BINARY")
                .text(Tag.CONTENT_LABEL, "CS", "SEGMENTATION")
                .text(Tag.CONTENT_DESCRIPTION, "LO", "")
                .text(Tag.CONTENT_CREATOR_NAME, "PN", creator == null ? "" : creator)
                .sequence(
                        Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
                        new DatasetBuilder()
                                .sequence(
                                        Tag.PLANE_ORIENTATION_SEQUENCE,
                                        new DatasetBuilder().decimals(Tag.IMAGE_ORIENTATION_PATIENT, 1, 0, 0, 0, 1, 0))
                                .sequence(
                                        Tag.PIXEL_MEASURES_SEQUENCE,
                                        new DatasetBuilder()
                                                .decimals(Tag.SLICE_THICKNESS, 2)
                                                .decimals(Tag.SPACING_BETWEEN_SLICES, 2)
                                                .decimals(Tag.PIXEL_SPACING, 1, 1)))
                .sequence(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames)
                .sequence(Tag.SEGMENT_SEQUENCE, segments())
                .bytes(Tag.PIXEL_DATA, "OB", pixels.toByteArray());
        references(d);
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Part10.write(out, DicomInstance.SEGMENTATION, sop, TransferSyntax.EXPLICIT_LITTLE_ENDIAN, false, d);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void references(DatasetBuilder d) {
        if (referencedSeries != null) {
            d.sequence(
                    Tag.REFERENCED_SERIES_SEQUENCE,
                    new DatasetBuilder()
                            .text(Tag.SERIES_INSTANCE_UID, "UI", referencedSeries)
                            .sequence(
                                    Tag.REFERENCED_INSTANCE_SEQUENCE,
                                    new DatasetBuilder()
                                            .text(Tag.REFERENCED_SOP_CLASS_UID, "UI", "1.2.840.10008.5.1.4.1.1.2")
                                            .text(Tag.REFERENCED_SOP_INSTANCE_UID, "UI", referencedSeries + ".1")));
        }
        if (refersTo != null) {
            d.sequence(
                    Tag.SOURCE_IMAGE_SEQUENCE,
                    new DatasetBuilder()
                            .text(Tag.REFERENCED_SOP_CLASS_UID, "UI", DicomInstance.SEGMENTATION)
                            .text(Tag.REFERENCED_SOP_INSTANCE_UID, "UI", refersTo));
        }
    }

    private List<DatasetBuilder> segments() {
        List<DatasetBuilder> segments = new ArrayList<>();
        for (int b = 0; b < boxes.size(); b++) {
            Box box = boxes.get(b);
            DatasetBuilder type = code(box.code, "SCT", box.meaning);
            if (box.side != null) {
                type.sequence(
                        Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE,
                        box.side.equals("left") ? code("7771000", "SCT", "Left") : code("24028007", "SCT", "Right"));
            }
            DatasetBuilder segment = new DatasetBuilder()
                    .shorts(Tag.SEGMENT_NUMBER, b + 1)
                    .text(Tag.SEGMENT_LABEL, "LO", box.label)
                    .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, code("123037004", "SCT", "Anatomical Structure"))
                    .sequence(Tag.PROPERTY_TYPE_SEQUENCE, type)
                    .text(Tag.SEGMENT_ALGORITHM_TYPE, "CS", algorithmType);
            if (algorithmName != null) {
                segment.text(Tag.SEGMENT_ALGORITHM_NAME, "LO", algorithmName);
            }
            if (algorithmVersion != null) {
                segment.sequence(
                        Tag.ALGORITHM_IDENTIFICATION_SEQUENCE,
                        new DatasetBuilder()
                                .sequence(
                                        Tag.ALGORITHM_FAMILY_SEQUENCE, code("123110", "DCM", "Artificial Intelligence"))
                                .text(Tag.ALGORITHM_NAME, "LO", String.valueOf(algorithmName))
                                .text(Tag.ALGORITHM_VERSION, "LO", algorithmVersion));
            }
            segments.add(segment);
        }
        return segments;
    }

    private static DatasetBuilder code(String value, String scheme, String meaning) {
        return new DatasetBuilder()
                .text(Tag.CODE_VALUE, "SH", value)
                .text(Tag.CODING_SCHEME_DESIGNATOR, "SH", scheme)
                .text(Tag.CODE_MEANING, "LO", meaning);
    }
}
