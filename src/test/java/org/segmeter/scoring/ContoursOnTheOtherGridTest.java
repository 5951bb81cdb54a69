package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.dicom.SegWriter;
import org.segmeter.format.dicom.StructureSets;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/** An RT Structure Set is scored on the grid of the other side, whichever side that is. */
class ContoursOnTheOtherGridTest {

    private static final Grid GRID = Synthetic.grid(40, 30, 6, 0.8, 0.8, 3);

    @TempDir
    private Path folder;

    /** Around the voxels 10 to 19 along x and 5 to 14 along y, in the slices 1 to 3. */
    private static byte[] boxOfContours() {
        double[][] slices = new double[3][];
        for (int z = 1; z <= 3; z++) {
            slices[z - 1] = new double[] {
                9.5 * 0.8,
                4.5 * 0.8,
                3 * z,
                19.5 * 0.8,
                4.5 * 0.8,
                3 * z,
                19.5 * 0.8,
                14.5 * 0.8,
                3 * z,
                9.5 * 0.8,
                14.5 * 0.8,
                3 * z
            };
        }
        return StructureSets.of(List.of(List.of(slices)));
    }

    private ScoringInput input(String name, byte[] content) throws Exception {
        return new ScoringInput(List.of(Files.write(folder.resolve(name), content)), List.of("0".repeat(64)));
    }

    private ScoringInput nifti(Segmentation segmentation) throws Exception {
        Path file = folder.resolve("mask.nii");
        try (OutputStream out = Files.newOutputStream(file)) {
            NiftiWriter.write(segmentation, out);
        }
        return new ScoringInput(List.of(file), List.of("0".repeat(64)));
    }

    private ScoringInput seg(Segmentation segmentation, String frameOfReference) throws Exception {
        Path file = folder.resolve("mask.dcm");
        SegWriter.Identity identity = new SegWriter.Identity(
                "1.2.3.1", "1.2.3.2", "1.2.3.3", frameOfReference, 1, 1, LocalDateTime.of(2026, 11, 28, 12, 0));
        try (OutputStream out = Files.newOutputStream(file)) {
            SegWriter.write(segmentation, identity, SegWriter.Options.DEFAULT, out);
        }
        return new ScoringInput(List.of(file), List.of("0".repeat(64)));
    }

    private static Scorecard score(ScoringInput prediction, ScoringInput reference) throws Exception {
        return Scorer.standard()
                .withPool(ForkJoinPool.commonPool())
                .score(prediction, reference, ScoringOptions.defaults(), ScoringProgress.NONE, CancelSignal.none());
    }

    @Test
    void contoursOnEitherSideScoreExactlyWhatTheirVoxelsWould() throws Exception {
        ScoringInput contours = input("contours.dcm", boxOfContours());
        ScoringInput mask = nifti(Synthetic.of(GRID, Synthetic.box(10, 5, 1, 20, 15, 4)));
        assertThat(score(contours, mask).segments().getFirst().metrics().get("dice"))
                .containsExactly(MetricValue.ok(1, "1"));
        assertThat(score(mask, contours).segments().getFirst().metrics().get("dice"))
                .containsExactly(MetricValue.ok(1, "1"));

        Scorecard shifted = score(contours, nifti(Synthetic.of(GRID, Synthetic.box(12, 5, 1, 22, 15, 4))));
        assertThat(shifted.segments().getFirst().metrics().get("tp")).containsExactly(MetricValue.count(240));
        assertThat(shifted.segments().getFirst().metrics().get("fp")).containsExactly(MetricValue.count(60));
        assertThat(shifted.prediction().format()).isEqualTo("dicom-rtstruct");
    }

    @Test
    void anotherFrameOfReferenceIsRefused() throws Exception {
        ScoringInput contours = input("contours.dcm", boxOfContours());
        Segmentation mask = Synthetic.of(GRID, Synthetic.box(10, 5, 1, 20, 15, 4));
        InputException refusal =
                catchThrowableOfType(InputException.class, () -> score(contours, seg(mask, "1.2.3.4")));
        assertThat(refusal.problem()).isEqualTo(InputProblem.FRAME_OF_REFERENCE_MISMATCH);
    }

    @Test
    void contoursOnBothSidesHaveNoGrid() throws Exception {
        ScoringInput contours = input("contours.dcm", boxOfContours());
        InputException refusal = catchThrowableOfType(InputException.class, () -> score(contours, contours));
        assertThat(refusal.problem()).isEqualTo(InputProblem.UNSUPPORTED_SOP_CLASS);
        assertThat(refusal).hasMessageContaining("Both sides are contours");
    }

    @Test
    void contoursBetweenTheSlicesAreRefusedOnTheirSide() throws Exception {
        ScoringInput contours = input("contours.dcm", boxOfContours());
        Grid other = Synthetic.grid(40, 30, 6, 0.8, 0.8, 2);
        InputException refusal = catchThrowableOfType(
                InputException.class,
                () -> score(nifti(Synthetic.of(other, Synthetic.box(10, 5, 1, 20, 15, 4))), contours));
        assertThat(refusal.problem()).isEqualTo(InputProblem.GEOMETRY_MISMATCH);
        assertThat(refusal.side()).isEqualTo("reference");
    }
}
