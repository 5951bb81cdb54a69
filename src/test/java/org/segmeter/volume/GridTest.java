package org.segmeter.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.offset;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class GridTest {

    private static Affine rotated(double angle, double sx, double sy, double sz) {
        double c = Math.cos(angle);
        double s = Math.sin(angle);
        return Affine.of(
                new double[] {sx * c, sx * s, 0},
                new double[] {-sy * s, sy * c, 0},
                new double[] {0, 0, sz},
                new double[] {10, -20, 30});
    }

    @Test
    void spacingIsTheDistanceBetweenNeighboursAlsoOnAnObliqueGrid() {
        Grid grid = new Grid(4, 5, 6, rotated(0.7, 0.5, 0.75, 3));
        assertThat(grid.spacing(0)).isCloseTo(0.5, offset(1e-15));
        assertThat(grid.spacing(1)).isCloseTo(0.75, offset(1e-15));
        assertThat(grid.spacing(2)).isCloseTo(3, offset(1e-15));
        assertThat(grid.voxelVolumeMm3()).isCloseTo(0.5 * 0.75 * 3, offset(1e-15));
    }

    @Test
    void theVolumeOfAVoxelOfAShearedGridIsNotTheProductOfItsSpacings() {
        Grid grid = new Grid(
                1,
                1,
                1,
                Affine.of(new double[] {1, 0, 0}, new double[] {1, 1, 0}, new double[] {0, 0, 2}, new double[3]));
        assertThat(grid.voxelVolumeMm3()).isEqualTo(2);
    }

    @Test
    void cornersAreCentresOfCornerVoxels() {
        Grid grid = new Grid(3, 4, 5, Affine.IDENTITY);
        assertThat(grid.corners()).hasDimensions(8, 3);
        assertThat(grid.corners()[0]).containsExactly(0, 0, 0);
        assertThat(grid.corners()[7]).containsExactly(2, 3, 4);
        assertThat(grid.corners()[4]).containsExactly(0, 0, 4);
    }

    @Test
    void aGridWithoutVolumeIsRefused() {
        Affine flat = Affine.of(new double[] {1, 0, 0}, new double[] {2, 0, 0}, new double[] {0, 0, 1}, new double[3]);
        assertThatIllegalArgumentException().isThrownBy(() -> new Grid(1, 1, 1, flat));
        Affine nan = Affine.of(
                new double[] {1, 0, 0}, new double[] {0, 1, 0}, new double[] {0, 0, 1}, new double[] {0, Double.NaN, 0
                });
        assertThatIllegalArgumentException().isThrownBy(() -> new Grid(1, 1, 1, nan));
        assertThatIllegalArgumentException().isThrownBy(() -> new Grid(1, 0, 1, Affine.IDENTITY));
    }

    @Property(tries = 300)
    void theInverseTakesAPositionBackToItsIndex(
            @ForAll @DoubleRange(min = -3, max = 3) double angle,
            @ForAll @DoubleRange(min = 0.1, max = 5) double spacing,
            @ForAll @DoubleRange(min = -500, max = 500) double x,
            @ForAll @DoubleRange(min = -500, max = 500) double y) {
        Affine affine = rotated(angle, spacing, 0.7, 2.5);
        double[] p = affine.apply(x, y, 17);
        double[] back = affine.inverse().apply(p[0], p[1], p[2]);
        assertThat(back[0]).isCloseTo(x, offset(1e-9));
        assertThat(back[1]).isCloseTo(y, offset(1e-9));
        assertThat(back[2]).isCloseTo(17, offset(1e-9));
    }

    @Test
    void aCroppedGridLiesWhereItsVoxelsWere() {
        Affine affine = rotated(0.3, 0.5, 0.75, 3);
        assertThat(affine.movedTo(2, 3, 4).apply(1, 1, 1)).containsExactly(affine.apply(3, 4, 5), offset(1e-12));
    }
}
