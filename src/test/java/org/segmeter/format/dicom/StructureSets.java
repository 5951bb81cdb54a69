package org.segmeter.format.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.segmeter.volume.Grid;

/** Writes RT Structure Sets for tests: outlines between voxel centres, of any set of voxels of a slice. */
public final class StructureSets {

    static final String FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.10.1338.77";

    private StructureSets() {}

    /** A region of interest; every contour has a type and points in mm. */
    record Region(int number, String name, String interpretedType, List<Contour> contours) {}

    record Contour(String type, double[] points) {}

    /** A structure set of closed planar contours, one region for each list, named and numbered from 1. */
    public static byte[] of(List<List<double[]>> regions) {
        List<Region> all = new ArrayList<>();
        for (List<double[]> contours : regions) {
            int number = all.size() + 1;
            all.add(new Region(
                    number,
                    "Region " + number,
                    "ORGAN",
                    contours.stream().map(c -> new Contour("CLOSED_PLANAR", c)).toList()));
        }
        return file(dataset(all), TransferSyntax.IMPLICIT_LITTLE_ENDIAN);
    }

    /** The ellipse of one slice of a grid, in mm; centre and half axes in voxels. */
    public static double[] ellipse(Grid grid, int slice, double cx, double cy, double rx, double ry) {
        int n = 72;
        double[] points = new double[3 * n];
        for (int i = 0; i < n; i++) {
            double angle = 2 * Math.PI * i / n;
            double[] p = grid.indexToPatient().apply(cx + rx * Math.cos(angle), cy + ry * Math.sin(angle), slice);
            System.arraycopy(p, 0, points, 3 * i, 3);
        }
        return points;
    }

    static DatasetBuilder dataset(List<Region> regions) {
        List<DatasetBuilder> declared = new ArrayList<>();
        List<DatasetBuilder> drawn = new ArrayList<>();
        List<DatasetBuilder> observations = new ArrayList<>();
        for (Region r : regions) {
            String number = Integer.toString(r.number);
            declared.add(new DatasetBuilder()
                    .text(Tag.ROI_NUMBER, "IS", number)
                    .text(Tag.REFERENCED_FRAME_OF_REFERENCE_UID, "UI", FRAME_OF_REFERENCE)
                    .text(Tag.ROI_NAME, "LO", r.name)
                    .text(Tag.ROI_GENERATION_ALGORITHM, "CS", "MANUAL"));
            drawn.add(new DatasetBuilder()
                    .sequence(
                            Tag.CONTOUR_SEQUENCE,
                            r.contours.stream().map(StructureSets::contour).toList())
                    .text(Tag.REFERENCED_ROI_NUMBER, "IS", number));
            observations.add(new DatasetBuilder()
                    .text(0x3006_0082, "IS", number)
                    .text(Tag.REFERENCED_ROI_NUMBER, "IS", number)
                    .text(Tag.RT_ROI_INTERPRETED_TYPE, "CS", r.interpretedType)
                    .text(0x3006_00A6, "PN", ""));
        }
        return new DatasetBuilder()
                .text(Tag.SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
                .text(Tag.SOP_CLASS_UID, "UI", StructureSet.SOP_CLASS)
                .text(Tag.SOP_INSTANCE_UID, "UI", FRAME_OF_REFERENCE + ".1")
                .text(Tag.STUDY_DATE, "DA", "")
                .text(Tag.STUDY_TIME, "TM", "")
                .text(Tag.ACCESSION_NUMBER, "SH", "")
                .text(Tag.MODALITY, "CS", "RTSTRUCT")
                .text(Tag.MANUFACTURER, "LO", "Segmeter tests")
                .text(Tag.REFERRING_PHYSICIAN_NAME, "PN", "")
                .text(Tag.PATIENT_NAME, "PN", "Synthetic")
                .text(Tag.PATIENT_ID, "LO", "0")
                .text(Tag.PATIENT_BIRTH_DATE, "DA", "")
                .text(Tag.PATIENT_SEX, "CS", "")
                .text(Tag.STUDY_INSTANCE_UID, "UI", FRAME_OF_REFERENCE + ".2")
                .text(Tag.SERIES_INSTANCE_UID, "UI", FRAME_OF_REFERENCE + ".3")
                .text(Tag.STUDY_ID, "SH", "")
                .text(Tag.SERIES_NUMBER, "IS", "1")
                .text(0x3006_0002, "SH", "tests")
                .sequence(
                        Tag.REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
                        new DatasetBuilder().text(Tag.FRAME_OF_REFERENCE_UID, "UI", FRAME_OF_REFERENCE))
                .sequence(Tag.STRUCTURE_SET_ROI_SEQUENCE, declared)
                .sequence(Tag.ROI_CONTOUR_SEQUENCE, drawn)
                .sequence(Tag.RT_ROI_OBSERVATIONS_SEQUENCE, observations);
    }

    private static DatasetBuilder contour(Contour contour) {
        StringJoiner data = new StringJoiner("\\");
        for (double v : contour.points) {
            data.add(DatasetBuilder.decimal(v));
        }
        return new DatasetBuilder()
                .text(Tag.CONTOUR_GEOMETRIC_TYPE, "CS", contour.type)
                .text(Tag.NUMBER_OF_CONTOUR_POINTS, "IS", Integer.toString(contour.points.length / 3))
                .text(Tag.CONTOUR_DATA, "DS", data.toString());
    }

    static byte[] file(DatasetBuilder dataset, TransferSyntax syntax) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            Part10.write(out, StructureSet.SOP_CLASS, FRAME_OF_REFERENCE + ".1", syntax, false, dataset);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
