package org.segmeter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
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
            description =
                    "What is asked; default: http://127.0.0.1:8080/livez, with the port of SERVER_PORT, and https if"
                            + " SERVER_SSL_BUNDLE is set")
    private @Nullable String url;

    HealthCheckCommand(PrintWriter err) {
        this.err = err;
    }

    @Override
    public Integer call() throws InterruptedException {
        Duration patience = Duration.ofSeconds(3);
        try (HttpClient client = client(patience)) {
            int status = client.send(
                            HttpRequest.newBuilder(URI.create(url == null ? own(System.getenv()) : url))
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

    /** Where the service of the same environment listens. */
    static String own(Map<String, String> environment) {
        String bundle = environment.getOrDefault("SERVER_SSL_BUNDLE", "");
        return (bundle.isEmpty() ? "http" : "https") + "://127.0.0.1:" + environment.getOrDefault("SERVER_PORT", "8080")
                + "/livez";
    }

    /**
     * What is asked without being told where is the process of this machine, whose certificate is for another name; nothing is sent that
     * another process could learn from. An address that was given has to have a certificate for it.
     */
    private HttpClient client(Duration patience) {
        HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(patience);
        if (url == null) {
            try {
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(null, new TrustManager[] {new OwnProcess()}, null);
                builder.sslContext(context);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("this Java has no TLS", e);
            }
        }
        return builder.build();
    }

    private static final class OwnProcess extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            throw new CertificateException("nobody is served here");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            throw new CertificateException("nobody is served here");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            throw new CertificateException("nobody is served here");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
