package org.segmeter.scoring;

import java.util.Arrays;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.ProbabilityVolume;

/**
 * An exact map from the voxels of one grid to those of another: an axis permutation, flips and a shift by whole voxels. Voxels are
 * moved, never interpolated.
 *
 * @param sx source axis (0 = x, 1 = y, 2 = z) that runs along the target's x; {@code sy}, {@code sz} likewise
 * @param dx 1, or -1 where that axis runs backwards
 * @param ox target index along x of source index 0
 */
record Reindexing(int sx, int sy, int sz, int dx, int dy, int dz, int ox, int oy, int oz) {

    static final Reindexing NONE = new Reindexing(0, 1, 2, 1, 1, 1, 0, 0, 0);

    int axis(int target) {
        return target == 0 ? sx : target == 1 ? sy : sz;
    }

    int direction(int target) {
        return target == 0 ? dx : target == 1 ? dy : dz;
    }

    int offset(int target) {
        return target == 0 ? ox : target == 1 ? oy : oz;
    }

    boolean isTranslation() {
        return sx == 0 && sy == 1 && sz == 2 && dx == 1 && dy == 1 && dz == 1;
    }

    /** The same map, its targets moved by whole voxels. */
    Reindexing shifted(int x, int y, int z) {
        return new Reindexing(sx, sy, sz, dx, dy, dz, ox + x, oy + y, oz + z);
    }

    /** The source axis and direction of each target axis, for people: {@code +x +y +z} if nothing changes. */
    String axes() {
        StringBuilder text = new StringBuilder();
        for (int t = 0; t < 3; t++) {
            text.append(t == 0 ? "" : " ").append(direction(t) > 0 ? '+' : '-').append("xyz".charAt(axis(t)));
        }
        return text.toString();
    }

    /** Where a box of source voxels comes to lie. */
    Box apply(Box source) {
        if (source.isEmpty()) {
            return Box.EMPTY;
        }
        int[] from = new int[3];
        int[] to = new int[3];
        for (int t = 0; t < 3; t++) {
            int a = axis(t);
            int s0 = a == 0 ? source.x0() : a == 1 ? source.y0() : source.z0();
            int s1 = a == 0 ? source.x1() : a == 1 ? source.y1() : source.z1();
            from[t] = direction(t) > 0 ? offset(t) + s0 : offset(t) - (s1 - 1);
            to[t] = direction(t) > 0 ? offset(t) + s1 : offset(t) - s0 + 1;
        }
        return new Box(from[0], from[1], from[2], to[0], to[1], to[2]);
    }

    Mask apply(Mask mask) {
        if (equals(NONE)) {
            return mask;
        }
        return switch (mask) {
            case BitMask bits -> apply(bits);
            case PointMask points -> apply(points);
        };
    }

    private Mask apply(PointMask mask) {
        Box target = apply(mask.box());
        int nx = target.nx();
        int ny = target.ny();
        int[] offsets = new int[Math.toIntExact(mask.count())];
        int[] n = new int[1];
        mask.forEach((x, y, z) ->
                offsets[n[0]++] = ((targetOf(2, x, y, z) - target.z0()) * ny + targetOf(1, x, y, z) - target.y0()) * nx
                        + targetOf(0, x, y, z)
                        - target.x0());
        if (!isTranslation()) {
            Arrays.sort(offsets);
        }
        return new PointMask(target, offsets);
    }

    private int targetOf(int t, int x, int y, int z) {
        int a = axis(t);
        return offset(t) + direction(t) * (a == 0 ? x : a == 1 ? y : z);
    }

    private BitMask apply(BitMask mask) {
        Box box = mask.box();
        BitMask result = new BitMask(apply(box));
        if (box.isEmpty()) {
            return result;
        }
        if (sx == 0) {
            moveRows(mask, box, result);
        } else {
            moveVoxels(mask, box, result);
        }
        return result;
    }

    /** Rows stay rows along x: whole words are shifted, or reversed and shifted. */
    private void moveRows(BitMask mask, Box box, BitMask result) {
        long[] from = mask.words();
        long[] to = result.words();
        int first = (box.x0() >> 6) - mask.wordX0();
        int last = (box.x1() - 1 >> 6) - mask.wordX0();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int ty = targetOf(1, 0, y, z);
                int tz = targetOf(2, 0, y, z);
                int source = mask.rowStart(y, z);
                int target = result.rowStart(ty, tz) - result.wordX0();
                for (int w = first; w <= last; w++) {
                    long bits = from[source + w];
                    if (bits == 0) {
                        continue;
                    }
                    int x = mask.wordX0() + w << 6;
                    int start = dx > 0 ? ox + x : ox - x - 63;
                    put(to, target, start, dx > 0 ? bits : Long.reverse(bits));
                }
            }
        }
    }

    /** Adds 64 voxels that begin at x = start, which may be negative where the bits that would lie there are 0. */
    private static void put(long[] words, int row, int start, long bits) {
        int word = start >> 6;
        int shift = start & 63;
        long low = bits << shift;
        if (low != 0) {
            words[row + word] |= low;
        }
        if (shift != 0) {
            long high = bits >>> (64 - shift);
            if (high != 0) {
                words[row + word + 1] |= high;
            }
        }
    }

    private void moveVoxels(BitMask mask, Box box, BitMask result) {
        long[] words = mask.words();
        int first = (box.x0() >> 6) - mask.wordX0();
        int last = (box.x1() - 1 >> 6) - mask.wordX0();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int row = mask.rowStart(y, z);
                for (int w = first; w <= last; w++) {
                    for (long bits = words[row + w]; bits != 0; bits &= bits - 1) {
                        int x = (mask.wordX0() + w << 6) + Long.numberOfTrailingZeros(bits);
                        result.set(targetOf(0, x, y, z), targetOf(1, x, y, z), targetOf(2, x, y, z));
                    }
                }
            }
        }
    }

    ProbabilityVolume apply(ProbabilityVolume volume) {
        if (equals(NONE)) {
            return volume;
        }
        Box source = volume.box();
        Box target = apply(source);
        float[] logits = volume.logits();
        if (isTranslation()) {
            return new ProbabilityVolume(target, volume.values(), logits);
        }
        return new ProbabilityVolume(
                target, moved(volume.values(), source, target), logits == null ? null : moved(logits, source, target));
    }

    private float[] moved(float[] from, Box source, Box target) {
        float[] to = new float[from.length];
        int at = 0;
        for (int z = source.z0(); z < source.z1(); z++) {
            for (int y = source.y0(); y < source.y1(); y++) {
                for (int x = source.x0(); x < source.x1(); x++) {
                    int i = ((targetOf(2, x, y, z) - target.z0()) * target.ny() + targetOf(1, x, y, z) - target.y0())
                                    * target.nx()
                            + targetOf(0, x, y, z)
                            - target.x0();
                    to[i] = from[at++];
                }
            }
        }
        return to;
    }
}
