package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.Segmentation;

/** Two grids become one lattice by moving whole voxels, or the pair is refused with the numbers. */
class GeometryTest {

    private static final Affine OBLIQUE = oblique();

    private static Affine oblique() {
        double c = Math.cos(0.3);
        double s = Math.sin(0.3);
        // Rotated about z by 0.3 and about x by 0.3, spacing 0.7, 0.9, 2.5 mm.
        return Affine.of(
                new double[] {0.7 * c, 0.7 * s, 0},
                new double[] {-0.9 * s * c, 0.9 * c * c, 0.9 * s},
                new double[] {2.5 * s * s, -2.5 * c * s, 2.5 * c},
                new double[] {-83.25, 17.5, 901.125});
    }

    @Property(tries = 200)
    void anyPermutationFlipAndCropOfAnObliqueGridIsReindexedExactly(
            @ForAll @LongRange(min = 0, max = 1_000_000) long seed) throws InputException {
        Random random = new Random(seed);
        Grid whole = new Grid(70, 33, 21, OBLIQUE);
        BitMask mask = Synthetic.noise(new Box(5, 4, 3, 69, 30, 18), 0.2, random);
        Relabelled other = relabelled(whole, mask, random);

        Scorecard card = score(Synthetic.of(other.grid(), other.mask()), Synthetic.of(whole, mask), "segmeter@1");

        assertThat(number(card, "dice")).as("seed %d", seed).isEqualTo(1.0);
        assertThat(number(card, "tp")).isEqualTo(mask.count());
        assertThat(card.geometry().verdict()).isEqualTo(GeometryReport.Verdict.IDENTICAL);
        assertThat(card.geometry().cornerDisplacementVoxels()).isLessThan(1e-9);
        assertThat(card.geometry().orientationAngleDeg()).isLessThan(1e-5);
        assertThat(number(card, "tn")).isEqualTo(union(card) - mask.count());
    }

    private static long union(Scorecard card) {
        return card.geometry().evaluationGrid().stream().mapToLong(n -> n).reduce(1, (a, b) -> a * b);
    }

