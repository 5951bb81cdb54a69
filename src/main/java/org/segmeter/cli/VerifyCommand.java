package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.segmeter.backup.Backup;
import org.segmeter.backup.Installation;
import org.segmeter.backup.Verification;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Holds a backup, or an installation, to its digests. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description =
                "Reads every file and result of a backup, or without one of an installation, and compares it with its"
                        + " SHA-256.",
        footer = {"", InstallationOptions.SETTINGS})
final class VerifyCommand implements Callable<Integer> {

    private final PrintWriter out;
    private final PrintWriter err;

    @Parameters(arity = "0..1", paramLabel = "DIR|FILE.zip", description = "The backup; without it the installation.")
    private @Nullable Path place;

    @Mixin
    private InstallationOptions options = new InstallationOptions();

    VerifyCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        return options.attempt(err, () -> verify());
    }

    private int verify() throws IOException, SQLException {
        Path backup = place;
        if (backup != null) {
            out.println(options.summary(Backup.verify(backup)));
            return CommandLineTool.DONE;
        }
        try (Installation installation = Installation.toRead(options.environment())) {
            Verification found = Verification.of(installation);
            out.printf(
                    "%d files and %d scorecards read, %d findings%n",
                    found.objects(), found.scorecards(), found.findings().size());
            found.findings().forEach(out::println);
            return found.findings().isEmpty() ? CommandLineTool.DONE : CommandLineTool.REFUSED;
        }
    }
}
