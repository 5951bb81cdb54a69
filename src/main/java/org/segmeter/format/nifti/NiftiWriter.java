package org.segmeter.format.nifti;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Voxels;

/**
 * Writes a segmentation as one NIfTI file with sform and, where the axes are perpendicular, the same qform.
 *
 * <p>Segments that do not overlap become a label map of their numbers in the smallest integer type that holds them. Segments that overlap become a
 * volume of 0 and 1 each, probabilities a float32 volume each, in the order of the segments; such a file carries no numbers, a reader counts
 * from 1. It is NIfTI-1, little-endian; NIfTI-2 where an axis has more than 32,767 voxels. Its affine is then exact to
 * float32, about 1e-7.
 */
public final class NiftiWriter {

    private static final int SCANNER = 1;

    private NiftiWriter() {}

    /** Writes a .nii; the stream is flushed, not closed. */
    public static void write(Segmentation segmentation, OutputStream out) throws IOException {
        Layout layout = Layout.of(segmentation);
        out.write(header(segmentation.grid(), layout));
        if (layout.labels) {
            labels(segmentation, layout.type, out);
        } else {
            for (SegmentVoxels segment : segmentation.segments()) {
                Voxels voxels = segment.voxels() instanceof Mask m ? m.toBitMask() : segment.voxels();
                volume(segmentation.grid(), voxels, layout.type, out);
            }
        }
        out.flush();
    }

