package org.segmeter.process;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.segmeter.database.TestPostgres;

/**
 * One service with its embedded database on a volume that is really filled: first below the floor, then to its last byte while clients
 * submit and results are written, then given back. The volume is a file system of its own, which only root may make.
 */
final class VolumeRun implements AutoCloseable {

    private static final long MEGABYTE = 1 << 20;
    private static final int CLIENTS = 2;

    private final Path volume;
    private final Random random;
    private final Volumes volumes = new Volumes();
    private final Ledger ledger = new Ledger().alsoExpecting(507);
    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<Integer, Integer> statuses = new TreeMap<>();
    private final List<Long> recoveries = new ArrayList<>();

    VolumeRun(Path volume, long seed) throws IOException, InterruptedException {
        this.volume = Files.createDirectories(volume);
        this.random = new Random(seed);
        run("mount", "-t", "tmpfs", "-o", "size=512m,mode=755", "segmeter-volume", volume.toString());
    }

    /** True if this process may make a volume. */
    static boolean isPossible(Path scratch) throws InterruptedException {
        try {
            Files.createDirectories(scratch);
            run("mount", "-t", "tmpfs", "-o", "size=1m", "segmeter-volume", scratch.toString());
            run("umount", scratch.toString());
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** What a run did and found. */
    record Report(
            int belowTheFloor,
            int readsWhileFull,
            Map<Integer, Integer> statuses,
            Recoveries recoveries,
            Ledger.Verdict verdict) {
        @Override
        public String toString() {
            return "%d submissions refused with 507 below the floor, %d scorecards read meanwhile; answers %s; accepted again after %s; %s"
                    .formatted(belowTheFloor, readsWhileFull, statuses, recoveries, verdict);
        }
    }

    Report disturb(int rounds) throws Exception {
        int refused = 0;
        int read = 0;
        try (JarProcess service = start().awaitReady(CrashRun.PATIENCE);
                TestPostgres database = TestPostgres.of(data())) {
            String first = "";
            for (int i = 0; i < 3; i++) {
                first = submit(service, random);
            }
            for (int round = 0; round < rounds; round++) {
                Path ballast = volume.resolve("ballast");
                fill(ballast, 16 * MEGABYTE);
                for (int i = 0; i < 5; i++) {
                    refused += submit(service, random).isEmpty() ? 1 : 0;
                    read += get(service, first) == 200 ? 1 : 0;
                }
                Files.delete(ballast);
                recovered(service);
                fullToTheLastByte(service, ballast);
            }
            try (Connection connection = database.connect()) {
                CrashRun.awaitNothingLeft(connection);
                Ledger.Verdict verdict = ledger.check(connection, Ledger.Objects.below(data().resolve("blobs")));
                return new Report(refused, read, statuses, new Recoveries(recoveries), verdict);
            }
        }
    }

    /** Clients submit while the last bytes of the volume are taken, for some seconds, and given back. */
    private void fullToTheLastByte(JarProcess service, Path ballast) throws Exception {
        try (Clients clients = new Clients().start(CLIENTS, random, own -> {
            submit(service, own);
            return true;
        })) {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(500));
            for (int i = 0; i < 20; i++) {
                fill(ballast, 0);
                TimeUnit.MILLISECONDS.sleep(250);
            }
            Files.delete(ballast);
            recovered(service);
            clients.stop();
        }
    }

    private void recovered(JarProcess service) throws Exception {
        long begin = System.nanoTime();
        while (submit(service, random).isEmpty()) {
            if (System.nanoTime() - begin > CrashRun.PATIENCE.toNanos()) {
                throw new IOException("nothing is accepted though there is space again:\n" + service.output());
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        recoveries.add((System.nanoTime() - begin) / 1_000_000);
    }

    private JarProcess start() throws IOException {
        return JarProcess.shortLived(data(), "--segmeter.disk-floor=32MB");
    }

    private Path data() {
        return volume.resolve("data");
    }

    /** Writes until so many bytes are left; below what a file system can say, until it refuses. */
    private void fill(Path ballast, long left) throws IOException {
        byte[] block = new byte[1 << 16];
        try (OutputStream out = Files.newOutputStream(
                ballast, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
            while (left == 0 || Files.getFileStore(volume).getUsableSpace() > left) {
                out.write(block);
            }
        } catch (IOException e) {
            if (left > 0) {
                throw e;
            }
        }
    }

    /** The path of the evaluation; empty if it was not acknowledged. */
    private String submit(JarProcess service, Random own) throws InterruptedException {
        Ledger.Answer answer = ledger.submit(http, volumes.pair(own).request(service.uri("/api/v1/evaluations")));
        synchronized (statuses) {
            statuses.merge(answer.status(), 1, Integer::sum);
        }
        return answer.location();
    }

    private int get(JarProcess service, String location) throws IOException, InterruptedException {
        String path = location.substring(location.indexOf("/api/"));
        return http.send(
                        HttpRequest.newBuilder(service.uri(path))
                                .timeout(Duration.ofSeconds(20))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " is not possible here");
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        run("umount", "-l", volume.toString());
    }
}
