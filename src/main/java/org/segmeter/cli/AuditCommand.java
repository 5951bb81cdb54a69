package org.segmeter.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.security.AuditTrail;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Holds the audit trail of an installation to its chain of digests. */
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "What is written down of every access.")
final class AuditCommand implements Runnable {

    private final PrintWriter out;
    private final PrintWriter err;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    AuditCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public void run() {
        if (spec != null) {
            throw new CommandLine.ParameterException(spec.commandLine(), "A command is missing.");
        }
    }

    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description = "Finds lines that were changed, left out or put in. Exit status 0 if there are none.")
    int verify(
            @Mixin InstallationOptions options,
            @Option(
                            names = "--head",
                            paramLabel = "SHA256",
                            description =
                                    "A digest that the trail had at its end, from the log of the service or from this"
                                            + " command before: if no line has it, lines were taken off the end.")
                    @Nullable
                    String head) {
        return options.attempt(err, () -> {
            Path directory = Path.of(options.environment().getOrDefault("SEGMETER_DATA_DIRECTORY", "data"))
                    .resolve("audit");
            if (!Files.isDirectory(directory)) {
                err.println("segmeter: there is no audit trail in this data directory");
                return CommandLineTool.REFUSED;
            }
            List<String> findings = new ArrayList<>(AuditTrail.verify(directory));
            if (head != null && !AuditTrail.has(directory, head)) {
                findings.add(
                        "no line has the digest " + head + ": lines were taken off the end, or all of it is another");
            }
            out.printf("%d lines read, %d findings%n", AuditTrail.lines(directory), findings.size());
            findings.forEach(out::println);
            AuditTrail.head(directory).ifPresent(end -> out.println("ends with " + end));
            return findings.isEmpty() ? CommandLineTool.DONE : CommandLineTool.REFUSED;
        });
    }
}
