package org.segmeter.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Somebody who is told by webhook, and believes only what is signed as Standard Webhooks 1.0.0 says. The first message is not taken, so
 * that it has to come again.
 */
final class Receiver implements AutoCloseable {

    static final String SECRET =
            Base64.getEncoder().encodeToString("a secret of thirty-two bytes, no".getBytes(StandardCharsets.UTF_8));

    private final HttpServer server;
    private final List<JsonNode> taken = new CopyOnWriteArrayList<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final Set<String> ids = new HashSet<>();

    Receiver() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/told", this::receive);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/told";
    }

    /** Messages that were signed, each once. */
    List<JsonNode> taken() {
        return taken;
    }

    /** How often a message was sent away. */
    int refused() {
        return refused.get();
    }

    private synchronized void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            String id = exchange.getRequestHeaders().getFirst("webhook-id");
            String time = exchange.getRequestHeaders().getFirst("webhook-timestamp");
            boolean signed = exchange.getRequestHeaders()
                            .getFirst("webhook-signature")
                            .equals(signature(id + "." + time + "." + body))
                    && Math.abs(Instant.now().getEpochSecond() - Long.parseLong(time)) < 300;
            if (!signed || refused.get() == 0) {
                refused.incrementAndGet();
                exchange.sendResponseHeaders(signed ? 500 : 401, -1);
                return;
            }
            if (ids.add(id)) {
                taken.add(JsonMapper.shared().readTree(body));
            }
            exchange.sendResponseHeaders(204, -1);
        }
    }

    private static String signature(String content) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(SECRET), "HmacSHA256"));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(content.getBytes(StandardCharsets.UTF_8)));
        } catch (java.security.GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
