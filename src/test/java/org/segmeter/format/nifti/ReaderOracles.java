package org.segmeter.format.nifti;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.CampaignShare;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.ReadOptions.Values;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/** What must hold for any bytes whatever, good or bad; shared by the fuzz targets and the mutation tests. */
final class ReaderOracles {

    /** Small enough for a fuzzer, large enough for its seeds. */
    static final ReadLimits LIMITS = new ReadLimits(1 << 16, 1L << 20, 200, 32, 100);

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
            String message = e.getMessage();
            check(message != null && !message.isBlank(), "a refusal without a reason");
            return null;
        }
    }

    /** Determinism, a bound for the memory, and the round trip through the writer; in a campaign, of a share of the files each. */
    static void check(byte[] file, Values values) {
        // The first reading may load classes, which a fuzzer instruments on this thread; the second one is measured.
        Segmentation first = read(file, values);
        if (CampaignShare.takes(file, 4, 0)) {
            readAgain(first, file, values);
        }
        if (first != null && first.encoding() == Encoding.LABELMAP && CampaignShare.takes(file, 4, 1)) {
            roundTrip(first);
        }
    }

    private static void readAgain(@Nullable Segmentation first, byte[] file, Values values) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Segmentation second = read(file, values);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        // 64 bytes for each voxel that the limits allow: runs, masks, floats; all of it bounded by what the file really
        // holds.
        check(
                allocated < (16L << 20) + 64L * Math.min(LIMITS.voxels(), 1_032L * file.length),
                allocated + " bytes were allocated");
        sameAnswer(first, second);
        if (first != null && second != null) {
            check(second.source().equals(first.source()), "read again, another source");
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
            check(back.segments().size() == s.segments().size(), "written and read, another number of segments");
            for (int i = 0; i < s.segments().size(); i++) {
                SegmentVoxels written = s.segments().get(i);
                SegmentVoxels read = back.segments().get(i);
                check(read.segment().equals(written.segment()), "written and read, another segment");
                check(
                        ((Mask) read.voxels()).toBitMask().equals(((Mask) written.voxels()).toBitMask()),
                        "written and read, other voxels");
            }
        }
    }

    /** Two files that must give the same answer, for example plain and in gzip. */
    static void sameAnswer(byte[] a, byte[] b, Values values) {
        sameAnswer(read(a, values), read(b, values));
    }

    private static void sameAnswer(@Nullable Segmentation first, @Nullable Segmentation second) {
        check((second == null) == (first == null), "one was read, the other refused");
        if (first != null && second != null) {
            check(second.grid().equals(first.grid()), "another grid");
            check(second.encoding() == first.encoding(), "another encoding");
            if (first.encoding() != Encoding.PROBABILITY) {
                check(second.segments().equals(first.segments()), "other segments");
            }
        }
    }

    /** Plain instead of fluent, because a campaign comes here a thousand times a second. */
    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
