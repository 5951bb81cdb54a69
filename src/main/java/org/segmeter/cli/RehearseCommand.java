package org.segmeter.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * Scores small pairs of its own making in every way of reading and printing, and prints nothing. A virtual machine that records what
 * a program loads ({@code -XX:AOTCacheOutput}) is given this one to watch; what it has seen starts faster from then on. The service has
 * a rehearsal of its own.
 */
@Command(
        name = "rehearse",
        hidden = true,
        description = "Scores a pair made on the spot, for a recording of class loading.")
final class RehearseCommand implements Callable<Integer> {

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
}
