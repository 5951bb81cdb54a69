package org.segmeter.format.gzip;

import com.intel.gkl.compression.IntelInflater;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * ISA-L's inflate, four times as fast as zlib's on label maps, from the native library that comes with GKL.
 *
 * <p>GKL's own class is used only to load the library: it forgets how much input a call consumed, so it can decode nothing
 * but whole streams into whole arrays, and it cannot tell where a stream ended. Here {@code isal_inflate} itself is called, in
 * pieces, through the part of {@code struct inflate_state} that has not changed since it exists (igzip_lib.h: next_out,
 * avail_out, total_out, next_in, read_in, avail_in, read_in_length). A self-test at the start decodes streams of all block types in pieces of
 * several sizes; where the library does not load or the test fails, {@link #LIBRARY} is null and {@link java.util.zip} does the work.
 */
final class IsalDeflateDecoder implements DeflateDecoder {

    /** The functions, or null where they cannot be used. */
    static final @Nullable Library LIBRARY = Library.load();

    /** sizeof(struct inflate_state) is below 90 KiB; generous, because nothing checks it. */
    private static final long STATE_BYTES = 128 << 10;

    private static final long NEXT_OUT = 0;
    private static final long AVAIL_OUT = 8;
    private static final long NEXT_IN = 16;
    private static final long AVAIL_IN = 32;
    private static final long READ_IN_LENGTH = 36;

    /** More than twice DEFLATE's window; what a process that lives for seconds can spend on a test. */
    private static final int TESTED_BYTES = 80_000;

    private static final int INPUT_BYTES = 1 << 16;
    private static final int OUTPUT_BYTES = 1 << 18;

    /** Zeros after the last byte: input is then left over whenever the data has ended, which is how the end is noticed. */
    private static final int PADDING = 32;

    private final Library library;
    private final MemorySegment content;
    private final int inputBytes;
    private final int outputBytes;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment state;
    private final MemorySegment input;
    private final MemorySegment output;
    private long fed;
    private boolean padded;
    private boolean ended;

    IsalDeflateDecoder(Library library, MemorySegment content) {
        this(library, content, INPUT_BYTES);
    }

    private IsalDeflateDecoder(Library library, MemorySegment content, int inputBytes) {
        this.library = library;
        this.content = content;
        // Small files get small buffers: clearing half a megabyte would cost more than decoding them.
        this.inputBytes = (int) Math.min(inputBytes, content.byteSize());
        this.outputBytes = (int) Math.min(OUTPUT_BYTES, 4096 + GzipSource.atMost(content.byteSize()));
        state = arena.allocate(STATE_BYTES, 64);
        input = arena.allocate(this.inputBytes + PADDING, 64);
        output = arena.allocate(outputBytes, 64);
    }

    /** The native functions. */
    record Library(MethodHandle init, MethodHandle inflate) {

        private static @Nullable Library load() {
            try {
                if (!new IntelInflater(true).load(null)) {
                    return null;
                }
                SymbolLookup lookup = SymbolLookup.loaderLookup();
                Linker linker = Linker.nativeLinker();
                Library library = new Library(
                        linker.downcallHandle(
                                lookup.find("isal_inflate_init").orElseThrow(),
                                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS)),
                        linker.downcallHandle(
                                lookup.find("isal_inflate").orElseThrow(),
                                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)));
                return library.works() ? library : null;
            } catch (LinkageError | RuntimeException e) {
                // A platform without the library is normal; java.util.zip is always there.
                return null;
            }
        }

        private boolean works() {
            Random random = new Random(1);
            byte[] data = new byte[TESTED_BYTES];
            for (int i = 0; i < data.length; i++) {
                int third = 3 * i / data.length;
                data[i] = (byte) (third == 0 ? random.nextInt(256) : third == 1 ? i / 777 % 3 : 0);
            }
            for (int level : new int[] {0, 1, 6, 9}) {
                Deflater deflater = new Deflater(level, true);
                deflater.setInput(data);
                deflater.finish();
                byte[] stream = new byte[2 * TESTED_BYTES];
                int length = deflater.deflate(stream);
                deflater.end();
                for (int piece : new int[] {INPUT_BYTES, 1_000, 61}) {
                    for (int trailing : piece < 1_000 ? new int[] {0, 8} : new int[] {0, 3, 8, 500}) {
                        if (!decodes(stream, length, trailing, piece, data)) {
                            return false;
                        }
                    }
                }
            }
            return true;
        }

        private boolean decodes(byte[] stream, int length, int trailing, int piece, byte[] expected) {
            MemorySegment content = MemorySegment.ofArray(stream).asSlice(0, length + trailing);
            byte[] out = new byte[expected.length + 1];
            try (IsalDeflateDecoder decoder = new IsalDeflateDecoder(this, content, piece)) {
                decoder.start(0);
                int at = 0;
                for (int n = 0; n >= 0; n = decoder.decode(out, at, Math.min(30_011, out.length - at))) {
                    at += n;
                }
                return at == expected.length
                        && Arrays.equals(out, 0, at, expected, 0, at)
                        && decoder.position() == length;
            } catch (DamagedException e) {
                return false;
            }
        }
    }

    @Override
    public void start(long position) {
        fed = position;
        padded = false;
        ended = false;
        try {
            library.init.invokeExact(state);
        } catch (Throwable e) {
            throw new IllegalStateException("isal_inflate_init cannot be called", e);
        }
        state.set(ValueLayout.JAVA_INT, AVAIL_IN, 0);
    }

    @Override
    public int decode(byte[] into, int offset, int length) throws DamagedException {
        int wanted = Math.min(length, outputBytes);
        while (!ended && wanted > 0) {
            if (state.get(ValueLayout.JAVA_INT, AVAIL_IN) == 0) {
                feed();
            }
            state.set(ValueLayout.ADDRESS, NEXT_OUT, output);
            state.set(ValueLayout.JAVA_INT, AVAIL_OUT, wanted);
            int result;
            try {
                result = (int) library.inflate.invokeExact(state);
            } catch (Throwable e) {
                throw new IllegalStateException("isal_inflate cannot be called", e);
            }
            if (result != 0) {
                throw new DamagedException(false, position());
            }
            int left = state.get(ValueLayout.JAVA_INT, AVAIL_OUT);
            if (left > 0 && state.get(ValueLayout.JAVA_INT, AVAIL_IN) > 0) {
                ended = true;
                if (position() > content.byteSize()) {
                    throw new DamagedException(true, content.byteSize());
                }
            }
            if (left < wanted) {
                MemorySegment.copy(output, ValueLayout.JAVA_BYTE, 0, into, offset, wanted - left);
                return wanted - left;
            }
        }
        return ended ? -1 : 0;
    }

    private void feed() throws DamagedException {
        if (padded) {
            throw new DamagedException(true, content.byteSize());
        }
        int n = (int) Math.min(inputBytes, content.byteSize() - fed);
        MemorySegment.copy(content, fed, input, 0, n);
        fed += n;
        if (fed == content.byteSize()) {
            input.asSlice(n, PADDING).fill((byte) 0);
            n += PADDING;
            fed += PADDING;
            padded = true;
        }
        state.set(ValueLayout.ADDRESS, NEXT_IN, input);
        state.set(ValueLayout.JAVA_INT, AVAIL_IN, n);
    }

    @Override
    public long position() {
        int availIn = state.get(ValueLayout.JAVA_INT, AVAIL_IN);
        int bitsRead = state.get(ValueLayout.JAVA_INT, READ_IN_LENGTH);
        return fed - availIn - Math.max(0, bitsRead) / 8;
    }

    @Override
    public void close() {
        arena.close();
    }
}
