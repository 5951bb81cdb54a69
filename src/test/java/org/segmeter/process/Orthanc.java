package org.segmeter.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A real PACS: Orthanc with its DICOMweb plugin, with a login, which forwards every segmentation that it stores to this service by STOW-RS
 * as docs/pacs.md tells its administrator to.
 */
final class Orthanc implements AutoCloseable {

    static final String USER = "segmeter";
    static final String PASSWORD = "s3gm3ter";

    private static final JsonMapper JSON = new JsonMapper();

    private final Path directory;
    private final int port;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private Process process;

    private Orthanc(Path directory, int port) {
        this.directory = directory;
        this.port = port;
    }

    /** The program, if both it and the plugin are installed. */
    static Optional<Path> program() {
        return plugin().isEmpty()
                ? Optional.empty()
                : Stream.of("/usr/sbin/Orthanc", "/usr/local/sbin/Orthanc", "/usr/bin/Orthanc")
                        .map(Path::of)
                        .filter(Files::isExecutable)
                        .findFirst();
    }

    private static Optional<Path> plugin() {
        return Stream.of("/usr/share/orthanc/plugins", "/usr/local/share/orthanc/plugins")
                .map(folder -> Path.of(folder, "libOrthancDicomWeb.so"))
                .filter(Files::exists)
                .findFirst();
    }

    /** A PACS on a port and directory of its own; it is started by {@link #start}. */
    static Orthanc in(Path directory) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return new Orthanc(directory, socket.getLocalPort());
        }
    }

    String root() {
        return "http://127.0.0.1:" + port + "/dicom-web";
    }

    /** Starts it and waits until it answers. */
    void start(URI service) throws IOException, InterruptedException {
        Path script = directory.resolve("forward.lua");
        Files.writeString(script, """
            function OnStoredInstance(instanceId, tags, metadata, origin)
              if tags['Modality'] == 'SEG' then
                RestApiPost('/dicom-web/servers/segmeter/stow',
                  DumpJson({ Resources = { instanceId }, Synchronous = false }, true))
              end
            end
            """);
        Path settings = directory.resolve("orthanc.json");
        Files.writeString(
                settings,
                JSON.writeValueAsString(java.util.Map.of(
                        "Name",
                        "test",
                        "StorageDirectory",
                        directory.resolve("storage").toString(),
                        "IndexDirectory",
                        directory.resolve("storage").toString(),
                        "HttpPort",
                        port,
                        "DicomServerEnabled",
                        false,
                        "AuthenticationEnabled",
                        true,
                        "RegisteredUsers",
                        java.util.Map.of(USER, PASSWORD),
                        "LuaScripts",
                        List.of(script.toString()),
                        "Plugins",
                        List.of(plugin().orElseThrow().toString()),
                        "DicomWeb",
                        java.util.Map.of(
                                "Enable",
                                true,
                                "Servers",
                                java.util.Map.of(
                                        "segmeter",
                                        java.util.Map.of(
                                                "Url",
                                                service + "/dicom-web/",
                                                "HttpHeaders",
                                                java.util.Map.of("Segmeter-Source", "main-pacs")))))));
        process = new ProcessBuilder(program().orElseThrow().toString(), settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("orthanc.log").toFile()))
                .start();
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (System.nanoTime() < end && process.isAlive()) {
            try {
                if (send("GET", "/system", null).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // not listening yet
            }
            Thread.sleep(50);
        }
        throw new IOException(
                "Orthanc does not answer; its output:\n" + Files.readString(directory.resolve("orthanc.log")));
    }

    /** Ends it in good order. */
    void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    /** Gives it an instance, as a modality would. */
    void receive(byte[] instance) throws IOException, InterruptedException {
        HttpResponse<String> answer;
        try {
            answer = send("POST", "/instances", instance);
        } catch (IOException e) {
            // It closes idle connections, at times while a request is on its way; the same instance once more is no
            // error.
            answer = send("POST", "/instances", instance);
        }
        if (answer.statusCode() != 200) {
            throw new IOException("Orthanc: " + answer.statusCode() + " " + answer.body());
        }
    }

    /** What QIDO-RS or WADO-RS metadata answers: a list, empty if there is nothing. */
    JsonNode dicomWeb(String path) throws IOException, InterruptedException {
        HttpResponse<String> answer = send("GET", "/dicom-web" + path, null);
        return answer.statusCode() == 200 ? JSON.readTree(answer.body()) : JSON.createArrayNode();
    }

    private HttpResponse<String> send(String method, String path, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(30))
                .header(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString((USER + ":" + PASSWORD).getBytes()))
                .header("Accept", path.startsWith("/dicom-web") ? "application/dicom+json" : "application/json")
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    String log() throws IOException {
        return Files.readString(directory.resolve("orthanc.log"));
    }

    @Override
    public void close() throws IOException {
        if (process != null) {
            process.destroy();
        }
    }
}
