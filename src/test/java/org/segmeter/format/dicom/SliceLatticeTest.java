package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

class SliceLatticeTest {

    private static SliceLattice lattice(double between, double thickness, double... positions) throws InputException {
        return SliceLattice.of(positions, 0.7, between, thickness, 1_000_000);
    }

    @Test
    void spacingBetweenSlicesIsTheStepWhereThePositionsFitIt() throws InputException {
        SliceLattice lattice = lattice(2.5, 5, -10, -5, 2.5);
        assertThat(lattice.step()).isEqualTo(2.5);
        assertThat(lattice.count()).isEqualTo(6);
        assertThat(lattice.indexOf(2.5)).isEqualTo(5);
    }

    @Test
    void elseTheSmallestDistanceIsTheStepAndNeverTheThickness() throws InputException {
        assertThat(lattice(0, 3, 0, 1.25, 5).step()).isEqualTo(1.25);
        assertThat(lattice(3, 3, 0, 1.25, 5).step()).isEqualTo(1.25);
        assertThat(lattice(3, 3, 0, 1.25, 5).count()).isEqualTo(5);
    }

    @Test
    void aSingleSliceTakesWhatIsGiven() throws InputException {
        assertThat(lattice(2, 3, 7, 7, 7).step()).isEqualTo(2);
        assertThat(lattice(0, 3, 7).step()).isEqualTo(3);
        refused(InputProblem.INVALID_GEOMETRY, 0, 0, 7);
    }

    @Test
    void roundedPositionsDoNotAddUp() throws InputException {
        double[] positions = new double[400];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = Math.rint(i * 0.6328 * 100) / 100;
        }
        SliceLattice lattice = lattice(0, 0, positions);
        assertThat(lattice.count()).isEqualTo(400);
        assertThat(lattice.step()).isCloseTo(0.6328, within(1e-4));
        for (int i = 0; i < positions.length; i++) {
            assertThat(lattice.indexOf(positions[i])).isEqualTo(i);
        }
    }

    @Test
    void anyOrderOfTheFramesGivesTheSameSlices() throws InputException {
        Random random = new Random(3);
        double[] positions = new double[60];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = -300 + 1.5 * random.nextInt(40);
        }
        SliceLattice lattice = lattice(1.5, 0, positions);
        double lowest = java.util.Arrays.stream(positions).min().orElseThrow();
        for (double p : positions) {
            assertThat(lattice.indexOf(p)).isEqualTo((int) Math.round((p - lowest) / 1.5));
        }
    }

    @Test
    void unevenDistancesAreRefused() {
        refused(InputProblem.INVALID_GEOMETRY, 2.5, 2.5, 0, 2.5, 6.1, 7.5);
        refused(InputProblem.INVALID_GEOMETRY, 0, 2.5, 0, 2.5, 6.1, 7.5);
        refused(InputProblem.INVALID_GEOMETRY, 0, 0, 0, 1, 2.3, 3.3);
    }

    @Test
    void aFrameOffTheAnnouncedGridIsNoFinerGrid() throws InputException {
        // 0.275 and 2.225 are nearly a multiple of each other, 1.25 is half of 2.5.
        refused(InputProblem.INVALID_GEOMETRY, 2.5, 2.5, 0, 2.5, 5, 5.275, 7.5, 10);
        refused(InputProblem.INVALID_GEOMETRY, 2.5, 2.5, 0, 2.5, 5, 6.25, 10, 12.5, 15);
        // Nothing speaks for an announced distance that no positions have.
        assertThat(lattice(2.5, 2.5, 0, 1.25, 2.5, 3.75).step()).isEqualTo(1.25);
        // Rounding that adds up over many slices is no contradiction.
        double[] positions = new double[300];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = 2.49 * i;
        }
        assertThat(lattice(2.5, 0, positions).step()).isCloseTo(2.49, within(1e-9));
        assertThat(lattice(2.5, 0, positions).notices()).isEmpty();
    }

    @Test
    void anAnnouncedDistanceThatThePositionsContradictIsNoticed() throws InputException {
        assertThat(lattice(5, 5, 0, 2.5, 5, 7.5).notices())
                .containsExactly("Spacing Between Slices is 5.0000 mm, but the positions are 2.5000 mm apart, which was"
                        + " taken.");
        assertThat(lattice(2.5, 5, 0, 2.5, 5, 7.5).notices()).isEmpty();
    }

    @Test
    void smallDeviationsAreAcceptedWithANotice() throws InputException {
        assertThat(lattice(2.5, 0, 0, 2.55, 5, 7.5).notices()).hasSize(1);
        assertThat(lattice(2.5, 0, 0, 2.5001, 5, 7.5).notices()).isEmpty();
    }

    @Test
    void framesFarApartDoNotMakeAnEndlessVolume() {
        refused(InputProblem.TOO_LARGE, 0, 0, 0, 0.001, 1e6);
        refused(InputProblem.TOO_LARGE, 1e-5, 0, 0, 0.001, 1e6);
    }

    private static void refused(InputProblem problem, double between, double thickness, double... positions) {
        assertThatThrownBy(() -> lattice(between, thickness, positions))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(problem));
    }
}
