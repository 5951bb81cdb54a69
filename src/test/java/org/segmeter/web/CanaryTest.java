package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.cli.CommandLineTool;

@DisplayName("The command canary")
class CanaryTest {

    private record Run(int status, String out, String err) {}

    private static Run canary(String url, String... more) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = CommandLineTool.run(
                Stream.concat(Stream.of("canary", "--url", url), Stream.of(more))
                        .toArray(String[]::new),
                new PrintStream(out, true),
                new PrintStream(err, true));
        return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void findsTheKnownValuesInTheScorecardOfARunningService() throws IOException {
        Run run = canary("http://127.0.0.1:" + Service.shared().port());

        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("Dice 0.75");
    }

    @Test
    void saysWhatIsWrongWithAServiceThatAnswersAnotherDice() throws IOException {
        Run run =
                against(200, "{\"segments\":[{\"metrics\":{\"dice\":{\"value\":0.74},\"jaccard\":{\"value\":0.6}}}]}");

        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).contains("Dice 0.74", "0.75");
    }

    @Test
    void isNotContentWithAnErrorAnAnswerWithoutScorecardOrNoAnswer() throws IOException {
        assertThat(against(503, "{}").err()).contains("status 503");
        assertThat(against(202, "{}").err()).contains("no scorecard");
        assertThat(against(200, "{}").err()).contains("NaN");
        assertThat(against(200, "<html>").err()).contains("no JSON");
        assertThat(canary("http://127.0.0.1:1").err()).contains("does not answer");
        assertThat(canary("nonsense").status()).isEqualTo(2);
    }

    @Test
    void isNotContentWithAServiceThatLetsAKeyInThatNobodyHas(@TempDir Path directory) throws IOException {
        Path key = Files.writeString(directory.resolve("key"), "what-the-operator-has\n");

        Run open = against(200, "{}", "--key-file", key.toString());
        assertThat(open.err()).contains("a key that nobody has", "200, not 401");

        assertThat(against(401, "{}", "--key-file", key.toString()).err()).contains("answers with status 401");
        assertThat(canary("http://127.0.0.1:1", "--key-file", key + ".not-there")
                        .err())
                .contains("--key-file cannot be read");
    }

    private static Run against(int status, String body, String... more) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/v1/evaluations", exchange -> {
            exchange.getRequestBody().readAllBytes();
            byte[] answer = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, answer.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(answer);
            }
        });
        server.start();
        try {
            Run run = canary("http://127.0.0.1:" + server.getAddress().getPort() + "/", more);
            assertThat(run.status()).isEqualTo(1);
            return run;
        } finally {
            server.stop(0);
        }
    }
}
