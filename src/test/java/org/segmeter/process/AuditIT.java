package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.security.AuditTrail;
import org.segmeter.security.RecordRepository;

/**
 * Whoever got an answer is in the audit trail, also if the process was killed in that moment; and every line of the trail arrives at the
 * audit record repository, in its order, though it is unwilling half of the time.
 */
class AuditIT {

    private static final String KEY = "the-key-of-this-test-0123456789abcdef";
    private static final int ANSWERS = 300;

    @Test
    void noAnswerWithoutItsEventThoughTheProcessIsKilled(@TempDir Path data) throws Exception {
        Set<String> answered = new ConcurrentSkipListSet<>();
        RecordRepository repository = new RecordRepository();
        repository.answersBy((request, events) -> switch (request % 4) {
            case 1 -> RecordRepository.Answer.refused(503);
            case 3 -> new RecordRepository.Answer(200, events / 2, null);
            default -> RecordRepository.Answer.all();
        });
        String[] settings = {
            "--segmeter.security.api-key=" + KEY,
            "--segmeter.security.audit-repository.url=" + repository.url(),
            "--segmeter.security.audit-repository.events-at-once=50"
        };
        try (JarProcess service = JarProcess.shortLived(data, settings).awaitReady(Duration.ofSeconds(120));
                ExecutorService clients = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 4; i++) {
                clients.submit(() -> {
                    HttpClient http = HttpClient.newHttpClient();
                    while (service.isAlive()) {
                        String id = UUID.randomUUID().toString();
                        try {
                            int status = http.send(
                                            HttpRequest.newBuilder(service.uri("/api/v1/evaluations"))
                                                    .header("Authorization", "Bearer " + KEY)
                                                    .header("X-Request-Id", id)
                                                    .timeout(Duration.ofSeconds(20))
                                                    .build(),
                                            HttpResponse.BodyHandlers.discarding())
                                    .statusCode();
                            if (status == 200) {
                                answered.add(id);
                            }
                        } catch (IOException e) {
                            return null; // killed
                        }
                    }
                    return null;
                });
            }
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (answered.size() < ANSWERS && System.nanoTime() < end) {
                Thread.sleep(5);
            }
            service.kill();
        }
        assertThat(answered).hasSizeGreaterThanOrEqualTo(ANSWERS);
        Path trail = data.resolve("audit");
        assertThat(AuditTrail.verify(trail)).isEmpty();
        String written;
        try (Stream<Path> files = Files.list(trail)) {
            written = files.map(AuditIT::text).collect(Collectors.joining());
        }
        System.out.println(
                "AuditIT: " + answered.size() + " answered before the kill, " + AuditTrail.lines(trail) + " events");
        assertThat(answered).allMatch(written::contains);
        // The database of the killed service goes on; the next service on the directory stops it when it ends.
        int before = repository.taken().size();
        try (JarProcess again = JarProcess.shortLived(data, settings).awaitReady(Duration.ofSeconds(120))) {
            assertThat(again.isAlive()).isTrue();
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (repository.taken().size() < AuditTrail.lines(trail) && System.nanoTime() < end) {
                Thread.sleep(20);
            }
        }
        List<String> lines;
        try (Stream<Path> files = Files.list(trail)) {
            lines = files.filter(file -> file.toString().endsWith(".jsonl"))
                    .sorted()
                    .flatMap(file -> text(file).lines())
                    .map(RecordRepository::digest)
                    .toList();
        }
        System.out.println("AuditIT: " + before + " of " + lines.size() + " events delivered before the kill, "
                + repository.again() + " delivered twice, 0 missing");
        assertThat(repository.taken()).isEqualTo(lines);
        repository.close();
        assertThat(AuditTrail.verify(trail)).isEmpty();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
