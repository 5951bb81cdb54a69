package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.segmeter.format.Inspection;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.StructureSets.Contour;
import org.segmeter.format.dicom.StructureSets.Region;
import org.segmeter.volume.Affine;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ContourSet;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;

/** RT Structure Sets: what is read of them, and what is refused. */
class StructureSetTest {

    private static final double[] SQUARE = {0.5, 0.5, -3, 4.25, 0.5, -3, 4.25, 5.5, -3, 0.5, 5.5, -3};

    private static ContourSet read(byte[]... files) throws InputException {
        return (ContourSet) new DicomSegmentationFormat()
                .readDelineation(
                        Arrays.stream(files).map(MemorySegment::ofArray).toList(), ReadOptions.defaults());
    }

    private static byte[] file(Region... regions) {
        return StructureSets.file(StructureSets.dataset(List.of(regions)), TransferSyntax.EXPLICIT_LITTLE_ENDIAN);
    }

    private static Region region(int number, Contour... contours) {
        return new Region(number, "Région " + number, "PTV", List.of(contours));
    }

    private static Contour closed(double... points) {
        return new Contour("CLOSED_PLANAR", points);
    }

    private static InputException refusal(byte[]... files) {
        return catchThrowableOfType(InputException.class, () -> read(files));
    }

    @Test
    void regionsKeepNumberNameAndPoints() throws Exception {
        for (TransferSyntax syntax : List.of(
                TransferSyntax.IMPLICIT_LITTLE_ENDIAN,
                TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
                TransferSyntax.EXPLICIT_BIG_ENDIAN,
                TransferSyntax.DEFLATED)) {
            ContourSet set = read(StructureSets.file(
                    StructureSets.dataset(List.of(region(7, closed(SQUARE)), region(3))), syntax));
            assertThat(set.source().format()).isEqualTo("dicom-rtstruct");
            assertThat(set.source().frameOfReferenceUid()).isEqualTo(StructureSets.FRAME_OF_REFERENCE);
            assertThat(set.source().notices()).contains("RT ROI Interpreted Types: 7 PTV, 3 PTV.");
            Segment first = set.structures().getFirst().segment();
            assertThat(first.number()).isEqualTo(7);
            assertThat(first.label()).isEqualTo("Région 7");
            assertThat(first.algorithm()).isEqualTo(new Segment.Algorithm(Segment.Algorithm.Type.MANUAL, null, null));
            assertThat(set.structures().getFirst().contours().getFirst()).containsExactly(SQUARE);
            assertThat(set.structures().get(1).contours()).isEmpty();
        }
    }

    @Test
    void aContourOfManyPointsIsReadWhole() throws Exception {
        double[] many = new double[3 * 20_000];
        for (int i = 0; i < many.length; i++) {
            many[i] = i % 3 == 2 ? 5 : i / 1000.0;
        }
        byte[] file = StructureSets.of(List.of(List.of(many)));
        assertThat(read(file).structures().getFirst().contours().getFirst()).containsExactly(many);
        Inspection inspection =
                new DicomSegmentationFormat().inspect(List.of(MemorySegment.ofArray(file)), ReadOptions.defaults());
        assertThat(inspection).isEqualTo(new Inspection("dicom-rtstruct", 0, 16L * many.length, 1));
    }

