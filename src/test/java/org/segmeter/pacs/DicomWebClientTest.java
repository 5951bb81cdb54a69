package org.segmeter.pacs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.dicom.DicomInstance;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.json.JsonMapper;

/** A DICOMweb server is asked page by page, is not followed elsewhere, and cannot hold this service up. */
@Timeout(60)
class DicomWebClientTest {

    private static final String SEG = DicomInstance.SEGMENTATION;
    private static final String CT = "1.2.840.10008.5.1.4.1.1.2";
    private static final String PATH = "/dicom-web";

    private interface Answering {
        void answer(HttpExchange exchange) throws IOException;
    }

    private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> logins = new ConcurrentLinkedQueue<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;
    private volatile Answering answering = exchange -> exchange.sendResponseHeaders(204, -1);

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            asked.add(exchange.getRequestURI().toString());
            logins.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            exchange.getRequestBody().readAllBytes();
            try (exchange) {
                answering.answer(exchange);
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private DicomWebClient client(int pageSize, Duration timeout, @Nullable String user, @Nullable String token) {
        return new DicomWebClient(
                new PacsSettings.Source(
                        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + PATH),
                        user,
                        user == null ? null : "secret",
                        token,
                        Duration.ofSeconds(5),
                        timeout,
                        pageSize,
                        DataSize.ofMegabytes(1)),
                JsonMapper.shared());
    }

    private DicomWebClient client(int pageSize) {
        return client(pageSize, Duration.ofSeconds(30), null, null);
    }

    /** A search answer of instances {@code 1.from} to {@code 1.to}, each of a class that its number chooses. */
    private static String rows(int from, int to, String... classes) {
        List<String> rows = new ArrayList<>();
        for (int i = from; i < to; i++) {
            rows.add("""
                {"0020000E": {"vr": "UI", "Value": ["2.7"]}, "00080018": {"vr": "UI", "Value": ["1.%d"]},
                 "00080016": {"vr": "UI", "Value": ["%s"]}}\
                """.formatted(i + 1, classes[i % classes.length]));
        }
        return "[" + String.join(",", rows) + "]";
    }

