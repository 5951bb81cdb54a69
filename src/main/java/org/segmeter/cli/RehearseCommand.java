package org.segmeter.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine.Command;

/**
 * Scores small pairs of its own making in every way of reading and printing, and many of them as a batch, and prints nothing. A virtual machine
 * that records what a program loads and how it spends its time ({@code -XX:AOTCacheOutput}) is given this one to watch; what it has seen
 * starts faster from then on. The service has a rehearsal of its own.
 */
@Command(
        name = "rehearse",
        hidden = true,
        description = "Scores pairs made on the spot, for a recording of class loading.")
final class RehearseCommand implements Callable<Integer> {

    /** Pairs of the batch: often enough that what is worth compiling was seen at work, in about two seconds. */
    private static final int PAIRS = 240;

    private static final int SMALLEST_RADIUS = 6;
    private static final int RADII = 10;

    @Override
    public Integer call() throws IOException {
        Path directory = Files.createTempDirectory("segmeter-rehearsal");
        Path label = directory.resolve("label.nii.gz");
        Path other = directory.resolve("other.nii");
        Path object = directory.resolve("object.dcm");
        try {
            Files.write(label, RehearsedPair.labelMap(9));
            Files.write(other, RehearsedPair.plainLabelMap(10));
            Files.write(object, RehearsedPair.object(11));
            Path predictions = balls(directory.resolve("prediction"), 0);
            Path references = balls(directory.resolve("reference"), 3);
            for (String[] arguments : List.of(
                    new String[] {"score", label.toString(), other.toString()},
                    new String[] {"score", object.toString(), label.toString(), "--json"},
                    new String[] {"score", label.toString(), label.toString(), "--csv"},
                    new String[] {
                        "batch",
                        "--prediction",
                        predictions.toString(),
                        "--reference",
                        references.toString(),
                        "--csv",
                        directory.resolve("table.csv").toString()
                    })) {
                int status = silently(arguments);
                if (status != CommandLineTool.DONE) {
                    return status;
                }
            }
            return CommandLineTool.DONE;
        } finally {
            FileSystemUtils.deleteRecursively(directory);
        }
    }

    /** A directory of label maps, each with two balls of its own size. */
    private static Path balls(Path directory, int shift) throws IOException {
        Files.createDirectory(directory);
        byte[][] bySize = new byte[RADII][];
        for (int size = 0; size < RADII; size++) {
            bySize[size] = RehearsedPair.labelMap(SMALLEST_RADIUS + size);
        }
        for (int i = 0; i < PAIRS; i++) {
            Files.write(directory.resolve(i + ".nii.gz"), bySize[(i + shift) % RADII]);
        }
        return directory;
    }

    private static int silently(String... arguments) {
        try (PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
            return CommandLineTool.run(arguments, nowhere, nowhere);
        }
    }
}
