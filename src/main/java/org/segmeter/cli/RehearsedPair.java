package org.segmeter.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.LocalDateTime;
import java.util.List;
import org.segmeter.format.dicom.SegWriter;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Segmentation.Source;

/** Small files of two balls each, 64 x 32 x 32 voxels of 1 mm, to be scored while the virtual machine records what that needs. */
public final class RehearsedPair {

    private static final int SIDE = 32;

    private RehearsedPair() {}

    /**
     * A compressed NIfTI-1 label map.
     *
     * @param radius of the larger ball, in voxels; at most 15
     */
    public static byte[] labelMap(int radius) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        NiftiWriter.writeGzip(balls(radius), out);
        return out.toByteArray();
    }

    /** The same, not compressed. */
    static byte[] plainLabelMap(int radius) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        NiftiWriter.write(balls(radius), out);
        return out.toByteArray();
    }

    /** A DICOM SEG. */
    public static byte[] object(int radius) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SegWriter.Identity identity = new SegWriter.Identity(
                "2.25.1", "2.25.2", "2.25.3", "2.25.4", 1, 1, LocalDateTime.of(2026, 1, 1, 0, 0));
        SegWriter.write(balls(radius), identity, SegWriter.Options.DEFAULT, out);
        return out.toByteArray();
    }

    private static Segmentation balls(int radius) {
        Grid grid = new Grid(2 * SIDE, SIDE, SIDE, Affine.IDENTITY);
        return new Segmentation(
                grid,
                Encoding.BINARY,
                List.of(
                        new SegmentVoxels(Segment.ofLabelValue(1), ball(grid, SIDE / 2, radius)),
                        new SegmentVoxels(Segment.ofLabelValue(2), ball(grid, SIDE + SIDE / 2, radius - 1))),
                new Source("rehearsal", null, true, List.of()));
    }

    private static BitMask ball(Grid grid, int centreX, int radius) {
        BitMask mask = new BitMask(grid.box());
        for (int z = -radius; z <= radius; z++) {
            for (int y = -radius; y <= radius; y++) {
                int left = radius * radius - z * z - y * y;
                if (left >= 0) {
                    int half = (int) Math.sqrt(left);
                    mask.setRun(SIDE / 2 + y, SIDE / 2 + z, centreX - half, centreX + half + 1);
                }
            }
        }
        return mask;
    }
}
