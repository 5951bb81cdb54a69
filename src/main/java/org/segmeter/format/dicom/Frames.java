package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.ServiceLoader;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.BulkCopy;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * The frames of an object, one at a time, whatever their compression: native ones where they lie, others decoded into one
 * buffer that is used again. For one thread.
 */
final class Frames implements AutoCloseable {

    private static final ServiceLoader<FrameDecoder> DECODERS = ServiceLoader.load(FrameDecoder.class);
    private static final FrameDecoder JPEG = new JpegFrames(false);
    private static final FrameDecoder SIGNED_JPEG = new JpegFrames(true);
    private static final ValueLayout.OfLong OFFSET64 =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** JPEG-LS codes at most 2^15 pixels of two bytes in a bit. */
    private static final long HIGHEST_JPEG_RATIO = 1 << 19;

    /** A native frame larger than this is used where it lies: a buffer would not stay in any cache. */
    private static final long MOST_BUFFERED = 8 << 20;

    /** Decodes a frame into the buffer. */
    @FunctionalInterface
    private interface Decoding {
        void decode(MemorySegment fragment) throws InputException;
    }

    private final int rows;
    private final int columns;
    private final int bitsAllocated;
    private final long frameBits;
    private final long highestRatio;

    private final MemorySegment nativeBytes;
    private final PixelData.@Nullable Encapsulated encapsulated;
    private final @Nullable Decoding decoding;
    private final int[] firstFragment;
    private final BulkCopy bulk;
    private final boolean signed;
    private byte[] buffer = new byte[0];
    private final @Nullable Inflater inflater;

    private MemorySegment bytes = MemorySegment.NULL;
    private long startBit;

    private Frames(
            int rows,
            int columns,
            int bitsAllocated,
            MemorySegment nativeBytes,
            PixelData.@Nullable Encapsulated encapsulated,
            int[] firstFragment,
            TransferSyntax syntax,
            boolean signed,
            BulkCopy bulk)
            throws InputException {
        this.rows = rows;
        this.columns = columns;
        this.bitsAllocated = bitsAllocated;
        this.frameBits = (long) rows * columns * bitsAllocated;
        this.nativeBytes = nativeBytes;
        this.encapsulated = encapsulated;
        this.firstFragment = firstFragment;
        this.bulk = bulk;
        this.signed = signed;
        this.inflater = syntax.equals(TransferSyntax.DEFLATED_FRAMES) ? new Inflater(true) : null;
        this.decoding = encapsulated == null ? null : decoding(syntax);
        this.highestRatio = syntax.equals(TransferSyntax.RLE_LOSSLESS)
                ? 64
                : syntax.equals(TransferSyntax.DEFLATED_FRAMES)
                        ? 1032
                        : syntax.equals(TransferSyntax.ENCAPSULATED_UNCOMPRESSED) ? 1 : HIGHEST_JPEG_RATIO;
    }

    /** True if frames of this transfer syntax can be decoded by this build. */
    static boolean canDecode(TransferSyntax syntax) {
        return !syntax.encapsulated()
                || syntax.equals(TransferSyntax.RLE_LOSSLESS)
                || syntax.equals(TransferSyntax.DEFLATED_FRAMES)
                || syntax.equals(TransferSyntax.ENCAPSULATED_UNCOMPRESSED)
                || decoder(syntax) != null;
    }

    private static @Nullable FrameDecoder decoder(TransferSyntax syntax) {
        if (JPEG.decodes(syntax.uid())) {
            return JPEG;
        }
        synchronized (DECODERS) {
            for (FrameDecoder decoder : DECODERS) {
                if (decoder.decodes(syntax.uid())) {
                    return decoder;
                }
            }
        }
        return null;
    }

    static InputException cannotDecode(TransferSyntax syntax) {
        return new InputException(
                InputProblem.UNSUPPORTED_TRANSFER_SYNTAX,
                "The pixel data is compressed with " + syntax.name() + " (" + syntax.uid()
                        + "), which this build cannot decode; send the object uncompressed or in one of the transfer"
                        + " syntaxes listed.",
                syntax.uid(),
                "native pixel data, RLE Lossless, deflated frames, JPEG-LS, JPEG Lossless or JPEG 2000");
    }

    /** Bytes that native pixel data of so many frames takes, without the byte that makes it even. */
    static long nativeLength(int rows, int columns, int bitsAllocated, int frames) {
        return ((long) rows * columns * bitsAllocated * frames + 7) >>> 3;
    }

