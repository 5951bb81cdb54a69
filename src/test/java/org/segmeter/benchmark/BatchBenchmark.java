package org.segmeter.benchmark;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.segmeter.process.JarProcess;
import org.segmeter.scoring.JsonDocument;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/**
 * Many 64^3 pairs. {@code main N [SAMPLE]}: {@code segmeter batch} as a whole process on N pairs, by the launcher with
 * its recording and by the bare jar, against a loop of nibabel and MONAI over the
 * first SAMPLE (50) of them, on the same machine in the same run; values are compared before times are. {@code main service N}: a tar
 * of N pairs by one curl to the packaged service, which is killed once when a tenth is scored and started again; prints how many rows there
 * are, how many twice, items a second and the largest heap that was seen. Run by {@code docs/benchmarks.md}, "Batches".
 */
public final class BatchBenchmark {

    private static final double AGREEMENT = 1e-4;

    /** What the loop computes, by MONAI's conventions, and nothing else. */
    static final String SAME_METRICS = """
        {"id": "benchmark-monai", "version": 1, "title": "the five metrics of the loop", "geometry": "strict", "penalty": "none",
         "empty": {}, "metrics": [{"name": "dice"}, {"name": "hd", "surface": "boundary-6"},
         {"name": "hd95", "surface": "boundary-6", "percentileRule": "linear-larger"},
         {"name": "assd", "surface": "boundary-6"}, {"name": "nsd", "surface": "boundary-6", "toleranceMm": [1]}]}
        """;

