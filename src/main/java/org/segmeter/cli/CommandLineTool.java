package org.segmeter.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.segmeter.scoring.EngineVersion;
import org.segmeter.scoring.Scorecard;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The command line: parses arguments, runs one subcommand, tells the exit status. */
public final class CommandLineTool {

    /** The work was done. */
    public static final int DONE = 0;

    /** The inputs could not be scored. */
    public static final int REFUSED = 1;

    /** The arguments cannot be understood. */
    public static final int USAGE = 2;

    private static final Set<String> SERVICE_WORDS = Set.of("serve");
    private static final Set<String> TOOL_OPTIONS = Set.of("-h", "--help", "-V", "--version");

    private CommandLineTool() {}

    /** True if the arguments are for the tool: they begin with a word other than {@code serve}, or ask for help or version. */
    public static boolean isFor(String... arguments) {
        if (arguments.length == 0) {
            return false;
        }
        String first = arguments[0];
        return TOOL_OPTIONS.contains(first) || (!first.startsWith("-") && !SERVICE_WORDS.contains(first));
    }

    /**
     * Runs one command line.
     *
     * @return {@link #DONE}, {@link #REFUSED} or {@link #USAGE}
     */
    public static int run(String[] arguments, PrintStream out, PrintStream err) {
        PrintWriter output = new PrintWriter(out, false, StandardCharsets.UTF_8);
        PrintWriter errors = new PrintWriter(err, false, StandardCharsets.UTF_8);
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("score", () -> new ScoreCommand(output, errors));
        commands.put("batch", () -> new BatchCommand(output, errors));
        commands.put("loss", () -> new LossCommand(output, errors));
        commands.put("metrics", () -> new MetricsCommand(output));
        commands.put("protocols", () -> new ProtocolsCommand(output, errors));
        commands.put("backup", () -> new BackupCommand(output, errors));
        commands.put("restore", () -> new RestoreCommand(output, errors));
        commands.put("verify", () -> new VerifyCommand(output, errors));
        commands.put("retention", () -> new RetentionCommand(output, errors));
        commands.put("audit", () -> new AuditCommand(output, errors));
        commands.put("key", () -> new KeyCommand(output, errors));
        commands.put("healthcheck", () -> new HealthCheckCommand(errors));
        commands.put("canary", () -> new CanaryCommand(output, errors));
        commands.put("rehearse", RehearseCommand::new);
        if (arguments.length > 0 && commands.containsKey(arguments[0])) {
            // The others would cost the time to look at their options.
            commands.keySet().retainAll(Set.of(arguments[0]));
        }
        CommandLine line = new CommandLine(new Root());
        commands.values().forEach(command -> line.addSubcommand(command.get()));
        line.setOut(output)
                .setErr(errors)
                .setUsageHelpWidth(110)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setExitCodeExceptionMapper(e -> e instanceof CommandLine.ParameterException ? USAGE : REFUSED);
        int status = line.execute(arguments);
        output.flush();
        errors.flush();
        return status;
    }

    @Command(
            name = "segmeter",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class,
            synopsisSubcommandLabel = "COMMAND",
            description = "Scores 3D medical segmentations: DICOM SEG or NIfTI in, metrics with their convention out.",
            footer = {"", "Without a command, or with serve, the service is started on http://localhost:8080."})
    private static final class Root implements Runnable {
        @CommandLine.Spec
        private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

        @Override
        public void run() {
            if (spec != null) {
                throw new CommandLine.ParameterException(spec.commandLine(), "A command is missing.");
            }
        }
    }

    private static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Scorecard.Engine engine = EngineVersion.current();
            return new String[] {"segmeter " + engine.version() + " (" + engine.commit() + ")"};
        }
    }
}
