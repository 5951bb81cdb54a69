package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Asks a running service whether it lives: for container images, which need no curl for it. */
@Command(
        name = "healthcheck",
        mixinStandardHelpOptions = true,
        description = "Exit status 0 if the service answers, else 1.")
final class HealthCheckCommand implements Callable<Integer> {

    private final PrintWriter err;

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:${SERVER_PORT:-8080}/livez",
            description = "What is asked; default: ${DEFAULT-VALUE}")
    private String url = "";

    HealthCheckCommand(PrintWriter err) {
        this.err = err;
    }

    @Override
    public Integer call() throws InterruptedException {
        Duration patience = Duration.ofSeconds(3);
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(patience).build()) {
            int status = client.send(
                            HttpRequest.newBuilder(URI.create(url))
                                    .timeout(patience)
                                    .build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
            if (status == 200) {
                return CommandLineTool.DONE;
            }
            err.println("segmeter: the service answers with status " + status);
        } catch (IOException e) {
            err.println("segmeter: the service does not answer");
        } catch (IllegalArgumentException e) {
            err.println("segmeter: --url is no http URL");
            return CommandLineTool.USAGE;
        }
        return CommandLineTool.REFUSED;
    }
}
