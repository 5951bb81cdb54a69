package org.segmeter.security;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.StartRefused;
import org.segmeter.evaluation.ImpatientStream;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An audit record repository with the option ATX: FHIR Feed (IHE RESTful ATNA, ITI-20): several events as a {@code batch} posted to its
 * base, a single one to {@code AuditEvent} below. Redirects are not followed.
 */
final class AuditRepository implements AutoCloseable {

    /**
     * What became of events.
     *
     * @param lines that were taken, from the first on
     * @param reason why not all were; null if they were
     * @param after when it asks to be asked again, if it does
     */
    record Taken(int lines, @Nullable String reason, Optional<Duration> after) {}

    private static final String FHIR = "application/fhir+json";
    private static final int LARGEST_ANSWER = 8 << 20;
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
    private static final int PAYLOAD_TOO_LARGE = 413;

    private final SecuritySettings.AuditRepository settings;
    private final URI base;
    private final SslBundles bundles;
    private final JsonMapper json;
    private @Nullable HttpClient http;

    /** Of a bundle that was too large; grows again by what is taken. */
    private int atOnce = Integer.MAX_VALUE;

    /** @throws StartRefused if its SSL bundle does not exist */
    AuditRepository(SecuritySettings.AuditRepository settings, URI base, SslBundles bundles, JsonMapper json) {
        this.settings = settings;
        this.base = URI.create(base.toString().replaceAll("/+$", ""));
        this.bundles = bundles;
        this.json = json;
        String bundle = settings.sslBundle();
        if (bundle != null) {
            try {
                bundles.getBundle(bundle);
                // Files of the bundle that were replaced, if it watches them.
                bundles.addBundleUpdateHandler(bundle, replaced -> renew());
            } catch (NoSuchSslBundleException e) {
                throw new StartRefused("segmeter.security.audit-repository.ssl-bundle names '" + bundle
                        + "', and there is no spring.ssl.bundle of this name");
            }
        }
    }

    /** Made for the first event: it takes a good part of a second to start TLS. */
    private synchronized HttpClient http() {
        HttpClient client = http;
        if (client == null) {
            HttpClient.Builder builder = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(5))
                    .followRedirects(HttpClient.Redirect.NEVER);
            String bundle = settings.sslBundle();
            if (bundle != null) {
                builder.sslContext(bundles.getBundle(bundle).createSslContext());
            }
            client = builder.build();
            http = client;
        }
        return client;
    }

    private synchronized void renew() {
        HttpClient old = http;
        http = null;
        if (old != null) {
            old.shutdown();
        }
    }

    /** @param events JSON of AuditEvents, at least one */
    Taken send(List<String> events) throws InterruptedException {
        List<String> now = events.subList(0, Math.min(events.size(), atOnce));
        boolean one = now.size() == 1;
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(one ? URI.create(base + "/AuditEvent") : base)
                    .timeout(settings.timeout())
                    .header("Content-Type", FHIR)
                    .header("Accept", FHIR)
                    .header("Prefer", "return=minimal")
                    .header("User-Agent", "Segmeter")
                    .POST(HttpRequest.BodyPublishers.ofString(one ? now.getFirst() : bundle(now)));
            String token = token();
            if (token != null) {
                request.header("Authorization", "Bearer " + token);
            }
            HttpResponse<InputStream> answer = http().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            String body;
            try (InputStream content = new ImpatientStream(answer.body(), settings.timeout())) {
                body = new String(content.readNBytes(LARGEST_ANSWER), StandardCharsets.UTF_8);
            }
            int status = answer.statusCode();
            if (status == PAYLOAD_TOO_LARGE && !one) {
                atOnce = now.size() / 2;
                return new Taken(0, "HTTP 413 for " + now.size() + " events at once", Optional.of(Duration.ZERO));
            }
            if (status < 200 || status >= 300) {
                return new Taken(0, "HTTP " + status, pause(answer));
            }
            Taken taken = one ? new Taken(1, null, Optional.empty()) : ofBundle(now.size(), body);
            if (taken.lines() == now.size() && atOnce < events.size()) {
                atOnce *= 2;
            }
            return taken;
        } catch (IOException e) {
            return new Taken(0, "no answer (" + e.getClass().getSimpleName() + ")", Optional.empty());
        }
    }

    /** FHIR R4, 3.1.0.11: every entry is a request of its own, in no transaction. */
    private static String bundle(List<String> events) {
        StringBuilder bundle = new StringBuilder("{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[");
        for (int i = 0; i < events.size(); i++) {
            bundle.append(i > 0 ? "," : "")
                    .append("{\"resource\":")
                    .append(events.get(i))
                    .append(",\"request\":{\"method\":\"POST\",\"url\":\"AuditEvent\"}}");
        }
        return bundle.append("]}").toString();
    }

    /** Each entry has a status of its own. What comes after the first that was not taken is sent again, so that the order stays. */
    private Taken ofBundle(int events, String body) {
        if (body.isBlank()) {
            return new Taken(events, null, Optional.empty());
        }
        try {
            JsonNode answer = json.readTree(body);
            String type = answer.path("resourceType").asString("");
            if (type.equals("OperationOutcome")) {
                for (JsonNode issue : answer.path("issue")) {
                    if (List.of("fatal", "error")
                            .contains(issue.path("severity").asString(""))) {
                        return new Taken(0, "an OperationOutcome with an error", Optional.empty());
                    }
                }
                return new Taken(events, null, Optional.empty());
            }
            if (!type.equals("Bundle")) {
                return new Taken(0, "an answer that is no Bundle", Optional.empty());
            }
            int taken = 0;
            for (JsonNode entry : answer.path("entry")) {
                String status = entry.path("response").path("status").asString("");
                if (!status.startsWith("2")) {
                    String said = status.isEmpty() ? "nothing" : status.substring(0, Math.min(3, status.length()));
                    return new Taken(Math.min(taken, events), "an entry was answered with " + said, Optional.empty());
                }
                taken++;
            }
            return taken >= events
                    ? new Taken(events, null, Optional.empty())
                    : new Taken(taken, "an answer with fewer entries than were sent", Optional.empty());
        } catch (JacksonException e) {
            return new Taken(0, "an answer that is no FHIR", Optional.empty());
        }
    }

    /** What the server asks for, in seconds, within bounds. */
    private static Optional<Duration> pause(HttpResponse<?> answer) {
        return answer.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("\\d{1,6}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .map(asked -> asked.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : asked.plusMillis(100));
    }

    /** Read each time, so that another token in the file is taken without a restart. */
    private @Nullable String token() throws IOException {
        Path file = settings.tokenFile();
        return file == null ? settings.token() : Files.readString(file).strip();
    }

    @Override
    public synchronized void close() {
        if (http != null) {
            http.shutdownNow();
        }
    }
}
