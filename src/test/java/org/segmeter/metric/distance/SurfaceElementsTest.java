package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each of the 256 codes against the areas of flat pieces written down by hand for one cube of each kind, carried to the others by the
 * 48 turns and mirrorings of the cube. No code is shared with what is tested.
 */
class SurfaceElementsTest {

    /** A kind of cube: its corners, and flat pieces as lists of vertices. */
    private record Kind(int code, double[][][] pieces) {}

    private static final double H = 0.5;

    // Corner bits: x 1, y 2, z 4 as in bit number dx + 2 dy + 4 dz. The pieces lie around the corners that are set.
    private static final double[][] AT_000 = {{H, 0, 0}, {0, H, 0}, {0, 0, H}};
    private static final double[][] AT_111 = {{H, 1, 1}, {1, H, 1}, {1, 1, H}};
    private static final double[][] AT_110 = {{H, 1, 0}, {1, H, 0}, {1, 1, H}};
    private static final double[][] AT_101 = {{H, 0, 1}, {1, H, 1}, {1, 0, H}};
    private static final double[][] AT_011 = {{H, 1, 1}, {0, H, 1}, {0, 1, H}};
    /** Around the edge along x at y = z = 0. */
    private static final double[][] EDGE_X = {{0, H, 0}, {1, H, 0}, {1, 0, H}, {0, 0, H}};
    /** Around the edge along x at y = z = 1. */
    private static final double[][] EDGE_X_OPPOSITE = {{0, H, 1}, {1, H, 1}, {1, 1, H}, {0, 1, H}};
    /** Three corners of the face z = 0, (0,0,0), (1,0,0), (0,1,0): a flat triangle at half height and a flat strip. */
    private static final double[][] ELL_TOP = {{0, 0, H}, {1, 0, H}, {0, 1, H}};

    private static final double[][] ELL_SIDE = {{1, 0, H}, {0, 1, H}, {H, 1, 0}, {1, H, 0}};

