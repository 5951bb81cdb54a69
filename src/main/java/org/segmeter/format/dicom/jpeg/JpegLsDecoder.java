package org.segmeter.format.dicom.jpeg;

import java.util.Arrays;
import org.segmeter.volume.InputException;

/**
 * JPEG-LS, lossless and near-lossless, one component of 2 to 16 bits (ITU-T T.87, the names of its variables are kept).
 *
 * <p>Not supported, and refused: several components, mapping tables, point transform, restart intervals, dimensions in an LSE
 * segment.
 */
public final class JpegLsDecoder {

    /** T.87 A.7.1.2, table A.4: the order of the run lengths. */
    private static final int[] J = {
        0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15
    };

    private final JpegStream in;
    private final int rows;
    private final int columns;

    private int precision;
    private int maxval;
    private int t1;
    private int t2;
    private int t3;
    private int reset;
    private int near;
    private int range;
    private int qbpp;
    private int limit;

    private final int[] a = new int[367];
    private final int[] b = new int[365];
    private final int[] c = new int[365];
    private final int[] n = new int[367];
    private final int[] nn = new int[2];
    private int runIndex;

    private long bits;
    private int bitCount;
    private int next;
    private boolean afterFF;
    private int bitsPastEnd;

    private JpegLsDecoder(byte[] stream, int rows, int columns) {
        in = new JpegStream(stream);
        this.rows = rows;
        this.columns = columns;
    }

    /**
     * Decodes one frame.
     *
     * @param stream from SOI on
     * @param rows that the stream must have; {@code columns} likewise. The caller has admitted rows x columns samples
     * @param maximumBits precision that the stream may have at most, 2 to 16
     * @return unsigned samples, row by row
     * @throws InputException if the stream is damaged, is of another size, or uses what is not supported
     */
    public static short[] decode(byte[] stream, int rows, int columns, int maximumBits) throws InputException {
        return new JpegLsDecoder(stream, rows, columns).decode(maximumBits);
    }

    private short[] decode(int maximumBits) throws InputException {
        if (in.marker() != 0xD8) {
            throw JpegStream.malformed("it does not begin with SOI", "another marker");
        }
        int[] preset = new int[5];
        boolean frame = false;
        while (true) {
            int marker = in.marker();
            if (marker == 0xF7) {
                if (frame) {
                    throw JpegStream.malformed("a second frame header follows the first", "SOF55 twice");
                }
                precision = in.frameHeader(rows, columns, maximumBits);
                frame = true;
            } else if (marker == 0xF8) {
                readPreset(preset);
            } else if (marker == 0xDA) {
                if (!frame) {
                    throw JpegStream.malformed("the scan comes before the frame header", "SOS before SOF55");
                }
                readScanHeader();
                break;
            } else if (marker == 0xDD) {
                throw JpegStream.unsupported("restart intervals", "DRI");
            } else if (marker == 0xC3 || marker >= 0xC0 && marker <= 0xC2) {
                throw JpegStream.malformed("it is JPEG, not JPEG-LS", "marker FF%02X".formatted(marker));
            } else if (marker == 0xFE || marker >= 0xE0 && marker <= 0xEF) {
                in.skipSegment();
            } else {
                throw JpegStream.malformed("an unexpected marker", "marker FF%02X".formatted(marker));
            }
        }
        initialise(preset);
        return scan();
    }

    private void readPreset(int[] preset) throws InputException {
        int length = in.u16();
        int id = in.u8();
        if (id != 1) {
            throw JpegStream.unsupported("an LSE segment of another kind than coding parameters", "LSE type " + id);
        }
        if (length != 13) {
            throw JpegStream.malformed("the LSE segment has the wrong length", length + " bytes");
        }
        for (int i = 0; i < 5; i++) {
            preset[i] = in.u16();
        }
    }

    private void readScanHeader() throws InputException {
        in.scanOfOneComponent();
        if (in.u8() != 0) {
            throw JpegStream.unsupported("a mapping table", "Tm not 0");
        }
        near = in.u8();
        int interleave = in.u8();
        int point = in.u8();
        if (interleave != 0 || point != 0) {
            throw JpegStream.unsupported(
                    "interleaving or a point transform", "ILV %d, Al %d".formatted(interleave, point));
        }
    }

