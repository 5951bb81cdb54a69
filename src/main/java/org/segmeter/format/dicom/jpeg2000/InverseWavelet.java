package org.segmeter.format.dicom.jpeg2000;

import java.util.List;

/**
 * The inverse transformations (T.800 annex F) of a tile, in an array in which each resolution lies in the upper left corner: the
 * lower one first, HL on its right, LH below it, HH below and right.
 *
 * <p>Lifting with mirrored neighbours at the ends is the same as the periodic symmetric extension that the standard describes.
 */
final class InverseWavelet {

    // Table F.4.
    private static final float ALPHA = -1.586134342059924f;
    private static final float BETA = -0.052980118572961f;
    private static final float GAMMA = 0.882911075530934f;
    private static final float DELTA = 0.443506852043971f;
    private static final float K = 1.230174104914001f;

    private InverseWavelet() {}

    static void reversible(List<Resolution> resolutions, int[] a, int stride) {
        int[] b = new int[resolutions.size() > 1 ? a.length : 0];
        for (int r = 1; r < resolutions.size(); r++) {
            Area area = resolutions.get(r).area();
            Area lower = resolutions.get(r - 1).area();
            int width = area.width();
            int height = area.height();
            int oddX = area.x0() & 1;
            int oddY = area.y0() & 1;
            for (int y = 0; y < height && width > 0; y++) {
                int row = interleaved(y, lower.height(), oddY) * width;
                int from = y * stride;
                for (int x = oddX; x < width; x += 2) {
                    b[row + x] = a[from++];
                }
                for (int x = 1 - oddX; x < width; x += 2) {
                    b[row + x] = a[from++];
                }
                if (width > 1) {
                    liftRow(b, row, width, oddX);
                } else if (oddX == 1) {
                    b[row] /= 2;
                }
            }
            if (height > 1) {
                liftColumns(b, width, height, oddY);
            } else if (height == 1 && oddY == 1) {
                for (int x = 0; x < width; x++) {
                    b[x] /= 2;
                }
            }
            for (int y = 0; y < height; y++) {
                System.arraycopy(b, y * width, a, y * stride, width);
            }
        }
    }

    private static void liftRow(int[] b, int row, int width, int odd) {
        int last = row + width - 1;
        for (int x = odd; x < width; x += 2) {
            int i = row + x;
            b[i] -= b[i == row ? row + 1 : i - 1] + b[i == last ? last - 1 : i + 1] + 2 >> 2;
        }
        for (int x = 1 - odd; x < width; x += 2) {
            int i = row + x;
            b[i] += b[i == row ? row + 1 : i - 1] + b[i == last ? last - 1 : i + 1] >> 1;
        }
    }

    private static void liftColumns(int[] b, int width, int height, int odd) {
        for (int y = odd; y < height; y += 2) {
            int row = y * width;
            int before = before(y) * width;
            int after = after(y, height) * width;
            for (int x = 0; x < width; x++) {
                b[row + x] -= b[before + x] + b[after + x] + 2 >> 2;
            }
        }
        for (int y = 1 - odd; y < height; y += 2) {
            int row = y * width;
            int before = before(y) * width;
            int after = after(y, height) * width;
            for (int x = 0; x < width; x++) {
                b[row + x] += b[before + x] + b[after + x] >> 1;
            }
        }
    }

    static void irreversible(List<Resolution> resolutions, float[] a, int stride) {
        float[] b = new float[resolutions.size() > 1 ? a.length : 0];
        for (int r = 1; r < resolutions.size(); r++) {
            Area area = resolutions.get(r).area();
            Area lower = resolutions.get(r - 1).area();
            int width = area.width();
            int height = area.height();
            int oddX = area.x0() & 1;
            int oddY = area.y0() & 1;
            for (int y = 0; y < height && width > 0; y++) {
                int row = interleaved(y, lower.height(), oddY) * width;
                int from = y * stride;
                for (int x = oddX; x < width; x += 2) {
                    b[row + x] = a[from++];
                }
                for (int x = 1 - oddX; x < width; x += 2) {
                    b[row + x] = a[from++];
                }
                liftRow(b, row, width, oddX);
            }
            liftColumns(b, width, height, oddY);
            for (int y = 0; y < height; y++) {
                System.arraycopy(b, y * width, a, y * stride, width);
            }
        }
    }

    private static void liftRow(float[] b, int row, int width, int odd) {
        if (width == 1) {
            b[row] = odd == 1 ? b[row] / 2 : b[row];
            return;
        }
        for (int x = 0; x < width; x++) {
            b[row + x] *= (x & 1) == odd ? K : 1 / K;
        }
        liftRow(b, row, width, odd, DELTA);
        liftRow(b, row, width, 1 - odd, GAMMA);
        liftRow(b, row, width, odd, BETA);
        liftRow(b, row, width, 1 - odd, ALPHA);
    }

    private static void liftRow(float[] b, int row, int width, int first, float factor) {
        for (int x = first; x < width; x += 2) {
            b[row + x] -= factor * (b[row + before(x)] + b[row + after(x, width)]);
        }
    }

    private static void liftColumns(float[] b, int width, int height, int odd) {
        if (height == 1) {
            for (int x = 0; x < width && odd == 1; x++) {
                b[x] /= 2;
            }
            return;
        }
        for (int y = 0; y < height; y++) {
            float scale = (y & 1) == odd ? K : 1 / K;
            for (int i = y * width; i < (y + 1) * width; i++) {
                b[i] *= scale;
            }
        }
        liftColumns(b, width, height, odd, DELTA);
        liftColumns(b, width, height, 1 - odd, GAMMA);
        liftColumns(b, width, height, odd, BETA);
        liftColumns(b, width, height, 1 - odd, ALPHA);
    }

    private static void liftColumns(float[] b, int width, int height, int first, float factor) {
        for (int y = first; y < height; y += 2) {
            int row = y * width;
            int before = before(y) * width;
            int after = after(y, height) * width;
            for (int x = 0; x < width; x++) {
                b[row + x] -= factor * (b[before + x] + b[after + x]);
            }
        }
    }

    /** Where the row lies among its neighbours that is number {@code i} when all low-pass ones come first. */
    private static int interleaved(int i, int lowCount, int odd) {
        return i < lowCount ? 2 * i + odd : 2 * (i - lowCount) + 1 - odd;
    }

    private static int before(int i) {
        return i == 0 ? 1 : i - 1;
    }

    private static int after(int i, int length) {
        return i == length - 1 ? length - 2 : i + 1;
    }
}