    /** Refuses native pixel data of the wrong length; see {@link #nativeLength}. */
    static void checkNativeLength(long found, long expected) throws InputException {
        if (found != expected && found != expected + (expected & 1)) {
            throw new InputException(
                    found < expected ? InputProblem.MALFORMED_PIXEL_DATA : InputProblem.SIZE_MISMATCH,
                    "Pixel Data does not have the length that rows, columns, frames and bits call for.",
                    found + " bytes",
                    expected + (expected & 1) + " bytes");
        }
    }

    /** The frames of a file that lies in memory. */
    static Frames of(DicomFile file, int rows, int columns, int bitsAllocated, int frames) throws InputException {
        return of(file, rows, columns, bitsAllocated, frames, BulkCopy.IN_MEMORY);
    }

    /**
     * @param file parsed to its end
     * @param bulk that brings native frames into a buffer
     * @throws InputException if there is no pixel data, or not as much as rows, columns and frames call for
     */
    static Frames of(DicomFile file, int rows, int columns, int bitsAllocated, int frames, BulkCopy bulk)
            throws InputException {
        TransferSyntax syntax = file.transferSyntax();
        boolean signed = file.dataset().unsignedShort(Tag.PIXEL_REPRESENTATION).orElse(0) == 1;
        MemorySegment none = MemorySegment.NULL;
        return switch (file.pixelData()) {
            case null ->
                throw new InputException(
                        InputProblem.MALFORMED_PIXEL_DATA,
                        "The object has no Pixel Data.",
                        "no (7FE0,0010)",
                        frames + " frames");
            case PixelData.Native pixels -> {
                if (syntax.encapsulated()) {
                    throw Refusal.pixels(
                            "The transfer syntax calls for encapsulated pixel data, but it has a defined length.",
                            "native pixel data",
                            "fragments, as in " + syntax.name());
                }
                checkNativeLength(pixels.bytes().byteSize(), nativeLength(rows, columns, bitsAllocated, frames));
                if (pixels.bigEndianWords()) {
                    yield new Frames(
                            rows,
                            columns,
                            bitsAllocated,
                            swapped(pixels.bytes(), bitsAllocated),
                            null,
                            new int[0],
                            syntax,
                            signed,
                            BulkCopy.IN_MEMORY);
                }
                yield new Frames(rows, columns, bitsAllocated, pixels.bytes(), null, new int[0], syntax, signed, bulk);
            }
            case PixelData.Encapsulated pixels -> {
                if (!syntax.encapsulated()) {
                    throw Refusal.pixels(
                            "The pixel data is encapsulated, but the transfer syntax is " + syntax.name() + ".",
                            "fragments",
                            "pixel data of defined length");
                }
                yield new Frames(
                        rows,
                        columns,
                        bitsAllocated,
                        none,
                        pixels,
                        fragmentsOfFrames(file.dataset(), pixels, frames),
                        syntax,
                        signed,
                        bulk);
            }
        };
    }

    /** Words of 16 bits with the high byte first (OW in big endian), turned round into a copy. */
    private static MemorySegment swapped(MemorySegment bytes, int bitsAllocated) throws InputException {
        long n = bytes.byteSize();
        if (n > Integer.MAX_VALUE - 64 || (n & 1) != 0) {
            throw Refusal.tooLarge(
                    "Big endian words of pixel data are limited to 2 GiB; send the object in little endian.",
                    n + " bytes",
                    "an even number below 2 GiB");
        }
        byte[] copy = new byte[(int) n];
        for (int i = 0; i < copy.length; i += 2) {
            copy[i] = bytes.get(ValueLayout.JAVA_BYTE, i + 1);
            copy[i + 1] = bytes.get(ValueLayout.JAVA_BYTE, i);
        }
        return MemorySegment.ofArray(copy);
    }

    /** Which fragments make up each frame: the first of frame i, and one more entry for the end. */
    private static int[] fragmentsOfFrames(DicomDataset dataset, PixelData.Encapsulated pixels, int frames)
            throws InputException {
        int count = pixels.count();
        int[] first = new int[frames + 1];
        first[frames] = count;
        if (count == frames) {
            for (int i = 0; i < frames; i++) {
                first[i] = i;
            }
            return first;
        }
        if (count < frames) {
            throw Refusal.pixels(
                    "The pixel data has fewer fragments than frames.", count + " fragments", frames + " frames");
        }
        if (frames == 1) {
            return first;
        }
        long[] starts = frameStarts(dataset, pixels, frames);
        long origin = pixels.fragments()[0] - 8;
        int at = 0;
        for (int i = 0; i < frames; i++) {
            while (at < count && pixels.fragments()[2 * at] - 8 - origin < starts[i]) {
                at++;
            }
            if (at >= count
                    || pixels.fragments()[2 * at] - 8 - origin != starts[i]
                    || i > 0 && at <= first[i - 1]
                    || i == 0 && at != 0) {
                throw Refusal.pixels(
                        "The offset table does not point at fragments in ascending order.",
                        "offset " + starts[i] + " for frame " + (i + 1),
                        "the start of a fragment");
            }
            first[i] = at;
        }
        return first;
    }

