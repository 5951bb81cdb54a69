package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.cli.CommandLineTool;
import org.springframework.jdbc.core.simple.JdbcClient;

@DisplayName("The drill of a backup")
class BackupDrillTest {

    private final long seed = Long.getLong("segmeter.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private record Said(int status, String out, String err) {}

    private static Said segmeter(String... arguments) {
        System.setProperty("segmeter.database.programs", "target/postgres-programs");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = CommandLineTool.run(
                arguments,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Said(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static Map<String, String> results(Service service) {
        Map<String, String> results = new TreeMap<>();
        service.bean(JdbcClient.class)
                .sql("select evaluation_id::text, sha256, content from scorecard")
                .query(row -> {
                    results.put(row.getString(1), row.getString(2) + row.getString(3));
                });
        return results;
    }

    @Test
    void whatWasBackedUpWhileTheServiceRanIsThereAfterTheRestore(@TempDir Path folder) throws Exception {
        Path data = folder.resolve("data");
        Path backup = folder.resolve("backup");
        Path zip = folder.resolve("backup.zip");
        Map<String, String> before;
        List<String> locations = new ArrayList<>();
        long lastEvent;
        Service service = Service.start(data);
        try {
            for (int i = 0; i < 3; i++) {
                locations.add(service.api()
                        .post(Api.pair("{\"caseId\":\"case \\\\ \\u00e4\\\\N " + i + "\"}"), "Prefer", "wait=30")
                        .expect(200)
                        .header("Location"));
            }
            before = results(service);
            assertThat(before).hasSize(3);
            assertThat(segmeter("verify", "--data-directory", data.toString()).out())
                    .contains("3 scorecards read, 0 findings");

            assertThat(backedUpAt(service)).isZero();

            Said made = segmeter("backup", backup.toString(), "--data-directory", data.toString());
            assertThat(made.status()).as(made.err()).isZero();
            assertThat(made.out()).contains("3 evaluations, 3 scorecards, 2 files");
            assertThat(service.bean(JdbcClient.class)
                            .sql("select backed_up_at > now() - interval '1 minute' from installation")
                            .query(Boolean.class)
                            .single())
                    .isTrue();
            assertThat(segmeter("backup", zip.toString(), "--data-directory", data.toString())
                            .status())
                    .isZero();
            assertThat(segmeter("backup", backup.toString(), "--data-directory", data.toString())
                            .err())
                    .contains("not empty");
            assertThat(segmeter("restore", backup.toString(), "--data-directory", data.toString())
                            .err())
                    .contains("in use");
            assertThat(service.bean(JdbcClient.class)
                            .sql("select count(*) from blob_hold")
                            .query(Long.class)
                            .single())
                    .isZero();
            // Asked of the database at most once a second.
            long end = System.nanoTime() + 30_000_000_000L;
            while (backedUpAt(service) == 0) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(50);
            }
            lastEvent = service.bean(JdbcClient.class)
                    .sql("select max(sequence) from evaluation_event")
                    .query(Long.class)
                    .single();
        } finally {
            service.stop();
        }
        assertThat(segmeter("verify", backup.toString()).status()).isZero();
        assertThat(segmeter("verify", zip.toString()).status()).isZero();

        Path restored = folder.resolve("restored");
        Said done = segmeter("restore", zip.toString(), "--data-directory", restored.toString());
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(segmeter("restore", zip.toString(), "--data-directory", restored.toString())
                        .err())
                .contains("not empty");
        Service again = Service.start(restored);
        try {
            assertThat(results(again)).isEqualTo(before);
            for (String location : locations) {
                again.api().get(location + "/scorecard").expect(200);
            }
            // It goes on: a new evaluation, whose events come after the old ones.
            again.api().post(Api.pair(""), "Prefer", "wait=30").expect(200);
            assertThat(again.bean(JdbcClient.class)
                            .sql("select min(sequence) from evaluation_event where sequence > :last")
                            .param("last", lastEvent)
                            .query(Long.class)
                            .single())
                    .isEqualTo(lastEvent + 1);
            assertThat(results(again)).hasSize(4).containsAllEntriesOf(before);
        } finally {
            again.stop();
        }
        damagedBackupsAreRefused(backup, folder.resolve("never"));
    }

    private static double backedUpAt(Service service) {
        return service.api()
                .get("/actuator/prometheus")
                .expect(200)
                .text()
                .lines()
                .filter(line -> line.startsWith("segmeter_backup_last_success_timestamp_seconds "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    /** Every part of a backup in turn is flipped in one bit, cut short, or removed. */
    private void damagedBackupsAreRefused(Path backup, Path target) throws IOException {
        List<Path> parts;
        try (Stream<Path> files = Files.walk(backup)) {
            parts = files.filter(Files::isRegularFile).sorted().toList();
        }
        assertThat(parts).hasSizeGreaterThan(10);
        int refused = 0;
        for (Path part : parts) {
            byte[] good = Files.readAllBytes(part);
            for (int damage = 0; damage < 3; damage++) {
                switch (damage) {
                    case 0 -> {
                        if (good.length == 0) {
                            Files.write(part, new byte[] {1});
                        } else {
                            try (RandomAccessFile file = new RandomAccessFile(part.toFile(), "rw")) {
                                long at = random.nextLong(good.length);
                                file.seek(at);
                                file.write(good[(int) at] ^ (1 << random.nextInt(7)));
                            }
                        }
                    }
                    case 1 ->
                        Files.write(
                                part,
                                good.length == 0 ? new byte[] {2} : java.util.Arrays.copyOf(good, good.length / 2));
                    default -> Files.delete(part);
                }
                Said said = segmeter("verify", backup.toString());
                assertThat(said.status())
                        .as("%s, damage %d, seed %d: %s", backup.relativize(part), damage, seed, said.out())
                        .isEqualTo(CommandLineTool.REFUSED);
                assertThat(said.err()).startsWith("segmeter: ").hasLineCount(1);
                refused++;
                Files.write(part, good);
            }
        }
        assertThat(refused).isEqualTo(3 * parts.size());
        assertThat(segmeter("verify", backup.toString()).status()).isZero();

        Files.delete(backup.resolve("manifest.sha256"));
        Said unfinished = segmeter("restore", backup.toString(), "--data-directory", target.toString());
        assertThat(unfinished.status()).isEqualTo(CommandLineTool.REFUSED);
        assertThat(unfinished.err()).contains("not finished");
        assertThat(target.resolve("blobs"))
                .satisfiesAnyOf(
                        path -> assertThat(path).doesNotExist(),
                        path -> assertThat(path).isEmptyDirectory());
    }
}