    @Property(tries = 300)
    void masksMoveVoxelByVoxel(
            @ForAll @LongRange(min = 0, max = 1_000_000) long seed,
            @ForAll @IntRange(min = 0, max = 5) int permutation,
            @ForAll @IntRange(min = 0, max = 7) int flips) {
        Random random = new Random(seed);
        int[][] axes = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        int[] a = axes[permutation];
        Box box = new Box(7, 2, 3, 150, 9, 8);
        BitMask mask = Synthetic.noise(box, 0.1, random);
        int far = 200;
        Reindexing map = new Reindexing(
                a[0],
                a[1],
                a[2],
                (flips & 1) == 0 ? 1 : -1,
                (flips & 2) == 0 ? 1 : -1,
                (flips & 4) == 0 ? 1 : -1,
                far + random.nextInt(70),
                far + random.nextInt(70),
                far + random.nextInt(70));
        Mask moved = map.apply((Mask) mask);
        Mask points = map.apply((Mask) points(mask));
        assertThat(moved.count()).isEqualTo(mask.count());
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    int[] source = {x, y, z};
                    int tx = map.ox() + map.dx() * source[map.sx()];
                    int ty = map.oy() + map.dy() * source[map.sy()];
                    int tz = map.oz() + map.dz() * source[map.sz()];
                    assertThat(moved.contains(tx, ty, tz)).isEqualTo(mask.contains(x, y, z));
                    assertThat(points.contains(tx, ty, tz)).isEqualTo(mask.contains(x, y, z));
                }
            }
        }
    }

    @Test
    void aCroppedPredictionIsPlacedAndWhatItDoesNotCoverIsBackground() throws Exception {
        Grid whole = Synthetic.grid(40, 30, 20, 1, 1, 3);
        Grid crop = new Grid(10, 10, 5, whole.indexToPatient().movedTo(15, 10, 8));
        Scorecard card = score(
                Synthetic.of(crop, Synthetic.box(0, 0, 0, 10, 10, 5)),
                Synthetic.of(whole, Synthetic.box(15, 10, 8, 25, 20, 13)),
                "segmeter@1");
        assertThat(number(card, "dice")).isEqualTo(1.0);
        assertThat(card.geometry().offset()).containsExactly(15, 10, 8);
        assertThat(card.geometry().predictionCovered()).isEqualTo(500.0 / 24_000);
        assertThat(card.geometry().referenceCovered()).isEqualTo(1);
        assertThat(card.geometry().missingSlices()).isEqualTo(15);
        assertThat(card.geometry().gridsEqual()).isFalse();
    }

    @Test
    void aPredictionThatBeginsBeforeTheReferenceWidensTheEvaluatedGrid() throws Exception {
        Grid reference = Synthetic.grid(20, 20, 10, 1, 1, 1);
        Grid prediction = new Grid(20, 20, 10, reference.indexToPatient().movedTo(-5, -3, -2));
        Scorecard card = score(
                Synthetic.of(prediction, Synthetic.box(0, 0, 0, 10, 10, 6)),
                Synthetic.of(reference, Synthetic.box(0, 0, 0, 5, 7, 4)),
                "segmeter@1");
        assertThat(card.geometry().evaluationGrid()).containsExactly(25, 23, 12);
        assertThat(number(card, "tp")).isEqualTo(5L * 7 * 4);
        assertThat(number(card, "fp")).isEqualTo(600L - 140);
        assertThat(number(card, "tn")).isEqualTo(25L * 23 * 12 - 600);
    }

    @Test
    void aSingleSliceOfUnknownThicknessFitsItsVolume() throws Exception {
        Grid volume = Synthetic.grid(16, 16, 12, 1, 1, 2.5);
        Grid slice = new Grid(16, 16, 1, new Affine(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 7.5));
        for (boolean swapped : new boolean[] {false, true}) {
            Segmentation one = Synthetic.of(slice, Synthetic.box(2, 2, 0, 9, 9, 1));
            Segmentation all = Synthetic.of(volume, Synthetic.box(2, 2, 3, 9, 9, 4));
            Scorecard card = swapped ? score(all, one, "segmeter@1") : score(one, all, "segmeter@1");
            assertThat(number(card, "dice")).isEqualTo(1.0);
            assertThat(card.geometry().voxelVolumeMm3()).isCloseTo(2.5, within(1e-12));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.005, 0.05, 0.3, 0.49})
    void aShiftByAFractionOfAVoxelIsMeasuredAndJudged(double shift) throws Exception {
        Grid reference = Synthetic.grid(20, 20, 20, 2, 1, 3);
        Grid prediction = new Grid(20, 20, 20, reference.indexToPatient().movedTo(0, shift, 0));
        Segmentation p = Synthetic.of(prediction, Synthetic.box(4, 4, 4, 9, 9, 9));
        Segmentation r = Synthetic.of(reference, Synthetic.box(4, 4, 4, 9, 9, 9));
        if (shift > 0.1) {
            InputException refused = catchThrowableOfType(InputException.class, () -> score(p, r, "segmeter@1"));
            assertThat(refused.problem()).isEqualTo(InputProblem.GEOMETRY_MISMATCH);
            assertThat((double) Objects.requireNonNull(refused.details().get("cornerDisplacementVoxels")))
                    .isCloseTo(shift, within(1e-9));
        }
        Scorecard card = score(p, r, shift > 0.1 ? "segmeter-lenient@1" : "segmeter@1");
        assertThat(card.geometry().cornerDisplacementVoxels()).isCloseTo(shift, within(1e-9));
        assertThat(card.geometry().verdict())
                .isEqualTo(
                        shift <= 0.01
                                ? GeometryReport.Verdict.IDENTICAL
                                : shift <= 0.1 ? GeometryReport.Verdict.ROUNDING : GeometryReport.Verdict.LENIENT);
        assertThat(card.notices().isEmpty()).isEqualTo(card.geometry().verdict() == GeometryReport.Verdict.IDENTICAL);
        assertThat(number(card, "dice")).isEqualTo(1.0);
    }

    @Test
    void anotherSpacingIsRefusedWithTheRatioAndResampledWhereTheProtocolAllows() throws Exception {
        Grid reference = Synthetic.grid(40, 40, 20, 1, 1, 1);
        Grid prediction = new Grid(20, 20, 10, new Affine(2, 0, 0, 0.5, 0, 2, 0, 0.5, 0, 0, 2, 0.5));
        Segmentation p = Synthetic.of(prediction, Synthetic.box(3, 4, 2, 10, 12, 6));
        Segmentation r = Synthetic.of(reference, Synthetic.box(6, 8, 4, 20, 24, 12));
        assertThatThrownBy(() -> score(p, r, "segmeter@1")).isInstanceOfSatisfying(InputException.class, e -> {
            assertThat(e.problem()).isEqualTo(InputProblem.GEOMETRY_MISMATCH);
            assertThat(e.details()).containsEntry("spacingRatio", List.of(2.0, 2.0, 2.0));
            assertThat(e.getMessage()).contains("spacing differs").contains("segmeter-resample@1");
        });
        Scorecard card = score(p, r, "segmeter-resample@1");
        assertThat(card.geometry().verdict()).isEqualTo(GeometryReport.Verdict.RESAMPLED);
        assertThat(number(card, "dice")).isEqualTo(1.0);
        assertThat(card.geometry().volumeChangeByResampling()).isCloseTo(1.0, within(1e-12));
        assertThat(card.geometry().resampledVoxelsFraction()).isEqualTo(1);
    }

    @Test
    void aTurnedGridIsRefusedWithTheAngle() {
        Grid reference = Synthetic.grid(40, 40, 20, 1, 1, 1);
        double a = Math.toRadians(3);
        Grid turned = new Grid(
                40, 40, 20, new Affine(Math.cos(a), -Math.sin(a), 0, 0, Math.sin(a), Math.cos(a), 0, 0, 0, 0, 1, 0));
        assertThatThrownBy(() -> score(
                        Synthetic.of(turned, Synthetic.box(1, 1, 1, 3, 3, 3)),
                        Synthetic.of(reference, Synthetic.box(1, 1, 1, 3, 3, 3)),
                        "segmeter-lenient@1"))
                .isInstanceOfSatisfying(InputException.class, e -> {
                    assertThat((double) Objects.requireNonNull(e.details().get("orientationAngleDeg")))
                            .isCloseTo(3, within(1e-9));
                    assertThat(e.getMessage()).contains("point different ways");
                });
    }

    @Test
    void gridsOfOneLatticeThatLieKilometresApartAreRefused() {
        Grid reference = Synthetic.grid(20, 20, 20, 1, 1, 1);
        Grid far = new Grid(20, 20, 20, reference.indexToPatient().movedTo(2_000_000, 2_000_000, 0));
        assertThatThrownBy(() -> score(
                        Synthetic.of(far, Synthetic.box(1, 1, 1, 3, 3, 3)),
                        Synthetic.of(reference, Synthetic.box(1, 1, 1, 3, 3, 3)),
                        "segmeter@1"))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.TOO_LARGE));
    }

    @Test
    void halfAVoxelCostsASmallBoxMoreThanALargeOne() throws Exception {
        Grid grid = Synthetic.grid(60, 60, 60, 1, 1, 1);
        Segmentation small = Synthetic.of(grid, Synthetic.box(5, 5, 5, 9, 25, 25));
        // A box of 4 voxels moved by half a voxel shares 3.5 of 4.
        assertThat(score(small, small, "segmeter@1").geometry().diceUnderHalfVoxelShift())
                .isCloseTo(3.5 / 4, within(1e-15));
        assertThat(score(
                                Synthetic.of(grid, new BitMask(Box.EMPTY)),
                                Synthetic.of(grid, new BitMask(Box.EMPTY)),
                                "segmeter@1")
                        .geometry()
                        .diceUnderHalfVoxelShift())
                .isNull();
    }

    private record Relabelled(Grid grid, BitMask mask) {}

    /** The same voxels in space on a grid with other axes, cut to a box that holds the mask. */
    private static Relabelled relabelled(Grid grid, BitMask mask, Random random) {
        Box b = mask.box();
        Box cut = new Box(
                random.nextInt(b.x0() + 1),
                random.nextInt(b.y0() + 1),
                random.nextInt(b.z0() + 1),
                b.x1() + random.nextInt(grid.nx() - b.x1() + 1),
                b.y1() + random.nextInt(grid.ny() - b.y1() + 1),
                b.z1() + random.nextInt(grid.nz() - b.z1() + 1));
        int[][] permutations = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        int[] axes = permutations[random.nextInt(6)];
        int[] sizes = {cut.nx(), cut.ny(), cut.nz()};
        int[] from = {cut.x0(), cut.y0(), cut.z0()};
        boolean[] flip = {random.nextBoolean(), random.nextBoolean(), random.nextBoolean()};
        int[] n = {sizes[axes[0]], sizes[axes[1]], sizes[axes[2]]};
        double[][] steps = new double[3][];
        double[] corner = {from[0], from[1], from[2]};
        for (int t = 0; t < 3; t++) {
            double[] step = grid.indexToPatient().step(axes[t]);
            steps[t] = flip[t] ? new double[] {-step[0], -step[1], -step[2]} : step;
            if (flip[t]) {
                corner[axes[t]] = from[axes[t]] + sizes[axes[t]] - 1;
            }
        }
        Grid other = new Grid(
                n[0],
                n[1],
                n[2],
                Affine.of(steps[0], steps[1], steps[2], grid.indexToPatient().apply(corner[0], corner[1], corner[2])));
        BitMask moved = new BitMask(other.box());
        for (int z = 0; z < n[2]; z++) {
            for (int y = 0; y < n[1]; y++) {
                for (int x = 0; x < n[0]; x++) {
                    int[] index = {x, y, z};
                    int[] source = new int[3];
                    for (int t = 0; t < 3; t++) {
                        source[axes[t]] = from[axes[t]] + (flip[t] ? n[t] - 1 - index[t] : index[t]);
                    }
                    if (mask.contains(source[0], source[1], source[2])) {
                        moved.set(x, y, z);
                    }
                }
            }
        }
        return new Relabelled(other, moved);
    }

    private static PointMask points(BitMask mask) {
        Box box = mask.box();
        int[] offsets = new int[(int) mask.count()];
        int n = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        offsets[n++] = ((z - box.z0()) * box.ny() + y - box.y0()) * box.nx() + x - box.x0();
                    }
                }
            }
        }
        return new PointMask(box, offsets);
    }

    private static Number number(Scorecard card, String metric) {
        List<MetricValue> values =
                Objects.requireNonNull(card.segments().getFirst().metrics().get(metric));
        return Objects.requireNonNull(values.getFirst().value());
    }

    private static Scorecard score(Segmentation prediction, Segmentation reference, String protocol)
            throws InputException {
        return Scorer.standard()
                .score(
                        prediction,
                        reference,
                        ScoringOptions.defaults().withProtocols(List.of(protocol)),
                        CancelSignal.none());
    }
}
