package org.segmeter.format.nifti;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segmentation;

/** Makes NIfTI files byte by byte for the tests, independent of the product's writer. */
final class NiftiBytes {

    private final ByteBuffer b;
    private final int version;
    private final NiftiType type;

    private NiftiBytes(int version, ByteOrder order, NiftiType type, int[] shape) {
        this.version = version;
        this.type = type;
        long voxels = 1;
        for (int n : shape) {
            voxels *= n;
        }
        int header = version == 1 ? 352 : 544;
        b = ByteBuffer.allocate(header + (int) voxels * type.width()).order(order);
        b.putInt(0, header - 4);
        if (version == 1) {
            b.putShort(40, (short) shape.length);
            for (int i = 0; i < 7; i++) {
                b.putShort(42 + 2 * i, (short) (i < shape.length ? shape[i] : 1));
                b.putFloat(80 + 4 * i, 1);
            }
            b.putShort(70, (short) type.code);
            b.putShort(72, (short) type.bits);
            b.putFloat(108, header);
            b.putShort(254, (short) 1);
            b.put(123, (byte) 2);
            b.put(344, "n+1".getBytes(StandardCharsets.US_ASCII));
        } else {
            b.put(4, "n+2\0\r\n\u001a\n".getBytes(StandardCharsets.US_ASCII));
            b.putShort(12, (short) type.code);
            b.putShort(14, (short) type.bits);
            b.putLong(16, shape.length);
            for (int i = 0; i < 7; i++) {
                b.putLong(24 + 8 * i, i < shape.length ? shape[i] : 1);
                b.putDouble(112 + 8 * i, 1);
            }
            b.putLong(168, header);
            b.putInt(348, 1);
            b.putInt(500, 2);
        }
        for (int i = 0; i < 3; i++) {
            srow(i, i, 1);
        }
    }

    static NiftiBytes of(NiftiType type, int... shape) {
        return new NiftiBytes(1, ByteOrder.LITTLE_ENDIAN, type, shape);
    }

    static NiftiBytes of(int version, ByteOrder order, NiftiType type, int... shape) {
        return new NiftiBytes(version, order, type, shape);
    }

    private void srow(int row, int column, double value) {
        if (version == 1) {
            b.putFloat(280 + 16 * row + 4 * column, (float) value);
        } else {
            b.putDouble(400 + 32 * row + 8 * column, value);
        }
    }

    NiftiBytes scaled(double slope, double intercept) {
        if (version == 1) {
            b.putFloat(112, (float) slope);
            b.putFloat(116, (float) intercept);
        } else {
            b.putDouble(176, slope);
            b.putDouble(184, intercept);
        }
        return this;
    }

    /** Changes the header freely. */
    NiftiBytes with(java.util.function.Consumer<ByteBuffer> change) {
        change.accept(b);
        return this;
    }

    NiftiBytes values(double... values) {
        int at = version == 1 ? 352 : 544;
        for (double v : values) {
            switch (type) {
                case UINT8, INT8 -> b.put(at, (byte) v);
                case INT16, UINT16 -> b.putShort(at, (short) (int) v);
                case INT32, UINT32 -> b.putInt(at, (int) (long) v);
                case INT64, UINT64 -> b.putLong(at, (long) v);
                case FLOAT32 -> b.putFloat(at, (float) v);
                case FLOAT64 -> b.putDouble(at, v);
            }
            at += type.width();
        }
        return this;
    }

    byte[] bytes() {
        return b.array().clone();
    }

    static byte[] gzip(byte[]... members) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            for (byte[] member : members) {
                try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                    gzip.write(member);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    Segmentation read() throws InputException {
        return read(bytes(), ReadOptions.defaults());
    }

    Segmentation read(ReadOptions options) throws InputException {
        return read(bytes(), options);
    }

    static Segmentation read(byte[] file, ReadOptions options) throws InputException {
        return SegmentationReader.standard().read(List.of(MemorySegment.ofArray(file)), options);
    }
}
