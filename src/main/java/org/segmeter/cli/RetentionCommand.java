package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a running service what retention would remove. */
@Command(
        name = "retention",
        mixinStandardHelpOptions = true,
        description = "Prints how long a running service keeps things and what it would remove now; removes nothing.")
final class RetentionCommand implements Callable<Integer> {

    private final PrintWriter out;
    private final PrintWriter err;

    @Option(
            names = "--key",
            defaultValue = "${env:SEGMETER_API_KEY}",
            description = "Key of the service, if it asks for one; default: SEGMETER_API_KEY")
    private @Nullable String key;

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:${SERVER_PORT:-8080}",
            description = "The service; default: ${DEFAULT-VALUE}")
    private String url = "";

    RetentionCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws InterruptedException {
        Duration patience = Duration.ofSeconds(30);
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/api/v1/retention"))
                    .timeout(patience);
            if (key != null && !key.isBlank()) {
                request.header("Authorization", "Bearer " + key.strip());
            }
            HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 200) {
                print(JsonMapper.shared().readTree(answer.body()).path("classes"));
                return CommandLineTool.DONE;
            }
            err.println("segmeter: the service answers with status " + answer.statusCode());
        } catch (IOException | JacksonException e) {
            err.println("segmeter: the service does not answer");
        } catch (IllegalArgumentException e) {
            err.println("segmeter: --url is no http URL");
            return CommandLineTool.USAGE;
        }
        return CommandLineTool.REFUSED;
    }

    private void print(JsonNode classes) {
        out.printf("%-8s  %-10s  %8s  %14s  %s%n", "class", "kept", "due", "bytes", "oldest");
        for (JsonNode one : classes) {
            String kept = one.has("keepSeconds")
                    ? Duration.ofSeconds(one.path("keepSeconds").asLong()).toString()
                    : "for ever";
            out.printf(
                    "%-8s  %-10s  %8d  %14s  %s%n",
                    one.path("class").asString(),
                    kept,
                    one.path("due").asLong(),
                    one.has("bytes") ? one.path("bytes").asString() : "",
                    one.path("oldest").asString("-"));
        }
    }
}
