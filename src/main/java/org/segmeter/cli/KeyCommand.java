package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.ServiceDatabase;
import org.segmeter.database.Tenant;
import org.segmeter.security.ApiKey;
import org.segmeter.security.KeyTable;
import org.segmeter.security.Role;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes, lists, rotates and revokes keys, in the database itself: for whoever has no key yet. */
@Command(
        name = "key",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "Makes, lists, rotates and revokes the keys by which the service knows who sends a request.",
        footer = {"", InstallationOptions.SETTINGS, "The service may be running or not."})
final class KeyCommand implements Runnable {

    private final PrintWriter out;
    private final PrintWriter err;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    KeyCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public void run() {
        if (spec != null) {
            throw new CommandLine.ParameterException(spec.commandLine(), "A command is missing.");
        }
    }

    /** What a subcommand does with the table of keys. */
    private interface Work {
        int on(KeyTable keys) throws SQLException;
    }

    private int with(InstallationOptions options, Work work) {
        return options.attempt(err, () -> {
            Map<String, String> environment = options.environment();
            try (ServiceDatabase database = ServiceDatabase.open(
                            Path.of(environment.getOrDefault("SEGMETER_DATA_DIRECTORY", "data")), environment, false);
                    Connection connection = migrated(database)) {
                return work.on(new KeyTable(connection));
            }
        });
    }

    /** A database that no service has started on yet gets its tables now. */
    private static Connection migrated(ServiceDatabase database) throws IOException, SQLException {
        Connection connection = database.connect();
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("select to_regclass('api_key') is not null")) {
            row.next();
            if (!row.getBoolean(1)) {
                database.flyway("latest").migrate();
            }
        }
        return connection;
    }

    private static Set<Role> roles(List<String> words) {
        return words.stream()
                .map(word -> Role.of(word)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "a role is one of submit, read, review, operate, administer")))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Role.class)));
    }

    private static @Nullable Duration days(int days) {
        return days == 0 ? null : Duration.ofDays(days);
    }

    private int show(Optional<ApiKey.Made> made) {
        if (made.isEmpty()) {
            err.println("segmeter: there is no key of this id, or it is not valid any more");
            return CommandLineTool.REFUSED;
        }
        out.println(made.get().token());
        err.println("key " + made.get().key().id() + " of tenant "
                + made.get().key().tenant() + "; this is the only time that it is shown");
        return CommandLineTool.DONE;
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a key and prints it once.")
    int create(
            @Option(names = "--name", required = true, description = "What people call it.") String name,
            @Option(
                            names = "--roles",
                            required = true,
                            split = ",",
                            description = "Of submit, read, review, operate, administer.")
                    List<String> roles,
            @Option(names = "--tenant", defaultValue = Tenant.DEFAULT, description = "Default: ${DEFAULT-VALUE}")
                    String tenant,
            @Option(
                            names = "--days",
                            defaultValue = "0",
                            description = "How long it is valid; 0, the default: for ever.")
                    int days,
            @Mixin InstallationOptions options) {
        try {
            Set<Role> all = roles(roles);
            return with(options, keys -> show(Optional.of(keys.create(tenant, name, all, days(days)))));
        } catch (IllegalArgumentException e) {
            err.println("segmeter: " + e.getMessage());
            return CommandLineTool.USAGE;
        }
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists all keys; secrets are not kept.")
    int list(@Mixin InstallationOptions options) {
        return with(options, keys -> {
            out.printf("%-12s  %-12s  %-8s  %-24s  %-20s  %s%n", "id", "tenant", "state", "roles", "used", "name");
            for (ApiKey key : keys.list(null)) {
                String state = key.revokedAt() != null ? "revoked" : key.isValid(Instant.now()) ? "valid" : "expired";
                Instant used = key.lastUsedAt();
                out.printf(
                        "%-12s  %-12s  %-8s  %-24s  %-20s  %s%n",
                        key.id(),
                        key.tenant(),
                        state,
                        key.roles().stream().map(Role::word).collect(Collectors.joining(",")),
                        used == null ? "-" : used.truncatedTo(java.time.temporal.ChronoUnit.SECONDS),
                        key.name());
            }
            return CommandLineTool.DONE;
        });
    }

    @Command(
            name = "rotate",
            mixinStandardHelpOptions = true,
            description = "Makes a key that takes the place of another, which stays valid for a while.")
    int rotate(
            @Parameters(paramLabel = "ID", description = "The old key's.") String id,
            @Option(
                            names = "--overlap-hours",
                            defaultValue = "24",
                            description = "How long the old one stays valid; default: ${DEFAULT-VALUE}")
                    int hours,
            @Option(names = "--days", defaultValue = "0", description = "How long the new one is valid; 0: for ever.")
                    int days,
            @Mixin InstallationOptions options) {
        return with(options, keys -> show(keys.rotate(id, Duration.ofHours(hours), days(days))));
    }

    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "Makes a key open nothing any more, at running services within a minute.")
    int revoke(
            @Parameters(paramLabel = "ID", description = "The key's.") String id, @Mixin InstallationOptions options) {
        return with(options, keys -> {
            if (!keys.revoke(id)) {
                err.println("segmeter: there is no key of this id");
                return CommandLineTool.REFUSED;
            }
            return CommandLineTool.DONE;
        });
    }
}
