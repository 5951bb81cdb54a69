package org.segmeter.volume;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns a label map into one {@link Mask} per label, in one pass over the voxels and without holding the volume.
 *
 * <p>Use: make one for the grid, hand over the voxels in pieces of any size and in any order, each voxel at most once
 * ({@link #addUint8}, {@link #addUint16}, {@link #addInts} or, where the caller knows runs, {@link #add}), then call
 * {@link #masks()} once. Voxels are numbered {@code (z * ny + y) * nx + x}. Label 0 is background, every other int, negative
 * ones too, is a label; what is never handed over is background. A label map whose background is another value hands over 0
 * in its place.
 *
 * <p>Cost: 8 bytes for each run of a label along x, and less where a label's runs in a slice are so many that bits are
 * smaller (handing over slice by slice is what makes that possible). The masks are cropped to each label's box; a label that
 * is scattered so thinly that its box would need more than twice the space of a list becomes a {@link PointMask}. Whatever
 * the labels are, masks and working space together stay below 20 bytes per voxel plus 1 KiB per label.
 */
public final class LabelMasks {

    /** Below so many words bits are kept even for a few voxels: they are the faster form and cost next to nothing. */
    private static final int SMALL_WORDS = 64;

    private static final int RUNS_WORTH_PACKING = 64;
    private static final int PAGE = 256;

    /** Voxels that are looked at in one call. */
    private static final int PIECE = 1 << 16;

    private final int nx;
    private final int ny;
    private final int nz;
    private final long voxels;
    private final int maxLabels;
    private final int xBits;
    private final int yBits;

    /** The labels 0 to 65535 in pages that are made when a label of theirs occurs: found without hashing, walked in little time. */
    private @Nullable Runs[] @Nullable [] pages = new Runs[PAGE][];

    private final Map<Integer, Runs> others = new HashMap<>();
    private int labels;

    private int rowY;
    private int rowZ;
    private long rowStart;
    private Runs[] touched = new Runs[16];
    private int touchedCount;
    private int openSlice = -1;

    /**
     * @param maxLabels more different labels are refused
     * @throws IllegalArgumentException if {@link #fits} says no
     */
    public LabelMasks(int nx, int ny, int nz, int maxLabels) {
        if (!fits(nx, ny, nz)) {
            throw new IllegalArgumentException("too many voxels: " + nx + " x " + ny + " x " + nz);
        }
        this.nx = nx;
        this.ny = ny;
        this.nz = nz;
        this.voxels = (long) nx * ny * nz;
        this.maxLabels = maxLabels;
        this.xBits = bits(nx);
        this.yBits = bits(ny);
    }

    /** True if a volume of this size can be handled: a run's place and length must fit into 63 bits. */
    public static boolean fits(int nx, int ny, int nz) {
        return nx > 0 && ny > 0 && nz > 0 && 2 * bits(nx) + bits(ny) + bits(nz) <= 63;
    }

    private static int bits(int n) {
        return 32 - Integer.numberOfLeadingZeros(n);
    }

    /** Hands over 8-bit unsigned labels. */
    public void addUint8(long firstVoxel, byte[] labelBytes, int offset, int count) throws InputException {
        addUnsigned(firstVoxel, labelBytes, offset, count, 1);
    }

    /** Hands over 16-bit unsigned labels in little-endian order; the offset is in bytes, the count in labels. */
    public void addUint16(long firstVoxel, byte[] labelBytes, int offset, int count) throws InputException {
        addUnsigned(firstVoxel, labelBytes, offset, count, 2);
    }

    private void addUnsigned(long firstVoxel, byte[] labelBytes, int offset, int count, int width)
            throws InputException {
        EqualRuns.Sink sink = (bits, from, to) -> add((int) bits, from, to);
        // Piece by piece: a whole volume in one call is over before the compiler has made anything of it, every time
        // anew. A
        // run that goes on is two; they become one row of bits all the same.
        for (int done = 0; done < count; done += PIECE) {
            EqualRuns.forEach(
                    labelBytes,
                    offset + done * width,
                    Math.min(PIECE, count - done),
                    width,
                    firstVoxel + done,
                    false,
                    sink);
        }
    }

    /** Hands over labels of any sign. */
    public void addInts(long firstVoxel, int[] values, int offset, int count) throws InputException {
        int end = offset + count;
        int i = offset;
        while (i < end) {
            int j = i + 1;
            while (j < end && values[j] == values[i]) {
                j++;
            }
            add(values[i], firstVoxel + i - offset, firstVoxel + j - offset);
            i = j;
        }
    }

    /**
     * Hands over a run of voxels of one label; it may go on over rows and slices.
     *
     * @throws InputException {@link InputProblem#TOO_LARGE} if there are more labels than the limit
     */
    public void add(int label, long fromVoxel, long toVoxel) throws InputException {
        if (fromVoxel < 0 || toVoxel > voxels || fromVoxel > toVoxel) {
            throw new IllegalArgumentException(
                    "voxels " + fromVoxel + " to " + toVoxel + " are not in a volume of " + voxels);
        }
        if (label == 0 || fromVoxel == toVoxel) {
            return;
        }
        Runs runs = runsOf(label);
        long from = fromVoxel;
        while (from < toVoxel) {
            seek(from);
            if (runs.slice != openSlice) {
                runs.slice = openSlice;
                runs.sliceStart = runs.size;
                touch(runs);
            }
            long end = Math.min(toVoxel, rowStart + nx);
            append(runs, (int) (from - rowStart), (int) (end - rowStart));
            from = end;
        }
    }

    /** Makes the row of a voxel the current one; runs mostly come in order, then no division is needed. */
    private void seek(long voxel) {
        if (voxel >= rowStart + nx && voxel < rowStart + 2L * nx && rowY + 1 < ny) {
            rowStart += nx;
            rowY++;
        } else if (voxel < rowStart || voxel >= rowStart + nx) {
            long row = voxel / nx;
            rowStart = row * nx;
            rowZ = (int) (row / ny);
            rowY = (int) (row - (long) rowZ * ny);
        }
        if (rowZ != openSlice) {
            closeSlice();
            openSlice = rowZ;
        }
    }

    private void touch(Runs runs) {
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = runs;
    }

    private void closeSlice() {
        for (int i = 0; i < touchedCount; i++) {
            Runs runs = touched[i];
            if (runs.size - runs.sliceStart >= RUNS_WORTH_PACKING) {
                packSlice(runs);
            }
            runs.slice = -1;
        }
        touchedCount = 0;
    }

    /** Replaces the runs of the slice just ended by bits if these take at most half the space. */
    private void packSlice(Runs runs) {
        int x0 = Integer.MAX_VALUE;
        int x1 = 0;
        int y0 = Integer.MAX_VALUE;
        int y1 = 0;
        for (int i = runs.sliceStart; i < runs.size; i++) {
            long run = runs.packed[i];
            x0 = Math.min(x0, xFrom(run));
            x1 = Math.max(x1, xTo(run));
            y0 = Math.min(y0, y(run));
            y1 = Math.max(y1, y(run) + 1);
        }
        long words = ((x1 + 63 >> 6) - (x0 >> 6)) * (long) (y1 - y0);
        if (2 * words > runs.size - runs.sliceStart) {
            return;
        }
        BitMask bits = new BitMask(new Box(x0, y0, openSlice, x1, y1, openSlice + 1));
        for (int i = runs.sliceStart; i < runs.size; i++) {
            long run = runs.packed[i];
            bits.setRun(y(run), openSlice, xFrom(run), xTo(run));
        }
        runs.size = runs.sliceStart;
        runs.addSlice(bits);
    }

    private Runs runsOf(int label) throws InputException {
        @Nullable Runs[] page = label > 0 && label < PAGE * PAGE ? page(label / PAGE) : null;
        Runs runs = page != null ? page[label % PAGE] : others.get(label);
        if (runs == null) {
            if (labels == maxLabels) {
                throw new InputException(
                        InputProblem.TOO_LARGE,
                        "The label map has more than " + maxLabels
                                + " different labels; is it an image instead of a segmentation?",
                        "more than " + maxLabels + " labels",
                        "at most " + maxLabels + " labels");
            }
            labels++;
            runs = new Runs();
            if (page != null) {
                page[label % PAGE] = runs;
            } else {
                others.put(label, runs);
            }
        }
        return runs;
    }

    private @Nullable Runs[] page(int number) {
        @Nullable Runs[] page = pages[number];
        if (page == null) {
            page = new Runs[PAGE];
            pages[number] = page;
        }
        return page;
    }

    private void append(Runs runs, int x0, int x1) {
        if (runs.size == runs.packed.length) {
            runs.packed = Arrays.copyOf(runs.packed, runs.size + (runs.size >> 1) + 8);
        }
        runs.packed[runs.size++] = (((long) rowZ << yBits | rowY) << xBits | x1) << xBits | x0;
        runs.count += x1 - x0;
        runs.x0 = Math.min(runs.x0, x0);
        runs.x1 = Math.max(runs.x1, x1);
        runs.y0 = Math.min(runs.y0, rowY);
        runs.y1 = Math.max(runs.y1, rowY + 1);
        runs.z0 = Math.min(runs.z0, rowZ);
        runs.z1 = Math.max(runs.z1, rowZ + 1);
    }

    private int xFrom(long run) {
        return (int) (run & (1L << xBits) - 1);
    }

    private int xTo(long run) {
        return (int) (run >>> xBits & (1L << xBits) - 1);
    }

    private int y(long run) {
        return (int) (run >>> 2 * xBits & (1L << yBits) - 1);
    }

    private int z(long run) {
        return (int) (run >>> 2 * xBits + yBits);
    }

    /**
     * A mask for each label that occurred, by ascending label. To be called once, at the end.
     *
     * @throws InputException {@link InputProblem#TOO_LARGE} if the labels are scattered so widely over more than 2^31 voxels
     *     that neither bits nor lists can hold them in a small multiple of the volume
     */
    public SortedMap<Integer, Mask> masks() throws InputException {
        closeSlice();
        openSlice = -1;
        TreeMap<Integer, Runs> all = new TreeMap<>(others);
        for (int number = 0; number < PAGE; number++) {
            @Nullable Runs[] page = pages[number];
            for (int i = 0; page != null && i < PAGE; i++) {
                Runs runs = page[i];
                if (runs != null) {
                    all.put(number * PAGE + i, runs);
                }
            }
        }
        pages = new Runs[PAGE][];
        others.clear();
        long bytes = 0;
        for (Runs runs : all.values()) {
            bytes += asPoints(runs) ? 4 * runs.count : 8 * words(runs.box());
        }
        if (bytes > (8L << 20) + 1024L * all.size() + 8 * voxels) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The labels are scattered so widely that their masks would take " + (bytes >> 20) + " MiB.",
                    all.size() + " labels in " + nx + " x " + ny + " x " + nz + " voxels",
                    "labels that form structures");
        }
        TreeMap<Integer, Mask> masks = new TreeMap<>();
        while (!all.isEmpty()) {
            Map.Entry<Integer, Runs> entry = all.pollFirstEntry();
            masks.put(entry.getKey(), mask(entry.getValue()));
        }
        return masks;
    }

    private static long words(Box box) {
        return ((box.x1() + 63L >> 6) - (box.x0() >> 6)) * box.ny() * box.nz();
    }

    private static boolean asPoints(Runs runs) {
        long words = words(runs.box());
        return words > SMALL_WORDS && words > runs.count && runs.box().voxelCount() <= Integer.MAX_VALUE;
    }

    private Mask mask(Runs runs) {
        return asPoints(runs) ? points(runs) : bits(runs);
    }

    private BitMask bits(Runs runs) {
        BitMask mask = new BitMask(runs.box());
        for (int i = 0; i < runs.size; i++) {
            long run = runs.packed[i];
            mask.setRun(y(run), z(run), xFrom(run), xTo(run));
        }
        for (int s = 0; s < runs.sliceCount; s++) {
            BitMask slice = runs.slices[s];
            int at = 0;
            for (int y = slice.y0(); y < slice.y1(); y++) {
                int to = mask.rowStart(y, slice.z0()) + slice.wordX0() - mask.wordX0();
                for (int w = 0; w < slice.wordsPerRow(); w++) {
                    mask.words()[to + w] |= slice.words()[at++];
                }
            }
        }
        return mask;
    }

    private PointMask points(Runs runs) {
        Box box = runs.box();
        int[] offsets = new int[Math.toIntExact(runs.count)];
        int n = 0;
        for (int i = 0; i < runs.size; i++) {
            long run = runs.packed[i];
            int row = ((z(run) - box.z0()) * box.ny() + y(run) - box.y0()) * box.nx() - box.x0();
            for (int x = xFrom(run); x < xTo(run); x++) {
                offsets[n++] = row + x;
            }
        }
        for (int s = 0; s < runs.sliceCount; s++) {
            BitMask slice = runs.slices[s];
            int at = 0;
            for (int y = slice.y0(); y < slice.y1(); y++) {
                int row = ((slice.z0() - box.z0()) * box.ny() + y - box.y0()) * box.nx() - box.x0();
                for (int w = 0; w < slice.wordsPerRow(); w++) {
                    for (long word = slice.words()[at++]; word != 0; word &= word - 1) {
                        offsets[n++] = row + (slice.wordX0() + w << 6) + Long.numberOfTrailingZeros(word);
                    }
                }
            }
        }
        for (int i = 1; i < n; i++) {
            if (offsets[i] <= offsets[i - 1]) {
                Arrays.sort(offsets);
                break;
            }
        }
        return new PointMask(box, offsets);
    }

    /** What is known of one label so far. */
    private static final class Runs {
        long[] packed = new long[8];
        int size;
        BitMask[] slices = {};
        int sliceCount;
        long count;
        int slice = -1;
        int sliceStart;
        int x0 = Integer.MAX_VALUE;
        int x1;
        int y0 = Integer.MAX_VALUE;
        int y1;
        int z0 = Integer.MAX_VALUE;
        int z1;

        Box box() {
            return new Box(x0, y0, z0, x1, y1, z1);
        }

        void addSlice(BitMask bits) {
            if (sliceCount == slices.length) {
                slices = Arrays.copyOf(slices, Math.max(4, sliceCount * 2));
            }
            slices[sliceCount++] = bits;
        }
    }
}
