package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import org.segmeter.backup.Installation;
import org.segmeter.backup.Restore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Makes an installation out of a backup. */
@Command(
        name = "restore",
        mixinStandardHelpOptions = true,
        description = "Restores a backup into an empty data directory, or an empty database and bucket. The backup is"
                + " verified first.",
        footer = {"", InstallationOptions.SETTINGS})
final class RestoreCommand implements Callable<Integer> {

    private final PrintWriter out;
    private final PrintWriter err;

    @Parameters(paramLabel = "DIR|FILE.zip", description = "The backup.")
    private Path place = Path.of("");

    @Mixin
    private InstallationOptions options = new InstallationOptions();

    RestoreCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        return options.attempt(err, () -> restore());
    }

    private int restore() throws IOException, SQLException {
        try (Installation installation = Installation.toFill(options.environment())) {
            out.println(options.summary(Restore.run(place, installation)));
            return CommandLineTool.DONE;
        }
    }
}
