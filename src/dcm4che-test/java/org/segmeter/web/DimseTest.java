package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.Tenant;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.security.ApiKeys;
import org.segmeter.security.Role;
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
        String person = "MARKQ9PERSON";
        SegFixture ai = SegFixture.ai(study).patient(person + "^A").liver(0);
        LogLines lines = LogLines.listen();
        store(ai.bytes());
        store(SegFixture.corrected(study)
                .patient(person + "^A")
                .creator(person + "^B")
                .liver(1)
                .bytes());
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
        lines.close();
        assertThat(lines.all())
                .as("nobody is named on the way")
                .anySatisfy(line -> assertThat(line).contains("report delivered to archive"))
                .allSatisfy(line -> assertThat(line).doesNotContain(person));
        assertThat(service.api().get("/actuator/prometheus").text()).doesNotContain(person);
    }

    /** Callers and nodes are of the configuration, which is of the installation's own tenant. */
    @Test
    void anotherTenantLearnsNothingOfWhatComesByDimseAndNothingOfItsOwnGoesThere() throws Exception {
        int there = freePort();
        Path data = directory.resolve("tenants");
        Service guarded = Service.start(
                data,
                "--segmeter.security.api-key=" + "first-key-".repeat(4),
                "--segmeter.dimse.port=" + there,
                "--segmeter.dimse.callers=MODALITY",
                "--segmeter.pacs.nodes.gone.host=127.0.0.1",
                "--segmeter.pacs.nodes.gone.port=" + freePort(),
                "--segmeter.pacs.nodes.gone.ae-title=GONE",
                "--segmeter.pacs.results-to=gone");
        try {
            String[] own = login(guarded, Tenant.DEFAULT);
            String[] south = login(guarded, "south");
            String study = SegFixture.uid();
            SegFixture ai = SegFixture.ai(study).liver(0);
            SegFixture corrected = SegFixture.corrected(study).liver(1);
            byte[] prediction = ai.bytes();
            byte[] reference = corrected.bytes();
            store(prediction, there);
            store(reference, there);
            JsonNode pair = await(guarded, study, own);
            assertThat(pair.path("deliveries")).hasSize(1);
            assertThat(pairs(guarded, study, south)).isEmpty();
            assertThat(guarded.api()
                            .get(pair.path("links").path("self").asString(), south)
                            .status())
                    .isEqualTo(404);
            DicomWeb web = new DicomWeb(guarded.port());
            assertThat(web.get("/instances?StudyInstanceUID=" + study, south).status())
                    .isEqualTo(204);

            // The same objects are its own when it sends them itself, and its report goes nowhere.
            for (byte[] one : List.of(prediction, reference)) {
                assertThat(web.post(
                                        "/studies",
                                        "multipart/related; type=\"application/dicom\"; boundary=b1",
                                        DicomWeb.body("b1", one),
                                        south)
                                .status())
                        .isEqualTo(200);
            }
            JsonNode its = await(guarded, study, south);
            assertThat(its.path("id").asString()).isNotEqualTo(pair.path("id").asString());
            assertThat(its.path("deliveries")).isEmpty();
            assertThat(pairs(guarded, study, own)).hasSize(1);
            store(prediction, there); // once more: known, and still of its tenant
            assertThat(pairs(guarded, study, south)).hasSize(1);
        } finally {
            guarded.stop();
        }
        try (Stream<Path> trail = Files.list(data.resolve("audit"))) {
            List<String> transfers = trail.filter(file -> file.toString().endsWith(".jsonl"))
                    .flatMap(file -> {
                        try {
                            return Files.readAllLines(file).stream();
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .filter(line -> line.contains("\"110104\""))
                    .toList();
            assertThat(transfers)
                    .hasSize(3)
                    .allSatisfy(line -> assertThat(line)
                            .contains("MODALITY", "C-STORE", "\"value\":\"default\"")
                            .doesNotContain("south"));
        }
    }

    private static String[] login(Service service, String tenant) {
        try (Tenant.Binding ignored = Tenant.bind(tenant)) {
            return new String[] {
                "Authorization",
                "Bearer "
                        + service.bean(ApiKeys.class)
                                .create("all", EnumSet.allOf(Role.class), null)
                                .token()
            };
        }
    }

    private static List<JsonNode> pairs(Service where, String study, String... login) {
        List<JsonNode> found = new ArrayList<>();
        where.api()
                .get("/api/v1/pairs?study=" + study, login)
                .json()
                .path("pairs")
                .forEach(found::add);
        return found;
    }

    /** The whole of the only pair of a study, when it is scored. */
    private static JsonNode await(Service where, String study, String... login) throws Exception {
        for (long end = System.nanoTime() + 30_000_000_000L; ; Thread.sleep(100)) {
            List<JsonNode> pairs = pairs(where, study, login);
            if (!pairs.isEmpty() && pairs.getFirst().path("state").asString("").equals("SCORED")) {
                return where.api()
                        .get(pairs.getFirst().path("links").path("self").asString(), login)
                        .json();
            }
            assertThat(System.nanoTime()).as(pairs.toString()).isLessThan(end);
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
        store(object, port);
    }

    private static void store(byte[] object, int there) throws Exception {
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
                text(there),
                file.toString());
        assertThat(sent.status()).as(sent.text()).isZero();
        assertThat(sent.text()).contains("Success");
    }

    private static JsonNode await(String study) throws Exception {
        return await(service, study);
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