    /** Writes a .nii.gz; the stream is flushed, not closed. */
    public static void writeGzip(Segmentation segmentation, OutputStream out) throws IOException {
        GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16);
        write(segmentation, gzip);
        gzip.finish();
        out.flush();
    }

    private record Layout(boolean labels, NiftiType type, int components) {

        static Layout of(Segmentation segmentation) {
            List<SegmentVoxels> segments = segmentation.segments();
            if (segmentation.encoding() == Encoding.PROBABILITY) {
                return new Layout(false, NiftiType.FLOAT32, Math.max(1, segments.size()));
            }
            if (overlap(segmentation)) {
                return new Layout(false, NiftiType.UINT8, segments.size());
            }
            int least = 0;
            int most = 0;
            for (SegmentVoxels segment : segments) {
                least = Math.min(least, segment.segment().number());
                most = Math.max(most, segment.segment().number());
            }
            if (least == 0 && most <= 0xff) {
                return new Layout(true, NiftiType.UINT8, 1);
            }
            if (least >= Short.MIN_VALUE && most <= Short.MAX_VALUE) {
                return new Layout(true, NiftiType.INT16, 1);
            }
            return new Layout(true, least == 0 && most <= 0xffff ? NiftiType.UINT16 : NiftiType.INT32, 1);
        }

        /** True if two segments share a voxel, which those of a label map cannot, or one has the number that is background in it. */
        private static boolean overlap(Segmentation segmentation) {
            List<SegmentVoxels> segments = segmentation.segments();
            for (int i = 0; i < segments.size(); i++) {
                if (segments.get(i).segment().number() == 0) {
                    return true;
                }
                for (int j = 0; j < i && segmentation.encoding() != Encoding.LABELMAP; j++) {
                    if (mask(segments.get(i)).intersectionCount(mask(segments.get(j))) > 0) {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    private static Mask mask(SegmentVoxels segment) {
        return switch (segment.voxels()) {
            case Mask mask -> mask;
            case ProbabilityVolume p -> p.atLeast(0.5);
        };
    }

    private static byte[] header(Grid grid, Layout layout) {
        int[] dim = {layout.components > 1 ? 4 : 3, grid.nx(), grid.ny(), grid.nz(), layout.components, 1, 1, 1};
        boolean two = false;
        for (int n : dim) {
            two |= n > Short.MAX_VALUE;
        }
        double[][] ras = ras(grid.indexToPatient());
        double[] pixdim = new double[8];
        pixdim[0] = determinant(ras) < 0 ? -1 : 1;
        for (int i = 1; i < 8; i++) {
            pixdim[i] = i <= 3 ? grid.spacing(i - 1) : 1;
        }
        double[] quaternion = quaternion(ras, pixdim);
        boolean perpendicular = isPerpendicular(ras, pixdim);
        return two
                ? header2(layout, dim, ras, pixdim, quaternion, perpendicular)
                : header1(layout, dim, ras, pixdim, quaternion, perpendicular);
    }

    private static byte[] header1(
            Layout layout, int[] dim, double[][] ras, double[] pixdim, double[] quaternion, boolean perpendicular) {
        ByteBuffer b = ByteBuffer.allocate(NiftiHeader.BYTES_1 + 4).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, NiftiHeader.BYTES_1);
        for (int i = 0; i < 8; i++) {
            b.putShort(40 + 2 * i, (short) dim[i]);
            b.putFloat(76 + 4 * i, (float) pixdim[i]);
        }
        b.putShort(70, (short) layout.type.code);
        b.putShort(72, (short) layout.type.bits);
        b.putFloat(108, b.capacity());
        b.putFloat(112, 1);
        b.put(123, (byte) 2);
        b.putShort(252, (short) (perpendicular ? SCANNER : 0));
        b.putShort(254, (short) SCANNER);
        for (int i = 0; i < 3; i++) {
            b.putFloat(256 + 4 * i, (float) quaternion[i]);
            b.putFloat(268 + 4 * i, (float) ras[i][3]);
            for (int j = 0; j < 4; j++) {
                b.putFloat(280 + 16 * i + 4 * j, (float) ras[i][j]);
            }
        }
        b.put(344, "n+1".getBytes(StandardCharsets.US_ASCII));
        return b.array();
    }

    private static byte[] header2(
            Layout layout, int[] dim, double[][] ras, double[] pixdim, double[] quaternion, boolean perpendicular) {
        ByteBuffer b = ByteBuffer.allocate(NiftiHeader.BYTES_2 + 4).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, NiftiHeader.BYTES_2);
        b.put(4, "n+2\0\r\n\u001a\n".getBytes(StandardCharsets.US_ASCII));
        b.putShort(12, (short) layout.type.code);
        b.putShort(14, (short) layout.type.bits);
        for (int i = 0; i < 8; i++) {
            b.putLong(16 + 8 * i, dim[i]);
            b.putDouble(104 + 8 * i, pixdim[i]);
        }
        b.putLong(168, b.capacity());
        b.putDouble(176, 1);
        b.putInt(344, perpendicular ? SCANNER : 0);
        b.putInt(348, SCANNER);
        for (int i = 0; i < 3; i++) {
            b.putDouble(352 + 8 * i, quaternion[i]);
            b.putDouble(376 + 8 * i, ras[i][3]);
            for (int j = 0; j < 4; j++) {
                b.putDouble(400 + 32 * i + 8 * j, ras[i][j]);
            }
        }
        b.putInt(500, 2);
        return b.array();
    }

    private static double[][] ras(Affine lps) {
        return new double[][] {
            {-lps.xi(), -lps.yi(), -lps.zi(), -lps.ti()},
            {-lps.xj(), -lps.yj(), -lps.zj(), -lps.tj()},
            {lps.xk(), lps.yk(), lps.zk(), lps.tk()}
        };
    }

    private static double determinant(double[][] m) {
        return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
    }

    private static boolean isPerpendicular(double[][] m, double[] pixdim) {
        for (int a = 0; a < 3; a++) {
            int b = (a + 1) % 3;
            double dot = m[0][a] * m[0][b] + m[1][a] * m[1][b] + m[2][a] * m[2][b];
            if (Math.abs(dot) > 1e-6 * pixdim[a + 1] * pixdim[b + 1]) {
                return false;
            }
        }
        return true;
    }

    /** b, c, d of the unit quaternion with a at least 0 of the rotation in the affine; by the largest of its four parts. */
    private static double[] quaternion(double[][] m, double[] pixdim) {
        double[][] r = new double[3][3];
        for (int row = 0; row < 3; row++) {
            for (int column = 0; column < 3; column++) {
                r[row][column] = m[row][column] / pixdim[column + 1] * (column == 2 ? pixdim[0] : 1);
            }
        }
        double[] fourSquares = {
            1 + r[0][0] + r[1][1] + r[2][2],
            1 + r[0][0] - r[1][1] - r[2][2],
            1 - r[0][0] + r[1][1] - r[2][2],
            1 - r[0][0] - r[1][1] + r[2][2]
        };
        int largest = 0;
        for (int i = 1; i < 4; i++) {
            largest = fourSquares[i] > fourSquares[largest] ? i : largest;
        }
        double part = Math.sqrt(fourSquares[largest]) / 2;
        double f = 1 / (4 * part);
        double ab = (r[2][1] - r[1][2]) * f;
        double ac = (r[0][2] - r[2][0]) * f;
        double ad = (r[1][0] - r[0][1]) * f;
        double bc = (r[0][1] + r[1][0]) * f;
        double bd = (r[0][2] + r[2][0]) * f;
        double cd = (r[1][2] + r[2][1]) * f;
        double[] q = switch (largest) {
            case 0 -> new double[] {part, ab, ac, ad};
            case 1 -> new double[] {ab, part, bc, bd};
            case 2 -> new double[] {ac, bc, part, cd};
            default -> new double[] {ad, bd, cd, part};
        };
        double sign = q[0] < 0 ? -1 : 1;
        return new double[] {sign * q[1], sign * q[2], sign * q[3]};
    }

    private static void labels(Segmentation segmentation, NiftiType type, OutputStream out) throws IOException {
        Grid grid = segmentation.grid();
        List<SegmentVoxels> segments = segmentation.segments();
        BitMask[] masks = segments.stream().map(s -> mask(s).toBitMask()).toArray(BitMask[]::new);
        ByteBuffer row =
                ByteBuffer.allocate(Math.multiplyExact(grid.nx(), type.width())).order(ByteOrder.LITTLE_ENDIAN);
        int[] labels = new int[grid.nx()];
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = 0; y < grid.ny(); y++) {
                Arrays.fill(labels, 0);
                for (int s = 0; s < masks.length; s++) {
                    paint(masks[s], y, z, segments.get(s).segment().number(), labels);
                }
                row.clear();
                for (int label : labels) {
                    switch (type.width()) {
                        case 1 -> row.put((byte) label);
                        case 2 -> row.putShort((short) label);
                        default -> row.putInt(label);
                    }
                }
                out.write(row.array());
            }
        }
    }

    private static void paint(BitMask mask, int y, int z, int label, int[] labels) {
        if (!mask.hasRow(y, z)) {
            return;
        }
        int start = mask.rowStart(y, z);
        for (int w = 0; w < mask.wordsPerRow(); w++) {
            for (long bits = mask.words()[start + w]; bits != 0; bits &= bits - 1) {
                labels[(mask.wordX0() + w << 6) + Long.numberOfTrailingZeros(bits)] = label;
            }
        }
    }

    private static void volume(Grid grid, Voxels voxels, NiftiType type, OutputStream out) throws IOException {
        ByteBuffer row =
                ByteBuffer.allocate(Math.multiplyExact(grid.nx(), type.width())).order(ByteOrder.LITTLE_ENDIAN);
        int[] labels = new int[grid.nx()];
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = 0; y < grid.ny(); y++) {
                row.clear();
                switch (voxels) {
                    case Mask mask -> {
                        Arrays.fill(labels, 0);
                        paint(mask.toBitMask(), y, z, 1, labels);
                        for (int label : labels) {
                            row.put((byte) label);
                        }
                    }
                    case ProbabilityVolume p -> probabilities(p, y, z, grid.nx(), row);
                }
                out.write(row.array());
            }
        }
    }

    private static void probabilities(ProbabilityVolume p, int y, int z, int nx, ByteBuffer row) {
        Box box = p.box();
        int start = ((z - box.z0()) * box.ny() + y - box.y0()) * box.nx();
        for (int x = 0; x < nx; x++) {
            row.putFloat(box.contains(x, y, z) ? p.values()[start + x - box.x0()] : 0);
        }
    }
}
