package org.segmeter.process;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * A recording of the packaged service's start (an AOT cache of the virtual machine, made as the image and the launcher make theirs) for
 * processes that tests start often and end soon. It is made once of a jar, beside it, by the very options of those processes; a start by it
 * takes a third of the processor time of a bare jar. What is used is printed, and whoever starts by it never starts without it: the virtual
 * machine refuses to run if the recording does not fit.
 *
 * @param jar the unpacked jar that was recorded
 * @param file the recording
 */
record StartRecording(Path jar, Path file) {

    /** Little heap, the plain collector and the first compiler only: of a virtual machine that is ended soon. */
    static final List<String> OPTIONS =
            List.of("--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final String NAME = "start.aot";
    private static final String UNFINISHED = "new-";

    private static @Nullable Optional<StartRecording> known;

    /** That of the jar under test; empty, which is printed with the reason, where there is none. */
    static synchronized Optional<StartRecording> ofJar() {
        Optional<StartRecording> found = known;
        if (found == null) {
            found = find(JarProcess.jar());
            known = found;
        }
        return found;
    }

    private static Optional<StartRecording> find(Path jar) {
        if (System.getProperty("segmeter.recording", "on").equals("off")) {
            return without("-Dsegmeter.recording=off");
        }
        if (!Files.isRegularFile(jar)) {
            return without(jar + " is not there; mvn package makes it");
        }
        try {
            long begin = System.nanoTime();
            // By content: a build that can be repeated gives all of its jars one time.
            CRC32C content = new CRC32C();
            content.update(Files.readAllBytes(jar));
            String key = Long.toHexString(content.getValue());
            Path recordings = jar.toAbsolutePath().resolveSibling("recording");
            Path home = recordings.resolve(key);
            boolean made = !Files.isRegularFile(home.resolve(NAME));
            if (made) {
                forgetOthers(recordings, home);
                make(jar.toAbsolutePath(), recordings, home);
            }
            StartRecording recording = new StartRecording(
                    home.resolve("parts").resolve(jar.getFileName().toString()), home.resolve(NAME));
            recording.tryOut();
            System.out.printf(
                    Locale.ROOT,
                    "StartRecording: short-lived services start by %s (%d MB, %s)%n",
                    recording.file(),
                    Files.size(recording.file()) >> 20,
                    made ? "made in %.1f s".formatted((System.nanoTime() - begin) / 1e9) : "made before");
            return Optional.of(recording);
        } catch (IOException e) {
            return without(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return without("interrupted");
        }
    }

    private static Optional<StartRecording> without(String reason) {
        System.out.println(
                "StartRecording: NONE, short-lived services start from the bare jar, more slowly: " + reason);
        return Optional.empty();
    }

    /** What comes before the program's own arguments on a command line that starts by this. */
    List<String> command() {
        List<String> command = new ArrayList<>();
        command.add("-XX:AOTCache=" + file);
        // Not without it: a process that was to start by the recording and does not must be seen.
        command.add("-XX:AOTMode=on");
        command.addAll(List.of("-jar", jar.toString()));
        return command;
    }

    /** Those of jars that were there before. */
    private static void forgetOthers(Path recordings, Path home) throws IOException {
        Files.createDirectories(recordings);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(recordings)) {
            for (Path one : all) {
                if (!one.equals(home) && !String.valueOf(one.getFileName()).startsWith(UNFINISHED)) {
                    FileSystemUtils.deleteRecursively(one);
                }
            }
        }
    }

    /** Unpacked first and recorded where it stays, since the virtual machine compares the paths. Several may do this at once. */
    private static void make(Path jar, Path recordings, Path home) throws IOException, InterruptedException {
        Path parts = home.resolve("parts");
        if (!Files.isDirectory(parts)) {
            Path unpacked = recordings.resolve(UNFINISHED + UUID.randomUUID());
            try {
                run(
                        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djarmode=tools"),
                        List.of("-jar", jar.toString(), "extract", "--destination", unpacked.toString()));
                Files.createDirectories(home);
                Files.move(unpacked, parts, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (!Files.isDirectory(parts)) {
                    throw e;
                }
            } finally {
                FileSystemUtils.deleteRecursively(unpacked);
            }
        }
        Path unfinished = home.resolve(UNFINISHED + UUID.randomUUID() + ".aot");
        List<String> recording = new ArrayList<>(OPTIONS);
        recording.add("-XX:AOTCacheOutput=" + unfinished);
        run(
                recording,
                List.of("-jar", parts.resolve(jar.getFileName().toString()).toString(), "rehearse", "--service"));
        if (!Files.isRegularFile(unfinished)) {
            throw new IOException("this Java makes no recording (AOT cache) of a start");
        }
        Files.move(unfinished, home.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    }

    private void tryOut() throws IOException, InterruptedException {
        List<String> program = new ArrayList<>(command());
        program.add("--version");
        run(OPTIONS, program);
    }

    private static void run(List<String> options, List<String> program) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(program);
        Path log = Files.createTempFile("segmeter-recording", ".log");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
            builder.environment()
                    .put(
                            "SEGMETER_DATABASE_PROGRAMS",
                            JarProcess.programsOfDatabase().toString());
            Process process = builder.start();
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IOException("it does not end within five minutes: " + String.join(" ", command));
            }
            if (process.exitValue() != 0) {
                String output = Files.readString(log);
                throw new IOException("status %d of %s: %s"
                        .formatted(
                                process.exitValue(),
                                String.join(" ", command),
                                output.substring(Math.max(0, output.length() - 2000))));
            }
        } finally {
            Files.deleteIfExists(log);
        }
    }
}