    private static long[] frameStarts(DicomDataset dataset, PixelData.Encapsulated pixels, int frames)
            throws InputException {
        long[] starts = new long[frames];
        if (dataset.length(Tag.EXTENDED_OFFSET_TABLE) == 8L * frames) {
            byte[] table = dataset.raw(Tag.EXTENDED_OFFSET_TABLE, 8 * frames);
            for (int i = 0; table != null && i < frames; i++) {
                starts[i] = MemorySegment.ofArray(table).get(OFFSET64, 8L * i);
            }
            return starts;
        }
        if (pixels.basicOffsets().byteSize() == 4L * frames) {
            MappedInput table = new MappedInput(pixels.basicOffsets(), 0);
            for (int i = 0; i < frames; i++) {
                starts[i] = Integer.toUnsignedLong(table.peek32(0, false));
                table.skip(4);
            }
            return starts;
        }
        throw Refusal.pixels(
                "The pixel data has more fragments than frames, and no offset table says which belong together.",
                pixels.count() + " fragments",
                frames + " fragments, or an offset table");
    }

    private Decoding decoding(TransferSyntax syntax) throws InputException {
        if (syntax.equals(TransferSyntax.RLE_LOSSLESS)) {
            return fragment -> RunLength.decode(fragment, bitsAllocated <= 8 ? 1 : 2, buffer);
        }
        if (syntax.equals(TransferSyntax.DEFLATED_FRAMES)) {
            return this::inflate;
        }
        if (syntax.equals(TransferSyntax.ENCAPSULATED_UNCOMPRESSED)) {
            return fragment -> {
                checkNativeLength(fragment.byteSize(), buffer.length);
                MemorySegment.copy(fragment, ValueLayout.JAVA_BYTE, 0, buffer, 0, buffer.length);
            };
        }
        FrameDecoder found = decoder(syntax);
        if (found == null) {
            throw cannotDecode(syntax);
        }
        FrameDecoder decoder = found == JPEG && signed ? SIGNED_JPEG : found;
        if (bitsAllocated == 1) {
            return fragment -> {
                byte[] pixels = new byte[Math.multiplyExact(rows, columns)];
                decoder.decode(syntax.uid(), fragment.toArray(ValueLayout.JAVA_BYTE), rows, columns, 8, pixels);
                pack(pixels);
            };
        }
        return fragment -> decoder.decode(
                syntax.uid(), fragment.toArray(ValueLayout.JAVA_BYTE), rows, columns, bitsAllocated, buffer);
    }

    /** JPEG codes a BINARY frame as numbers 0 and 1. */
    private void pack(byte[] pixels) throws InputException {
        Arrays.fill(buffer, (byte) 0);
        for (int i = 0; i < pixels.length; i++) {
            if ((pixels[i] & ~1) != 0) {
                throw Refusal.pixels(
                        "A frame of a BINARY segmentation holds something else than 0 and 1.",
                        (pixels[i] & 0xFF) + "",
                        "0 or 1");
            }
            buffer[i >> 3] |= (byte) (pixels[i] << (i & 7));
        }
    }

