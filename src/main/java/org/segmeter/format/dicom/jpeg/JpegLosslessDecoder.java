package org.segmeter.format.dicom.jpeg;

import org.segmeter.volume.InputException;

/**
 * JPEG lossless, non-hierarchical, Huffman coding (ITU-T T.81 annex H), one component of 2 to 16 bits, any predictor: DICOM's
 * processes 14 and 14 selection value 1.
 */
public final class JpegLosslessDecoder {

    private final JpegStream in;
    private final int rows;
    private final int columns;

    private int precision;
    private int restartInterval;
    private int predictor;
    private int pointTransform;
    private int table;

    // T.81 annex F.2.2.3: for each table and code length, the smallest and largest code and the index of its first
    // value.
    private final int[][] minCode = new int[4][];
    private final int[][] maxCode = new int[4][];
    private final int[][] firstValue = new int[4][];
    private final byte[][] values = new byte[4][];

    private int next;
    private int bits;
    private int bitCount;
    private int bitsPastEnd;

    private JpegLosslessDecoder(byte[] stream, int rows, int columns) {
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
        return new JpegLosslessDecoder(stream, rows, columns).decode(maximumBits);
    }

    private short[] decode(int maximumBits) throws InputException {
        if (in.marker() != 0xD8) {
            throw JpegStream.malformed("it does not begin with SOI", "another marker");
        }
        boolean frame = false;
        while (true) {
            int marker = in.marker();
            if (marker == 0xC3) {
                if (frame) {
                    throw JpegStream.malformed("a second frame header follows the first", "SOF3 twice");
                }
                precision = in.frameHeader(rows, columns, maximumBits);
                frame = true;
            } else if (marker == 0xC4) {
                readHuffmanTables();
            } else if (marker == 0xDD) {
                in.u16();
                restartInterval = in.u16();
            } else if (marker == 0xDA) {
                if (!frame) {
                    throw JpegStream.malformed("the scan comes before the frame header", "SOS before SOF3");
                }
                readScanHeader();
                return scan();
            } else if (marker >= 0xC0 && marker <= 0xCF) {
                throw JpegStream.unsupported(
                        "a coding other than lossless Huffman", "SOF marker FF%02X".formatted(marker));
            } else if (marker == 0xFE || marker == 0xDB || marker >= 0xE0 && marker <= 0xEF) {
                in.skipSegment();
            } else {
                throw JpegStream.malformed("an unexpected marker", "marker FF%02X".formatted(marker));
            }
        }
    }

    private void readHuffmanTables() throws InputException {
        int length = in.u16() - 2;
        while (length > 0) {
            int which = in.u8();
            int id = which & 15;
            if (which >> 4 != 0 || id > 3) {
                throw JpegStream.malformed("a Huffman table of a kind that lossless JPEG has not", "Tc/Th " + which);
            }
            int[] counts = new int[17];
            int total = 0;
            for (int i = 1; i <= 16; i++) {
                counts[i] = in.u8();
                total += counts[i];
            }
            if (total > 256) {
                throw JpegStream.malformed("a Huffman table has too many codes", total + " codes");
            }
            byte[] list = new byte[total];
            for (int i = 0; i < total; i++) {
                int category = in.u8();
                if (category > 16) {
                    throw JpegStream.malformed("a difference category above 16", "category " + category);
                }
                list[i] = (byte) category;
            }
            int[] min = new int[17];
            int[] max = new int[17];
            int[] first = new int[17];
            int code = 0;
            int at = 0;
            for (int i = 1; i <= 16; i++) {
                first[i] = at;
                min[i] = code;
                code += counts[i];
                at += counts[i];
                max[i] = counts[i] == 0 ? -1 : code - 1;
                if (code > 1 << i) {
                    throw JpegStream.malformed(
                            "a Huffman table has more codes than its lengths allow", total + " codes");
                }
                code <<= 1;
            }
            minCode[id] = min;
            maxCode[id] = max;
            firstValue[id] = first;
            values[id] = list;
            length -= 17 + total;
        }
        if (length < 0) {
            throw JpegStream.malformed("a Huffman segment is shorter than its tables", "DHT");
        }
    }

