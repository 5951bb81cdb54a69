package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.cli.CommandLineTool;

/** What was done is written down in an order that nobody can change without its being found. */
class AuditTrailTest {

    @TempDir
    private Path data;

    private Path directory;

    @BeforeEach
    void write() throws Exception {
        directory = data.resolve("audit");
        try (AuditTrail trail = new AuditTrail(directory, 8_000);
                ExecutorService clients = Executors.newFixedThreadPool(8)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String event = "{\"resourceType\":\"AuditEvent\",\"n\":" + i;
                all.add(clients.submit(() -> trail.append(event)));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
    }

    @Test
    void whatManyWriteAtTheSameTimeIsOneChainOverSeveralFiles() throws Exception {
        assertThat(AuditTrail.lines(directory)).isEqualTo(200);
        assertThat(AuditTrail.verify(directory)).isEmpty();
        assertThat(directory.toFile().list()).hasSizeGreaterThan(3);
        assertThat(command()).isEqualTo(CommandLineTool.DONE);
    }

    private int command(String... options) {
        List<String> arguments = new ArrayList<>(List.of("audit", "verify", "--data-directory", data.toString()));
        arguments.addAll(List.of(options));
        return CommandLineTool.run(
                arguments.toArray(String[]::new),
                new java.io.PrintStream(java.io.OutputStream.nullOutputStream()),
                new java.io.PrintStream(java.io.OutputStream.nullOutputStream()));
    }

    @Test
    void linesThatWereTakenOffTheEndAreFoundByTheDigestThatItHad() throws Exception {
        String head = AuditTrail.head(directory).orElseThrow();
        try (AuditTrail again = new AuditTrail(directory, 8_000)) {
            assertThat(again.head()).isEqualTo(head);
            again.append("{\"resourceType\":\"AuditEvent\",\"after\":true");
            assertThat(again.head()).isNotEqualTo(head);
        }
        assertThat(command("--head", head)).as("it went on from there").isEqualTo(CommandLineTool.DONE);
        String last = AuditTrail.head(directory).orElseThrow();
        assertThat(command("--head", last)).isEqualTo(CommandLineTool.DONE);
        int newest = directory.toFile().list().length;
        Files.write(file(newest), lines(newest).subList(0, lines(newest).size() - 1));

        assertThat(command()).as("the chain itself holds").isEqualTo(CommandLineTool.DONE);
        assertThat(command("--head", last)).isEqualTo(CommandLineTool.REFUSED);
    }

    @Test
    void afterAnotherFileCouldNotBeBegunTheTrailGoesOn() throws Exception {
        Path place = data.resolve("other");
        try (AuditTrail trail = new AuditTrail(place, 1)) {
            trail.append("{\"n\":1");
            Path inTheWay = Files.createDirectory(place.resolve(AuditTrail.name(2)));
            assertThatThrownBy(() -> trail.append("{\"n\":2")).isInstanceOf(UncheckedIOException.class);
            Files.delete(inTheWay);
            trail.append("{\"n\":3");
            assertThat(AuditTrail.lines(place)).isEqualTo(2);
            assertThat(AuditTrail.verify(place)).isEmpty();
        }
    }

    @Test
    void itIsTheSameWhateverTheMachineWritesNumbersWith() throws Exception {
        Locale before = Locale.getDefault();
        Path place = data.resolve("elsewhere");
        try {
            Locale.setDefault(Locale.of("fa", "IR"));
            for (int start = 0; start < 2; start++) {
                try (AuditTrail trail = new AuditTrail(place, 8_000)) {
                    trail.append("{\"n\":1");
                    AuditPlaces places = new AuditPlaces(place, data.resolve("memory"), trail::end);
                    places.remember(trail.end());
                    assertThat(places.remembered()).isEqualTo(trail.end());
                }
            }
        } finally {
            Locale.setDefault(before);
        }
        assertThat(place).isDirectoryContaining(file -> file.endsWith("audit-00000001.jsonl"));
        assertThat(AuditTrail.lines(place)).isEqualTo(2);
        assertThat(AuditTrail.verify(place)).isEmpty();
    }

    @Test
    void aChangedLineIsFound() throws Exception {
        List<String> lines = lines(2);
        lines.set(3, lines.get(3).replace("\"n\":", "\"n\":1"));
        Files.write(file(2), lines);

        assertThat(AuditTrail.verify(directory)).singleElement().asString().contains("audit-00000002.jsonl:4");
        assertThat(command()).isEqualTo(CommandLineTool.REFUSED);
    }

    @Test
    void aLineThatWasTakenOutIsFound() throws Exception {
        List<String> lines = lines(2);
        lines.remove(3);
        Files.write(file(2), lines);

        assertThat(AuditTrail.verify(directory)).isNotEmpty();
    }

    @Test
    void aLineThatWasPutInIsFound() throws Exception {
        List<String> lines = lines(1);
        lines.add(2, lines.get(4));
        Files.write(file(1), lines);

        assertThat(AuditTrail.verify(directory)).isNotEmpty();
    }

    @Test
    void twoLinesThatChangedPlacesAreFound() throws Exception {
        List<String> lines = lines(1);
        lines.add(2, lines.remove(3));
        Files.write(file(1), lines);

        assertThat(AuditTrail.verify(directory)).isNotEmpty();
    }

    @Test
    void aFileThatIsMissingIsFound() throws Exception {
        Files.delete(file(2));

        assertThat(AuditTrail.verify(directory)).anyMatch(finding -> finding.contains("missing"));
    }

    @Test
    void whatACrashLeftHalfWrittenIsCutOffAndTheChainGoesOn() throws Exception {
        Path newest = file(directory.toFile().list().length);
        Files.writeString(newest, "{\"resourceType\":\"Audit", StandardOpenOption.APPEND);
        assertThat(AuditTrail.verify(directory)).isEmpty();

        try (AuditTrail again = new AuditTrail(directory, 8_000)) {
            again.append("{\"resourceType\":\"AuditEvent\",\"after\":true");
        }

        assertThat(AuditTrail.verify(directory)).isEmpty();
        assertThat(AuditTrail.lines(directory)).isEqualTo(201);
    }

    private Path file(int number) {
        return directory.resolve("audit-%08d.jsonl".formatted(number));
    }

    private List<String> lines(int number) throws Exception {
        return new ArrayList<>(Files.readAllLines(file(number)));
    }
}
