package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.segmeter.evaluation.Failpoint;
import org.segmeter.format.dicom.ImageFixture;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.pacs.SrReading;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The whole loop with a real PACS over the network: segmentations arrive in Orthanc, Orthanc forwards them by STOW-RS, Segmeter pairs and
 * scores them, Orthanc receives the report and gives it back by QIDO-RS and WADO-RS.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OrthancIT {

    private static final JsonMapper JSON = new JsonMapper();

    private static Path data;
    private static Orthanc orthanc;
    private static JarProcess service;
    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeAll
    static void start() throws Exception {
        if (Orthanc.program().isEmpty()) {
            String missing =
                    "NOT RUN: OrthancIT, the loop with a real PACS, because Orthanc or its DICOMweb plugin is not"
                            + " installed (Debian packages orthanc and orthanc-dicomweb)";
            System.out.println(missing);
            Assumptions.abort(missing);
        }
        data = Files.createTempDirectory("segmeter-orthanc");
        orthanc = Orthanc.in(Files.createDirectories(data.resolve("orthanc")));
        service = startService();
        orthanc.start(service.uri(""));
    }

    private static JarProcess startService(String... options) throws Exception {
        return JarProcess.shortLived(
                        data.resolve("segmeter"),
                        List.of(options),
                        "--segmeter.pacs.sources.main-pacs.url=" + orthanc.root(),
                        "--segmeter.pacs.sources.main-pacs.user=" + Orthanc.USER,
                        "--segmeter.pacs.sources.main-pacs.password=" + Orthanc.PASSWORD,
                        "--segmeter.pacs.sources.main-pacs.connect-timeout=2s",
                        "--segmeter.pacs.sources.main-pacs.timeout=5s",
                        "--segmeter.pacs.results-to=main-pacs")
                .awaitReady(Duration.ofSeconds(120));
    }

    @AfterAll
    static void stop() throws Exception {
        if (service != null) {
            service.close();
        }
        if (orthanc != null) {
            orthanc.close();
        }
    }

    @Test
    @Order(1)
    void inBothOrdersTheReportComesBackWithTheScorecardsDice() throws Exception {
        List<String> studies = new ArrayList<>();
        for (boolean predictionFirst : new boolean[] {true, false}) {
            String study = SegFixture.uid();
            studies.add(study);
            byte[] ai = SegFixture.ai(study).liver(0).kidney("left", 0).bytes();
            byte[] corrected =
                    SegFixture.corrected(study).liver(1).kidney("left", 2).bytes();
            orthanc.receive(predictionFirst ? ai : corrected);
            await("one waits", () -> states(study).equals(List.of("WAITING")));
            orthanc.receive(predictionFirst ? corrected : ai);
        }
        for (String study : studies) {
            JsonNode report = report(study, 1).getFirst();
            JsonNode pair = pairs(study).getFirst();
            assertThat(pair.path("prediction").path("source").asString()).isEqualTo("main-pacs");
            JsonNode card = get(pair.path("links").path("scorecard").asString());
            List<Double> expected = new ArrayList<>();
            card.path("segments")
                    .forEach(segment -> expected.add(
                            segment.path("metrics").path("dice").path("value").doubleValue()));
            assertThat(SrReading.numbers(report, "DSC")).hasSize(2).isEqualTo(expected);
            assertThat(report.path("00100010")
                            .path("Value")
                            .path(0)
                            .path("Alphabetic")
                            .asString())
                    .isEqualTo("Doe^Jane");
        }
        theSeriesThatItWasMadeFromIsSeenBehindTheMasks(studies.getFirst());
    }

    /** The PACS has the images, too: they are fetched from it when somebody looks. */
    private void theSeriesThatItWasMadeFromIsSeenBehindTheMasks(String study) throws Exception {
        ImageFixture series = new ImageFixture(
                        new int[] {24, 20, 8},
                        new double[] {1, 1, 2},
                        new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                        new double[] {-10, -20, 0},
                        (left, back, head) -> 10 * (left + 10))
                .with(0x0020_000D, study)
                .with(0x0020_000E, "1.2.3.4.6") // as SegFixture refers to
                .with(0x0028_1050, "120")
                .with(0x0028_1051, "240");
        for (byte[] image : series.files()) {
            orthanc.receive(image);
        }
        String card = pairs(study).getFirst().path("links").path("scorecard").asString();
        String evaluation = card.substring(0, card.lastIndexOf('/'));
        JsonNode told = get(evaluation + "/image");
        assertThat(told.path("voxels").toString()).isEqualTo("[24,20,8]");
        assertThat(told.at("/window/level").doubleValue()).isEqualTo(120);
        HttpResponse<byte[]> answer = http.send(
                HttpRequest.newBuilder(service.uri(evaluation + "/image.png?plane=axial&index=2"))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).isEqualTo(200);
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(answer.body()));
        assertThat(picture.getWidth()).isGreaterThan(1);
        for (int column = 0; column < picture.getWidth() - 1; column++) {
            // Ten more for each pixel to the left of the patient, of 240 from black to white.
            assertThat((picture.getRGB(column + 1, 3) & 255) - (picture.getRGB(column, 3) & 255))
                    .isBetween(10, 11);
        }
    }

    @Test
    @Order(2)
    void twoReadersMakeTwoReportsAndACorrectionOfOneAThird() throws Exception {
        String study = SegFixture.uid();
        orthanc.receive(SegFixture.ai(study).liver(0).bytes());
        orthanc.receive(SegFixture.corrected(study).creator("One").liver(1).bytes());
        orthanc.receive(SegFixture.corrected(study).creator("Two").liver(2).bytes());
        report(study, 2);
        orthanc.receive(SegFixture.corrected(study)
                .creator("One")
                .contentTime("130000")
                .liver(3)
                .bytes());
        assertThat(report(study, 3).stream()
                        .map(report -> SrReading.numbers(report, "DSC").getFirst()))
                .containsExactlyInAnyOrder(0.9, 0.8, 0.7);
        assertThat(states(study)).containsExactly("SCORED", "SCORED", "SUPERSEDED");
    }

    @Test
    @Order(3)
    void doubtIsLeftToAPersonAndTheOtherSideOfTheBodyIsNoCounterpart() throws Exception {
        String study = SegFixture.uid();
        SegFixture second = SegFixture.ai(study).liver(3);
        orthanc.receive(SegFixture.ai(study).liver(0).bytes());
        orthanc.receive(second.bytes());
        await("both wait", () -> states(study).equals(List.of("WAITING", "WAITING")));
        orthanc.receive(SegFixture.corrected(study).liver(4).bytes());
        await("ambiguous", () -> states(study).contains("AMBIGUOUS"));
        String swapped = SegFixture.uid();
        orthanc.receive(SegFixture.ai(swapped).kidney("left", 0).bytes());
        orthanc.receive(SegFixture.corrected(swapped).kidney("right", 0).bytes());

        JsonNode ambiguous = pairs(study).stream()
                .filter(pair -> pair.path("state").asString().equals("AMBIGUOUS"))
                .findFirst()
                .orElseThrow();
        HttpResponse<String> resolved = http.send(
                HttpRequest.newBuilder(
                                service.uri(ambiguous.path("links").path("self").asString() + "/resolution"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"counterpart\": \"" + second.sop() + "\"}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(resolved.statusCode()).as(resolved.body()).isEqualTo(200);
        assertThat(SrReading.numbers(report(study, 1).getFirst(), "DSC")).containsExactly(0.9);
        await("neither side pairs", () -> states(swapped).equals(List.of("WAITING", "WAITING")));
    }

    @Test
    @Order(4)
    void aPacsThatIsDownAndAServiceThatIsKilledLoseNothing() throws Exception {
        orthanc.stop();
        service.close();
        service = startService("-Dsegmeter.failpoints=" + Failpoint.PAIR_EVALUATED);
        String study = SegFixture.uid();
        store(SegFixture.ai(study).liver(0).bytes());
        store(SegFixture.corrected(study).liver(1).bytes());
        // Both are acknowledged, paired and scored; the process ends itself before it makes the report.
        assertThat(service.awaitExit(Duration.ofSeconds(60))).isEqualTo(137);
        service = startService("-Dsegmeter.failpoints=" + Failpoint.DELIVERED);
        await("the report is tried in vain", () -> {
            JsonNode delivery = get(pairs(study)
                            .getFirst()
                            .path("links")
                            .path("self")
                            .asString())
                    .path("deliveries")
                    .path(0);
            return delivery.path("state").asString().equals("PENDING") && delivery.has("lastError");
        });
        orthanc.start(service.uri(""));
        // The PACS has the report, and the process ends itself before it takes note of that: it is sent again.
        assertThat(service.awaitExit(Duration.ofSeconds(60))).isEqualTo(137);
        service = startService();
        assertThat(SrReading.numbers(report(study, 1).getFirst(), "DSC")).containsExactly(0.9);
        await(
                "delivered once",
                () -> get(pairs(study).getFirst().path("links").path("self").asString())
                        .path("deliveries")
                        .path(0)
                        .path("state")
                        .asString()
                        .equals("DELIVERED"));
    }

    /** The reports of a study that the PACS has, as it gives them itself. */
    private List<JsonNode> report(String study, int number) throws Exception {
        await(
                number + " reports in the PACS",
                () -> orthanc.dicomWeb("/studies/" + study + "/series?Modality=SR")
                                .size()
                        == number);
        List<JsonNode> reports = new ArrayList<>();
        for (JsonNode series : orthanc.dicomWeb("/studies/" + study + "/series?Modality=SR")) {
            String uid = series.path("0020000E").path("Value").path(0).asString();
            orthanc.dicomWeb("/studies/" + study + "/series/" + uid + "/metadata")
                    .forEach(reports::add);
        }
        assertThat(reports).hasSize(number);
        return reports;
    }

    private void store(byte[] instance) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(service.uri("/dicom-web/studies"))
                        .header("Content-Type", "application/dicom")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(instance))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        URI uri = service.uri(path);
        HttpResponse<String> answer =
                http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    private List<JsonNode> pairs(String study) throws IOException, InterruptedException {
        List<JsonNode> all = new ArrayList<>();
        get("/api/v1/pairs?study=" + study).path("pairs").forEach(all::add);
        return all;
    }

    private List<String> states(String study) throws IOException, InterruptedException {
        return pairs(study).stream()
                .map(pair -> pair.path("state").asString())
                .sorted()
                .toList();
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never: " + what + "\n" + orthanc.log() + "\n" + service.output());
            }
            Thread.sleep(50);
        }
    }
}
