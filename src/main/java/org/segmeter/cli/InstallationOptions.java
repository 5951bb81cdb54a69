package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Locale;
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
                    + " SEGMETER_DATABASE_URL, SEGMETER_DATABASE_USER, SEGMETER_DATABASE_PASSWORD, SEGMETER_STORE_*, or"
                    + " the files of SPRING_CONFIG_IMPORT=configtree:DIR.";

    private static final String TREE = "configtree:";

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
        Map<String, String> environment = withFiles(System.getenv());
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

    /**
     * Settings that the service takes from files, one for each property, as compose and the chart give it its logins.
     *
     * @throws StartRefused if such a file cannot be read
     */
    static Map<String, String> withFiles(Map<String, String> given) {
        Map<String, String> environment = new HashMap<>(given);
        for (String place : given.getOrDefault("SPRING_CONFIG_IMPORT", "").split("[,;]", -1)) {
            String tree = place.strip().replaceFirst("^optional:", "");
            if (!tree.startsWith(TREE)) {
                continue;
            }
            Path directory = Path.of(tree.substring(TREE.length()));
            if (!tree.equals(place.strip()) && !Files.isDirectory(directory)) {
                continue; // optional
            }
            try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "segmeter.*")) {
                for (Path file : files) {
                    if (Files.isRegularFile(file)) {
                        String property = file.getFileName().toString();
                        environment.putIfAbsent(
                                property.toUpperCase(Locale.ROOT)
                                        .replace('.', '_')
                                        .replace('-', '_'),
                                Files.readString(file).strip());
                    }
                }
            } catch (IOException e) {
                throw new StartRefused(
                        "the settings in the directory " + directory + ", which SPRING_CONFIG_IMPORT names,"
                                + " cannot be read (" + e.getClass().getSimpleName() + ")");
            }
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
