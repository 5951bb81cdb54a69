package org.segmeter.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.databind.JsonNode;

/**
 * Runs another program on a pair of files: {@code peers.py} beside this class, in a process of its own. Sources of peers that are not
 * installed are found through the environment variable {@code PYTHONPATH}; {@code -Dsegmeter.benchmark.python} names the interpreter.
 */
final class Peer {

    /**
     * What a peer needed and said.
     *
     * @param loadMillis reading the files, where the peer tells
     * @param millis the metrics; for peers that do not tell, with reading
     * @param peakMib resident memory of its process at most
     * @param values by label and metric
     */
    record Run(String version, double loadMillis, double millis, double peakMib, JsonNode values) {}

    private static final int LONGEST_MINUTES = 30;

    private final Path script;
    private final int threads;
    private final List<String> absent = new ArrayList<>();

    Peer(Path folder, int threads) throws IOException {
        this.threads = threads;
        script = folder.resolve("peers.py");
        try (InputStream in = Objects.requireNonNull(Peer.class.getResourceAsStream("/benchmark/peers.py"))) {
            Files.copy(in, script, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Nothing if the peer is not installed: that is said at once and by {@link #absent}. */
    Optional<Run> run(String name, Path prediction, Path reference) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        System.getProperty("segmeter.benchmark.python", "python3"),
                        script.toString(),
                        name,
                        prediction.toString(),
                        reference.toString(),
                        Integer.toString(threads))
                .redirectError(script.resolveSibling("peer.log").toFile())
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            String log = Files.readString(script.resolveSibling("peer.log")).strip();
            String reason = log.substring(log.lastIndexOf('\n') + 1);
            absent.add(name + ": " + reason);
            System.err.println("ABSENT: the peer " + name + " did not run: " + reason);
            return Optional.empty();
        }
        JsonNode json =
                JsonDocument.read(output.strip().substring(output.strip().lastIndexOf('\n') + 1));
        return Optional.of(new Run(
                json.get("version").asString(),
                1000 * json.get("loadSeconds").asDouble(),
                1000 * json.get("seconds").asDouble(),
                json.get("peakMib").asDouble(),
                json.get("values")));
    }

    List<String> absent() {
        return absent;
    }
}
