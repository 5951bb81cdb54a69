package org.segmeter.evaluation;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** What a file seems to be by its first bytes, for the labels of metrics; whether it can be read is for the readers to say. */
public enum FileKind {
    NIFTI,
    DICOM,
    ARCHIVE,
    OTHER;

    /** As many bytes as tell. */
    private static final int HEAD = 512;

    /** Length of the bytes before the letters DICM. */
    private static final int PREAMBLE = 128;

    private static final int GZIP_HEADER = 10;

    /** The label {@code format}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** A stream whose first bytes are looked at as they pass. */
    public static final class Seen extends FilterInputStream {
        private final byte[] head = new byte[HEAD];
        private int length;

        public Seen(InputStream source) {
            super(source);
        }

        @Override
        public int read() throws IOException {
            int one = super.read();
            if (one >= 0 && length < HEAD) {
                head[length++] = (byte) one;
            }
            return one;
        }

        @Override
        public int read(byte[] into, int offset, int count) throws IOException {
            int n = super.read(into, offset, count);
            if (n > 0 && length < HEAD) {
                int more = Math.min(n, HEAD - length);
                System.arraycopy(into, offset, head, length, more);
                length += more;
            }
            return n;
        }

        /** What it seems to be. */
        public FileKind kind() {
            return of(Arrays.copyOf(head, length));
        }

        /** What stands in the 128 bytes before a DICOM file, which may be a program of its own: mz, elf, pdf, tiff, script, other. */
        public java.util.Optional<String> preamble() {
            return FileKind.preamble(Arrays.copyOf(head, length));
        }
    }

    /** What a file with these first bytes seems to be. */
    public static FileKind of(byte[] head) {
        if (text(head, PREAMBLE, "DICM")) {
            return DICOM;
        }
        if (isNifti(head)) {
            return NIFTI;
        }
        if (text(head, 0, "PK") || text(head, 257, "ustar")) {
            return ARCHIVE;
        }
        if (head.length > GZIP_HEADER && (head[0] & 0xFF) == 0x1F && (head[1] & 0xFF) == 0x8B) {
            return ofGzip(head);
        }
        return OTHER;
    }

    /** Empty if there is none, or nothing but zeros in it. */
    static java.util.Optional<String> preamble(byte[] head) {
        if (!text(head, PREAMBLE, "DICM")) {
            return java.util.Optional.empty();
        }
        boolean zero = true;
        for (int i = 0; i < PREAMBLE; i++) {
            zero &= head[i] == 0;
        }
        if (zero) {
            return java.util.Optional.empty();
        }
        String kind = text(head, 0, "MZ")
                ? "mz"
                : text(head, 1, "ELF")
                        ? "elf"
                        : text(head, 0, "%PDF")
                                ? "pdf"
                                : text(head, 0, "II*") || text(head, 0, "MM")
                                        ? "tiff"
                                        : text(head, 0, "#!") ? "script" : "other";
        return java.util.Optional.of(kind);
    }

    private static boolean isNifti(byte[] head) {
        if (head.length < 4) {
            return false;
        }
        ByteBuffer bytes = ByteBuffer.wrap(head);
        int little = bytes.order(ByteOrder.LITTLE_ENDIAN).getInt(0);
        int big = bytes.order(ByteOrder.BIG_ENDIAN).getInt(0);
        return little == 348 || big == 348 || little == 540 || big == 540;
    }

    /** A NIfTI file or an archive, by what the first bytes are once they are inflated. */
    private static FileKind ofGzip(byte[] head) {
        int at = GZIP_HEADER;
        int flags = head[3];
        if ((flags & 4) != 0 && head.length > at + 2) { // a field of its length
            at += 2 + (head[at] & 0xFF) + 256 * (head[at + 1] & 0xFF);
        }
        for (int text : new int[] {8, 16}) { // a name and a comment, each to a zero
            if ((flags & text) != 0) {
                while (at < head.length && head[at] != 0) {
                    at++;
                }
                at++;
            }
        }
        at += (flags & 2) != 0 ? 2 : 0;
        if (at >= head.length) {
            return OTHER;
        }
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(head, at, head.length - at);
            byte[] first = new byte[HEAD];
            int n = inflater.inflate(first);
            byte[] inflated = Arrays.copyOf(first, n);
            return isNifti(inflated) ? NIFTI : text(inflated, 257, "ustar") ? ARCHIVE : OTHER;
        } catch (DataFormatException e) {
            return OTHER;
        } finally {
            inflater.end();
        }
    }

    private static boolean text(byte[] head, int at, String text) {
        byte[] letters = text.getBytes(StandardCharsets.US_ASCII);
        return head.length >= at + letters.length
                && Arrays.equals(head, at, at + letters.length, letters, 0, letters.length);
    }
}