    private void readScanHeader() throws InputException {
        in.scanOfOneComponent();
        table = in.u8() >> 4;
        predictor = in.u8();
        in.u8();
        pointTransform = in.u8() & 15;
        if (predictor < 1 || predictor > 7 || pointTransform >= precision) {
            throw JpegStream.malformed(
                    "predictor or point transform is out of range",
                    "Ss %d, Al %d".formatted(predictor, pointTransform));
        }
        if (table > 3 || values[table] == null) {
            throw JpegStream.malformed("the scan names a Huffman table that is not there", "table " + table);
        }
    }

    private short[] scan() throws InputException {
        next = in.position();
        short[] out = new short[Math.multiplyExact(rows, columns)];
        int[] previous = new int[columns];
        int[] line = new int[columns];
        int start = 1 << precision - pointTransform - 1;
        if (restartInterval % columns != 0) {
            throw JpegStream.malformed("its restart interval is not a whole number of lines", "DRI " + restartInterval);
        }
        int rowsBetweenRestarts = restartInterval / columns;
        for (int row = 0; row < rows; row++) {
            // The first line of a scan and each line after a restart predicts from the left only (T.81 H.1.2.1).
            boolean fresh = row == 0;
            if (rowsBetweenRestarts > 0 && row > 0 && row % rowsBetweenRestarts == 0) {
                restart();
                fresh = true;
            }
            for (int x = 0; x < columns; x++) {
                int prediction;
                if (fresh) {
                    prediction = x == 0 ? start : line[x - 1];
                } else if (x == 0) {
                    prediction = previous[0];
                } else {
                    prediction = predict(line[x - 1], previous[x], previous[x - 1]);
                }
                line[x] = prediction + difference() & 0xFFFF;
                out[row * columns + x] = (short) (line[x] << pointTransform);
            }
            int[] swap = previous;
            previous = line;
            line = swap;
            if (bitsPastEnd > bitCount) {
                throw JpegStream.malformed("the stream ends before the last row", "row " + row + " of " + rows);
            }
        }
        int largest = (1 << precision) - 1;
        for (short s : out) {
            if ((s & 0xFFFF) > largest) {
                throw JpegStream.malformed("a sample is larger than its precision allows", (s & 0xFFFF) + "");
            }
        }
        return out;
    }

    private int predict(int ra, int rb, int rc) {
        return switch (predictor) {
            case 1 -> ra;
            case 2 -> rb;
            case 3 -> rc;
            case 4 -> ra + rb - rc;
            case 5 -> ra + (rb - rc >> 1);
            case 6 -> rb + (ra - rc >> 1);
            default -> ra + rb >> 1;
        };
    }

    /** T.81 H.1.2.2: the category by Huffman code, then that many bits. */
    private int difference() throws InputException {
        int[] max = maxCode[table];
        int code = 0;
        for (int length = 1; length <= 16; length++) {
            code = code << 1 | bit();
            if (code <= max[length] && code >= minCode[table][length]) {
                int category = values[table][firstValue[table][length] + code - minCode[table][length]];
                if (category == 0) {
                    return 0;
                }
                if (category == 16) {
                    return 32768;
                }
                int value = readBits(category);
                return value < 1 << category - 1 ? value - (1 << category) + 1 : value;
            }
        }
        throw JpegStream.malformed("a Huffman code that its table does not have", "16 bits without a match");
    }

    private void restart() throws InputException {
        bits = 0;
        bitCount = 0;
        in.moveTo(Math.min(next, in.data().length));
        int marker = in.marker();
        if (marker < 0xD0 || marker > 0xD7) {
            throw JpegStream.malformed("a restart marker was expected", "marker FF%02X".formatted(marker));
        }
        next = in.position();
    }

    private int bit() {
        return readBits(1);
    }

    private int readBits(int count) {
        while (bitCount < count) {
            byte[] data = in.data();
            int value = 0;
            if (next < data.length) {
                value = data[next] & 0xFF;
                if (value != 0xFF) {
                    next++;
                } else if (next + 1 < data.length && data[next + 1] == 0) {
                    next += 2;
                } else {
                    // A marker: the stream goes on as zeros, and they are counted.
                    value = 0;
                    bitsPastEnd += 8;
                }
            } else {
                bitsPastEnd += 8;
            }
            bits = bits << 8 | value;
            bitCount += 8;
        }
        bitCount -= count;
        return bits >>> bitCount & (1 << count) - 1;
    }
}