    private static final List<Kind> KINDS = List.of(
            new Kind(0, new double[][][] {}),
            new Kind(bits(0), new double[][][] {AT_000}),
            new Kind(bits(0, 1), new double[][][] {EDGE_X}),
            new Kind(bits(0, 3), new double[][][] {AT_000, AT_110}),
            new Kind(bits(0, 7), new double[][][] {AT_000, AT_111}),
            new Kind(bits(0, 1, 2), new double[][][] {ELL_TOP, ELL_SIDE}),
            new Kind(bits(0, 1, 7), new double[][][] {EDGE_X, AT_111}),
            new Kind(bits(3, 5, 6), new double[][][] {AT_110, AT_101, AT_011}),
            new Kind(bits(0, 1, 2, 3), new double[][][] {{{0, 0, H}, {1, 0, H}, {1, 1, H}, {0, 1, H}}}),
            new Kind(bits(0, 1, 2, 4), new double[][][] {
                {{H, 0, 1}, {1, 0, H}, {1, H, 0}, {H, 1, 0}, {0, 1, H}, {0, H, 1}}
            }),
            new Kind(bits(0, 1, 6, 7), new double[][][] {EDGE_X, EDGE_X_OPPOSITE}),
            new Kind(bits(0, 1, 2, 7), new double[][][] {ELL_TOP, ELL_SIDE, AT_111}),
            new Kind(bits(0, 3, 5, 6), new double[][][] {AT_000, AT_110, AT_101, AT_011}),
            // The chain (0,1,0) - (0,0,0) - (1,0,0) - (1,0,1): its six vertices lie in no plane, so four triangles
            // around one of them.
            new Kind(bits(2, 0, 1, 5), new double[][][] {
                {{H, 1, 0}, {0, 1, H}, {0, 0, H}},
                {{H, 1, 0}, {0, 0, H}, {H, 0, 1}},
                {{H, 1, 0}, {H, 0, 1}, {1, H, 1}},
                {{H, 1, 0}, {1, H, 1}, {1, H, 0}}
            }));

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "0.7, 0.7, 5", "0.3, 1.1, 2.5", "5, 0.4, 1.7"})
    void everyCodesAreaIsThatOfItsKindTurned(double sx, double sy, double sz) {
        double[] areas = SurfaceElements.areas(new Spacing(sx, sy, sz));
        int checked = 0;
        for (int code = 0; code < 256; code++) {
            List<Double> expected = expected(code, new double[] {sx, sy, sz});
            assertThat(expected).as("code %d is one of the kinds", code).isNotEmpty();
            for (double e : expected) {
                assertThat(areas[code]).as("code %d", code).isCloseTo(e, within(1e-12 * (1 + e)));
            }
            checked++;
        }
        assertThat(checked).isEqualTo(256);
    }

    @Test
    void aFlatSurfaceHasItsTrueAreaAndNothingHasNone() {
        double[] areas = SurfaceElements.areas(new Spacing(2, 3, 5));
        assertThat(areas[0]).isZero();
        assertThat(areas[255]).isZero();
        assertThat(areas[0b00001111]).isEqualTo(6);
        assertThat(areas[0b01010101]).isEqualTo(15);
        assertThat(areas[0b00110011]).isEqualTo(10);
    }

    /** The areas that the kinds give a code, one for each way of turning a kind into it. */
    private static List<Double> expected(int code, double[] spacing) {
        int fewer = Integer.bitCount(code) <= 4 ? code : ~code & 255;
        List<Double> areas = new ArrayList<>();
        for (Kind kind : KINDS) {
            for (int turn = 0; turn < 48; turn++) {
                if (turned(kind.code, turn) == fewer) {
                    double sum = 0;
                    for (double[][] piece : kind.pieces) {
                        sum += area(piece, turn, spacing);
                    }
                    areas.add(sum);
                }
            }
        }
        return areas;
    }

    private static int turned(int code, int turn) {
        int result = 0;
        for (int corner = 0; corner < 8; corner++) {
            if ((code >> corner & 1) != 0) {
                double[] p = turned(new double[] {corner & 1, corner >> 1 & 1, corner >> 2}, turn);
                result |= 1 << (int) p[0] + 2 * (int) p[1] + 4 * (int) p[2];
            }
        }
        return result;
    }

    private static double[] turned(double[] p, int turn) {
        int[][] orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        int[] order = orders[turn / 8];
        double[] q = new double[3];
        for (int axis = 0; axis < 3; axis++) {
            double v = p[order[axis]];
            q[axis] = (turn >> axis & 1) != 0 ? 1 - v : v;
        }
        return q;
    }

    /** The area of a flat polygon: half the length of the sum of cross products around it. */
    private static double area(double[][] piece, int turn, double[] spacing) {
        double[][] q = new double[piece.length][];
        for (int i = 0; i < piece.length; i++) {
            q[i] = turned(piece[i], turn);
            for (int axis = 0; axis < 3; axis++) {
                q[i][axis] *= spacing[axis];
            }
        }
        double x = 0;
        double y = 0;
        double z = 0;
        for (int i = 0; i < q.length; i++) {
            double[] a = q[i];
            double[] b = q[(i + 1) % q.length];
            x += a[1] * b[2] - a[2] * b[1];
            y += a[2] * b[0] - a[0] * b[2];
            z += a[0] * b[1] - a[1] * b[0];
        }
        return Math.sqrt(x * x + y * y + z * z) / 2;
    }

    private static int bits(int... corners) {
        int code = 0;
        for (int c : corners) {
            code |= 1 << c;
        }
        return code;
    }

    @Test
    void codesReadEightAtATimeAreThoseReadOneByOne() {
        Random random = new Random(20261124);
        for (int round = 0; round < 1000; round++) {
            long[] w = random.longs(8).toArray();
            Surface.Neighbourhood around = new Surface.Neighbourhood(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]);
            long often = random.nextLong();
            long points = often | random.nextLong();
            long[] counts = new long[256];
            around.addCodes(points, counts);
            for (int bit = 0; bit < 64; bit++) {
                if ((points >>> bit & 1) != 0) {
                    counts[Surface.code(around, bit)]--;
                }
            }
            assertThat(counts).containsOnly(0);
        }
    }
}
