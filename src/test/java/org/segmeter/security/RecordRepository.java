package org.segmeter.security;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An audit record repository of IHE's ATX: FHIR Feed, on a port of this machine, as willing as a test wants it. */
public final class RecordRepository implements AutoCloseable {

    /**
     * How a request is answered.
     *
     * @param takes events of it that are kept; after them each entry of a batch is answered with 500
     * @param retryAfter null for none
     */
    public record Answer(int status, int takes, @Nullable String retryAfter) {
        public static Answer all() {
            return new Answer(200, Integer.MAX_VALUE, null);
        }

        public static Answer refused(int status) {
            return new Answer(status, 0, null);
        }
    }

    /** What is answered. */
    public interface Script {
        /**
         * @param request from 0
         * @param events in this request
         */
        Answer next(int request, int events);
    }

    private final HttpServer server;
    private final List<String> events = new ArrayList<>();
    private final Set<String> authorizations = new LinkedHashSet<>();
    private Script script = (request, count) -> Answer.all();
    private int requests;

    /** Over HTTP, on a free port. */
    public RecordRepository() throws IOException {
        this(HttpServer.create(loopback(), 0));
    }

    /** Over TLS, to clients with a certificate only. */
    public RecordRepository(SSLContext tls) throws IOException {
        this(overTls(tls));
    }

    private RecordRepository(HttpServer server) {
        this.server = server;
        server.createContext("/fhir", this::receive);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static HttpServer overTls(SSLContext tls) throws IOException {
        HttpsServer server = HttpsServer.create(loopback(), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters connection) {
                SSLParameters parameters = tls.getDefaultSSLParameters();
                parameters.setNeedClientAuth(true);
                connection.setSSLParameters(parameters);
            }
        });
        return server;
    }

    /** Base of the FHIR server. */
    public String url() {
        return (server instanceof HttpsServer ? "https" : "http") + "://localhost:"
                + server.getAddress().getPort() + "/fhir";
    }

    public synchronized void answersBy(Script another) {
        script = another;
        requests = 0;
    }

    /** Digests of the events in the order in which each was taken first. */
    public synchronized List<String> taken() {
        return List.copyOf(new LinkedHashSet<>(events));
    }

    /** How often an event was taken that was taken before. */
    public synchronized int again() {
        return events.size() - new LinkedHashSet<>(events).size();
    }

    public synchronized int requests() {
        return requests;
    }

    /** What stood in {@code Authorization}, each once. */
    public synchronized Set<String> authorizations() {
        return Set.copyOf(authorizations);
    }

    /** The digest in a line of the trail. */
    public static String digest(String line) {
        return line.substring(line.length() - "\"}]}]}".length() - 64, line.length() - "\"}]}]}".length());
    }

    private synchronized void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            JsonNode sent = JsonMapper.shared().readTree(body);
            boolean batch = exchange.getRequestURI().getPath().equals("/fhir");
            List<String> digests = new ArrayList<>();
            boolean right = exchange.getRequestMethod().equals("POST")
                    && "application/fhir+json"
                            .equals(exchange.getRequestHeaders().getFirst("Content-Type"));
            if (batch) {
                right &= sent.path("resourceType").asString().equals("Bundle")
                        && sent.path("type").asString().equals("batch");
                for (JsonNode entry : sent.path("entry")) {
                    right &= entry.at("/request/method").asString().equals("POST")
                            && entry.at("/request/url").asString().equals("AuditEvent");
                    digests.add(digestOf(entry.path("resource")));
                }
            } else {
                right &= exchange.getRequestURI().getPath().equals("/fhir/AuditEvent");
                digests.add(digestOf(sent));
            }
            Answer answer = right ? script.next(requests++, digests.size()) : Answer.refused(400);
            int takes = Math.min(answer.takes(), digests.size());
            if (!batch && takes == 0 && answer.status() == 200) {
                answer = Answer.refused(500);
            }
            events.addAll(digests.subList(0, takes));
            if (answer.retryAfter() != null) {
                exchange.getResponseHeaders().add("Retry-After", answer.retryAfter());
            }
            StringBuilder entries = new StringBuilder();
            for (int i = 0; i < digests.size(); i++) {
                entries.append(i == 0 ? "" : ",")
                        .append("{\"response\":{\"status\":\"")
                        .append(i < takes ? "201 Created" : "500 Internal Server Error")
                        .append("\"}}");
            }
            byte[] said = (batch && answer.status() == 200
                            ? "{\"resourceType\":\"Bundle\",\"type\":\"batch-response\",\"entry\":[" + entries + "]}"
                            : "{\"resourceType\":\"OperationOutcome\"}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/fhir+json");
            exchange.sendResponseHeaders(answer.status(), said.length);
            exchange.getResponseBody().write(said);
        }
    }

    private static String digestOf(JsonNode event) {
        if (!event.path("resourceType").asString().equals("AuditEvent")) {
            throw new IllegalArgumentException("no AuditEvent");
        }
        return event.at("/extension/0/extension/1/valueString").asString();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
