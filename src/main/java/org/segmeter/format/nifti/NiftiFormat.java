package org.segmeter.format.nifti;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.Inspection;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationFormat;
import org.segmeter.format.gzip.ByteSource;
import org.segmeter.format.gzip.GzipSource;
import org.segmeter.format.gzip.PlainSource;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.IntensityVolume;
import org.segmeter.volume.LabelMasks;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Segmentation.Source;

/**
 * NIfTI-1 and NIfTI-2, plain or gzip, as one file or as header and image in any order, each of them plain or gzip.
 *
 * <p>A file with one volume is a label map: every value but 0 is a segment with that number. Values that are no whole numbers are refused
 * unless {@link ReadOptions} says what they mean. Of a file with several volumes (dimensions 4 to 7) every volume is a segment
 * whose number is its place, counted from 1: as masks where all values are 0 and 1, as probabilities where all are in [0, 1] or
 * declared so, by softmax where they are declared logits; anything else is refused as ambiguous. NaN is background.
 *
 * @see <a href="https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h">nifti1.h</a>
 */
public final class NiftiFormat implements SegmentationFormat {

    /** Bytes after the last voxel that are passed over with a notice: padding, not a second image. */
    static final long TRAILING_BYTES = 1 << 20;

    private static final int PREFIX = NiftiHeader.BYTES_2;

    @Override
    public boolean recognises(MemorySegment content) {
        return NiftiHeader.version(prefix(content)) != 0;
    }

    /** True if this is the header file of a pair, whose voxels are in another file. */
    public static boolean isPairHeader(MemorySegment content) {
        return NiftiHeader.isPairHeader(prefix(content));
    }

    /**
     * Bytes that the image file of a pair has at least, uncompressed.
     *
     * @param header the beginning of the header file
     */
    public static long imageBytes(MemorySegment header) throws InputException {
        NiftiHeader parsed = NiftiHeader.parse(prefix(header));
        return parsed.offset() + parsed.storedBytes();
    }

