package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} of the database server while clients submit: they wait or are told 503 until it is back, and nothing that was acknowledged
 * is lost.
 */
class DatabaseRestartTest {

    private static final int KILLS = Integer.getInteger("segmeter.kills", 2);

    @Test
    void theServerIsStartedAgainAndNothingIsLost(@TempDir Path directory) throws Exception {
        Service service = Service.start(directory);
        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        Map<Integer, Integer> statuses = new ConcurrentHashMap<>();
        AtomicBoolean enough = new AtomicBoolean();
        long longest = 0;
        try {
            Api api = service.api();
            try (ExecutorService clients = Executors.newFixedThreadPool(4)) {
                List<Future<?>> work = new java.util.ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    work.add(clients.submit(() -> {
                        while (!enough.get()) {
                            Api.Answer answer = api.post(Api.pair(""));
                            statuses.merge(answer.status(), 1, Integer::sum);
                            if (answer.status() == 202) {
                                acknowledged.add(answer.header("Location"));
                            } else {
                                assertThat(answer.header("Retry-After")).matches("\\d+");
                            }
                            Thread.sleep(50);
                        }
                        return null;
                    }));
                }
                try {
                    for (int kill = 0; kill < KILLS; kill++) {
                        int before = acknowledged.size();
                        await(() -> acknowledged.size() > before + 5);
                        long pid = pid(directory);
                        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
                        long killed = System.nanoTime();
                        api.get("/livez").expect(200);
                        await(() -> isNew(directory, pid));
                        int meanwhile = acknowledged.size();
                        await(() -> acknowledged.size() > meanwhile + 3);
                        longest = Math.max(longest, System.nanoTime() - killed);
                    }
                } finally {
                    enough.set(true);
                }
                for (Future<?> one : work) {
                    one.get();
                }
            }
            assertThat(statuses.keySet()).isSubsetOf(202, 503);
            assertThat(acknowledged).doesNotHaveDuplicates();
            for (String location : acknowledged) {
                assertThat(api.finished(location).path("state").asString()).isEqualTo("SUCCEEDED");
            }
            System.out.printf(
                    "DatabaseRestartTest: %d kills of the server, %d acknowledged, 0 lost, statuses %s, accepted again"
                            + " after at most %d ms%n",
                    KILLS, acknowledged.size(), statuses, longest / 1_000_000);
        } finally {
            service.stop();
        }
    }

    private static long pid(Path directory) throws IOException {
        return Long.parseLong(Files.readAllLines(directory.resolve("postgres/postmaster.pid"))
                .getFirst()
                .strip());
    }

    private static boolean isNew(Path directory, long before) {
        try {
            return pid(directory) != before;
        } catch (IOException | NoSuchElementException | NumberFormatException e) {
            return false; // it is being written
        }
    }

    private static void await(java.util.concurrent.Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + 60_000_000_000L;
        while (!condition.call()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(20);
        }
    }
}
