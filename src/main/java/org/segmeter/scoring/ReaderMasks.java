package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/**
 * One structure as several readers drew it, on the smallest grid with the axes of the first that holds all of theirs. Grids that differ by an axis order, flips or whole voxels are
 * placed exactly; nothing is resampled.
 *
 * @param grid that all lie on
 * @param masks of the readers, in its voxels
 */
public record ReaderMasks(Grid grid, List<BitMask> masks) {

    private static final double HALF = 0.5;

    public ReaderMasks {
        masks = List.copyOf(masks);
    }

    /**
     * @param readings of the readers
     * @param structure the label of a segment, or {@code #} and its number; null for all foreground together
     * @param mostVoxels that the union of two grids may have
     * @throws InputException GEOMETRY_MISMATCH, or UNKNOWN_SEGMENT if a reading has no such structure
     */
    public static ReaderMasks of(List<Segmentation> readings, @Nullable String structure, long mostVoxels)
            throws InputException {
        Grid grid = readings.getFirst().grid();
        for (Segmentation reading : readings) {
            grid = GridAlignment.of(reading.grid(), grid, GeometryPolicy.STRICT, mostVoxels)
                    .evaluation();
        }
        List<BitMask> masks = new ArrayList<>();
        for (Segmentation reading : readings) {
            GridAlignment alignment = GridAlignment.of(reading.grid(), grid, GeometryPolicy.STRICT, mostVoxels);
            masks.add(alignment.prediction().apply(union(reading, structure)).toBitMask());
        }
        return new ReaderMasks(grid, masks);
    }

    private static BitMask union(Segmentation reading, @Nullable String structure) throws InputException {
        List<BitMask> parts = new ArrayList<>();
        List<String> known = new ArrayList<>();
        for (SegmentVoxels segment : reading.segments()) {
            String number = "#" + segment.segment().number();
            String label = segment.segment().label();
            known.add(label);
            if (structure == null || structure.equals(label) || structure.equals(number)) {
                parts.add(mask(segment));
            }
        }
        if (structure != null && parts.isEmpty()) {
            throw new InputException(
                    InputProblem.UNKNOWN_SEGMENT,
                    "A reading does not have the structure that was asked for.",
                    String.join(", ", known),
                    structure);
        }
        Box box = Box.EMPTY;
        for (BitMask part : parts) {
            box = box.union(part.box());
        }
        BitMask union = new BitMask(box);
        for (BitMask part : parts) {
            add(part, union);
        }
        return union;
    }

    private static BitMask mask(SegmentVoxels segment) {
        return switch (segment.voxels()) {
            case Mask mask -> mask.toBitMask();
            case ProbabilityVolume probabilities -> {
                Box box = probabilities.box();
                BitMask mask = new BitMask(box);
                float[] values = probabilities.values();
                int at = 0;
                for (int z = box.z0(); z < box.z1(); z++) {
                    for (int y = box.y0(); y < box.y1(); y++) {
                        for (int x = box.x0(); x < box.x1(); x++) {
                            if (values[at++] >= HALF) {
                                mask.set(x, y, z);
                            }
                        }
                    }
                }
                yield mask;
            }
        };
    }

    private static void add(BitMask part, BitMask to) {
        Box box = part.box();
        long[] words = part.words();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int row = part.rowStart(y, z);
                for (int w = 0; w < part.wordsPerRow(); w++) {
                    for (long bits = words[row + w]; bits != 0; bits &= bits - 1) {
                        to.set((part.wordX0() + w << 6) + Long.numberOfTrailingZeros(bits), y, z);
                    }
                }
            }
        }
    }

    /** The box of all masks, grown by a margin and cut off at the grid; empty if all are. */
    public Box roi(int margin) {
        Box box = Box.EMPTY;
        for (BitMask mask : masks) {
            box = box.union(mask.box());
        }
        return box.isEmpty() ? box : box.grown(margin).intersection(grid.box());
    }

    /** How many voxels of a box have each pattern: bit r is set where reader r has the structure. */
    public long[] patterns(Box box) {
        int readers = masks.size();
        long[] counts = new long[1 << readers];
        int first = box.x0() >> 6;
        int last = box.isEmpty() ? first - 1 : box.x1() - 1 >> 6;
        long[] words = new long[readers];
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int w = first; w <= last; w++) {
                    long any = 0;
                    for (int r = 0; r < readers; r++) {
                        words[r] = word(masks.get(r), w, y, z);
                        any |= words[r];
                    }
                    for (; any != 0; any &= any - 1) {
                        int bit = Long.numberOfTrailingZeros(any);
                        int pattern = 0;
                        for (int r = 0; r < readers; r++) {
                            pattern |= (int) (words[r] >>> bit & 1) << r;
                        }
                        counts[pattern]++;
                    }
                }
            }
        }
        long some = 0;
        for (int pattern = 1; pattern < counts.length; pattern++) {
            some += counts[pattern];
        }
        counts[0] = box.voxelCount() - some;
        return counts;
    }

    /** The voxels whose pattern is chosen; those that no reader has are never. */
    public BitMask chosen(boolean[] patterns) {
        Box box = roi(0);
        BitMask result = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    int pattern = 0;
                    for (int r = 0; r < masks.size(); r++) {
                        pattern |= masks.get(r).contains(x, y, z) ? 1 << r : 0;
                    }
                    if (pattern != 0 && patterns[pattern]) {
                        result.set(x, y, z);
                    }
                }
            }
        }
        return result;
    }

    private static long word(BitMask mask, int word, int y, int z) {
        int at = word - mask.wordX0();
        return at < 0 || at >= mask.wordsPerRow() || !mask.hasRow(y, z) ? 0 : mask.words()[mask.rowStart(y, z) + at];
    }
}
