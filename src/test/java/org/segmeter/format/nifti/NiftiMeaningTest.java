package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.ReadOptions.Values;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Voxels;

/** What the numbers in a NIfTI file are taken to mean, and when nobody can know. */
class NiftiMeaningTest {

    private static ReadOptions declared(Values values) {
        return ReadOptions.defaults().withValues(values, OptionalDouble.empty());
    }

    private static ReadOptions threshold(double t) {
        return ReadOptions.defaults().withValues(Values.UNDECLARED, OptionalDouble.of(t));
    }

    private static Map<Integer, Long> counts(Segmentation s) {
        Map<Integer, Long> counts = new TreeMap<>();
        s.segments().forEach(v -> counts.put(v.segment().number(), ((Mask) v.voxels()).count()));
        return counts;
    }

    private static void refused(NiftiBytes file, ReadOptions options, InputProblem problem) {
        assertThatThrownBy(() -> file.read(options))
                .isInstanceOfSatisfying(
                        InputException.class,
                        e -> assertThat(e.problem()).as(e.getMessage()).isEqualTo(problem));
    }

    @ParameterizedTest
    @EnumSource(NiftiType.class)
    void everyTypeInBothByteOrdersAndVersionsHoldsTheSameLabels(NiftiType type) throws InputException {
        double[] values = new double[5 * 3 * 2];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 4 == 0 ? 100 : i % 7 == 0 ? 1 : 0;
        }
        List<Segmentation> read = new ArrayList<>();
        for (int version = 1; version <= 2; version++) {
            for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
                NiftiBytes file = NiftiBytes.of(version, order, type, 5, 3, 2).values(values);
                read.add(file.read());
                read.add(NiftiBytes.read(NiftiBytes.gzip(file.bytes()), ReadOptions.defaults()));
            }
        }
        assertThat(read).allSatisfy(s -> {
            assertThat(counts(s)).isEqualTo(Map.of(100, 8L, 1, 3L));
            assertThat(s.segments()).isEqualTo(read.getFirst().segments());
            assertThat(s.grid()).isEqualTo(read.getFirst().grid());
            assertThat(s.encoding()).isEqualTo(Encoding.LABELMAP);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "INT8,-128",
        "INT16,-32768",
        "INT32,-2147483648",
        "INT64,-5",
        "UINT16,65535",
        "UINT32,2147483647",
        "FLOAT32,-3"
    })
    void labelsMayBeNegativeAndAsLargeAsAnInt(NiftiType type, long label) throws InputException {
        assertThat(counts(
                        NiftiBytes.of(type, 2, 2, 1).values(0, label, label, 0).read()))
                .isEqualTo(Map.of((int) label, 2L));
    }

    @ParameterizedTest
    @CsvSource({
        "UINT32,4294967295",
        "INT64,2147483648",
        "INT64,-2147483649",
        "UINT64,-1",
        "FLOAT64,3e9",
        "FLOAT32,Infinity"
    })
    void valuesThatAreTooLargeForALabelAreRefused(NiftiType type, double value) {
        refused(NiftiBytes.of(type, 2, 1, 1).values(0, value), ReadOptions.defaults(), InputProblem.NOT_A_LABEL_MAP);
    }

    @ParameterizedTest
    @CsvSource({"0.1,10,1", "0.1,650000,65000", "0.001,123000,123", "0.003921569,255,1", "3,2,6"})
    void aScaledLabelIsTheWholeNumberItWasMeantToBe(double slope, int raw, int label) throws InputException {
        assertThat(counts(NiftiBytes.of(NiftiType.INT32, 3, 1, 1)
                        .scaled(slope, 0)
                        .values(0, raw, raw)
                        .read()))
                .isEqualTo(Map.of(label, 2L));
    }

    @Test
    void slopeZeroOrNotANumberMeansNoScalingAndTheInterceptCounts() throws InputException {
        for (double slope : new double[] {0, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThat(counts(NiftiBytes.of(NiftiType.UINT8, 2, 1, 1)
                            .scaled(slope, 7)
                            .values(0, 4)
                            .read()))
                    .isEqualTo(Map.of(4, 1L));
        }
        assertThat(counts(NiftiBytes.of(NiftiType.UINT8, 3, 1, 1)
                        .scaled(1, -4)
                        .values(4, 5, 0)
                        .read()))
                .isEqualTo(Map.of(1, 1L, -4, 1L));
        assertThat(counts(NiftiBytes.of(NiftiType.UINT8, 2, 1, 1)
                        .scaled(2, Double.NaN)
                        .values(0, 4)
                        .read()))
                .isEqualTo(Map.of(8, 1L));
    }

    @Test
    void aValueThatIsNoLabelIsExplainedAndUsedOnlyAsTheRequestSays() throws InputException {
        NiftiBytes file = NiftiBytes.of(NiftiType.FLOAT32, 2, 2, 1).values(0, 0.25, 0.5, 1);
        refused(file, ReadOptions.defaults(), InputProblem.NOT_A_LABEL_MAP);
        refused(file, declared(Values.LABELS), InputProblem.NOT_A_LABEL_MAP);
        assertThat(counts(file.read(threshold(0.5)))).isEqualTo(Map.of(1, 2L));
        assertThat(file.read(threshold(0.5)).encoding()).isEqualTo(Encoding.BINARY);
        Segmentation p = file.read(declared(Values.PROBABILITIES));
        assertThat(p.encoding()).isEqualTo(Encoding.PROBABILITY);
        assertThat(((ProbabilityVolume) p.segments().getFirst().voxels()).values())
                .containsExactly(0, 0.25f, 0.5f, 1);
    }

    @Test
    void labelsStayLabelsWhenAThresholdIsGiven() throws InputException {
        assertThat(counts(NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1).values(2, 3).read(threshold(0.5))))
                .isEqualTo(Map.of(2, 1L, 3, 1L));
    }

    @Test
    void probabilitiesLieBetween0And1() {
        refused(
                NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1).values(0.5, 1.01),
                declared(Values.PROBABILITIES),
                InputProblem.NOT_A_LABEL_MAP);
        refused(
                NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1).values(0.5, -0.01),
                declared(Values.PROBABILITIES),
                InputProblem.NOT_A_LABEL_MAP);
    }

    @Test
    void notANumberIsBackgroundAndIsReported() throws InputException {
        Segmentation s = NiftiBytes.of(NiftiType.FLOAT64, 2, 2, 1)
                .values(1, Double.NaN, Double.NaN, 0)
                .read();
        assertThat(counts(s)).isEqualTo(Map.of(1, 1L));
        assertThat(s.source().notices()).anyMatch(n -> n.startsWith("2 voxels are NaN"));
    }

    @Test
    void volumesOfZerosAndOnesAreOneSegmentEachAndMayOverlap() throws InputException {
        Segmentation s = NiftiBytes.of(NiftiType.UINT8, 2, 1, 1, 3)
                .values(1, 1, 0, 1, 0, 0)
                .read();
        assertThat(s.encoding()).isEqualTo(Encoding.BINARY);
        assertThat(counts(s)).isEqualTo(Map.of(1, 2L, 2, 1L, 3, 0L));
        // A vector image (5D) is the same.
        assertThat(counts(NiftiBytes.of(NiftiType.UINT8, 2, 1, 1, 1, 3)
                        .values(1, 1, 0, 1, 0, 0)
                        .read()))
                .isEqualTo(counts(s));
    }

    @Test
    void volumesOfFractionsBetween0And1AreProbabilities() throws InputException {
        Segmentation s = NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1, 2)
                .values(1, 0.25, 0, 0.75)
                .read();
        assertThat(s.encoding()).isEqualTo(Encoding.PROBABILITY);
        assertThat(((ProbabilityVolume) s.segments().get(1).voxels()).values()).containsExactly(0.75f);
        assertThat(((ProbabilityVolume) s.segments().get(1).voxels()).box().x0())
                .isEqualTo(1);
    }

    @Test
    void otherVolumesAreAmbiguous() {
        refused(
                NiftiBytes.of(NiftiType.UINT8, 2, 1, 1, 2).values(0, 1, 2, 0),
                ReadOptions.defaults(),
                InputProblem.AMBIGUOUS_DIMENSIONS);
        refused(
                NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1, 2).values(0, 0.5, 1.5, 0),
                ReadOptions.defaults(),
                InputProblem.AMBIGUOUS_DIMENSIONS);
        refused(
                NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1, 2).values(0, 0.5, 1, 0),
                declared(Values.LABELS),
                InputProblem.AMBIGUOUS_DIMENSIONS);
    }

    @Test
    void logitsBecomeProbabilitiesBySigmoidOrSoftmax() throws InputException {
        Segmentation one = NiftiBytes.of(NiftiType.FLOAT32, 3, 1, 1)
                .values(0, Math.log(3), -1000)
                .read(declared(Values.LOGITS));
        float[] p = ((ProbabilityVolume) one.segments().getFirst().voxels()).values();
        assertThat(p[0]).isEqualTo(0.5f);
        assertThat(p[1]).isCloseTo(0.75f, within(1e-6f));
        Segmentation two = NiftiBytes.of(NiftiType.FLOAT32, 2, 1, 1, 2)
                .values(0, 1000, Math.log(3), 1001)
                .read(declared(Values.LOGITS));
        float[] first = ((ProbabilityVolume) two.segments().get(0).voxels()).values();
        float[] second = ((ProbabilityVolume) two.segments().get(1).voxels()).values();
        assertThat(first[0]).isCloseTo(0.25f, within(1e-6f));
        assertThat(second[0]).isCloseTo(0.75f, within(1e-6f));
        assertThat(first[1]).isCloseTo((float) (1 / (1 + Math.E)), within(1e-6f));
    }

    @Test
    void oneAndTwoDimensionalImagesAreOneRowAndOneSlice() throws InputException {
        assertThat(NiftiBytes.of(NiftiType.UINT8, 4)
                        .values(0, 1)
                        .read()
                        .grid()
                        .box()
                        .voxelCount())
                .isEqualTo(4);
        Segmentation slice = NiftiBytes.of(NiftiType.UINT8, 4, 5)
                .with(b -> b.putFloat(280 + 32 + 8, 0))
                .values(0, 1)
                .read();
        assertThat(slice.grid().nz()).isEqualTo(1);
        assertThat(slice.grid().spacing(2)).isEqualTo(1);
    }

    @Test
    void aQuaternionThatIsTooLongByRoundingOnlyIsARotation() throws InputException {
        NiftiBytes file = NiftiBytes.of(NiftiType.UINT8, 2, 2, 2).with(b -> {
            b.putShort(254, (short) 0);
            b.putShort(252, (short) 1);
            b.putFloat(264, 1.00001f);
        });
        assertThat(file.read().grid().indexToPatient().xi()).isEqualTo(1.0);
        refused(file.with(b -> b.putFloat(264, 1.01f)), ReadOptions.defaults(), InputProblem.INVALID_GEOMETRY);
    }

    @Test
    void whatAHeaderDeclaresIsHeldAgainstTheLimitsBeforeAnythingIsRead() {
        NiftiBytes file = NiftiBytes.of(NiftiType.FLOAT64, 10, 10, 10);
        refused(
                file,
                ReadOptions.defaults().withLimits(new ReadLimits(999, 1 << 20, 100, 32, 10)),
                InputProblem.TOO_LARGE);
        refused(
                file,
                ReadOptions.defaults().withLimits(new ReadLimits(1000, 7_999, 100, 32, 10)),
                InputProblem.TOO_LARGE);
        refused(
                NiftiBytes.of(NiftiType.UINT8, 5, 1, 1).values(1, 2, 3, 4, 5),
                ReadOptions.defaults().withLimits(new ReadLimits(1000, 7_999, 4, 32, 10)),
                InputProblem.TOO_LARGE);
    }

    @Test
    void aLittleBehindTheVoxelsIsPassedOverMuchIsRefusedPlainOrInGzip() throws InputException {
        byte[] file = NiftiBytes.of(NiftiType.UINT8, 3, 3, 3).values(1).bytes();
        byte[] little = Arrays.copyOf(file, file.length + 1000);
        byte[] much = Arrays.copyOf(file, file.length + (2 << 20));
        for (byte[] f : List.of(little, NiftiBytes.gzip(little))) {
            assertThat(NiftiBytes.read(f, ReadOptions.defaults()).source().notices())
                    .anyMatch(n -> n.startsWith("1000 bytes"));
        }
        for (byte[] f : List.of(much, NiftiBytes.gzip(much))) {
            assertThatThrownBy(() -> NiftiBytes.read(f, ReadOptions.defaults()))
                    .isInstanceOfSatisfying(
                            InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.TRAILING_DATA));
        }
    }

    @Test
    void cancellingStopsTheReading() {
        ReadOptions options = ReadOptions.defaults();
        options.cancel().cancel();
        assertThatThrownBy(() -> NiftiBytes.of(NiftiType.UINT8, 3, 3, 3).read(options))
                .isInstanceOf(CancellationException.class);
    }

    @ParameterizedTest
    @CsvSource({"1,1000", "2,1", "3,0.001", "0,1"})
    void anAxisThatATwoDimensionalFileDoesNotHaveIsOneMillimetreWhateverTheUnit(int unit, double mm)
            throws InputException {
        NiftiBytes emptyColumn = NiftiBytes.of(NiftiType.UINT8, 2, 2)
                .values(0, 1, 1, 0)
                .with(b -> b.put(123, (byte) unit).putFloat(280 + 32 + 8, 0));
        NiftiBytes quaternion = NiftiBytes.of(NiftiType.UINT8, 2, 2)
                .values(0, 1, 1, 0)
                .with(b -> b.put(123, (byte) unit)
                        .putShort(252, (short) 1)
                        .putShort(254, (short) 0)
                        .putFloat(80 + 8, 0));
        NiftiBytes sizesOnly = NiftiBytes.of(NiftiType.UINT8, 2, 2)
                .values(0, 1, 1, 0)
                .with(b -> b.put(123, (byte) unit).putShort(254, (short) 0).putFloat(80 + 8, Float.NaN));
        for (NiftiBytes file : List.of(emptyColumn, quaternion, sizesOnly)) {
            assertThat(file.read().grid().spacing(0)).isCloseTo(mm, within(1e-9 * mm));
            assertThat(file.read().grid().spacing(2)).isCloseTo(1, within(1e-9));
        }
    }

    @Test
    void aHeaderOfAPairBesideAWholeFileIsNoPair() throws InputException {
        for (int version = 1; version <= 2; version++) {
            int header = version == 1 ? 348 : 540;
            int magic = version == 1 ? 344 : 4;
            byte[] whole = NiftiBytes.of(version, ByteOrder.LITTLE_ENDIAN, NiftiType.UINT8, 30, 30, 2)
                    .bytes();
            byte[] ofPair = Arrays.copyOf(whole, header);
            ofPair[magic + 1] = 'i';
            Arrays.fill(ofPair, version == 1 ? 108 : 168, version == 1 ? 112 : 176, (byte) 0);
            byte[] voxels = new byte[30 * 30 * 2];
            voxels[7] = 3;
            assertThat(counts(SegmentationReader.standard()
                            .read(
                                    List.of(MemorySegment.ofArray(voxels), MemorySegment.ofArray(ofPair)),
                                    ReadOptions.defaults())))
                    .isEqualTo(Map.of(3, 1L));
            for (byte[] file : List.of(whole, NiftiBytes.gzip(whole))) {
                assertThatThrownBy(() -> SegmentationReader.standard()
                                .read(
                                        List.of(MemorySegment.ofArray(ofPair), MemorySegment.ofArray(file)),
                                        ReadOptions.defaults()))
                        .isInstanceOfSatisfying(
                                InputException.class,
                                e -> assertThat(e.problem()).isEqualTo(InputProblem.UNSUPPORTED_FORMAT));
            }
        }
    }

    /** Many decimal fractions lie below themselves in 32 bits. */
    @ParameterizedTest
    @CsvSource({"0.1", "0.3", "0.5", "0.6", "0.7", "0.9"})
    void aValueThatIsTheThresholdBelongsToTheSegmentHoweverItIsStored(double threshold) throws InputException {
        double above = threshold + 0.01;
        double below = threshold - 0.01;
        for (NiftiType type : List.of(NiftiType.FLOAT32, NiftiType.FLOAT64)) {
            NiftiBytes file = NiftiBytes.of(type, 3, 1, 1).values(below, threshold, above);
            assertThat(counts(file.read(threshold(threshold)))).isEqualTo(Map.of(1, 2L));
            Voxels soft = file.read(declared(Values.PROBABILITIES))
                    .segments()
                    .getFirst()
                    .voxels();
            assertThat(((ProbabilityVolume) soft).atLeast(threshold).count()).isEqualTo(2);
        }
    }
}
