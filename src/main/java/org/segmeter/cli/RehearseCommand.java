package org.segmeter.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
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
import picocli.CommandLine.Command;

/**
 * Scores small pairs of its own making in every way of reading and printing, and prints nothing. A virtual machine that records what
 * a program loads ({@code -XX:AOTCacheOutput}) is given this one to watch; what it has seen starts faster from then on.
 */
@Command(
        name = "rehearse",
        hidden = true,
        description = "Scores a pair made on the spot, for a recording of class loading.")
final class RehearseCommand implements Callable<Integer> {

    private static final int SIDE = 32;

    @Override
    public Integer call() throws IOException {
        Path directory = Files.createTempDirectory("segmeter-rehearsal");
        Path label = directory.resolve("label.nii.gz");
        Path other = directory.resolve("other.nii");
        Path object = directory.resolve("object.dcm");
        try {
            try (OutputStream out = Files.newOutputStream(label)) {
                NiftiWriter.writeGzip(balls(9), out);
            }
            try (OutputStream out = Files.newOutputStream(other)) {
                NiftiWriter.write(balls(10), out);
            }
            try (OutputStream out = Files.newOutputStream(object)) {
                SegWriter.Identity identity = new SegWriter.Identity(
                        "2.25.1", "2.25.2", "2.25.3", "2.25.4", 1, 1, LocalDateTime.of(2026, 1, 1, 0, 0));
                SegWriter.write(balls(11), identity, SegWriter.Options.DEFAULT, out);
            }
            for (String[] arguments : List.of(
                    new String[] {"score", label.toString(), other.toString()},
                    new String[] {"score", object.toString(), label.toString(), "--json"},
                    new String[] {"score", label.toString(), label.toString(), "--csv"})) {
                int status = silently(arguments);
                if (status != CommandLineTool.DONE) {
                    return status;
                }
            }
            return CommandLineTool.DONE;
        } finally {
            for (Path file : List.of(label, other, object, directory)) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static int silently(String... arguments) {
        try (PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
            return CommandLineTool.run(arguments, nowhere, nowhere);
        }
    }

    /** Two balls of a radius in voxels. */
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
