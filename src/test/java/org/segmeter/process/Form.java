package org.segmeter.process;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A submission as a client sends it. */
public final class Form {

    private static final String BOUNDARY = "segmeter-form";

    private final byte[] body;

    public Form(byte[] prediction, byte[] reference) {
        this(prediction, reference, "");
    }

    /** @param request the part of this name; empty for none */
    public Form(byte[] prediction, byte[] reference, String request) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (!request.isEmpty()) {
            part(out, "request", request.getBytes(StandardCharsets.UTF_8));
        }
        part(out, "prediction", prediction);
        part(out, "reference", reference);
        out.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        body = out.toByteArray();
    }

    /** The media type with its boundary. */
    public String type() {
        return "multipart/form-data; boundary=" + BOUNDARY;
    }

    public byte[] body() {
        return body.clone();
    }

    public HttpRequest request(URI uri) {
        return HttpRequest.newBuilder(uri)
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", type())
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
    }

    private static void part(ByteArrayOutputStream out, String name, byte[] content) {
        out.writeBytes(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name
                        + "\"; filename=\"file\"\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(content);
        out.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
}
