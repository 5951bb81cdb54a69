package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.format.ReadOptions;
import org.segmeter.metric.slice.Plane;
import org.segmeter.metric.slice.SlicePicture;
import org.segmeter.metric.slice.SliceView;
import org.segmeter.volume.Affine;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.IntensityVolume;

@DisplayName("A series of DICOM images")
class ImageSeriesTest {

    private static final int[] SIZE = {7, 5, 4};
    private static final double[] SPACING = {0.8, 1.1, 2.5};
    private static final double[] ORIGIN = {-12.5, 30.25, 101};
    private static final double[][] UPRIGHT = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    /** Rows and columns in no plane of the body, slices along their normal. */
    private static final double[][] OBLIQUE = oblique();

    private static double[][] oblique() {
        double a = Math.toRadians(25);
        double b = Math.toRadians(-15);
        double[] row = {Math.cos(a), Math.sin(a), 0};
        double[] column = {-Math.sin(a) * Math.cos(b), Math.cos(a) * Math.cos(b), Math.sin(b)};
        return new double[][] {row, column, cross(row, column)};
    }

    private static double[] cross(double[] a, double[] b) {
        return new double[] {
            a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
        };
    }

    private static double body(double left, double back, double head) {
        return 3 * left + 20 * back - 7 * head + 100;
    }

    private static ImageFixture series(double[][] axes) {
        return new ImageFixture(SIZE, SPACING, axes, ORIGIN, ImageSeriesTest::body);
    }

    private static IntensityVolume read(List<byte[]> files) throws InputException {
        List<MemorySegment> parts = new ArrayList<>();
        files.forEach(file -> parts.add(MemorySegment.ofArray(file)));
        return new DicomSegmentationFormat().readImage(parts, ReadOptions.defaults(), 1 << 20);
    }

    /** Every voxel lies where the files say, and has the value of that place. */
    private static void everyVoxelIsWhereItBelongs(IntensityVolume image, ImageFixture series) {
        assertThat(List.of(image.grid().nx(), image.grid().ny(), image.grid().nz()))
                .containsExactly(SIZE[0], SIZE[1], SIZE[2]);
        Affine toPatient = image.grid().indexToPatient();
        double[] corner = toPatient.apply(0, 0, 0);
        double[] first = series.place(0, 0, 0);
        boolean turned = Math.hypot(Math.hypot(corner[0] - first[0], corner[1] - first[1]), corner[2] - first[2]) > 1;
        for (int z = 0; z < SIZE[2]; z++) {
            for (int y = 0; y < SIZE[1]; y++) {
                for (int x = 0; x < SIZE[0]; x++) {
                    double[] there = toPatient.apply(x, y, z);
                    double[] expected = series.place(x, y, turned ? SIZE[2] - 1 - z : z);
                    for (int i = 0; i < 3; i++) {
                        assertThat(there[i]).isCloseTo(expected[i], within(1e-6));
                    }
                    assertThat(image.value(x, y, z))
                            .isCloseTo(Math.rint(body(there[0], there[1], there[2])), within(1.0));
                }
            }
        }
    }

