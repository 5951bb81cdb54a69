package org.segmeter.web;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** A DICOMweb client of the tests' own. */
final class DicomWeb {

    static final String BOUNDARY = "a b'()+_,-./:=?c";
    private final HttpClient http = HttpClient.newHttpClient();
    private final URI base;

    DicomWeb(int port) {
        base = URI.create("http://127.0.0.1:" + port + "/dicom-web");
    }

    record Answer(int status, java.net.http.HttpHeaders headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        JsonNode json() {
            return Api.JSON.readTree(text());
        }

        String header(String name) {
            return headers.firstValue(name).orElse("");
        }

        /** Values of an element of all items of a sequence. */
        List<String> of(String sequence, String element) {
            List<String> values = new ArrayList<>();
            for (JsonNode item : json().path(sequence).path("Value")) {
                values.add(item.path(element).path("Value").path(0).asString());
            }
            return values;
        }
    }

    Answer store(byte[]... instances) {
        return store("/studies", instances);
    }

    Answer store(String path, byte[]... instances) {
        return post(
                path,
                "multipart/related; type=\"application/dicom\"; boundary=\"" + BOUNDARY + "\"",
                body(BOUNDARY, instances));
    }

    static byte[] body(String boundary, byte[]... instances) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] instance : instances) {
            body.writeBytes(("--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            body.writeBytes(instance);
            body.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        body.writeBytes(("--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        return body.toByteArray();
    }

    Answer post(String path, String contentType, byte[] body, String... headers) {
        return send(
                "POST", path, HttpRequest.BodyPublishers.ofByteArray(body), with(headers, "Content-Type", contentType));
    }

    /** Without a Content-Length. */
    Answer postChunked(String path, String contentType, byte[] body) {
        return send(
                "POST",
                path,
                HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)),
                "Content-Type",
                contentType);
    }

    Answer get(String path, String... headers) {
        return send("GET", path, HttpRequest.BodyPublishers.noBody(), headers);
    }

    Answer send(String method, String path, HttpRequest.BodyPublisher body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(Duration.ofSeconds(60))
                .method(method, body);
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        try {
            HttpResponse<byte[]> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return new Answer(answer.statusCode(), answer.headers(), answer.body());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String[] with(String[] headers, String name, String value) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of(name, value));
        return all.toArray(String[]::new);
    }
}