    /** T.87 A.2.1 and C.2.4.1.1: derived parameters, default thresholds, empty contexts. */
    private void initialise(int[] preset) throws InputException {
        int largest = (1 << precision) - 1;
        maxval = preset[0] == 0 ? largest : preset[0];
        if (maxval > largest || maxval < 1 || near > Math.min(255, maxval / 2)) {
            throw JpegStream.malformed(
                    "its parameters contradict each other", "MAXVAL %d, NEAR %d".formatted(maxval, near));
        }
        int d1;
        int d2;
        int d3;
        if (maxval >= 128) {
            int factor = Math.min(maxval, 4095) + 128 >> 8;
            d1 = clamp(factor + 2 + 3 * near, near + 1);
            d2 = clamp(factor * 4 + 3 + 5 * near, d1);
            d3 = clamp(factor * 17 + 4 + 7 * near, d2);
        } else {
            int factor = 256 / (maxval + 1);
            d1 = clamp(Math.max(2, 3 / factor + 3 * near), near + 1);
            d2 = clamp(Math.max(3, 7 / factor + 5 * near), d1);
            d3 = clamp(Math.max(4, 21 / factor + 7 * near), d2);
        }
        t1 = preset[1] == 0 ? d1 : preset[1];
        t2 = preset[2] == 0 ? d2 : preset[2];
        t3 = preset[3] == 0 ? d3 : preset[3];
        reset = preset[4] == 0 ? 64 : preset[4];
        if (t1 < near + 1 || t2 < t1 || t3 < t2 || t3 > maxval || reset < 3) {
            throw JpegStream.malformed(
                    "its thresholds contradict each other",
                    "T1 %d, T2 %d, T3 %d, RESET %d".formatted(t1, t2, t3, reset));
        }
        range = near == 0 ? maxval + 1 : (maxval + 2 * near) / (2 * near + 1) + 1;
        qbpp = ceilLog2(range);
        int bpp = Math.max(2, ceilLog2(maxval + 1));
        limit = 2 * (bpp + Math.max(8, bpp));
        Arrays.fill(a, Math.max(2, range + 32 >> 6));
        Arrays.fill(n, 1);
    }

    private int clamp(int i, int j) {
        return i > maxval || i < j ? j : i;
    }

    private static int ceilLog2(int v) {
        return 32 - Integer.numberOfLeadingZeros(v - 1);
    }

    private short[] scan() throws InputException {
        next = in.position();
        short[] out = new short[Math.multiplyExact(rows, columns)];
        // One sample more at either end: the neighbours of the first and last column (T.87 A.2.1).
        int[] previous = new int[columns + 2];
        int[] line = new int[columns + 2];
        for (int row = 0; row < rows; row++) {
            previous[columns + 1] = previous[columns];
            line[0] = previous[1];
            decodeLine(previous, line);
            for (int x = 0; x < columns; x++) {
                out[row * columns + x] = (short) line[x + 1];
            }
            int[] swap = previous;
            previous = line;
            line = swap;
            if (bitsPastEnd > bitCount) {
                throw JpegStream.malformed("the stream ends before the last row", "row " + row + " of " + rows);
            }
        }
        return out;
    }

    private void decodeLine(int[] previous, int[] line) throws InputException {
        int x = 1;
        while (x <= columns) {
            int ra = line[x - 1];
            int rb = previous[x];
            int rc = previous[x - 1];
            int rd = previous[x + 1];
            int q1 = quantise(rd - rb);
            int q2 = quantise(rb - rc);
            int q3 = quantise(rc - ra);
            if ((q1 | q2 | q3) == 0) {
                x = decodeRun(previous, line, x);
            } else {
                line[x++] = decodeRegular(ra, rb, rc, 81 * q1 + 9 * q2 + q3);
            }
        }
    }

    private int quantise(int d) {
        if (d <= -t3) {
            return -4;
        }
        if (d <= -t2) {
            return -3;
        }
        if (d <= -t1) {
            return -2;
        }
        if (d < -near) {
            return -1;
        }
        if (d <= near) {
            return 0;
        }
        if (d < t1) {
            return 1;
        }
        if (d < t2) {
            return 2;
        }
        return d < t3 ? 3 : 4;
    }

    /** T.87 A.4 to A.6. */
    private int decodeRegular(int ra, int rb, int rc, int signedContext) throws InputException {
        int sign = signedContext < 0 ? -1 : 1;
        int q = signedContext * sign;
        int px;
        if (rc >= Math.max(ra, rb)) {
            px = Math.min(ra, rb);
        } else if (rc <= Math.min(ra, rb)) {
            px = Math.max(ra, rb);
        } else {
            px = ra + rb - rc;
        }
        px = Math.clamp(px + sign * c[q], 0, maxval);
        int k = golombParameter(n[q], a[q]);
        int mapped = golomb(k, limit);
        int error;
        if (near == 0 && k == 0 && 2 * b[q] <= -n[q]) {
            error = (mapped & 1) != 0 ? mapped >> 1 : -(mapped >> 1) - 1;
        } else {
            error = (mapped & 1) != 0 ? -(mapped + 1 >> 1) : mapped >> 1;
        }
        b[q] += error * (2 * near + 1);
        a[q] += Math.abs(error);
        if (n[q] == reset) {
            a[q] >>= 1;
            b[q] >>= 1;
            n[q] >>= 1;
        }
        n[q]++;
        if (b[q] <= -n[q]) {
            b[q] = Math.max(b[q] + n[q], 1 - n[q]);
            if (c[q] > -128) {
                c[q]--;
            }
        } else if (b[q] > 0) {
            b[q] = Math.min(b[q] - n[q], 0);
            if (c[q] < 127) {
                c[q]++;
            }
        }
        return reconstruct(px, sign * error);
    }