    private static void send(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static int parameter(HttpExchange exchange, String name) {
        for (String one : exchange.getRequestURI().getQuery().split("&")) {
            if (one.startsWith(name + "=")) {
                return Integer.parseInt(one.substring(name.length() + 1));
            }
        }
        throw new AssertionError(name);
    }

    private static List<String> sops(List<DicomWebClient.Found> found) {
        return found.stream().map(DicomWebClient.Found::sopInstanceUid).toList();
    }

    /** Gives instances from the offset on, so many at once, and says so if there are more. */
    private void has(int instances, int atOnce, String... classes) {
        answering = exchange -> {
            int from = parameter(exchange, "offset");
            int to = Math.min(instances, from + Math.min(atOnce, parameter(exchange, "limit")));
            if (from >= to) {
                exchange.sendResponseHeaders(204, -1);
                return;
            }
            if (to < instances) {
                exchange.getResponseHeaders().add("Warning", "299 pacs \"There are additional results\"");
            }
            send(exchange, 200, "application/dicom+json", rows(from, to, classes));
        };
    }

    @Test
    void allPagesAreAskedFor() throws Exception {
        has(7, 100, SEG);
        assertThat(sops(client(3).search("1.9", null, null, SEG)))
                .containsExactly("1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7");
        assertThat(asked).hasSize(3).allSatisfy(uri -> assertThat(uri).startsWith("/dicom-web/studies/1.9/instances?"));
    }

    @Test
    void aServerThatGivesFewerAtOnceThanItIsAskedForIsAskedAgain() throws Exception {
        has(7, 2, SEG);
        assertThat(client(100).search("1.9", null, null, SEG)).hasSize(7);
    }

    @Test
    void aServerThatDoesNotMatchByTheClassIsReadToItsEnd() throws Exception {
        // A page without a segmentation is not the last one.
        has(9, 100, CT, CT, CT, CT, SEG);
        assertThat(sops(client(2).search("1.9", null, null, SEG))).containsExactly("1.5");
    }

    @Test
    void aServerThatBeginsAnewEachTimeIsNotAskedForEver() throws Exception {
        answering = exchange -> send(exchange, 200, "application/dicom+json", rows(0, 4, SEG));
        assertThat(client(4).search("1.9", null, null, SEG)).hasSize(4);
        assertThat(asked).hasSize(2);
    }

    @Test
    void whatIsNoAnswerIsSaid() throws Exception {
        Map<Integer, String> statuses =
                Map.of(401, "login in the configuration", 403, "login in the configuration", 500, "HTTP 500");
        statuses.forEach((status, said) -> {
            answering = exchange -> exchange.sendResponseHeaders(status, -1);
            assertThatThrownBy(() -> client(4).search("1.9", null, null, SEG))
                    .isInstanceOf(Pull.SourceFailed.class)
                    .hasMessageContaining(said);
        });
        for (String body : List.of("<html>", "{\"error\": \"the archive is busy\"}", "\"\"")) {
            answering = exchange -> send(exchange, 200, "application/dicom+json", body);
            assertThatThrownBy(() -> client(4).search("1.9", null, null, SEG))
                    .as(body)
                    .hasMessageContaining("no DICOM JSON");
        }
        answering = exchange -> send(exchange, 200, "application/dicom+json", "");
        assertThat(client(4).search("1.9", null, null, SEG))
                .as("nothing at all")
                .isEmpty();
        for (String type : List.of("text/plain", "application/dicom+json", "multipart/related")) {
            answering = exchange -> send(exchange, 200, type, "x");
            assertThatThrownBy(() -> client(4).retrieve("1.9", new DicomWebClient.Found("2.7", "1.1")))
                    .as(type)
                    .hasMessageContaining("another content type");
        }
    }

    @Test
    void aRedirectLeadsNowhere() {
        answering = exchange -> {
            exchange.getResponseHeaders().set("Location", "/elsewhere");
            exchange.sendResponseHeaders(302, -1);
        };
        assertThatThrownBy(() -> client(4).search("1.9", null, null, SEG)).hasMessageContaining("302");
        assertThatThrownBy(() -> client(4).retrieve("1.9", new DicomWebClient.Found("2.7", "1.1")))
                .hasMessageContaining("302");
        assertThat(asked).hasSize(2).noneMatch(uri -> uri.contains("elsewhere"));
    }

    @Test
    void theLoginOfTheConfigurationIsSent() throws Exception {
        client(4, Duration.ofSeconds(30), "reader", null).search("1.9", null, null, SEG);
        client(4, Duration.ofSeconds(30), null, "t0ken").search("1.9", null, null, SEG);
        client(4).search("1.9", null, null, SEG);
        assertThat(logins)
                .containsExactly(
                        "Basic " + Base64.getEncoder().encodeToString("reader:secret".getBytes(StandardCharsets.UTF_8)),
                        "Bearer t0ken",
                        "null");
    }

    /** The header and some of the body, and then nothing more as long as the test lasts. */
    private void standsStill(String type, String begin) {
        answering = exchange -> {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(begin.getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    @Test
    void anAnswerThatStandsStillIsGivenUp(@TempDir Path directory) throws Exception {
        DicomWebClient hasty = client(4, Duration.ofMillis(300), null, null);
        standsStill("application/dicom+json", "[{");
        assertThatThrownBy(() -> hasty.search("1.9", null, null, SEG))
                .isInstanceOf(Pull.SourceFailed.class)
                .hasMessageContaining("HttpTimeoutException");
        Path file = Files.write(directory.resolve("report"), new byte[2000]);
        assertThat(hasty.store(file, "1.9", "1.1")).isInstanceOf(DeliveryAnswer.NotNow.class);
        DicomWebClient.Found one = new DicomWebClient.Found("2.7", "1.1");
        for (String type : List.of("application/dicom", "multipart/related; boundary=b")) {
            standsStill(type, "\r\n--b\r\nContent-Type: application/dicom\r\n\r\nsome");
            try (InputStream content = hasty.retrieve("1.9", one)) {
                assertThatThrownBy(content::readAllBytes).as(type).isInstanceOf(HttpTimeoutException.class);
            }
        }
    }

    @Test
    void whatBecomesOfAReportIsToldByTheAnswer(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("report"), new byte[] {1});
        String failed = """
            {"00081198": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.1"]},
              "00081197": {"vr": "US", "Value": [%d]}}]}}\
            """;
        record Case(int status, String body, Class<? extends DeliveryAnswer> becomes) {}
        for (Case one : List.of(
                new Case(200, "{}", DeliveryAnswer.Taken.class),
                new Case(200, "no JSON", DeliveryAnswer.Taken.class),
                new Case(202, "{}", DeliveryAnswer.Taken.class),
                new Case(202, failed.formatted(0xA900), DeliveryAnswer.Refused.class),
                new Case(202, failed.formatted(0xA700), DeliveryAnswer.NotNow.class),
                new Case(409, failed.formatted(0x0111), DeliveryAnswer.Taken.class),
                new Case(409, failed.formatted(0x0110), DeliveryAnswer.NotNow.class),
                new Case(409, failed.formatted(0x0122), DeliveryAnswer.Refused.class),
                new Case(409, "", DeliveryAnswer.Refused.class),
                new Case(400, "", DeliveryAnswer.Refused.class),
                new Case(302, "", DeliveryAnswer.NotNow.class),
                new Case(401, "", DeliveryAnswer.NotNow.class),
                new Case(503, "", DeliveryAnswer.NotNow.class))) {
            answering = exchange -> send(exchange, one.status, "application/dicom+json", one.body);
            assertThat(client(4).store(file, "1.9", "1.1")).as(one.toString()).isInstanceOf(one.becomes);
        }
    }
}
