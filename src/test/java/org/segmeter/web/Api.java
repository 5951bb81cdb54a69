package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the service that lets no exchange pass that {@code openapi.yaml} does not describe. */
final class Api {

    static final Path SAMPLES = Path.of("src/test/resources/samples");
    static final JsonMapper JSON = new JsonMapper();
    private static final String BOUNDARY = "segmeter-test-boundary";

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI base;
    private final Contract contract;

    Api(int port) throws IOException {
        base = URI.create("http://127.0.0.1:" + port);
        contract = Contract.of(Contract.document());
    }

    /** An answer that fits the document. */
    record Answer(Contract.Exchange exchange) {
        int status() {
            return exchange.status();
        }

        String header(String name) {
            return exchange.headers()
                    .getOrDefault(name.toLowerCase(java.util.Locale.ROOT), List.of(""))
                    .getFirst();
        }

        String text() {
            return exchange.text();
        }

        JsonNode json() {
            return JSON.readTree(exchange.text());
        }

        Answer expect(int status) {
            assertThat(status()).as(text()).isEqualTo(status);
            return this;
        }

        /** The slug of the problem that was answered. */
        String problem() {
            assertThat(header("Content-Type")).startsWith("application/problem+json");
            assertThat(json().path("status").asInt()).isEqualTo(status());
            return json().path("type").asString().replace("/problems/", "");
        }
    }

    /** A part of a form; with a null file name it is a text. */
    record Part(String name, @Nullable String fileName, byte[] content, Map<String, String> headers) {
        static Part file(String name, Path file) throws IOException {
            return new Part(name, "upload", Files.readAllBytes(file), Map.of());
        }

        static Part bytes(String name, byte[] content) {
            return new Part(name, "upload", content, Map.of());
        }

        static Part text(String name, String text) {
            return new Part(name, null, text.getBytes(StandardCharsets.UTF_8), Map.of());
        }

        Part with(String header, String value) {
            return new Part(name, fileName, content, Map.of(header, value));
        }
    }

    Answer get(String path, String... headers) {
        return send("GET", path, null, null, true, headers);
    }

    /** A request that is wrong on purpose. */
    Answer wrong(String method, String path, String... headers) {
        return send(method, path, null, null, false, headers);
    }

    Answer delete(String path) {
        return send("DELETE", path, null, null, true);
    }

    Answer postJson(String path, String body) {
        return send(
                "POST", path, body.getBytes(StandardCharsets.UTF_8), body, true, "Content-Type", "application/json");
    }

    /** The same, with the wish to wait for the scorecard. */
    Answer postJsonAndWait(String path, String body) {
        return send(
                "POST",
                path,
                body.getBytes(StandardCharsets.UTF_8),
                body,
                true,
                "Content-Type",
                "application/json",
                "Prefer",
                "wait=30");
    }

    Answer postWrongJson(String path, String body) {
        return send(
                "POST", path, body.getBytes(StandardCharsets.UTF_8), body, false, "Content-Type", "application/json");
    }

    /** A body of any kind. */
    Answer postBody(String path, String type, byte[] body, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("Content-Type", type));
        return send(
                "POST", path, body, new String(body, StandardCharsets.ISO_8859_1), true, all.toArray(String[]::new));
    }

    /** A form for another route than evaluations. */
    Answer postForm(String path, List<Part> parts) {
        return postBody(path, "multipart/form-data; boundary=" + BOUNDARY, form(parts));
    }

    Answer putJson(String path, String body) {
        return send("PUT", path, body.getBytes(StandardCharsets.UTF_8), body, true, "Content-Type", "application/json");
    }

    Answer putWrongJson(String path, String body) {
        return send(
                "PUT", path, body.getBytes(StandardCharsets.UTF_8), body, false, "Content-Type", "application/json");
    }

    Answer postJson(String path, String body, String header, String value) {
        return send(
                "POST",
                path,
                body.getBytes(StandardCharsets.UTF_8),
                body,
                true,
                "Content-Type",
                "application/json",
                header,
                value);
    }

    Answer patchJson(String path, String body) {
        return send(
                "PATCH", path, body.getBytes(StandardCharsets.UTF_8), body, true, "Content-Type", "application/json");
    }

    Answer post(List<Part> parts, String... headers) {
        return post(parts, true, headers);
    }

    Answer postWrong(List<Part> parts, String... headers) {
        return post(parts, false, headers);
    }

    private Answer post(List<Part> parts, boolean fine, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("Content-Type", "multipart/form-data; boundary=" + BOUNDARY));
        byte[] form = form(parts);
        String text = new String(form, StandardCharsets.ISO_8859_1);
        return send("POST", "/api/v1/evaluations", form, text, fine, all.toArray(String[]::new));
    }

    /** The pair that is one mask, as NIfTI and as DICOM SEG. */
    static List<Part> pair(String request) throws IOException {
        List<Part> parts = new ArrayList<>(List.of(
                Part.file("prediction", SAMPLES.resolve("s01_binary_single.nii.gz")),
                Part.file("reference", SAMPLES.resolve("s01_binary_single.dcm"))));
        if (!request.isEmpty()) {
            parts.add(Part.text("request", request));
        }
        return parts;
    }

    /** Waits until an evaluation is in a final state. */
    JsonNode finished(String path) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (System.nanoTime() < end) {
            JsonNode evaluation = get(path).expect(200).json();
            if (List.of("SUCCEEDED", "FAILED", "CANCELLED")
                    .contains(evaluation.path("state").asString())) {
                return evaluation;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("not finished after a minute: " + path);
    }

    /** Waits until a batch is over. */
    JsonNode finishedBatch(String path) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (System.nanoTime() < end) {
            JsonNode batch = get(path).expect(200).json();
            if (List.of("DONE", "CANCELLED").contains(batch.path("state").asString())) {
                return batch;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("not over after a minute: " + path);
    }

    /** Waits until an evaluation is in a state that is not final. */
    void reaches(String path, String state) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (System.nanoTime() < end) {
            if (get(path).expect(200).json().path("state").asString().equals(state)) {
                return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("never " + state);
    }

    static byte[] form(List<Part> parts) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Part part : parts) {
            StringBuilder head = new StringBuilder("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\""
                    + part.name() + "\"" + (part.fileName() == null ? "" : "; filename=\"" + part.fileName() + "\""));
            part.headers()
                    .forEach((name, value) ->
                            head.append("\r\n").append(name).append(": ").append(value));
            body.writeBytes(head.append("\r\n\r\n").toString().getBytes(StandardCharsets.UTF_8));
            body.writeBytes(part.content());
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return body.toByteArray();
    }

    private Answer send(
            String method,
            String path,
            byte @Nullable [] body,
            @Nullable String text,
            boolean fine,
            String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path))
                .timeout(Duration.ofSeconds(90))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        Map<String, String> sent = new LinkedHashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
            sent.put(headers[i], headers[i + 1]);
        }
        try {
            HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            Map<String, List<String>> received = new LinkedHashMap<>();
            response.headers()
                    .map()
                    .forEach((name, values) -> received.put(name.toLowerCase(java.util.Locale.ROOT), values));
            Contract.Exchange exchange = new Contract.Exchange(
                    method, base.resolve(path), sent, text, response.statusCode(), received, response.body());
            boolean described =
                    path.startsWith("/api/") || path.startsWith("/problems") || path.startsWith("/openapi.json");
            if (described && response.statusCode() != 405) {
                assertThat(contract.objections(exchange, fine))
                        .as(method + " " + path)
                        .isEmpty();
            }
            return new Answer(exchange);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