    @Test
    void liesWhereItsImagesSayInWhateverOrderTheyCome() throws InputException {
        for (ImageFixture series : List.of(
                series(UPRIGHT),
                series(OBLIQUE),
                series(UPRIGHT).signed(),
                series(OBLIQUE).unsigned16(-1024),
                // Sagittal, as an MR of the spine; and stacked against the normal.
                series(new double[][] {{0, 1, 0}, {0, 0, -1}, {-1, 0, 0}}),
                series(new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}),
                // A gantry that was tilted: slices straight above one another, each of them leaning.
                series(new double[][] {{1, 0, 0}, {0, Math.cos(0.3), -Math.sin(0.3)}, {0, 0, 1}}))) {
            everyVoxelIsWhereItBelongs(read(series.files()), series);
        }
    }

    /** An enhanced object says most of it once, in functional groups, and where each of its frames lies in groups of their own. */
    @Test
    void mayBeTheFramesOfOneObject() throws InputException {
        for (ImageFixture series : List.of(
                series(UPRIGHT),
                series(OBLIQUE),
                series(OBLIQUE).signed(),
                series(UPRIGHT).unsigned16(-1024))) {
            IntensityVolume image = read(List.of(series.multiFrame()));
            everyVoxelIsWhereItBelongs(image, series);
            assertThat(image.window()).isNull();
        }
        IntensityVolume windowed = read(List.of(series(UPRIGHT)
                .with(0x0028_1050, "50\\-600")
                .with(0x0028_1051, "350\\1600")
                .multiFrame()));
        assertThat(windowed.window()).isEqualTo(new IntensityVolume.Window(50, 350));
    }

    @Test
    void isSeenTheOtherWayRoundIfItSaysSo() throws InputException {
        IntensityVolume bright = read(series(UPRIGHT).files());
        List<byte[]> files =
                new ArrayList<>(series(UPRIGHT).with(0x0028_0004, "MONOCHROME1").files());
        IntensityVolume dark = read(files);
        everyVoxelIsWhereItBelongs(dark, series(UPRIGHT));
        assertThat(bright.inverted()).isFalse();
        assertThat(dark.inverted()).isTrue();
        SliceView view = SliceView.of(bright.grid(), Plane.AXIAL);
        byte[] white = SlicePicture.image(bright, view, 1, 0, 60).pixels();
        byte[] black = SlicePicture.image(dark, view, 1, 0, 60).pixels();
        assertThat(white).contains((byte) 255);
        for (int i = 0; i < white.length; i++) {
            assertThat(white[i] & 0xFF).isEqualTo(255 - (black[i] & 0xFF));
        }
        // Where an image is missing, what is seen is black all the same.
        files.remove(1); // slice 2
        byte[] missing = SlicePicture.image(read(files), view, 2, 0, 60).pixels();
        assertThat(missing).containsOnly(0);
    }

    @Test
    void hasTheWindowThatItNames() throws InputException {
        IntensityVolume image = read(series(UPRIGHT)
                .with(0x0028_1050, "50\\-600")
                .with(0x0028_1051, "350\\1600")
                .files());
        assertThat(image.window()).isEqualTo(new IntensityVolume.Window(50, 350));
        assertThat(read(series(UPRIGHT).files()).window()).isNull();
        assertThat(read(series(UPRIGHT)
                                .with(0x0028_1050, "much")
                                .with(0x0028_1051, "0")
                                .files())
                        .window())
                .isNull();
    }

    @Test
    void mayBeScaledSliceBySlice() throws InputException {
        ImageFixture series = series(UPRIGHT).unsigned16(-500);
        List<byte[]> files = new ArrayList<>();
        for (int slice = 0; slice < SIZE[2]; slice++) {
            files.add(series.file(slice, 0.02 * (slice + 1)));
        }
        IntensityVolume image = read(files);
        double[] range = image.range();
        for (int z = 0; z < SIZE[2]; z++) {
            double[] there = image.grid().indexToPatient().apply(3, 2, z);
            assertThat(image.value(3, 2, z))
                    .isCloseTo(body(there[0], there[1], there[2]), within(0.05 + (range[1] - range[0]) / 65_535));
        }
    }

    @Test
    void hasBlackSlicesWhereImagesAreMissingAndIgnoresWhatIsNoImage() throws InputException {
        List<byte[]> files = new ArrayList<>(series(UPRIGHT).files());
        files.remove(1); // slice 2
        files.add(files.getFirst().clone());
        files.add(SegFixture.ai(SegFixture.uid()).liver(0).bytes());
        files.add("no image".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        files.add(series(OBLIQUE)
                .with(0x0008_0008, "ORIGINAL\\PRIMARY\\LOCALIZER")
                .file(0, 1));
        IntensityVolume image = read(files);
        assertThat(image.grid().nz()).isEqualTo(SIZE[2]);
        assertThat(image.value(3, 2, 2)).isEqualTo(image.range()[0]);
        assertThat(image.value(3, 2, 1)).isGreaterThan(image.range()[0]);
    }

    @Test
    void isRefusedInWordsWhereItCannotBeDrawn() {
        List<byte[]> two = new ArrayList<>(series(UPRIGHT).files());
        two.addAll(series(UPRIGHT).with(0x0020_000E, "1.2.3.5").files());
        refused(two, InputProblem.AMBIGUOUS_DIMENSIONS, "several series");
        List<byte[]> echoes = new ArrayList<>(series(UPRIGHT).files());
        echoes.addAll(series(UPRIGHT).with(0x0028_1050, "7").files());
        refused(echoes, InputProblem.AMBIGUOUS_DIMENSIONS, "in the same place");
        List<byte[]> directions = new ArrayList<>(series(UPRIGHT).files());
        directions.addAll(series(OBLIQUE).files());
        refused(directions, InputProblem.AMBIGUOUS_DIMENSIONS, "several stacks");
        List<byte[]> bothWays =
                new ArrayList<>(series(UPRIGHT).with(0x0028_0004, "MONOCHROME1").files());
        bothWays.set(1, series(UPRIGHT).file(2, 1));
        refused(bothWays, InputProblem.UNSUPPORTED_DATATYPE, "some darker");
        refused(series(UPRIGHT).with(0x0028_0004, "RGB").files(), InputProblem.UNSUPPORTED_DATATYPE, "colours");
        refused(
                series(UPRIGHT).with(0x0020_0032, "none").files(),
                InputProblem.NO_PATIENT_GEOMETRY,
                "where it lies in the patient");
        refused(series(UPRIGHT).with(0x0028_0030, "").files(), InputProblem.NO_PATIENT_GEOMETRY, "where it lies");
        refused(
                series(UPRIGHT).with(0x0020_0037, "1\\0\\0\\1\\0\\0").files(),
                InputProblem.INVALID_GEOMETRY,
                "cannot be one");
        List<byte[]> uneven = new ArrayList<>(series(UPRIGHT).files());
        uneven.add(new ImageFixture(SIZE, SPACING, UPRIGHT, new double[] {-12.5, 30.25, 102.1}, ImageSeriesTest::body)
                .with(0x0028_1050, "1")
                .file(0, 1));
        refused(uneven, InputProblem.INVALID_GEOMETRY, "uneven distances");
        List<byte[]> shifted = new ArrayList<>(series(UPRIGHT).files());
        shifted.set(
                1,
                new ImageFixture(SIZE, SPACING, UPRIGHT, new double[] {-9, 30.25, 101}, ImageSeriesTest::body)
                        .file(2, 1));
        refused(shifted, InputProblem.INVALID_GEOMETRY, "shifted against one another");
        List<byte[]> large =
                new ImageFixture(new int[] {400, 400, 4}, SPACING, UPRIGHT, ORIGIN, (left, back, head) -> 0).files();
        refused(large, InputProblem.TOO_LARGE, "memory to show");
        refused(
                List.of(SegFixture.ai(SegFixture.uid()).liver(0).bytes()),
                InputProblem.UNSUPPORTED_SOP_CLASS,
                "None of the DICOM objects is an image");
        List<byte[]> cut = new ArrayList<>(series(UPRIGHT).files());
        cut.set(0, java.util.Arrays.copyOf(cut.getFirst(), cut.getFirst().length - 5));
        refused(cut, InputProblem.TRUNCATED, "send the complete");
    }

    private static void refused(List<byte[]> files, InputProblem problem, String words) {
        assertThatExceptionOfType(InputException.class)
                .as(words)
                .isThrownBy(() -> read(files))
                .satisfies(e -> assertThat(e.problem()).as(e.getMessage()).isEqualTo(problem))
                .satisfies(
                        e -> assertThat(Objects.requireNonNull(e.getMessage())).contains(words));
    }
}
