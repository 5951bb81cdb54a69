package org.segmeter.format.nifti;

import org.segmeter.format.ReadOptions;
import org.segmeter.format.gzip.ByteSource;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.IntensityVolume;

/** The voxels of a NIfTI file as an image: 16 bits for each, exactly where the file has no more. */
final class NiftiIntensities {

    private static final int CHUNK_BYTES = 1 << 16;
    private static final int STEPS = (1 << 16) - 1;

    private final NiftiHeader header;
    private final ReadOptions options;
    private final LabelReading reading;

    NiftiIntensities(NiftiHeader header, ReadOptions options) {
        this.header = header;
        this.options = options;
        this.reading = new LabelReading(header);
    }

    /** Whether the stored values are kept, so that their range need not be known before. */
    boolean exact() {
        return switch (header.type()) {
            case UINT8, INT8, INT16, UINT16 -> true;
            default -> false;
        };
    }

    /** The least and the greatest finite value. @param source stands at the first voxel */
    double[] range(ByteSource source) throws InputException {
        double[] range = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        voxels(source, (at, bits) -> {
            double value = reading.value(bits);
            if (Double.isFinite(value)) {
                range[0] = Math.min(range[0], value);
                range[1] = Math.max(range[1], value);
            }
        });
        return range[0] <= range[1] ? range : new double[] {0, 0};
    }

    /** @param source stands at the first voxel */
    IntensityVolume read(ByteSource source, Grid grid) throws InputException {
        short[] stored = new short[(int) header.voxels()];
        NiftiType type = header.type();
        boolean swap = header.bigEndian() && type.width() == 2;
        int offset = type == NiftiType.UINT16 ? 1 << 15 : 0;
        voxels(
                source,
                (at, bits) -> stored[at] =
                        (short) (type.asLong(swap ? Short.reverseBytes((short) bits) & 0xffff : bits) - offset));
        double slope = header.scaled() ? header.slope() : 1;
        double intercept = header.scaled() ? header.intercept() : 0;
        return new IntensityVolume(grid, stored, slope, intercept + slope * offset);
    }

    /**
     * As {@link #read(ByteSource, Grid)}, in steps of the range. What is not a number, and less than the least, is the least.
     *
     * @param range of {@link #range}
     */
    IntensityVolume read(ByteSource source, Grid grid, double[] range) throws InputException {
        short[] stored = new short[(int) header.voxels()];
        double step = range[1] > range[0] ? (range[1] - range[0]) / STEPS : 1;
        if (!(step > 0 && step < Double.POSITIVE_INFINITY)) {
            throw new InputException(
                    InputProblem.UNSUPPORTED_DATATYPE,
                    "The values of the image lie so far apart, or so close together, that they cannot be shown.",
                    range[0] + " to " + range[1],
                    "another range");
        }
        voxels(source, (at, bits) -> {
            double value = reading.value(bits);
            double place = Double.isNaN(value) ? 0 : (value - range[0]) / step;
            stored[at] = (short) (Math.round(Math.clamp(place, 0.0, STEPS)) + Short.MIN_VALUE);
        });
        return new IntensityVolume(grid, stored, step, range[0] - step * Short.MIN_VALUE);
    }

    private interface Voxel {
        /** @param bits little endian as in the file */
        void at(int index, long bits);
    }

    private void voxels(ByteSource source, Voxel sink) throws InputException {
        int width = header.type().width();
        int voxels = (int) header.voxels();
        byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, (long) voxels * width)];
        int perChunk = chunk.length / width;
        for (int first = 0; first < voxels; first += perChunk) {
            options.cancel().check();
            int n = Math.min(perChunk, voxels - first);
            if (source.read(chunk, 0, n * width) < n * width) {
                throw new InputException(
                        InputProblem.TRUNCATED,
                        "The NIfTI file ends before its last voxel.",
                        "fewer voxel bytes",
                        header.voxelBytes() + " voxel bytes");
            }
            int at = 0;
            for (int i = 0; i < n; i++) {
                long bits = 0;
                for (int b = 0; b < width; b++) {
                    bits |= (chunk[at++] & 0xffL) << 8 * b;
                }
                sink.at(first + i, bits);
            }
            if (perChunk > voxels - first) {
                break; // the index must not overflow
            }
        }
    }
}
