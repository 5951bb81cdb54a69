package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.ReadOptions.Values;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;

/** What must hold for any bytes whatever, good or bad; shared by the fuzz targets and the mutation tests. */
final class ReaderOracles {

    /** Small enough for a fuzzer, large enough for its seeds. */
    static final ReadLimits LIMITS = new ReadLimits(1 << 20, 8L << 20, 1_000, 32, 100);

    private static final SegmentationReader READER = SegmentationReader.standard();
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private ReaderOracles() {}

    static ReadOptions options(Values values) {
        return ReadOptions.defaults().withLimits(LIMITS).withValues(values, OptionalDouble.empty());
    }

    /** The segmentation, or null if it was refused; anything but an InputException escapes. */
    static @Nullable Segmentation read(byte[] file, Values values) {
        try {
            return READER.read(List.of(MemorySegment.ofArray(file)), options(values));
        } catch (InputException e) {
            assertThat(e.getMessage()).isNotBlank();
            return null;
        }
    }

    /** Determinism, a bound for the memory, and the round trip through the writer. */
    static void check(byte[] file, Values values) {
        // The first reading may load classes, which a fuzzer instruments on this thread; the second one is measured.
        Segmentation first = read(file, values);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Segmentation second = read(file, values);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        // 64 bytes for each voxel that the limits allow: runs, masks, floats; all of it bounded by what the file really
        // holds.
        assertThat(allocated).isLessThan((16L << 20) + 64L * Math.min(LIMITS.voxels(), 1_032L * file.length));
        assertThat(second == null).isEqualTo(first == null);
        if (first == null || second == null) {
            return;
        }
        assertThat(second.grid()).isEqualTo(first.grid());
        assertThat(second.source()).isEqualTo(first.source());
        if (first.encoding() == Encoding.LABELMAP) {
            assertThat(second.segments()).isEqualTo(first.segments());
            roundTrip(first);
        }
    }

    private static void roundTrip(Segmentation s) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            NiftiWriter.write(s, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // A geometry that float32 cannot hold (1e200 mm) may be refused when it comes back; the voxels may not change.
        Segmentation back = read(out.toByteArray(), Values.LABELS);
        if (back != null) {
            assertThat(back.segments().size()).isEqualTo(s.segments().size());
            for (int i = 0; i < s.segments().size(); i++) {
                assertThat(back.segments().get(i).segment())
                        .isEqualTo(s.segments().get(i).segment());
                assertThat(((Mask) back.segments().get(i).voxels()).toBitMask())
                        .isEqualTo(((Mask) s.segments().get(i).voxels()).toBitMask());
            }
        }
    }

    /** Two files that must give the same answer, for example plain and in gzip. */
    static void sameAnswer(byte[] a, byte[] b, Values values) {
        Segmentation first = read(a, values);
        Segmentation second = read(b, values);
        assertThat(second == null).isEqualTo(first == null);
        if (first != null && second != null) {
            assertThat(second.grid()).isEqualTo(first.grid());
            assertThat(second.encoding()).isEqualTo(first.encoding());
            if (first.encoding() != Encoding.PROBABILITY) {
                assertThat(second.segments()).isEqualTo(first.segments());
            }
        }
    }
}
