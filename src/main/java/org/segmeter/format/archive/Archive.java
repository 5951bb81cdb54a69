package org.segmeter.format.archive;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.segmeter.format.ReadLimits;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** Recognises and opens archives. */
public final class Archive {

    private Archive() {}

    /** True for zip and for tar. */
    public static boolean isArchive(MemorySegment content) {
        return isZip(content) || TarEntries.recognises(content);
    }

    private static boolean isZip(MemorySegment content) {
        if (content.byteSize() < 4) {
            return false;
        }
        int signature = content.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
        return signature == ZipEntries.LOCAL_HEADER || signature == ZipEntries.END;
    }

    /**
     * The files in an archive, in its order; directories are passed over.
     *
     * @throws InputException if it is damaged, encrypted, has links, or more files or bytes than the limits allow
     */
    public static List<ArchiveEntry> entries(MemorySegment content, ReadLimits limits) throws InputException {
        List<ArchiveEntry> entries = isZip(content) ? ZipEntries.of(content, limits) : TarEntries.of(content, limits);
        long total = 0;
        for (ArchiveEntry entry : entries) {
            total += entry.size();
            if (entry.size() < 0 || total < 0 || total > limits.voxelBytes()) {
                throw new InputException(
                        InputProblem.TOO_LARGE,
                        "The files in the archive are larger together than this installation accepts.",
                        "more than " + limits.voxelBytes() + " bytes",
                        "at most " + limits.voxelBytes() + " bytes");
            }
        }
        return entries;
    }

    static InputException malformed(String message, String found, String expected) {
        return new InputException(InputProblem.MALFORMED_ARCHIVE, message, found, expected);
    }

    static InputException tooManyEntries(ReadLimits limits) {
        return new InputException(
                InputProblem.TOO_LARGE,
                "The archive has too many entries.",
                "more than " + limits.archiveEntries() + " entries",
                "at most " + limits.archiveEntries());
    }
}