    private static byte[] prefix(MemorySegment content) {
        return GzipSource.isGzip(content)
                ? GzipSource.prefix(content, PREFIX)
                : content.asSlice(0, Math.min(PREFIX, content.byteSize())).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public Inspection inspect(List<MemorySegment> parts, ReadOptions options) throws InputException {
        Files files = Files.of(parts);
        NiftiHeader header = NiftiHeader.parse(prefix(files.header));
        admit(header, options.limits());
        return new Inspection(
                header.format(),
                header.voxels(),
                header.voxelBytes(),
                header.components() == 1 ? 0 : header.components());
    }

    @Override
    public Segmentation read(List<MemorySegment> parts, ReadOptions options) throws InputException {
        Files files = Files.of(parts);
        MemorySegment image = files.image;
        if (image == null) {
            return reread(files.header, options, source -> header(source, options));
        }
        NiftiHeader header = open(files.header, options, source -> {
            NiftiHeader parsed = header(source, options);
            Extensions.check(source, parsed, Long.MAX_VALUE);
            return parsed;
        });
        return reread(image, options, source -> header);
    }

    @Override
    public IntensityVolume readImage(List<MemorySegment> parts, ReadOptions options, long mostBytes)
            throws InputException {
        Files files = Files.of(parts);
        MemorySegment image = files.image == null ? files.header : files.image;
        NiftiHeader header = open(files.header, options, source -> header(source, options));
        if (header.components() != 1) {
            throw new InputException(
                    InputProblem.AMBIGUOUS_DIMENSIONS,
                    "The image has several volumes; send the one that is to be seen.",
                    header.components() + " volumes",
                    "one volume");
        }
        if (2 * header.voxels() > mostBytes || header.voxels() > Integer.MAX_VALUE - 8) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The image has more voxels than this installation has memory to show.",
                    header.voxels() + " voxels",
                    "at most " + Math.min(mostBytes / 2, Integer.MAX_VALUE - 8) + " voxels");
        }
        Grid grid = new Grid(
                header.nx(), header.ny(), header.nz(), header.geometry().toLps(header.axes(), new ArrayList<>()));
        NiftiIntensities intensities = new NiftiIntensities(header, options);
        if (intensities.exact()) {
            return open(image, options, source -> intensities.read(voxels(source, header), grid));
        }
        double[] range = open(image, options, source -> intensities.range(voxels(source, header)));
        return open(image, options, source -> intensities.read(voxels(source, header), grid, range));
    }

    /** A source from its beginning to the first voxel of an image. */
    private static ByteSource voxels(ByteSource source, NiftiHeader header) throws InputException {
        if (header.offset() > source.atMost() - header.storedBytes()) {
            throw shorter(source, header);
        }
        Extensions.skip(source, header.offset());
        return header.packed() ? new PackedBits(source) : source;
    }

    private static InputException shorter(ByteSource source, NiftiHeader header) {
        return new InputException(
                InputProblem.TRUNCATED,
                "The NIfTI file is shorter than its header says.",
                "at most " + source.atMost() + " bytes",
                header.offset() + " + " + header.storedBytes() + " bytes");
    }

    /** How the header is had before the voxels. */
    @FunctionalInterface
    private interface HeaderOf {
        NiftiHeader from(ByteSource source) throws InputException;
    }

    /** Reads the voxels, a second time if they turn out to mean something else than was assumed. */
    private static Segmentation reread(MemorySegment file, ReadOptions options, HeaderOf headerOf)
            throws InputException {
        NiftiVoxels.@Nullable Meaning[] meaning = {null};
        while (true) {
            try {
                return open(file, options, source -> {
                    NiftiHeader header = headerOf.from(source);
                    NiftiVoxels.Meaning assumed =
                            meaning[0] == null ? NiftiVoxels.firstGuess(header, options) : meaning[0];
                    return segmentation(source, header, options, assumed);
                });
            } catch (NiftiVoxels.AnotherMeaning e) {
                meaning[0] = e.meaning;
            }
        }
    }

    private static <T> T open(MemorySegment file, ReadOptions options, GzipSource.Reading<T> reading)
            throws InputException {
        return GzipSource.isGzip(file)
                ? GzipSource.read(file, reading)
                : reading.from(new PlainSource(file, options.bulk()));
    }

    private static NiftiHeader header(ByteSource source, ReadOptions options) throws InputException {
        byte[] start = new byte[PREFIX];
        int read = source.read(start, 0, 4);
        int version = NiftiHeader.version(Arrays.copyOf(start, read));
        int size = version == 2 ? NiftiHeader.BYTES_2 : NiftiHeader.BYTES_1;
        read += source.read(start, read, size - read);
        NiftiHeader header = NiftiHeader.parse(Arrays.copyOf(start, read));
        admit(header, options.limits());
        return header;
    }

    private static void admit(NiftiHeader header, ReadLimits limits) throws InputException {
        if (header.voxels() > limits.voxels()
                || header.voxelBytes() > limits.voxelBytes()
                || !LabelMasks.fits(header.nx(), header.ny(), header.nz())) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The NIfTI header declares more voxels than this installation accepts.",
                    header.voxels() + " voxels, " + header.voxelBytes() + " bytes",
                    "at most " + limits.voxels() + " voxels and " + limits.voxelBytes() + " bytes");
        }
    }

    private static Segmentation segmentation(
            ByteSource source, NiftiHeader header, ReadOptions options, NiftiVoxels.Meaning meaning)
            throws InputException {
        List<String> notices = new ArrayList<>(header.notices());
        Grid grid = new Grid(
                header.nx(), header.ny(), header.nz(), header.geometry().toLps(header.axes(), notices));
        if (header.offset() > source.atMost() - header.storedBytes()) {
            throw shorter(source, header);
        }
        if (header.single()) {
            Extensions.check(source, header, header.offset() - header.headerBytes());
        } else {
            Extensions.skip(source, header.offset());
        }
        NiftiVoxels voxels = new NiftiVoxels(header, options, header.packed() ? new PackedBits(source) : source);
        List<SegmentVoxels> segments = voxels.read(meaning);
        passOverTheRest(source, header, notices);
        if (voxels.nanVoxels() > 0) {
            notices.add(voxels.nanVoxels() + " voxels are NaN and were taken as background.");
        }
        return new Segmentation(grid, meaning.encoding(), segments, new Source(header.format(), null, true, notices));
    }

    /** Reads to the end, so that a checksum is compared, and refuses what is more than padding. */
    private static void passOverTheRest(ByteSource source, NiftiHeader header, List<String> notices)
            throws InputException {
        byte[] rest = new byte[1 << 13];
        long n = 0;
        for (int more = source.read(rest, 0, 1); more > 0; more = source.read(rest, 0, rest.length)) {
            n += more;
            if (n > TRAILING_BYTES || header.exactLength()) {
                throw new InputException(
                        InputProblem.TRAILING_DATA,
                        header.packed()
                                ? "The voxels are declared as single bits, but the file holds more bytes than these"
                                        + " take."
                                : header.exactLength()
                                        ? "The NIfTI header contradicts itself (bitpix), and there are more bytes than"
                                                + " voxels."
                                        : "The NIfTI file goes on long after its last voxel.",
                        "more than " + (header.exactLength() ? 0 : TRAILING_BYTES) + " bytes after the voxels",
                        header.storedBytes() + " voxel bytes");
            }
        }
        if (n > 0) {
            notices.add(n + " bytes after the last voxel were not read.");
        }
        if (!source.notice().isEmpty()) {
            notices.add(source.notice());
        }
    }

    /** Which part is what. */
    private record Files(MemorySegment header, @Nullable MemorySegment image) {

        static Files of(List<MemorySegment> parts) throws InputException {
            if (parts.size() == 1) {
                MemorySegment only = parts.getFirst();
                if (NiftiHeader.isPairHeader(prefix(only))) {
                    throw new InputException(
                            InputProblem.MISSING_PART,
                            "This is the header file (.hdr) of a pair; its image file (.img) is missing. Send both.",
                            "a header without an image",
                            "two files, .hdr and .img");
                }
                return new Files(only, null);
            }
            if (parts.size() == 2) {
                boolean first = NiftiHeader.isPairHeader(prefix(parts.get(0)));
                boolean second = NiftiHeader.isPairHeader(prefix(parts.get(1)));
                // Some raw voxels may look like anything, but not like a whole header with its magic.
                boolean complete = NiftiHeader.isSingle(prefix(parts.get(first ? 1 : 0)));
                if (first != second && !complete) {
                    return first ? new Files(parts.get(0), parts.get(1)) : new Files(parts.get(1), parts.get(0));
                }
            }
            throw new InputException(
                    InputProblem.UNSUPPORTED_FORMAT,
                    "One side of an evaluation is one NIfTI file or one pair of .hdr and .img.",
                    parts.size() + " files",
                    "one file or one pair");
        }
    }
}
