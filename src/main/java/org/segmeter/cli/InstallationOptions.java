package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.backup.BackupRefused;
import org.segmeter.backup.Manifest;
import org.segmeter.database.StartRefused;
import picocli.CommandLine.Option;

/** Which installation a command is about, and how its work ends. */
final class InstallationOptions {

    static final String SETTINGS =
            "The installation is found by the service's own environment: SEGMETER_DATA_DIRECTORY,"
                    + " SEGMETER_DATABASE_URL, SEGMETER_DATABASE_USER, SEGMETER_DATABASE_PASSWORD, SEGMETER_STORE_*.";

    @Option(
            names = "--data-directory",
            paramLabel = "DIR",
            description = "Instead of SEGMETER_DATA_DIRECTORY (default: data).")
    private @Nullable Path dataDirectory;

    /** What a command does. */
    interface Work {
        int run() throws IOException, SQLException;
    }

    Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        if (dataDirectory != null) {
            environment.put("SEGMETER_DATA_DIRECTORY", dataDirectory.toString());
        }
        // As the service takes it: where the embedded database's programs are unpacked already.
        String programs = System.getProperty("segmeter.database.programs");
        if (programs != null) {
            environment.put("SEGMETER_DATABASE_PROGRAMS", programs);
        }
        return environment;
    }

    String summary(Manifest manifest) {
        return "%s: %d evaluations, %d scorecards, %d files of %d bytes, schema %s"
                .formatted(
                        manifest.createdAt(),
                        rows(manifest, "evaluation"),
                        rows(manifest, "scorecard"),
                        manifest.objects(),
                        manifest.bytes(),
                        manifest.schema());
    }

    int attempt(PrintWriter err, Work work) {
        try {
            return work.run();
        } catch (BackupRefused | StartRefused e) {
            err.println("segmeter: " + e.getMessage());
        } catch (IOException e) {
            err.println("segmeter: a file or the store cannot be read or written ("
                    + e.getClass().getSimpleName() + ")");
        } catch (SQLException e) {
            err.println("segmeter: the database does not do what it should (SQL state " + e.getSQLState() + ")");
        }
        return CommandLineTool.REFUSED;
    }

    private static long rows(Manifest manifest, String table) {
        return manifest.tables().stream()
                .filter(one -> one.name().equals(table))
                .mapToLong(Manifest.Table::rows)
                .sum();
    }
}
