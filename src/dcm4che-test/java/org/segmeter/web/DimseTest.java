package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.dicom.SegFixture;
import tools.jackson.databind.JsonNode;

/** dcmtk's programs talk to the service: {@code echoscu}, {@code storescu}, {@code dcmsend}, {@code storescp}. They must be installed for this test. */
class DimseTest {

    private static final Path SAMPLES = Path.of("src/test/resources/org/segmeter/format/dicom");

    @TempDir
    private static Path directory;

    private static Service service;
    private static Service secured;
    private static Process archive;
    private static Path received;
    private static int port;

    @BeforeAll
    static void start() throws Exception {
        received = Files.createDirectories(directory.resolve("received"));
        int free = freePort();
        port = freePort();
        archive = new ProcessBuilder("storescp", "-aet", "ARCHIVE", "-od", received.toString(), Integer.toString(free))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        service = Service.start(
                directory.resolve("data"),
                "--segmeter.dimse.port=" + port,
                "--segmeter.dimse.callers=ARCHIVE,MODALITY",
                "--segmeter.pacs.nodes.archive.host=127.0.0.1",
                "--segmeter.pacs.nodes.archive.port=" + free,
                "--segmeter.pacs.nodes.archive.ae-title=ARCHIVE",
                "--segmeter.pacs.results-to=archive");
    }

    @AfterAll
    static void stop() {
        archive.destroy();
        service.stop();
        if (secured != null) {
            secured.stop();
        }
    }

    @Test
    void whoIsOnTheListIsAnsweredAndNobodyElse() throws Exception {
        assertThat(run("echoscu", "-aet", "MODALITY", "-aec", "SEGMETER", "127.0.0.1", text(port))
                        .status())
                .isZero();
        Said stranger = run("echoscu", "-v", "-aet", "STRANGER", "-aec", "SEGMETER", "127.0.0.1", text(port));
        assertThat(stranger.status()).isNotZero();
        assertThat(stranger.text()).containsIgnoringCase("calling ae title not recognized");
        Said other = run("echoscu", "-v", "-aet", "MODALITY", "-aec", "OTHER", "127.0.0.1", text(port));
        assertThat(other.text()).containsIgnoringCase("called ae title not recognized");
    }

    @Test
    void aPairThatCameByCStoreIsScoredAndItsReportGoesBackByCStore() throws Exception {
        String study = SegFixture.uid();
        SegFixture ai = SegFixture.ai(study).liver(0);
        store(ai.bytes());
        store(SegFixture.corrected(study).liver(1).bytes());
        JsonNode pair = await(study);
        assertThat(pair.path("prediction").path("source").asString()).isEqualTo("MODALITY");
        for (long end = System.nanoTime() + 30_000_000_000L; files().isEmpty(); Thread.sleep(100)) {
            assertThat(System.nanoTime()).as("the report").isLessThan(end);
        }
        Path report = files().getFirst();
        Said dump = run("dsrdump", report.toString());
        assertThat(dump.status()).as(dump.text()).isZero();
        assertThat(dump.text()).contains("\"Dice similarity coefficient\")=\"0.9\"");
        for (long end = System.nanoTime() + 30_000_000_000L; ; Thread.sleep(100)) {
            JsonNode now = service.api()
                    .get(pair.path("links").path("self").asString())
                    .json();
            if (now.at("/deliveries/0/state").asString().equals("DELIVERED")) {
                break;
            }
            assertThat(System.nanoTime()).as(now.toString()).isLessThan(end);
        }
    }

    @Test
    void realSegmentationsAreTaken() throws Exception {
        int stored = 0;
        int tried = 0;
        try (Stream<Path> files = Files.list(SAMPLES.resolve("seg"))) {
            for (Path file : files.filter(one -> one.toString().endsWith(".dcm"))
                    .filter(one -> one.toFile().length() < 900_000)
                    .sorted()
                    .toList()) {
                // It proposes uncompressed transfer syntaxes, and cannot send the label maps, which it does not know.
                Said sent = run(
                        "storescu",
                        "-v",
                        "-R",
                        "-aet",
                        "MODALITY",
                        "-aec",
                        "SEGMETER",
                        "127.0.0.1",
                        text(port),
                        file.toString());
                stored += sent.status() == 0 && sent.text().matches("(?s).*(Success|Warning).*") ? 1 : 0;
                tried++;
            }
        }
        assertThat(tried).isGreaterThan(5);
        assertThat(stored).as("real segmentations stored, of %d", tried).isGreaterThanOrEqualTo(tried / 2);
    }

