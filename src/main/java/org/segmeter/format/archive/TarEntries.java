package org.segmeter.format.archive;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.format.ReadLimits;
import org.segmeter.volume.InputException;

/** The entries of a tar file (POSIX ustar and pax, GNU long names), uncompressed. */
final class TarEntries {

    private static final int BLOCK = 512;

    private TarEntries() {}

    static boolean recognises(MemorySegment content) {
        return content.byteSize() >= BLOCK && text(content, 257, 5).equals("ustar") && checksumFits(content, 0);
    }

    static List<ArchiveEntry> of(MemorySegment tar, ReadLimits limits) throws InputException {
        List<ArchiveEntry> entries = new ArrayList<>();
        long at = 0;
        int count = 0;
        while (at <= tar.byteSize() - BLOCK && !isZero(tar, at)) {
            if (++count > limits.archiveEntries()) {
                throw Archive.tooManyEntries(limits);
            }
            if (!checksumFits(tar, at)) {
                throw Archive.malformed("A header of the tar file is damaged.", "a wrong checksum", "a whole tar file");
            }
            long size = size(tar, at);
            if (size > tar.byteSize() - at - BLOCK) {
                throw Archive.malformed(
                        "The tar file ends inside an entry. Send it again.",
                        (tar.byteSize() - at - BLOCK) + " bytes left",
                        size + " bytes");
            }
            MemorySegment data = tar.asSlice(at + BLOCK, size);
            char type = (char) tar.get(ValueLayout.JAVA_BYTE, at + 156);
            switch (type) {
                case '0', '\0', '7' -> entries.add(new ArchiveEntry(data, false, size, -1));
                case '5', 'L', 'K' -> {
                    // A directory, or the long name of the next entry: names do not matter here.
                }
                case 'x', 'g' -> refuseNewSize(data);
                default ->
                    throw Archive.malformed(
                            "The tar file holds a link, device or sparse file.",
                            "entry type " + (int) type,
                            "regular files and directories");
            }
            at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
        }
        if (at > tar.byteSize() - BLOCK) {
            throw Archive.malformed(
                    "The tar file has no end; was it cut off? Send it again.", "no end block", "a whole tar file");
        }
        return entries;
    }

    /** A pax header may replace the size of the next entry, which only files of 8 GiB and more need. */
    private static void refuseNewSize(MemorySegment pax) throws InputException {
        String text = text(pax, 0, (int) Math.min(pax.byteSize(), 1 << 16));
        if (pax.byteSize() > 1 << 16 || text.contains(" size=") || text.contains(" GNU.sparse")) {
            throw Archive.malformed(
                    "The tar file uses extended sizes or sparse files.", "a pax header with a size", "plain entries");
        }
    }

    private static long size(MemorySegment tar, long at) throws InputException {
        byte first = tar.get(ValueLayout.JAVA_BYTE, at + 124);
        if (first < 0) {
            long size = first & 0x7f;
            for (int i = 1; i < 12; i++) {
                if (size >>> 50 != 0) {
                    throw badSize();
                }
                size = size << 8 | tar.get(ValueLayout.JAVA_BYTE, at + 124 + i) & 0xff;
            }
            return size;
        }
        return octal(tar, at + 124, 12);
    }

    private static long octal(MemorySegment tar, long at, int length) throws InputException {
        String digits = text(tar, at, length).replace('\0', ' ').strip();
        long n = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '7') {
                throw badSize();
            }
            n = n << 3 | c - '0';
        }
        return n;
    }

    private static InputException badSize() {
        return Archive.malformed("A header of the tar file is damaged.", "a size that is no number", "octal digits");
    }

    private static boolean checksumFits(MemorySegment tar, long at) {
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : tar.get(ValueLayout.JAVA_BYTE, at + i) & 0xff;
        }
        try {
            return octal(tar, at + 148, 8) == sum;
        } catch (InputException e) {
            return false;
        }
    }

    private static boolean isZero(MemorySegment tar, long at) {
        for (int i = 0; i < BLOCK; i++) {
            if (tar.get(ValueLayout.JAVA_BYTE, at + i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static String text(MemorySegment content, long at, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(content, ValueLayout.JAVA_BYTE, at, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
