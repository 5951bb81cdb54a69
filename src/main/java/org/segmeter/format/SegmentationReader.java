package org.segmeter.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.format.dicom.DicomSegmentationFormat;
import org.segmeter.format.nifti.NiftiFormat;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segmentation;

/** Finds the format of an input by its content and reads it. */
public final class SegmentationReader {

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
        return formatOf(parts).inspect(parts, options);
    }

    /** @see SegmentationFormat#read */
    public Segmentation read(List<MemorySegment> parts, ReadOptions options) throws InputException {
        return formatOf(parts).read(parts, options);
    }

    /** Maps the files into memory and inspects them; the names play no part. */
    public Inspection inspectFiles(List<Path> files, ReadOptions options) throws InputException, IOException {
        try (Arena arena = Arena.ofShared()) {
            return inspect(map(files, arena), options);
        }
    }

    /** Maps the files into memory and reads them; the names play no part. */
    public Segmentation readFiles(List<Path> files, ReadOptions options) throws InputException, IOException {
        try (Arena arena = Arena.ofShared()) {
            return read(map(files, arena), options);
        }
    }

    private static List<MemorySegment> map(List<Path> files, Arena arena) throws IOException {
        List<MemorySegment> parts = new ArrayList<>(files.size());
        for (Path file : files) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                parts.add(
                        channel.size() == 0
                                ? MemorySegment.ofArray(new byte[0])
                                : channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
            }
        }
        return parts;
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
