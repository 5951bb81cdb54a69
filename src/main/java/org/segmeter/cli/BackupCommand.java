package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import org.segmeter.backup.Backup;
import org.segmeter.backup.Installation;
import org.segmeter.backup.Manifest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Copies an installation that may be running. */
@Command(
        name = "backup",
        mixinStandardHelpOptions = true,
        description = "Copies the database and the stored files of an installation, which may be running.",
        footer = {"", InstallationOptions.SETTINGS})
final class BackupCommand implements Callable<Integer> {

    private final PrintWriter out;
    private final PrintWriter err;

    @Parameters(
            paramLabel = "DIR|FILE.zip",
            description = "Where to: an empty directory or one to be made, or a zip file that does not exist.")
    private Path place = Path.of("");

    @Mixin
    private InstallationOptions options = new InstallationOptions();

    BackupCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        return options.attempt(err, () -> backup());
    }

    private int backup() throws IOException, SQLException {
        try (Installation installation = Installation.toRead(options.environment())) {
            Manifest manifest = Backup.make(installation, place);
            out.println(options.summary(manifest));
            if (!manifest.absent().isEmpty()) {
                err.printf(
                        "segmeter: %d files are missing or damaged in the store and are not in the backup; segmeter"
                                + " verify names them%n",
                        manifest.absent().size());
                return CommandLineTool.REFUSED;
            }
            return CommandLineTool.DONE;
        }
    }
}
