package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/** Files with a bit for each voxel say the same as files with a byte, and are refused where the order of the bits is in doubt. */
class PackedBitsTest {

    private static final int[][] SHAPES = {
        {8, 3, 2}, {16, 1, 1}, {5, 3, 1}, {4, 2, 7}, {3, 3, 100}, {64, 64, 30}, {8, 2, 3, 1, 2}
    };

    /** Voxels of 0 and 1 as bytes. */
    private static NiftiBytes bytes(int version, ByteOrder order, int[] shape) {
        Random random = new Random(Arrays.hashCode(shape));
        double[] values = new double[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        Arrays.setAll(values, i -> random.nextInt(3) == 0 ? 1 : 0);
        return NiftiBytes.of(version, order, NiftiType.UINT8, shape).values(values);
    }

    /** The same as bits, the first voxel most significant. */
    private static byte[] packed(byte[] file, int version, int bitpix) {
        int header = version == 1 ? 352 : 544;
        int voxels = file.length - header;
        byte[] packed = Arrays.copyOf(file, header + (voxels + 7) / 8);
        Arrays.fill(packed, header, packed.length, (byte) 0);
        for (int i = 0; i < voxels; i++) {
            packed[header + i / 8] |= (byte) (file[header + i] << 7 - i % 8);
        }
        int at = version == 1 ? 70 : 12;
        boolean bigEndian = file[0] == 0;
        packed[at + (bigEndian ? 1 : 0)] = 1;
        packed[at + 2 + (bigEndian ? 1 : 0)] = (byte) bitpix;
        return packed;
    }

    private static InputProblem refusal(byte[] file) {
        return assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> NiftiBytes.read(file, ReadOptions.defaults()))
                .actual()
                .problem();
    }

    @Test
    void bitsAreReadLikeBytes() throws Exception {
        for (int[] shape : SHAPES) {
            for (int version = 1; version <= 2; version++) {
                for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
                    byte[] file = bytes(version, order, shape).bytes();
                    byte[] packed = packed(file, version, 1);
                    Segmentation expected = NiftiBytes.read(file, ReadOptions.defaults());
                    assertThat(expected.segments()).isNotEmpty();
                    for (byte[] form : new byte[][] {packed, NiftiBytes.gzip(packed)}) {
                        Segmentation read = NiftiBytes.read(form, ReadOptions.defaults());
                        assertThat(read.segments()).isEqualTo(expected.segments());
                        assertThat(read.grid()).isEqualTo(expected.grid());
                    }
                }
            }
        }
    }

    @Test
    void anotherLengthIsRefused() {
        byte[] packed = packed(bytes(1, ByteOrder.LITTLE_ENDIAN, SHAPES[0]).bytes(), 1, 1);
        byte[] longer = Arrays.copyOf(packed, packed.length + 1);
        byte[] shorter = Arrays.copyOf(packed, packed.length - 1);
        assertThat(refusal(longer)).isEqualTo(InputProblem.TRAILING_DATA);
        assertThat(refusal(NiftiBytes.gzip(longer))).isEqualTo(InputProblem.TRAILING_DATA);
        assertThat(refusal(shorter)).isEqualTo(InputProblem.TRUNCATED);
        assertThat(refusal(NiftiBytes.gzip(shorter))).isEqualTo(InputProblem.TRUNCATED);
    }

    @Test
    void anOrderThatIsInDoubtIsRefused() {
        byte[] eitherLayout =
                packed(bytes(1, ByteOrder.LITTLE_ENDIAN, new int[] {5, 3, 2}).bytes(), 1, 1);
        assertThat(refusal(eitherLayout)).isEqualTo(InputProblem.UNSUPPORTED_DATATYPE);
        byte[] otherSize = packed(bytes(1, ByteOrder.LITTLE_ENDIAN, SHAPES[0]).bytes(), 1, 8);
        assertThat(refusal(otherSize)).isEqualTo(InputProblem.UNSUPPORTED_DATATYPE);
    }
}
