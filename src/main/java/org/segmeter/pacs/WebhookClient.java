package org.segmeter.pacs;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Sends signed messages as Standard Webhooks 1.0.0 says (standardwebhooks.com): {@code webhook-id}, the same at each attempt;
 * {@code webhook-timestamp}, seconds since 1970; {@code webhook-signature}, {@code v1,} and the base64 of HMAC-SHA-256 over id, timestamp
 * and body, joined by dots. Redirects are not followed: they could lead anywhere.
 */
final class WebhookClient implements AutoCloseable {

    private static final int GONE = 410;

    /** Made for the first message: most installations send none, and it takes a good part of a second to start TLS. */
    private @Nullable HttpClient http;

    private synchronized HttpClient http() {
        HttpClient client = http;
        if (client == null) {
            client = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(5))
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .build();
            http = client;
        }
        return client;
    }

    DeliveryAnswer send(PacsSettings.Webhook to, UUID id, String body) throws InterruptedException {
        long seconds = Instant.now().getEpochSecond();
        HttpRequest request = HttpRequest.newBuilder(to.url())
                .timeout(to.timeout())
                .header("Content-Type", "application/json")
                .header("User-Agent", "Segmeter")
                .header("webhook-id", id.toString())
                .header("webhook-timestamp", Long.toString(seconds))
                .header("webhook-signature", signature(to.key(), id.toString(), seconds, body))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<InputStream> answer = http().send(request, HttpResponse.BodyHandlers.ofInputStream());
            answer.body().close(); // what it says is not wanted
            int status = answer.statusCode();
            if (status == GONE) {
                return new DeliveryAnswer.Refused("HTTP 410: it does not want messages any more");
            }
            return status >= 200 && status < 300
                    ? new DeliveryAnswer.Taken()
                    : new DeliveryAnswer.NotNow("HTTP " + status);
        } catch (IOException e) {
            return new DeliveryAnswer.NotNow("no answer (" + e.getClass().getSimpleName() + ")");
        }
    }

    static String signature(byte[] key, String id, long seconds, String body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            byte[] signed = mac.doFinal((id + "." + seconds + "." + body).getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(signed);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public synchronized void close() {
        if (http != null) {
            http.close();
        }
    }
}