    /** T.87 A.7: a run, and the sample that ends it unless the line does. */
    private int decodeRun(int[] previous, int[] line, int start) throws InputException {
        int ra = line[start - 1];
        int x = start;
        while (true) {
            if (bit() == 0) {
                int length = readBits(J[runIndex]);
                if (length > columns + 1 - x) {
                    throw JpegStream.malformed("a run goes past the end of its line", "a run of " + length);
                }
                Arrays.fill(line, x, x + length, ra);
                x += length;
                if (x > columns) {
                    throw JpegStream.malformed("a run ends past the end of its line", "a run of " + length);
                }
                line[x] = decodeInterruption(ra, previous[x]);
                if (runIndex > 0) {
                    runIndex--;
                }
                return x + 1;
            }
            int full = 1 << J[runIndex];
            int length = Math.min(full, columns + 1 - x);
            Arrays.fill(line, x, x + length, ra);
            x += length;
            if (length == full && runIndex < 31) {
                runIndex++;
            }
            if (x > columns) {
                return x;
            }
        }
    }

    private int decodeInterruption(int ra, int rb) throws InputException {
        int type = Math.abs(ra - rb) <= near ? 1 : 0;
        int sign = type == 0 && ra > rb ? -1 : 1;
        int q = 365 + type;
        int k = golombParameter(n[q], type == 0 ? a[365] : a[366] + (n[366] >> 1));
        int mapped = golomb(k, limit - J[runIndex] - 1);
        int shifted = mapped + type;
        boolean odd = (shifted & 1) != 0;
        int magnitude = shifted + 1 >> 1;
        int error = (k != 0 || 2 * nn[type] >= n[q]) == odd ? -magnitude : magnitude;
        if (error < 0) {
            nn[type]++;
        }
        a[q] += mapped + 1 - type >> 1;
        if (n[q] == reset) {
            a[q] >>= 1;
            n[q] >>= 1;
            nn[type] >>= 1;
        }
        n[q]++;
        return reconstruct(type == 1 ? ra : rb, sign * error);
    }

    private int reconstruct(int px, int error) {
        int rx = px + error * (2 * near + 1);
        if (rx < -near) {
            rx += range * (2 * near + 1);
        } else if (rx > maxval + near) {
            rx -= range * (2 * near + 1);
        }
        return Math.clamp(rx, 0, maxval);
    }

    private static int golombParameter(int count, int sum) {
        int k = 0;
        while (k < 31 && (long) count << k < sum) {
            k++;
        }
        return k;
    }

    /** T.87 A.5.3: the limited-length Golomb code. */
    private int golomb(int k, int glimit) throws InputException {
        int zeros = 0;
        while (bit() == 0) {
            if (++zeros > glimit) {
                throw JpegStream.malformed("a code is longer than its limit", "more than " + glimit + " zero bits");
            }
        }
        if (zeros < glimit - qbpp - 1) {
            if (k > 24) {
                throw JpegStream.malformed("its code parameter is out of range", "k = " + k);
            }
            return (zeros << k) + readBits(k);
        }
        return readBits(qbpp) + 1;
    }

    private int bit() {
        if (bitCount == 0) {
            fill();
        }
        bitCount--;
        return (int) (bits >>> bitCount & 1);
    }

    private int readBits(int count) {
        while (bitCount < count) {
            fill();
        }
        bitCount -= count;
        return (int) (bits >>> bitCount & (1L << count) - 1);
    }

    /** One byte more; after FF the next has 7 bits, and a marker ends the stream, which then goes on as zeros and is counted. */
    private void fill() {
        byte[] data = in.data();
        int value = 0;
        int width = 8;
        if (next < data.length && !(afterFF && (data[next] & 0x80) != 0)) {
            value = data[next++] & 0xFF;
            width = afterFF ? 7 : 8;
            afterFF = value == 0xFF;
        } else {
            bitsPastEnd += 8;
        }
        bits = bits << width | value;
        bitCount += width;
    }
}
