package org.segmeter.web;

import com.atlassian.oai.validator.OpenApiInteractionValidator;
import com.atlassian.oai.validator.model.Request;
import com.atlassian.oai.validator.model.SimpleRequest;
import com.atlassian.oai.validator.model.SimpleResponse;
import com.atlassian.oai.validator.report.ValidationReport;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code openapi.yaml} as a judge of what is sent and answered. */
final class Contract {

    private final OpenApiInteractionValidator validator;

    private Contract(String document) {
        validator = OpenApiInteractionValidator.createForInlineApiSpecification(document)
                .build();
    }

    static String document() throws IOException {
        return Files.readString(Path.of("openapi.yaml"));
    }

    static Contract of(String document) {
        return new Contract(document);
    }

    /**
     * What the document has against an exchange.
     *
     * @param requestIsFine false if the request is wrong on purpose: then only the answer is judged
     */
    List<String> objections(Exchange exchange, boolean requestIsFine) {
        Request.Method method = Request.Method.valueOf(exchange.method());
        SimpleRequest.Builder request =
                new SimpleRequest.Builder(method, exchange.uri().getRawPath());
        exchange.requestHeaders().forEach(request::withHeader);
        if (exchange.uri().getRawQuery() != null) {
            for (String pair : exchange.uri().getRawQuery().split("&", -1)) {
                String[] parts = pair.split("=", 2);
                request.withQueryParam(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
            }
        }
        if (exchange.requestText() != null) {
            request.withBody(exchange.requestText());
        }
        SimpleResponse.Builder response = new SimpleResponse.Builder(exchange.status());
        exchange.headers().forEach((name, values) -> response.withHeader(name, values.toArray(String[]::new)));
        if (exchange.body().length > 0) {
            response.withBody(exchange.text());
        }
        ValidationReport report = requestIsFine
                ? validator.validate(request.build(), response.build())
                : validator.validateResponse(exchange.uri().getPath(), method, response.build());
        return report.getMessages().stream()
                .filter(message -> message.getLevel() == ValidationReport.Level.ERROR)
                .map(message -> message.getKey() + ": " + message.getMessage())
                .toList();
    }

    /** A request and its answer. */
    record Exchange(
            String method,
            URI uri,
            Map<String, String> requestHeaders,
            @org.jspecify.annotations.Nullable String requestText,
            int status,
            Map<String, List<String>> headers,
            byte[] body) {

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }
}
