package org.segmeter.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.format.archive.Archive;
import org.segmeter.format.archive.ArchiveEntry;
import org.segmeter.format.dicom.DicomSegmentationFormat;
import org.segmeter.format.gzip.GzipSource;
import org.segmeter.format.nifti.NiftiFormat;
import org.segmeter.volume.Delineation;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.IntensityVolume;
import org.segmeter.volume.Segmentation;

/**
 * Finds the format of an input by its content and reads it. One zip or tar may stand for the files in it: those that are of a
 * known format are read as if they had been given one by one, everything else in it is passed over.
 */
public final class SegmentationReader {

    private static final int SNIFFED = 1024;
    private static final ValueLayout.OfInt APPLE_DOUBLE_LAYOUT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final List<SegmentationFormat> formats;

    public SegmentationReader(List<SegmentationFormat> formats) {
        this.formats = List.copyOf(formats);
    }

    /** All formats that this build can read. */
    public static SegmentationReader standard() {
        return new SegmentationReader(List.of(new NiftiFormat(), new DicomSegmentationFormat()));
    }

    /** @see SegmentationFormat#inspect */
    public Inspection inspect(List<MemorySegment> parts, ReadOptions options) throws InputException {
        return unpacked(parts, options, files -> formatOf(files).inspect(files, options));
    }

    /** @see SegmentationFormat#read */
    public Segmentation read(List<MemorySegment> parts, ReadOptions options) throws InputException {
        return unpacked(parts, options, files -> formatOf(files).read(files, options));
    }

    /** @see SegmentationFormat#readDelineation */
    public Delineation readDelineation(List<MemorySegment> parts, ReadOptions options) throws InputException {
        return unpacked(parts, options, files -> formatOf(files).readDelineation(files, options));
    }

    /**
     * Maps the files into memory and inspects them; the names play no part.
     *
     * @throws IOException if a file cannot be read, or this machine has no space to unpack an archive
     */
    public Inspection inspectFiles(List<Path> files, ReadOptions options) throws InputException, IOException {
        try (MappedFiles mapped = new MappedFiles(files)) {
            return inspect(mapped.parts(), options.withBulkCopy(mapped));
        } catch (UncheckedIOException e) {
            throw e.getCause(); // an archive could not be unpacked for want of space
        }
    }

    /**
     * Maps the files into memory and reads them; the names play no part.
     *
     * @throws IOException if a file cannot be read, or this machine has no space to unpack an archive
     */
    public Segmentation readFiles(List<Path> files, ReadOptions options) throws InputException, IOException {
        try (MappedFiles mapped = new MappedFiles(files)) {
            return read(mapped.parts(), options.withBulkCopy(mapped));
        } catch (UncheckedIOException e) {
            throw e.getCause(); // an archive could not be unpacked for want of space
        }
    }

    /**
     * Maps the files into memory and reads them, voxels or contours; the names play no part.
     *
     * @throws IOException if a file cannot be read, or this machine has no space to unpack an archive
     */
    public Delineation readDelineationOfFiles(List<Path> files, ReadOptions options)
            throws InputException, IOException {
        try (MappedFiles mapped = new MappedFiles(files)) {
            return readDelineation(mapped.parts(), options.withBulkCopy(mapped));
        } catch (UncheckedIOException e) {
            throw e.getCause(); // an archive could not be unpacked for want of space
        }
    }

    /**
     * Maps the files into memory and reads them as an image; the names play no part.
     *
     * @param mostBytes of memory that its voxels may take
     * @see SegmentationFormat#readImage
     * @throws IOException if a file cannot be read, or this machine has no space to unpack an archive
     */
    public IntensityVolume readImageFiles(List<Path> files, ReadOptions options, long mostBytes)
            throws InputException, IOException {
        try (MappedFiles mapped = new MappedFiles(files)) {
            ReadOptions bulk = options.withBulkCopy(mapped);
            return unpacked(mapped.parts(), bulk, parts -> formatOf(parts).readImage(parts, bulk, mostBytes));
        } catch (UncheckedIOException e) {
            throw e.getCause(); // an archive could not be unpacked for want of space
        }
    }

    @FunctionalInterface
    private interface Use<T> {
        T of(List<MemorySegment> files) throws InputException;
    }

    private <T> T unpacked(List<MemorySegment> parts, ReadOptions options, Use<T> use) throws InputException {
        if (parts.stream().noneMatch(Archive::isArchive)) {
            return use.of(parts);
        }
        if (parts.size() > 1) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_FORMAT,
                    "An archive must be the only part of its side.",
                    parts.size() + " parts, one of them an archive",
                    "one archive, or files without an archive");
        }
        List<ArchiveEntry> wanted = wanted(Archive.entries(parts.getFirst(), options.limits()));
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> files = new ArrayList<>();
            for (ArchiveEntry entry : wanted) {
                files.add(entry.content(arena, options.cancel()));
            }
            return use.of(files);
        }
    }

    /** The entries of a known format; with the header of a NIfTI pair also those of the others that may be the image. */
    private List<ArchiveEntry> wanted(List<ArchiveEntry> entries) throws InputException {
        List<ArchiveEntry> known = new ArrayList<>();
        List<ArchiveEntry> others = new ArrayList<>();
        long imageBytes = -1;
        for (ArchiveEntry entry : entries) {
            MemorySegment prefix = entry.prefix(SNIFFED);
            if (Archive.isArchive(prefix)) {
                throw new InputException(
                        InputProblem.MALFORMED_ARCHIVE,
                        "There is an archive inside the archive. Send the files in one archive.",
                        "a nested archive",
                        "files");
            }
            if (formats.stream().anyMatch(format -> format.recognises(prefix))) {
                known.add(entry);
                if (NiftiFormat.isPairHeader(prefix)) {
                    imageBytes = Math.max(0, NiftiFormat.imageBytes(prefix));
                }
            } else if (entry.size() > 0 && !isAppleDouble(prefix)) {
                others.add(entry);
            }
        }
        if (known.isEmpty()) {
            throw new InputException(
                    InputProblem.UNRECOGNISED_FORMAT,
                    "The archive holds no NIfTI or DICOM file.",
                    entries.size() + " other files",
                    "NIfTI or DICOM Segmentation");
        }
        if (imageBytes >= 0) {
            known.addAll(images(others, imageBytes));
        }
        return known;
    }

    /** The entries that are large enough to hold so many bytes, or gzip; all if there is none. */
    private static List<ArchiveEntry> images(List<ArchiveEntry> others, long bytes) throws InputException {
        List<ArchiveEntry> large = new ArrayList<>();
        for (ArchiveEntry entry : others) {
            if (entry.size() >= bytes || GzipSource.isGzip(entry.prefix(SNIFFED))) {
                large.add(entry);
            }
        }
        return large.isEmpty() ? others : large;
    }

    /** What the macOS Finder adds to a zip for each file. */
    private static boolean isAppleDouble(MemorySegment prefix) {
        return prefix.byteSize() >= 4 && prefix.get(APPLE_DOUBLE_LAYOUT, 0) == 0x00051607;
    }

    private SegmentationFormat formatOf(List<MemorySegment> parts) throws InputException {
        if (parts.isEmpty()) {
            throw new InputException(
                    InputProblem.MISSING_PART, "No file was given.", "0 files", "a NIfTI file or DICOM instances");
        }
        for (SegmentationFormat format : formats) {
            for (MemorySegment part : parts) {
                if (format.recognises(part)) {
                    return format;
                }
            }
        }
        throw OtherFormats.refusal(parts.getFirst());
    }
}
