package org.segmeter.format.gzip;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * The content of a gzip file (RFC 1952) of one or several members. Every member's header, length and CRC-32 are checked;
 * what follows the last member and is no member is passed over with a notice, as gzip(1) does.
 */
public final class GzipSource implements ByteSource, AutoCloseable {

    /** A byte of DEFLATE holds at most 1,032 bytes: 258 bytes for two bits, plus what a byte may begin. */
    private static final long MOST_PER_BYTE = 1_032;

    private static final long LITTLE_COMPRESSED = 64 << 10;
    private static final int LITTLE_INFLATED = 16 << 20;
    /** What is inflated until loading ISA-L's library and testing it, some tenths of a second, would have been worth it. */
    private static final long WORTH_LOADING = 32 << 20;

    /** What java.util.zip has inflated of little content; in a process that reads much of it, ISA-L takes over. */
    private static final AtomicLong INFLATED = new AtomicLong();

    private static final ValueLayout.OfInt TRAILER_LENGTH =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment content;
    private final DeflateDecoder decoder;
    private final CRC32 crc = new CRC32();
    private long memberStart;
    private long memberLength;
    private boolean inMember;
    private boolean ended;
    private String notice = "";

    private GzipSource(MemorySegment content, DeflateDecoder decoder) {
        this.content = content;
        this.decoder = decoder;
    }

    /** What a caller does with the content. */
    @FunctionalInterface
    public interface Reading<T> {
        T from(ByteSource source) throws InputException;
    }

    /** What decodes. */
    enum Engine {
        FAST,
        JDK
    }

    /** True if this is gzip with DEFLATE, the only method there is. */
    public static boolean isGzip(MemorySegment content) {
        return content.byteSize() >= 3
                && content.get(ValueLayout.JAVA_BYTE, 0) == 0x1f
                && content.get(ValueLayout.JAVA_BYTE, 1) == (byte) 0x8b
                && content.get(ValueLayout.JAVA_BYTE, 2) == 8;
    }

    /** The first bytes of the content, as many as can be had without an error; to see what it is. */
    public static byte[] prefix(MemorySegment content, int length) {
        byte[] bytes = new byte[length];
        int n = 0;
        try (GzipSource source = new GzipSource(content, new JdkDeflateDecoder(content))) {
            for (int more = 1; more > 0 && n < length; n += more) {
                more = source.some(bytes, n, length - n);
            }
        } catch (InputException e) {
            return Arrays.copyOf(bytes, n);
        }
        return Arrays.copyOf(bytes, n);
    }

    /**
     * Reads gzip content by the fastest engine of this machine; little content by java.util.zip, which is done before ISA-L's library
     * would be loaded, until there was enough of it. Whatever that engine does not like, and whatever the caller refuses,
     * is read again from the beginning by java.util.zip: its answer counts, so that the outcome is the same everywhere. (But for forged
     * files: ISA-L reads incomplete Huffman codes that java.util.zip refuses; nobody's compressor writes them, and the checksum must still fit.) The
     * caller must therefore begin anew when it is called a second time, and has to read to the end for the checksum to be compared.
     */
    public static <T> T read(MemorySegment content, Reading<T> reading) throws InputException {
        boolean little = isLittle(content);
        if ((!little || INFLATED.get() >= WORTH_LOADING) && IsalDeflateDecoder.LIBRARY != null) {
            INFLATED.set(WORTH_LOADING);
            try {
                return read(content, Engine.FAST, reading);
            } catch (InputException e) {
                // java.util.zip decides, and names what is wrong.
            }
        }
        if (little) {
            INFLATED.addAndGet(content.get(TRAILER_LENGTH, content.byteSize() - Integer.BYTES));
        }
        return read(content, Engine.JDK, reading);
    }

    /**
     * By its size and by what its trailer declares, modulo 2^32: an untrue trailer can only make java.util.zip inflate 64 MiB, a tenth of
     * a second.
     */
    private static boolean isLittle(MemorySegment content) {
        long size = content.byteSize();
        return size < LITTLE_COMPRESSED
                && size >= Integer.BYTES
                && Integer.compareUnsigned(content.get(TRAILER_LENGTH, size - Integer.BYTES), LITTLE_INFLATED) <= 0;
    }

    static <T> T read(MemorySegment content, Engine engine, Reading<T> reading) throws InputException {
        DeflateDecoder decoder = engine == Engine.FAST && IsalDeflateDecoder.LIBRARY != null
                ? new IsalDeflateDecoder(IsalDeflateDecoder.LIBRARY, content)
                : new JdkDeflateDecoder(content);
        try (GzipSource source = new GzipSource(content, decoder)) {
            return reading.from(source);
        }
    }

