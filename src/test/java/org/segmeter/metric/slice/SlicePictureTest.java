package org.segmeter.metric.slice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.distance.BoundaryDistances;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;

@DisplayName("A picture of a slice")
class SlicePictureTest {

    private static final int[][] PERMUTATIONS = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    private static final long SEED = Long.getLong("seed", 20261128);

    /** A body of 7 x 5 x 4 voxels towards left, back and head, 1 x 2 x 3.5 mm, whose two masks have no symmetry. */
    private static final int[] SIZE = {7, 5, 4};

    private static final double[] SPACING = {1, 2, 3.5};

    private final boolean[][][][] body = body();

    private static boolean[][][][] body() {
        System.out.println("SlicePictureTest seed " + SEED);
        Random random = new Random(SEED);
        boolean[][][][] body = new boolean[2][SIZE[0]][SIZE[1]][SIZE[2]];
        for (boolean[][][] side : body) {
            for (boolean[][] plane : side) {
                for (boolean[] row : plane) {
                    for (int i = 0; i < row.length; i++) {
                        row[i] = random.nextInt(3) > 0;
                    }
                }
            }
        }
        return body;
    }

    /** The body stored with its axes in another order and direction, and turned a little. */
    private record Stored(Grid grid, BitMask prediction, BitMask reference, int[] axes, int flips) {}

    private Stored stored(int[] axes, int flips, double turn) {
        double[][] steps = new double[3][];
        int[] size = new int[3];
        double cos = Math.cos(turn);
        double sin = Math.sin(turn);
        for (int axis = 0; axis < 3; axis++) {
            int patient = axes[axis];
            double[] step = new double[3];
            step[patient] = (flips >> axis & 1) == 0 ? SPACING[patient] : -SPACING[patient];
            // About the axis from feet to head, then about the one from right to left.
            double[] turned = {cos * step[0] - sin * step[1], sin * step[0] + cos * step[1], step[2]};
            steps[axis] =
                    new double[] {turned[0], cos * turned[1] - sin * turned[2], sin * turned[1] + cos * turned[2]};
            size[axis] = SIZE[patient];
        }
        Grid grid = new Grid(
                size[0], size[1], size[2], Affine.of(steps[0], steps[1], steps[2], new double[] {10, -20, 30}));
        BitMask[] masks = {new BitMask(grid.box()), new BitMask(grid.box())};
        int[] at = new int[3];
        int[] inBody = new int[3];
        for (at[2] = 0; at[2] < size[2]; at[2]++) {
            for (at[1] = 0; at[1] < size[1]; at[1]++) {
                for (at[0] = 0; at[0] < size[0]; at[0]++) {
                    for (int axis = 0; axis < 3; axis++) {
                        inBody[axes[axis]] = (flips >> axis & 1) == 0 ? at[axis] : size[axis] - 1 - at[axis];
                    }
                    for (int side = 0; side < 2; side++) {
                        if (body[side][inBody[0]][inBody[1]][inBody[2]]) {
                            masks[side].set(at[0], at[1], at[2]);
                        }
                    }
                }
            }
        }
        return new Stored(grid, masks[0], masks[1], axes, flips);
    }

    /** What a radiologist expects at a place of the picture, from the body alone. */
    private byte expected(Plane plane, int column, int row, int slice) {
        int l = plane == Plane.SAGITTAL ? slice : column;
        int p = plane == Plane.AXIAL ? row : plane == Plane.CORONAL ? slice : column;
        int s = plane == Plane.AXIAL ? slice : SIZE[2] - 1 - row;
        boolean prediction = body[0][l][p][s];
        boolean reference = body[1][l][p][s];
        return prediction
                ? reference ? SlicePicture.TP : SlicePicture.FP
                : reference ? SlicePicture.FN : SlicePicture.NEITHER;
    }

    @Test
    void showsTheBodyTheSameWayUpHoweverItIsStored() {
        int pictures = 0;
        for (double turn : new double[] {0, 0.3}) {
            for (int[] axes : PERMUTATIONS) {
                for (int flips = 0; flips < 8; flips++) {
                    Stored stored = stored(axes, flips, turn);
                    for (Plane plane : Plane.values()) {
                        SliceView view = SliceView.of(stored.grid(), plane);
                        for (int slice = 0; slice < view.slices(); slice++) {
                            SlicePicture picture =
                                    SlicePicture.overlay(stored.prediction(), stored.reference(), view, slice);
                            int inBody = view.ascending() ? slice : view.slices() - 1 - slice;
                            for (int row = 0; row < picture.rows(); row++) {
                                for (int column = 0; column < picture.columns(); column++) {
                                    assertThat(picture.pixels()[row * picture.columns() + column])
                                            .as("%s, axes %s, flips %d, slice %d", plane, axes, flips, slice)
                                            .isEqualTo(expected(plane, column, row, inBody));
                                }
                            }
                            pictures++;
                        }
                    }
                }
            }
        }
        assertThat(pictures).isEqualTo(2 * 48 * (7 + 5 + 4));
    }

