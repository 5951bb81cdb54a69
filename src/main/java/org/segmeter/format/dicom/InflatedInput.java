package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * A deflated data set (PS3.5 A.5), inflated as it is read. Only what is kept takes memory, and it grows with what has been
 * inflated, never with what a length claims; what is skipped is bounded too, so that a bomb costs neither memory nor time.
 */
final class InflatedInput implements DicomInput, AutoCloseable {

    /** Everything but the pixel data: a thousand functional groups deflate to a few kilobytes, so no ratio is a bound. */
    static final long MAXIMUM_KEPT_HEADER = 64L << 20;

    /** Private elements, references and the like; no real object comes near. */
    static final long MAXIMUM_SKIPPED = 64L << 20;

    private static final int MAXIMUM_ARRAY = Integer.MAX_VALUE - 64;
    private static final int CHUNK = 1 << 16;

    /** CRC-32 and length of what was inflated, as at the end of a gzip member (RFC 1952). */
    private static final int TRAILER = 8;

    private static final ValueLayout.OfInt LITTLE_ENDIAN_INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment deflated;
    private final CancelSignal cancel;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();
    private final byte[] in = new byte[1 << 13];
    private final byte[] window = new byte[CHUNK];
    private long nextIn;
    private int from;
    private int to;
    private boolean finished;
    private long inflated;
    private long position;
    private long skipped;
    private long keepBudget = MAXIMUM_KEPT_HEADER;
    private byte[] kept = new byte[1 << 12];
    private int keptCount;

    InflatedInput(MemorySegment part, long start, CancelSignal cancel) {
        this.deflated = part;
        this.nextIn = start;
        this.cancel = cancel;
    }

    /** Allows so many bytes of pixel data, which have been checked against rows, columns and frames, beyond the header's budget. */
    void allow(long bytes) throws InputException {
        if (bytes > MAXIMUM_ARRAY - keptCount) {
            throw Refusal.tooLarge(
                    "Pixel data inside a deflated data set is limited to 2 GiB; send it in another transfer syntax.",
                    bytes + " bytes",
                    "at most " + MAXIMUM_ARRAY + " bytes");
        }
        keepBudget = keptCount + bytes;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public boolean has(int n) throws InputException {
        if (to - from >= n) {
            return true;
        }
        System.arraycopy(window, from, window, 0, to - from);
        to -= from;
        from = 0;
        while (to < n && !finished) {
            to += inflate(window, to, CHUNK - to);
        }
        return to >= n;
    }

    @Override
    public int peek(int distance) {
        return window[from + distance] & 0xFF;
    }

    @Override
    public void skip(long n) throws InputException {
        skipped += n;
        if (skipped > MAXIMUM_SKIPPED) {
            throw Refusal.tooLarge(
                    "The deflated data set holds more data besides its pixels than any segmentation needs.",
                    skipped + " bytes",
                    "at most " + MAXIMUM_SKIPPED + " bytes in all");
        }
        long left = n;
        while (left > 0) {
            if (!has(1)) {
                throw Refusal.truncated(position, left + " more bytes of a value");
            }
            int step = (int) Math.min(left, to - from);
            from += step;
            position += step;
            left -= step;
        }
    }

    @Override
    public long keep(long n) throws InputException {
        if (n > keepBudget - keptCount) {
            throw Refusal.tooLarge(
                    "The deflated data set inflates to more header data than any segmentation needs.",
                    n + " bytes in one element",
                    "at most " + keepBudget + " bytes in all");
        }
        int at = keptCount;
        int end = keptCount + (int) n;
        while (keptCount < end) {
            if (from == to && finished) {
                throw Refusal.truncated(position, end - keptCount + " more bytes of a value");
            }
            if (keptCount == kept.length) {
                kept = Arrays.copyOf(kept, (int) Math.min(end, Math.max(2L * kept.length, 1 << 16)));
            }
            int room = Math.min(end, kept.length) - keptCount;
            int got;
            if (from < to) {
                got = Math.min(room, to - from);
                System.arraycopy(window, from, kept, keptCount, got);
                from += got;
            } else {
                got = inflate(kept, keptCount, room);
            }
            keptCount += got;
            position += got;
        }
        return at;
    }

    @Override
    public MemorySegment kept() {
        return MemorySegment.ofArray(kept);
    }

    /**
     * @throws InputException if the deflated stream is not complete, or the part goes on after it, but for one byte of padding and the
     *     right checksum and length that GDCM writes there
     */
    void expectEnd() throws InputException {
        if (has(1)) {
            throw new InputException(
                    InputProblem.TRAILING_DATA,
                    "The deflated data set goes on after its last element.",
                    "data after byte " + position,
                    "the end of the data set");
        }
        long left = deflated.byteSize() - nextIn + inflater.getRemaining();
        if (left > 1 && !(left - TRAILER >= 0 && left - TRAILER <= 1 && isTrailer(deflated.byteSize() - left))) {
            throw new InputException(
                    InputProblem.TRAILING_DATA,
                    "The file goes on after its deflated data set.",
                    left + " more bytes",
                    "at most one byte of padding");
        }
    }

    private boolean isTrailer(long at) {
        return deflated.get(LITTLE_ENDIAN_INT, at) == (int) checksum.getValue()
                && deflated.get(LITTLE_ENDIAN_INT, at + 4) == (int) inflated;
    }

    private int inflate(byte[] target, int at, int length) throws InputException {
        try {
            while (true) {
                int n = inflater.inflate(target, at, length);
                if (n > 0) {
                    checksum.update(target, at, n);
                    inflated += n;
                    return n;
                }
                if (inflater.finished()) {
                    finished = true;
                    return 0;
                }
                if (inflater.needsDictionary()) {
                    throw Refusal.malformed(
                            "The deflated data set needs a preset dictionary.", "a preset dictionary", "plain deflate");
                }
                cancel.check();
                int more = (int) Math.min(in.length, deflated.byteSize() - nextIn);
                if (more <= 0) {
                    throw Refusal.truncated(deflated.byteSize(), "the end of the deflated data set");
                }
                MemorySegment.copy(deflated, ValueLayout.JAVA_BYTE, nextIn, in, 0, more);
                nextIn += more;
                inflater.setInput(in, 0, more);
            }
        } catch (DataFormatException e) {
            throw Refusal.malformed(
                    "The data set is declared as deflated, but it is no deflate stream.",
                    "invalid deflate data near byte " + nextIn,
                    "a raw deflate stream (RFC 1951)");
        }
    }

    @Override
    public void close() {
        inflater.end();
    }
}
