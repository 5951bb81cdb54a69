package org.segmeter.format.archive;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.segmeter.format.ReadLimits;
import org.segmeter.volume.InputException;

/**
 * The entries of a zip file by its central directory (PKWARE APPNOTE 4.3). Only what a well-meaning tool writes is taken:
 * one disk, stored or deflated, not encrypted, no links, local headers that agree with the directory, no overlaps.
 */
final class ZipEntries {

    static final int LOCAL_HEADER = 0x04034b50;
    static final int END = 0x06054b50;
    private static final int CENTRAL_HEADER = 0x02014b50;
    private static final int END_BYTES = 22;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ZipEntries() {}

    static List<ArchiveEntry> of(MemorySegment zip, ReadLimits limits) throws InputException {
        long end = end(zip);
        int count = u16(zip, end + 10);
        long directory = u32(zip, end + 16);
        if (count > limits.archiveEntries()) {
            throw Archive.tooManyEntries(limits);
        }
        List<ArchiveEntry> entries = new ArrayList<>(count);
        long[][] spans = new long[count][];
        long at = directory;
        for (int i = 0; i < count; i++) {
            if (at > end - CENTRAL_BYTES || zip.get(INT, at) != CENTRAL_HEADER) {
                throw Archive.malformed(
                        "The directory of the zip file is damaged.", i + " of " + count + " entries", "all entries");
            }
            int nameBytes = u16(zip, at + 28);
            long next = at + CENTRAL_BYTES + nameBytes + u16(zip, at + 30) + u16(zip, at + 32);
            if (next > end) {
                throw Archive.malformed(
                        "The directory of the zip file is damaged.", "an entry that ends outside", "entries inside");
            }
            long data = data(zip, at);
            long stored = u32(zip, at + 20);
            spans[i] = new long[] {u32(zip, at + 42), data + stored};
            ArchiveEntry entry = new ArchiveEntry(
                    zip.asSlice(data, stored), u16(zip, at + 10) == 8, u32(zip, at + 24), u32(zip, at + 16));
            boolean directoryEntry = entry.size() == 0
                    && nameBytes > 0
                    && zip.get(ValueLayout.JAVA_BYTE, at + CENTRAL_BYTES + nameBytes - 1) == '/';
            if (!directoryEntry) {
                entries.add(entry);
            }
            at = next;
        }
        requireSeparate(spans, directory);
        return entries;
    }

    /** @param spans where each entry begins with its header, and where its content ends */
    private static void requireSeparate(long[][] spans, long directory) throws InputException {
        Arrays.sort(spans, Comparator.comparingLong(span -> span[0]));
        for (int i = 0; i < spans.length; i++) {
            if (spans[i][1] > (i + 1 < spans.length ? spans[i + 1][0] : directory)) {
                throw Archive.malformed(
                        "Entries of the zip file lie on top of each other.", "overlapping entries", "separate entries");
            }
        }
    }

    /** The end record: the last one, its comment reaching exactly to the end of the file. */
    private static long end(MemorySegment zip) throws InputException {
        long first = Math.max(0, zip.byteSize() - END_BYTES - 0xffff);
        for (long at = zip.byteSize() - END_BYTES; at >= first; at--) {
            if (zip.get(INT, at) == END && at + END_BYTES + u16(zip, at + 20) == zip.byteSize()) {
                if (u16(zip, at + 4) != 0 || u16(zip, at + 8) != u16(zip, at + 10)) {
                    throw Archive.malformed("The zip file is part of a split archive.", "several parts", "one file");
                }
                return at;
            }
        }
        throw Archive.malformed(
                "The zip file has no directory at its end; was it cut off? Send it again.",
                "no end record",
                "a whole zip file");
    }

    /** Where the content of an entry begins, once all that is said of it at {@code at} in the directory was found to be acceptable. */
    private static long data(MemorySegment zip, long at) throws InputException {
        int flags = u16(zip, at + 8);
        int method = u16(zip, at + 10);
        if ((flags & 0x2041) != 0) {
            throw Archive.malformed("The zip file is encrypted.", "an encrypted entry", "no encryption");
        }
        if (method != 0 && method != 8) {
            throw Archive.malformed(
                    "The zip file uses a compression method that is not supported.",
                    "method " + method,
                    "0 (stored) or 8 (deflated)");
        }
        int host = u16(zip, at + 4) >>> 8;
        int fileType = zip.get(INT, at + 38) >>> 28;
        boolean unix = host == 3 || host == 19;
        if (unix && fileType != 0 && fileType != 8 && fileType != 4) {
            throw Archive.malformed(
                    "The zip file holds a link or device.", "file type " + fileType, "regular files and directories");
        }
        long compressedSize = u32(zip, at + 20);
        long size = u32(zip, at + 24);
        long local = u32(zip, at + 42);
        if (compressedSize == 0xffffffffL || size == 0xffffffffL || local == 0xffffffffL) {
            throw Archive.malformed(
                    "The zip file has an entry of 4 GiB or more (Zip64). Send the file by itself.",
                    "a Zip64 entry",
                    "entries below 4 GiB");
        }
        if (local > zip.byteSize() - LOCAL_BYTES || zip.get(INT, local) != LOCAL_HEADER) {
            throw Archive.malformed(
                    "The directory of the zip file points to something that is no entry.",
                    "no local header",
                    "a local header");
        }
        if ((u16(zip, local + 6) & 0x2041) != 0 || u16(zip, local + 8) != method) {
            throw Archive.malformed(
                    "An entry of the zip file contradicts the directory.",
                    "another method or encryption",
                    "the same in both");
        }
        long data = local + LOCAL_BYTES + u16(zip, local + 26) + u16(zip, local + 28);
        if (data > zip.byteSize() - compressedSize) {
            throw Archive.malformed(
                    "An entry of the zip file ends outside of it.", "an entry that is cut off", "a whole entry");
        }
        if (method == 0 && compressedSize != size) {
            throw Archive.malformed(
                    "A stored entry of the zip file has two lengths.", compressedSize + " and " + size, "one length");
        }
        return data;
    }

    private static int u16(MemorySegment zip, long at) {
        return zip.get(SHORT, at) & 0xffff;
    }

    private static long u32(MemorySegment zip, long at) {
        return zip.get(INT, at) & 0xffffffffL;
    }
}