    @Test
    void regionsOfPointsAreLeftOutAndOtherOpenContoursRefusedByName() throws Exception {
        ContourSet set = read(file(region(1, closed(SQUARE)), region(2, new Contour("POINT", new double[] {1, 2, 3}))));
        assertThat(set.structures()).hasSize(1);
        assertThat(set.source().notices()).anyMatch(n -> n.contains("points only"));

        for (String type : List.of("OPEN_PLANAR", "OPEN_NONPLANAR")) {
            InputException open = refusal(file(region(1, closed(SQUARE)), region(2, new Contour(type, SQUARE))));
            assertThat(open.problem()).isEqualTo(InputProblem.UNSUPPORTED_FORMAT);
            assertThat(open.found()).isEqualTo("Contour Geometric Type " + type + " in region 2");
        }
        assertThat(refusal(file(region(1, closed(SQUARE), new Contour("POINT", new double[] {1, 2, 3}))))
                        .found())
                .contains("POINT in region 1");
        assertThat(refusal(file(region(2, new Contour("POINT", new double[] {1, 2, 3}))))
                        .problem())
                .isEqualTo(InputProblem.MISSING_PART);
        assertThat(refusal(file(region(2))).problem()).isEqualTo(InputProblem.MISSING_PART);
    }

    @Test
    void whatContradictsItselfIsRefused() {
        assertThat(refusal(file(region(1, closed(0.5, 0.5, -3, 4)))).getMessage())
                .contains("three numbers");
        assertThat(refusal(file(region(1, closed(SQUARE)), region(1, closed(SQUARE))))
                        .getMessage())
                .contains("declared twice");
        assertThat(refusal(file(region(1, closed(2e7, 0, 0)))).problem()).isEqualTo(InputProblem.INVALID_GEOMETRY);
        DatasetBuilder undeclared = StructureSets.dataset(List.of(region(1, closed(SQUARE))))
                .sequence(Tag.STRUCTURE_SET_ROI_SEQUENCE, List.of());
        assertThat(refusal(StructureSets.file(undeclared, TransferSyntax.EXPLICIT_LITTLE_ENDIAN))
                        .getMessage())
                .contains("does not declare");
    }

    @Test
    void everyPrefixIsRefused() {
        byte[] whole = file(region(1, closed(SQUARE)), region(2, closed(SQUARE)));
        int[] read = {0};
        for (int n = 200; n < whole.length; n++) {
            byte[] cut = Arrays.copyOf(whole, n);
            // The observations stand last and may be missing: a data set says nowhere how long it is.
            if (refusal(cut) == null) {
                read[0]++;
                assertThat(n).isGreaterThan(whole.length - 200);
            }
        }
        assertThat(read[0]).as("cuts between two sequences").isLessThan(3);
    }

    @Test
    void aStructureSetAmongImagesIsFoundAndOneAmongSegmentationsLeftOut() throws Exception {
        byte[] contours = file(region(1, closed(SQUARE)));
        byte[] image = Samples.bytes(Samples.COPIES.resolve("other/rtdose.dcm"));
        assertThat(read(image, contours).source().notices()).anyMatch(n -> n.startsWith("1 files"));
        assertThat(refusal(contours, contours).problem()).isEqualTo(InputProblem.AMBIGUOUS_SEGMENTS);
    }

    @Test
    void aloneItIsRefusedBecauseItHasNoGrid() {
        InputException alone = catchThrowableOfType(
                InputException.class, () -> Samples.read(file(region(1, closed(SQUARE))), ReadOptions.defaults()));
        assertThat(alone.problem()).isEqualTo(InputProblem.UNSUPPORTED_SOP_CLASS);
        assertThat(alone).hasMessageContaining("the grid of the other side");
    }

    /** The counts are plastimatch's, which fills the same voxels of this file (ExternalToolsTest compares them where it is installed). */
    @Test
    void theSampleHasTheVoxelsThatPlastimatchCounts() throws Exception {
        byte[] sample = Samples.bytes(Samples.COPIES.resolve("rtstruct/ellipses-and-rings.dcm"));
        Grid grid = new Grid(64, 48, 6, new Affine(0.9, 0, 0, -20.3, 0, 0.9, 0, 11.7, 0, 0, 2.5, -40));
        Segmentation filled = read(sample).onto(grid, 1 << 20, CancelSignal.none());
        assertThat(filled.segments())
                .extracting(s -> ((Mask) s.voxels()).toBitMask().count())
                .containsExactly(2224L, 1780L);
    }
}
