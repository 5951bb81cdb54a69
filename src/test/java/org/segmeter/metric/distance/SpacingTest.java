package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Grid;

class SpacingTest {

    @Test
    void anObliqueGridHasTheSpacingOfItsColumns() {
        double c = Math.cos(0.4);
        double s = Math.sin(0.4);
        Grid grid = new Grid(
                5,
                5,
                5,
                Affine.of(
                        new double[] {0.9 * c, 0.9 * s, 0},
                        new double[] {-1.1 * s, 1.1 * c, 0},
                        new double[] {0, 0, -2.5},
                        new double[] {10, 20, 30}));
        Spacing spacing = Spacing.of(grid).orElseThrow();
        assertThat(spacing.x()).isCloseTo(0.9, within(1e-12));
        assertThat(spacing.y()).isCloseTo(1.1, within(1e-12));
        assertThat(spacing.z()).isCloseTo(2.5, within(1e-12));
        assertThat(spacing.smallest()).isEqualTo(spacing.x());
    }

    @Test
    void aShearedGridHasNone() {
        Grid tiltedGantry = new Grid(
                5,
                5,
                5,
                Affine.of(
                        new double[] {1, 0, 0}, new double[] {0, 1, 0}, new double[] {0, 0.3, 3}, new double[] {0, 0, 0
                        }));
        assertThat(Spacing.of(tiltedGantry)).isEmpty();
    }

    @Test
    void aSpacingIsFiniteAndAboveZero() {
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new Spacing(1, bad, 1));
        }
    }
}