    @Test
    void isLetteredAsRadiologyDoes() {
        Grid grid = stored(new int[] {2, 0, 1}, 5, 0.2).grid();
        assertThat(SliceView.of(grid, Plane.AXIAL).edges()).containsExactly("R", "L", "A", "P");
        assertThat(SliceView.of(grid, Plane.CORONAL).edges()).containsExactly("R", "L", "H", "F");
        assertThat(SliceView.of(grid, Plane.SAGITTAL).edges()).containsExactly("A", "P", "H", "F");
    }

    @Test
    void saysHowObliqueItsGridIs() {
        assertThat(SliceView.of(stored(PERMUTATIONS[3], 2, 0).grid(), Plane.AXIAL)
                        .obliqueDegrees())
                .isZero();
        double turn = Math.toRadians(20);
        double twice = Math.toDegrees(Math.acos(Math.cos(turn) * Math.cos(turn)));
        assertThat(SliceView.of(stored(PERMUTATIONS[0], 0, turn).grid(), Plane.AXIAL)
                        .obliqueDegrees())
                .isCloseTo(twice, within(1e-9));
    }

    @Test
    void hasTheProportionsOfTheBody() {
        SliceView coronal = SliceView.of(stored(PERMUTATIONS[0], 0, 0).grid(), Plane.CORONAL);
        SlicePicture picture =
                SlicePicture.overlay(stored(PERMUTATIONS[0], 0, 0).prediction(), new BitMask(Box.EMPTY), coronal, 2);
        SlicePicture square = picture.magnified(coronal.columnSpacing(), coronal.rowSpacing(), 2);
        // 7 voxels of 1 mm, 4 of 3.5 mm, pixels of 0.5 mm.
        assertThat(new int[] {square.columns(), square.rows()}).containsExactly(14, 28);
        for (int y = 0; y < 28; y++) {
            for (int x = 0; x < 14; x++) {
                assertThat(square.pixels()[y * 14 + x]).isEqualTo(picture.pixels()[y / 7 * 7 + x / 2]);
            }
        }
    }

    @Test
    void isAPngThatOthersRead() throws IOException {
        byte[] pixels = new byte[5 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i * 17);
        }
        int[] palette = new int[256];
        for (int i = 0; i < 256; i++) {
            palette[i] = i * 0x010305 & 0xffffff;
        }
        BufferedImage image =
                ImageIO.read(new ByteArrayInputStream(IndexedPng.write(new SlicePicture(5, 3, pixels), palette)));
        for (int i = 0; i < pixels.length; i++) {
            assertThat(image.getRGB(i % 5, i / 5) & 0xffffff).isEqualTo(palette[i * 17]);
        }
        byte[] few = {0, 1, 2, 3, 3, 2, 1, 0, 1, 1, 2, 2, 3, 3, 0};
        int[] four = {0x000000, 0xff0000, 0x00ff00, 0x0000ff};
        image = ImageIO.read(new ByteArrayInputStream(IndexedPng.write(new SlicePicture(5, 3, few), four)));
        for (int i = 0; i < few.length; i++) {
            assertThat(image.getRGB(i % 5, i / 5) & 0xffffff).isEqualTo(four[few[i]]);
        }
    }

    @Test
    void coloursTheSurfaceByItsDistanceInThreeDimensions() {
        Grid grid = stored(PERMUTATIONS[0], 0, 0).grid();
        BitMask prediction = new BitMask(new Box(1, 1, 1, 6, 4, 2));
        for (int y = 1; y < 4; y++) {
            prediction.setRun(y, 1, 1, 6);
        }
        BitMask reference = new BitMask(new Box(3, 2, 3, 4, 3, 4));
        reference.set(3, 2, 3);
        SliceView axial = SliceView.of(grid, Plane.AXIAL);
        BoundaryDistances distances = BoundaryDistances.between(
                prediction, reference, Spacing.of(grid).orElseThrow());
        SlicePicture picture = SlicePicture.distances(prediction, reference, distances, axial, 1, 10);
        for (int y = 0; y < 5; y++) {
            for (int x = 0; x < 7; x++) {
                byte expected = SlicePicture.NEITHER;
                if (prediction.contains(x, y, 1)) {
                    double mm = Math.sqrt((x - 3) * (x - 3) + 4.0 * (y - 2) * (y - 2) + 49);
                    expected = (byte) (2 + Math.round(Math.min(1, mm / 10) * 253));
                }
                assertThat(picture.pixels()[y * 7 + x]).as("%d %d", x, y).isEqualTo(expected);
            }
        }
        BoundaryDistances alone = BoundaryDistances.between(
                prediction, new BitMask(Box.EMPTY), Spacing.of(grid).orElseThrow());
        assertThat(SlicePicture.distances(prediction, new BitMask(Box.EMPTY), alone, axial, 1, 10)
                        .pixels()[7 + 1])
                .isEqualTo(SlicePicture.FARTHEST);
    }
}