    private BatchBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        boolean service = arguments.length > 0 && arguments[0].equals("service");
        int first = service ? 1 : 0;
        int pairs = arguments.length > first ? Integer.parseInt(arguments[first]) : service ? 10_000 : 1000;
        Path folder = Files.createTempDirectory("segmeter-benchmark");
        try {
            if (service) {
                service(folder, pairs);
            } else {
                offline(folder, pairs, arguments.length > 1 ? Integer.parseInt(arguments[1]) : 50);
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private static void offline(Path folder, int pairs, int sample) throws Exception {
        Path predictions = Files.createDirectory(folder.resolve("prediction"));
        Path references = Files.createDirectory(folder.resolve("reference"));
        for (int i = 0; i < pairs; i++) {
            Files.write(predictions.resolve(name(i)), SubmissionBenchmark.ball(i));
            Files.write(references.resolve(name(i)), SubmissionBenchmark.ball(i + 1_000_000));
        }
        int jobs = Runtime.getRuntime().availableProcessors();
        Path table = folder.resolve("out.csv");
        Path protocol = Files.writeString(folder.resolve("protocol.json"), SAME_METRICS);
        List<String> batch = List.of(
                "batch",
                "--prediction",
                predictions.toString(),
                "--reference",
                references.toString(),
                "--protocol",
                protocol.toString(),
                "--overwrite",
                "--csv",
                table.toString());
        Path cache = Files.createDirectory(folder.resolve("cache"));
        List<String> launcher =
                List.of(JarProcess.jar().resolveSibling("segmeter").toString());
        // The first use makes the recording.
        double first = run("launcher, first use", pairs, jobs, cache, launcher, batch);
        List<String> bare = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                JarProcess.jar().toString());
        double byJar = run("bare jar", pairs, jobs, cache, bare, batch);
        double seconds = run("launcher", pairs, jobs, cache, launcher, batch);

        Path script = folder.resolve("monai_loop.py");
        try (InputStream in =
                Objects.requireNonNull(BatchBenchmark.class.getResourceAsStream("/benchmark/monai_loop.py"))) {
            Files.copy(in, script);
        }
        Process loop = new ProcessBuilder(
                        System.getProperty("segmeter.benchmark.python", "python3"),
                        script.toString(),
                        predictions.toString(),
                        references.toString(),
                        String.valueOf(jobs),
                        String.valueOf(Math.min(sample, pairs)))
                .redirectError(folder.resolve("loop.log").toFile())
                .start();
        String output = new String(loop.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (loop.waitFor() != 0) {
            System.out.println("ABSENT: nibabel and MONAI did not run: "
                    + Files.readString(folder.resolve("loop.log")).strip());
            return;
        }
        JsonNode peer = JsonDocument.read(output.substring(output.lastIndexOf('\n') + 1));
        compare(table, peer.path("values"));
        double each = peer.path("seconds").asDouble() / Math.min(sample, pairs);
        System.out.printf(
                Locale.ROOT,
                "nibabel and MONAI %s, %d pairs, dice, hd, hd95, assd, nsd, without imports: %.1f ms a pair%n",
                peer.path("version").asString(),
                Math.min(sample, pairs),
                1000 * each);
        System.out.printf(
                Locale.ROOT,
                "ratio: %.1f (target 20) by the launcher, %.1f by the bare jar, %.1f with the recording made in the"
                        + " same run%n",
                each * pairs / seconds,
                each * pairs / byJar,
                each * pairs / first);
    }

    private static double run(
            String name, int pairs, int jobs, Path cache, List<String> program, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "\"$@\"; status=$?; times; exit $status", "sh"));
        command.addAll(program);
        command.addAll(arguments);
        ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true);
        process.environment()
                .putAll(Map.of("XDG_CACHE_HOME", cache.toString(), "JAVA_HOME", System.getProperty("java.home")));
        long begin = System.nanoTime();
        Process running = process.start();
        String output = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int status = running.waitFor();
        double seconds = (System.nanoTime() - begin) / 1e9;
        if (status != 0) {
            throw new IllegalStateException("segmeter batch ended with " + status + ": " + output);
        }
        System.out.printf(
                Locale.ROOT,
                "segmeter batch by the %s, %d pairs of 64^3, the same metrics, %d jobs, whole process: %.2f s, %.1f"
                        + " pairs/s; processor (user, system): %s%n",
                name,
                pairs,
                jobs,
                seconds,
                pairs / seconds,
                output.substring(output.lastIndexOf('\n') + 1));
        return seconds;
    }

    /** Every value of the loop is in the table, but for single precision. */
    private static void compare(Path table, JsonNode values) throws IOException {
        int compared = 0;
        for (String line : Files.readAllLines(table)) {
            String[] cells = line.split(",", -1);
            JsonNode peer = values.path(cells[0]).path(cells[12]);
            boolean same = cells[10].equals("1") && (cells[13].isEmpty() || cells[13].equals("toleranceMm=1.0"));
            if (same && peer.isNumber()) {
                double ours = Double.parseDouble(cells[14]);
                if (Math.abs(ours - peer.doubleValue()) > AGREEMENT * Math.max(1, Math.abs(ours))) {
                    throw new IllegalStateException("another value: " + line + " but " + peer);
                }
                compared++;
            }
        }
        System.out.printf("%d values agree%n", compared);
        if (compared < 5L * values.size()) {
            throw new IllegalStateException("not all values were found");
        }
    }

    private static String name(int number) {
        return "case-%06d.nii.gz".formatted(number);
    }

    private static void service(Path folder, int pairs) throws Exception {
        Path tar = folder.resolve("pairs.tar");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(tar), 1 << 20);
                TarArchiveOutputStream archive = new TarArchiveOutputStream(out)) {
            for (int i = 0; i < pairs; i++) {
                put(archive, "prediction/" + name(i), SubmissionBenchmark.ball(i));
                put(archive, "reference/" + name(i), SubmissionBenchmark.ball(i + 1_000_000));
            }
        }
        Path data = folder.resolve("data");
        List<String> jvm = new ArrayList<>(List.of("-Xmx1g"));
        String more = System.getProperty("segmeter.benchmark.jvm", "");
        if (!more.isBlank()) {
            jvm.addAll(List.of(more.split(" ", -1)));
        }
        JarProcess service = JarProcess.start(data, jvm).awaitReady(Duration.ofMinutes(2));
        try {
            long begin = System.nanoTime();
            String location = curl(service.uri("/api/v1/batches"), tar);
            double received = (System.nanoTime() - begin) / 1e9;
            System.out.printf(
                    Locale.ROOT,
                    "%d pairs, %.0f MB, accepted after %.1f s (%.0f files/s)%n",
                    pairs,
                    Files.size(tar) / 1e6,
                    received,
                    2 * pairs / received);
            double[] heap = {0};
            until(service, location, pairs / 10, heap);
            long killed = System.nanoTime();
            service.kill();
            service = JarProcess.start(data, jvm).awaitReady(Duration.ofMinutes(5));
            System.out.printf(
                    Locale.ROOT, "killed once, ready again after %.1f s%n", (System.nanoTime() - killed) / 1e9);
            until(service, location, pairs, heap);
            double seconds = (System.nanoTime() - begin) / 1e9;
            rows(service, location, pairs);
            System.out.printf(
                    Locale.ROOT,
                    "whole: %.0f s, %.1f items/s from the first byte to the last row, with the kill; largest heap seen"
                            + " %.0f MiB of -Xmx1g%n",
                    seconds,
                    pairs / seconds,
                    heap[0] / (1 << 20));
        } finally {
            service.close();
        }
    }

    private static void put(TarArchiveOutputStream archive, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        archive.putArchiveEntry(entry);
        archive.write(content);
        archive.closeArchiveEntry();
    }

    private static String curl(URI uri, Path tar) throws IOException, InterruptedException {
        Process curl = new ProcessBuilder(
                        "curl",
                        "-sS",
                        "-D-",
                        "-o",
                        "/dev/null",
                        "-H",
                        "Content-Type: application/x-tar",
                        "-T",
                        tar.toString(),
                        "-X",
                        "POST",
                        uri.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String headers = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher location = Pattern.compile("(?im)^location: (\\S+)").matcher(headers);
        if (curl.waitFor() != 0 || !headers.contains(" 202") || !location.find()) {
            throw new IllegalStateException("not accepted: " + headers);
        }
        return location.group(1);
    }

    /** Waits until so many items have ended. */
    private static void until(JarProcess service, String location, int items, double[] heap) throws Exception {
        while (true) {
            JsonNode batch = JsonDocument.read(get(service, location));
            int ended = batch.at("/items/succeeded").asInt()
                    + batch.at("/items/failed").asInt();
            Matcher used = Pattern.compile("(?m)^jvm_memory_used_bytes\\{area=\"heap\"[^}]*} (\\S+)$")
                    .matcher(get(service, "/actuator/prometheus"));
            double sum = 0;
            while (used.find()) {
                sum += Double.parseDouble(used.group(1));
            }
            heap[0] = Math.max(heap[0], sum);
            if (ended >= items
                    && (items < batch.at("/items/total").asInt()
                            || batch.path("state").asString().equals("DONE"))) {
                return;
            }
            Thread.sleep(500);
        }
    }

    private static void rows(JarProcess service, String location, int pairs) throws Exception {
        HttpResponse<InputStream> results = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(service.uri(location + "/results?format=csv"))
                                .build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        Set<String> cases = new HashSet<>();
        long all = 0;
        int twice = 0;
        int failed = 0;
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(results.body(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                all++;
                String[] cells = line.split(",", -1);
                if (cells[10].equals("all") && cells[12].equals("dice") && !cases.add(cells[0])) {
                    twice++;
                }
                failed += cells[16].equals("FAILED") ? 1 : 0;
            }
        }
        System.out.printf(
                "rows of the results: %d; cases %d of %d, twice %d, failed %d%n",
                all - 1, cases.size(), pairs, twice, failed);
        if (cases.size() != pairs || twice > 0 || failed > 0) {
            throw new IllegalStateException("not every pair is there once");
        }
    }

    private static String get(JarProcess service, String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(service.uri(path)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