    /** What docs/dicom-conformance.md says: it proposes what the files are, label maps and compressed ones among them. */
    @Test
    void dcmsendNeedsToBeToldNothingAboutTheFiles() throws Exception {
        List<String> files = Stream.of("dcmqi_sparse_labelmap_noppv", "pydicom_liver_rle", "dcmqi_24x38x3")
                .map(name -> SAMPLES.resolve("seg/" + name + ".dcm").toString())
                .toList();
        List<String> command = new ArrayList<>(
                List.of("dcmsend", "-v", "-aet", "MODALITY", "-aec", "SEGMETER", "127.0.0.1", text(port)));
        command.addAll(files);
        Said sent = run(command.toArray(String[]::new));
        assertThat(sent.status()).as(sent.text()).isZero();
        assertThat(sent.text())
                .containsPattern("sent to the peer +: " + files.size())
                .containsPattern("Number of associations +: 1");
    }

    @Test
    void anObjectThatIsNoSegmentationIsRefusedWithItsStatus() throws Exception {
        Said refused = run(
                "storescu",
                "-v",
                "-R",
                "-aet",
                "MODALITY",
                "-aec",
                "SEGMETER",
                "127.0.0.1",
                text(port),
                SAMPLES.resolve("bad/dcm_sop_class_ct.dcm").toString());
        assertThat(refused.status()).as(refused.text()).isNotZero();
    }

    @Test
    void withTlsOnlyWhoHasACertificateIsAnswered() throws Exception {
        Path keys = Files.createDirectories(directory.resolve("keys"));
        for (String who : List.of("service", "client", "stranger")) {
            assertThat(run(
                                    "openssl",
                                    "req",
                                    "-x509",
                                    "-newkey",
                                    "rsa:2048",
                                    "-nodes",
                                    "-days",
                                    "2",
                                    "-subj",
                                    "/CN=" + who,
                                    "-keyout",
                                    keys.resolve(who + ".key").toString(),
                                    "-out",
                                    keys.resolve(who + ".crt").toString())
                            .status())
                    .isZero();
        }
        String there = text(freePort());
        secured = Service.start(
                directory.resolve("secured"),
                "--segmeter.dimse.port=" + there,
                "--segmeter.dimse.callers=MODALITY",
                "--segmeter.dimse.tls-bundle=dimse",
                "--spring.ssl.bundle.pem.dimse.keystore.certificate=" + keys.resolve("service.crt"),
                "--spring.ssl.bundle.pem.dimse.keystore.private-key=" + keys.resolve("service.key"),
                "--spring.ssl.bundle.pem.dimse.truststore.certificate=" + keys.resolve("client.crt"));
        assertThat(echo(keys, "client", there).status()).isZero();
        assertThat(echo(keys, "stranger", there).status()).isNotZero();
        assertThat(run("echoscu", "-aet", "MODALITY", "-aec", "SEGMETER", "-ta", "5", "127.0.0.1", there)
                        .status())
                .isNotZero();
    }

    private static Said echo(Path keys, String who, String there) throws Exception {
        return run(
                "echoscu",
                "-aet",
                "MODALITY",
                "-aec",
                "SEGMETER",
                "-ta",
                "10",
                "+tls",
                keys.resolve(who + ".key").toString(),
                keys.resolve(who + ".crt").toString(),
                "+cf",
                keys.resolve("service.crt").toString(),
                "127.0.0.1",
                there);
    }

    private static void store(byte[] object) throws Exception {
        Path file = Files.createTempFile(directory, "object", ".dcm");
        Files.write(file, object);
        Said sent = run(
                "storescu",
                "-v",
                "-R",
                "-aet",
                "MODALITY",
                "-aec",
                "SEGMETER",
                "127.0.0.1",
                text(port),
                file.toString());
        assertThat(sent.status()).as(sent.text()).isZero();
        assertThat(sent.text()).contains("Success");
    }

    private static JsonNode await(String study) throws Exception {
        for (long end = System.nanoTime() + 30_000_000_000L; ; Thread.sleep(100)) {
            JsonNode pair = service.api()
                    .get("/api/v1/pairs?study=" + study)
                    .json()
                    .path("pairs")
                    .path(0);
            if (pair.path("state").asString("").equals("SCORED")) {
                return pair;
            }
            assertThat(System.nanoTime()).as(pair.toString()).isLessThan(end);
        }
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(received)) {
            return all.filter(file -> !file.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    private record Said(int status, String text) {}

    private static Said run(String... command) throws Exception {
        Process process = new ProcessBuilder(new ArrayList<>(List.of(command)))
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS))
                .as(String.join(" ", command))
                .isTrue();
        return new Said(process.exitValue(), text);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String text(int number) {
        return Integer.toString(number);
    }
}
