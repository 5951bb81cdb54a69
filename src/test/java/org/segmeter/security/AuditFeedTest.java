package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.security.RecordRepository.Answer;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import tools.jackson.databind.json.JsonMapper;

/** Every event of the trail arrives at the audit record repository, in its order, whatever happens to either of them. */
class AuditFeedTest {

    private static final long FILE = 4_000;

    @TempDir
    private Path directory;

    private MeterRegistry registry = new SimpleMeterRegistry();
    private RecordRepository repository;
    private AuditTrail trail;

    @BeforeEach
    void open() throws IOException {
        repository = new RecordRepository();
        trail = new AuditTrail(directory, FILE);
    }

    @AfterEach
    void close() throws IOException {
        trail.close();
        repository.close();
    }

    private static SecuritySettings.AuditRepository settings(int atOnce) {
        return new SecuritySettings.AuditRepository(null, "secret", null, null, atOnce, Duration.ofSeconds(10));
    }

    private AuditFeed feed(int atOnce) {
        registry = new SimpleMeterRegistry();
        AuditFeed feed = new AuditFeed(
                trail,
                directory.resolve("delivered"),
                new AuditRepository(
                        settings(atOnce),
                        URI.create(repository.url()),
                        new DefaultSslBundleRegistry(),
                        JsonMapper.shared()),
                atOnce,
                JsonMapper.shared(),
                registry);
        feed.start();
        return feed;
    }

    private void write(int events) {
        for (int i = 0; i < events; i++) {
            trail.append("{\"resourceType\":\"AuditEvent\",\"recorded\":\"" + Instant.now() + "\",\"outcomeDesc\":\""
                    + i + "\"");
        }
    }

    private List<String> written() throws IOException {
        List<String> digests = new ArrayList<>();
        for (Path file : AuditTrail.files(directory)) {
            Files.readAllLines(file).forEach(line -> digests.add(RecordRepository.digest(line)));
        }
        return digests;
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.sleep(5);
        }
    }

    private void allArrive() throws Exception {
        await("all arrive", () -> repository.taken().size() >= written().size());
        assertThat(repository.taken()).isEqualTo(written());
        await("there is no lag", () -> gauge("segmeter.audit.lag.seconds") == 0);
        assertThat(gauge("segmeter.audit.backlog.bytes")).isZero();
    }

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }

    @Test
    void everyEventArrivesOnceAndInItsOrderOverSeveralFiles() throws Exception {
        write(40);
        AuditFeed feed = feed(7);
        write(25);
        allArrive();
        write(1);
        allArrive();
        feed.stop();
        assertThat(directory.resolve("audit-00000004.jsonl")).exists();
        assertThat(repository.again()).isZero();
        assertThat(repository.authorizations()).containsExactly("Bearer secret");
        assertThat(registry.get("segmeter.audit.delivered").counter().count()).isEqualTo(66);
    }

    @Test
    void whatIsRefusedIsSentAgainUntilItIsTakenAndNothingOvertakesIt() throws Exception {
        List<Integer> sizes = new ArrayList<>();
        repository.answersBy((request, events) -> {
            sizes.add(events);
            return switch (request) {
                case 0 -> Answer.refused(503);
                case 1 -> new Answer(429, 0, "0");
                case 2 -> new Answer(200, 3, null); // the fourth of the batch is answered with 500
                case 3 -> Answer.refused(413);
                default -> Answer.all();
            };
        });
        write(30);
        AuditFeed feed = feed(8);
        await("it waits", () -> repository.requests() >= 1);
        assertThat(gauge("segmeter.audit.backlog.bytes")).isPositive();
        allArrive();
        feed.stop();
        assertThat(sizes.subList(0, 5)).containsExactly(8, 8, 8, 8, 4);
        assertThat(repository.again()).isZero();
    }

    @Test
    void aServerThatKnowsNoBatchIsSentOneAtATime() throws Exception {
        write(5);
        AuditFeed feed = feed(1);
        allArrive();
        feed.stop();
        assertThat(repository.requests()).isEqualTo(5);
    }

    @Test
    void whatAnotherServerSaysIsNotTakenForAReceipt() throws Exception {
        repository.answersBy((request, events) -> new Answer(202, 0, null));
        // 202 with an OperationOutcome without errors counts as taken; a redirect, a page of a proxy and errors do not.
        AuditRepository.Taken taken = client().send(List.of("{\"resourceType\":\"AuditEvent\"}"));
        assertThat(taken.lines()).isOne();
        for (int status : List.of(301, 302, 400, 401, 403, 404, 422, 500)) {
            repository.answersBy((request, events) -> Answer.refused(status));
            assertThat(client().send(List.of("{\"resourceType\":\"AuditEvent\"}"))
                            .lines())
                    .as("HTTP " + status)
                    .isZero();
        }
    }

    private AuditRepository client() {
        return new AuditRepository(
                settings(10), URI.create(repository.url() + "/"), new DefaultSslBundleRegistry(), JsonMapper.shared());
    }

    @Test
    void aNewServiceGoesOnWhereTheLastOneWasTold() throws Exception {
        write(20);
        AuditFeed first = feed(5);
        allArrive();
        first.stop();
        write(20);
        AuditFeed second = feed(5);
        allArrive();
        second.stop();
        assertThat(repository.again()).isZero();
    }

    @Test
    void ratherAllIsSentAgainThanALineNeverIfTheMemoryDoesNotFitTheTrail() throws Exception {
        write(10);
        AuditFeed first = feed(5);
        allArrive();
        first.stop();
        for (String wrong : List.of("", "x", "1 17 " + "0".repeat(64), "1 999999 " + "0".repeat(64), "9 0 x")) {
            int before = repository.again();
            Files.writeString(directory.resolve("delivered"), wrong);
            AuditFeed again = feed(5);
            await("all are sent once more", () -> repository.again() >= before + 10);
            again.stop();
        }
        assertThat(repository.taken()).isEqualTo(written());
    }

    @Test
    void filesThatWereMovedAwayAreNotWaitedFor() throws Exception {
        write(30);
        AuditFeed first = feed(5);
        allArrive();
        first.stop();
        write(30);
        List<Path> files = AuditTrail.files(directory);
        for (Path file : files.subList(0, files.size() - 1)) {
            Files.delete(file);
        }
        List<String> left = written();
        assertThat(left).hasSizeBetween(1, 29);
        AuditFeed second = feed(5);
        await("what is left arrives", () -> repository.taken().size() == 30 + left.size());
        second.stop();
        assertThat(repository.again()).isZero();
    }

    @Test
    void aLineThatIsNoEventIsPassedByAndTheNextArrive() throws Exception {
        write(2);
        Files.writeString(
                directory.resolve(AuditTrail.name(1)),
                "somebody wrote here\n",
                java.nio.file.StandardOpenOption.APPEND);
        write(2);
        AuditFeed feed = feed(5);
        await("the others arrive", () -> repository.taken().size() == 4);
        feed.stop();
    }

    @Test
    void anAddressThatOthersCanReadOnIsRefused() {
        for (String wrong : List.of(
                "http://atna.example/fhir",
                "https://user:secret@atna.example/fhir",
                "https://atna.example/fhir?x=y",
                "ftp://atna.example/fhir",
                "fhir")) {
            assertThatThrownBy(() -> new SecuritySettings.AuditRepository(
                            URI.create(wrong), null, null, null, 100, Duration.ofSeconds(1)))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("audit-repository");
        }
    }
}