    private void inflate(MemorySegment fragment) throws InputException {
        Inflater inflate = inflater;
        if (inflate == null) {
            throw new IllegalStateException("no inflater for deflated frames");
        }
        inflate.reset();
        byte[] in = new byte[(int) Math.min(fragment.byteSize(), 1 << 16)];
        long next = 0;
        int at = 0;
        byte[] beyond = new byte[1];
        try {
            while (!inflate.finished()) {
                int n = at < buffer.length
                        ? inflate.inflate(buffer, at, buffer.length - at)
                        : inflate.inflate(beyond, 0, 1);
                if (n > 0 && at == buffer.length) {
                    throw Refusal.pixels(
                            "A deflated frame inflates to more bytes than it may have.",
                            "more than " + buffer.length + " bytes",
                            buffer.length + " bytes");
                }
                at += n;
                if (n == 0 && !inflate.finished()) {
                    int more = (int) Math.min(in.length, fragment.byteSize() - next);
                    if (more == 0 || inflate.needsDictionary()) {
                        throw Refusal.pixels(
                                "A deflated frame ends too early.",
                                at + " bytes of pixels",
                                buffer.length + " bytes of pixels");
                    }
                    MemorySegment.copy(fragment, ValueLayout.JAVA_BYTE, next, in, 0, more);
                    next += more;
                    inflate.setInput(in, 0, more);
                }
            }
        } catch (DataFormatException e) {
            throw Refusal.pixels(
                    "A frame is no deflate stream.", "invalid deflate data", "a raw deflate stream (RFC 1951)");
        }
        if (at != buffer.length) {
            throw Refusal.pixels(
                    "A deflated frame inflates to fewer bytes than it must have.",
                    at + " bytes",
                    buffer.length + " bytes");
        }
    }

    /** Makes frame i the current one. */
    void select(int i) throws InputException {
        select(i, 0, rows);
    }

    /**
     * Makes frame i the current one, of which only the rows from the first to before the last are looked at: the others may be left
     * out of {@link #bytes}, and {@link #startBit} may then be negative.
     */
    void select(int i, int firstRow, int lastRow) throws InputException {
        PixelData.Encapsulated pixels = encapsulated;
        Decoding decode = decoding;
        if (pixels == null || decode == null) {
            selectNative(
                    i * frameBits, (long) firstRow * columns * bitsAllocated, (long) lastRow * columns * bitsAllocated);
            return;
        }
        MemorySegment fragment = pixels.fragment(firstFragment[i]);
        int n = firstFragment[i + 1] - firstFragment[i];
        if (n > 1) {
            fragment = joined(pixels, firstFragment[i], n);
        }
        if (buffer.length == 0) {
            // Not a bound on honest compression but what the format can express at most: checked before memory is
            // taken.
            long most = (fragment.byteSize() + 16) * highestRatio;
            if (frameBits + 7 >>> 3 > most) {
                throw Refusal.pixels(
                        "A compressed frame is too short for the pixels that rows and columns declare.",
                        fragment.byteSize() + " bytes for " + (frameBits + 7 >>> 3),
                        "at least " + (frameBits + 7 >>> 3) / highestRatio + " bytes");
            }
            buffer = new byte[Math.toIntExact(frameBits + 7 >>> 3)];
        }
        decode.decode(fragment);
        bytes = MemorySegment.ofArray(buffer);
        startBit = 0;
    }

    /** Rows of a frame of native pixel data, brought into the buffer unless the data lies in an array already. */
    private void selectNative(long frameBit, long fromBit, long toBit) throws InputException {
        long from = frameBit + fromBit >>> 3;
        long length = (frameBit + toBit + 7 >>> 3) - from;
        if (!nativeBytes.isNative() || length > MOST_BUFFERED || length <= 0) {
            bytes = nativeBytes;
            startBit = frameBit;
            return;
        }
        if (buffer.length < length) {
            buffer = new byte[(int) (Math.min(MOST_BUFFERED, frameBits >>> 3) + 2)];
        }
        bulk.copy(nativeBytes, from, buffer, 0, (int) length);
        bytes = MemorySegment.ofArray(buffer);
        startBit = (frameBit + fromBit & 7) - fromBit;
    }

    private static MemorySegment joined(PixelData.Encapsulated pixels, int first, int n) throws InputException {
        long size = 0;
        for (int k = first; k < first + n; k++) {
            size += pixels.fragment(k).byteSize();
        }
        if (size > Integer.MAX_VALUE - 64) {
            throw Refusal.tooLarge("A compressed frame is larger than 2 GiB.", size + " bytes", "less than 2 GiB");
        }
        MemorySegment all = MemorySegment.ofArray(new byte[(int) size]);
        long at = 0;
        for (int k = first; k < first + n; k++) {
            MemorySegment one = pixels.fragment(k);
            MemorySegment.copy(one, 0, all, at, one.byteSize());
            at += one.byteSize();
        }
        return all;
    }

    /** What holds the pixels of the current frame. */
    MemorySegment bytes() {
        return bytes;
    }

    /** The bit of {@link #bytes()} with which the current frame starts, least significant bit of a byte first. */
    long startBit() {
        return startBit;
    }

    @Override
    public void close() {
        if (inflater != null) {
            inflater.end();
        }
    }
}
