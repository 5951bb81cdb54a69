package org.segmeter;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.segmeter.cli.RehearsedPair;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.FileSystemUtils;

/**
 * The service on a port and a temporary directory of its own, used once in each of the usual ways and ended: for a virtual machine that
 * records what a program loads ({@code -XX:AOTCacheOutput}), so that the service starts faster from then on. Nothing outside of that
 * directory is read or written, if the environment has no settings of a service.
 */
final class ServiceRehearsal {

    /** Often enough that the recording knows which methods are worth compiling. */
    private static final int SUBMISSIONS = 40;

    private static final String BOUNDARY = "segmeter-rehearsal";

    /** What a browser and a monitor ask for first. */
    private static final List<String> VIEWS = List.of(
            "/",
            "/openapi.yaml",
            "/livez",
            "/readyz",
            "/actuator/prometheus",
            "/actuator/info",
            "/api/v1/evaluations?limit=20",
            "/api/v1/metrics",
            "/api/v1/protocols",
            "/api/v1/models",
            "/api/v1/results?metric=dice&limit=20",
            "/api/v1/aggregates?metric=dice&groupBy=model,structure",
            "/api/v1/charts?metric=dice&model=rehearsal",
            "/api/v1/alerts",
            "/api/v1/batches");

    private ServiceRehearsal() {}

    /** @throws IOException if an evaluation is not scored: then the recording is of no use */
    static void run() throws IOException {
        Path directory = Files.createTempDirectory("segmeter-rehearsal");
        String key = UUID.randomUUID().toString();
        try (ConfigurableApplicationContext context = Segmeter.serve(
                "--server.address=127.0.0.1",
                "--server.port=0",
                "--segmeter.data-directory=" + directory.resolve("data"),
                "--segmeter.volatile-data-directory=true",
                "--segmeter.disk-floor=1",
                "--segmeter.natural-idempotency=false",
                "--segmeter.security.api-key=" + key)) {
            String port = context.getEnvironment().getRequiredProperty("local.server.port");
            use("http://127.0.0.1:" + port, key);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            try {
                FileSystemUtils.deleteRecursively(directory);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
    }

    private static void use(String service, String key) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            byte[][] forms = {
                form(RehearsedPair.object(11), RehearsedPair.labelMap(9)),
                form(RehearsedPair.labelMap(10), RehearsedPair.labelMap(9))
            };
            String location = "";
            for (int i = 0; i < SUBMISSIONS; i++) {
                HttpResponse<String> answer = http.send(
                        request(service + "/api/v1/evaluations", key)
                                .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                                .header("Prefer", "wait=30")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(forms[i % forms.length]))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() != 200) {
                    throw new IOException("a rehearsed evaluation was answered " + answer.statusCode());
                }
                location = answer.headers().firstValue("Content-Location").orElse(location);
            }
            for (String view : VIEWS) {
                get(http, service + view, key);
            }
            for (String part : List.of("", "/scorecard", "/slices", "/verify")) {
                get(http, service + location.replace("/scorecard", "") + part, key);
            }
        }
    }

    private static void get(HttpClient http, String uri, String key) throws IOException, InterruptedException {
        http.send(request(uri, key).build(), HttpResponse.BodyHandlers.discarding());
    }

    private static HttpRequest.Builder request(String uri, String key) {
        return HttpRequest.newBuilder(URI.create(uri))
                .timeout(Duration.ofSeconds(60))
                .header("Authorization", "Bearer " + key);
    }

    private static byte[] form(byte[] prediction, byte[] reference) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        part(out, "request", "{\"model\":{\"name\":\"rehearsal\",\"version\":\"1\"}}".getBytes(StandardCharsets.UTF_8));
        part(out, "prediction", prediction);
        part(out, "reference", reference);
        out.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        return out.toByteArray();
    }

    private static void part(ByteArrayOutputStream out, String name, byte[] content) {
        out.writeBytes(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\""
                        + name + "\"\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(content);
        out.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
}