    @Override
    public int read(byte[] into, int offset, int length) throws InputException {
        int n = 0;
        while (n < length) {
            int more = some(into, offset + n, length - n);
            if (more == 0) {
                break;
            }
            n += more;
        }
        return n;
    }

    /** At least one byte, or 0 at the end. */
    private int some(byte[] into, int offset, int length) throws InputException {
        while (!ended) {
            if (!inMember && !startMember()) {
                ended = true;
                return 0;
            }
            int n;
            try {
                n = decoder.decode(into, offset, length);
            } catch (DeflateDecoder.DamagedException e) {
                throw e.truncated
                        ? truncated()
                        : new InputException(
                                InputProblem.CHECKSUM_MISMATCH,
                                "The gzip data is damaged near byte " + e.position + " of " + content.byteSize()
                                        + ". Send the file again.",
                                "invalid DEFLATE data near byte " + e.position,
                                "a whole gzip file");
            }
            if (n > 0) {
                crc.update(into, offset, n);
                memberLength += n;
                return n;
            }
            endMember();
        }
        return 0;
    }

    private boolean startMember() throws InputException {
        long left = content.byteSize() - memberStart;
        if (left == 0 && memberStart > 0) {
            return false;
        }
        if (memberStart > 0 && !isGzip(content.asSlice(memberStart))) {
            notice = left + " bytes after the end of the gzip data were not read.";
            return false;
        }
        decoder.start(headerEnd());
        crc.reset();
        memberLength = 0;
        inMember = true;
        return true;
    }

    /** Walks over a member's header (RFC 1952 section 2.3). */
    private long headerEnd() throws InputException {
        long at = memberStart + 10;
        if (at > content.byteSize()) {
            throw truncated();
        }
        int flags = unsigned(memberStart + 3);
        if ((flags & 0xe0) != 0) {
            throw new InputException(
                    InputProblem.MALFORMED_HEADER,
                    "The gzip header has flags that RFC 1952 reserves.",
                    "flags " + flags,
                    "flags below 32");
        }
        if ((flags & 4) != 0) {
            need(at, 2);
            at += 2 + unsigned(at) + (unsigned(at + 1) << 8);
        }
        if ((flags & 8) != 0) {
            at = afterZero(at);
        }
        if ((flags & 16) != 0) {
            at = afterZero(at);
        }
        if ((flags & 2) != 0) {
            need(at, 2);
            CRC32 headerCrc = new CRC32();
            for (long i = memberStart; i < at; i++) {
                headerCrc.update(unsigned(i));
            }
            if ((headerCrc.getValue() & 0xffff) != unsigned(at) + (unsigned(at + 1) << 8)) {
                throw new InputException(
                        InputProblem.CHECKSUM_MISMATCH,
                        "The gzip header does not match its checksum. Send the file again.",
                        "another CRC-16",
                        "the CRC-16 of the header");
            }
            at += 2;
        }
        need(at, 0);
        return at;
    }

    private long afterZero(long from) throws InputException {
        for (long at = from; at < content.byteSize(); at++) {
            if (content.get(ValueLayout.JAVA_BYTE, at) == 0) {
                return at + 1;
            }
        }
        throw truncated();
    }

    private void endMember() throws InputException {
        long at = decoder.position();
        need(at, 8);
        long expectedCrc = littleEndian(at);
        long expectedLength = littleEndian(at + 4);
        if (expectedCrc != crc.getValue() || expectedLength != (memberLength & 0xffffffffL)) {
            throw new InputException(
                    InputProblem.CHECKSUM_MISMATCH,
                    "The gzip data does not match its checksum or length. Send the file again.",
                    "%d bytes with CRC-32 %08x".formatted(memberLength, crc.getValue()),
                    "%d bytes with CRC-32 %08x".formatted(expectedLength, expectedCrc));
        }
        memberStart = at + 8;
        inMember = false;
    }

    private void need(long at, int bytes) throws InputException {
        if (at > content.byteSize() - bytes) {
            throw truncated();
        }
    }

    private int unsigned(long at) {
        return content.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    private long littleEndian(long at) {
        return unsigned(at) | unsigned(at + 1) << 8 | unsigned(at + 2) << 16 | (long) unsigned(at + 3) << 24;
    }

    private InputException truncated() {
        return new InputException(
                InputProblem.TRUNCATED,
                "The gzip data ends too early. Send the file again.",
                content.byteSize() + " bytes of gzip",
                "more");
    }

    @Override
    public long atMost() {
        return atMost(content.byteSize());
    }

    /** A bound for what so many bytes of DEFLATE can hold. */
    public static long atMost(long deflatedBytes) {
        return deflatedBytes > Long.MAX_VALUE / MOST_PER_BYTE ? Long.MAX_VALUE : deflatedBytes * MOST_PER_BYTE;
    }

    @Override
    public String notice() {
        return notice;
    }

    @Override
    public void close() {
        decoder.close();
    }
}
