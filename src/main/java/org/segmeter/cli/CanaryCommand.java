package org.segmeter.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Scores a pair whose values are known, and compares: the whole way through a running service, from upload to scorecard. Two cubes of
 * 4 x 4 x 4 voxels, one a voxel beside the other, share 48 of 64 voxels: Dice 96/128, Jaccard 48/80.
 */
@Command(
        name = "canary",
        mixinStandardHelpOptions = true,
        description = {
            "Has a running service score a pair whose values are known. With a key, one that nobody has must be"
                    + " refused.",
            "Exit status 0 if the values are right, else 1."
        })
final class CanaryCommand implements Callable<Integer> {

    private static final double DICE = 0.75;
    private static final double JACCARD = 0.6;
    private static final int EDGE = 4;

    private final PrintWriter out;
    private final PrintWriter err;

    @Option(
            names = "--key",
            defaultValue = "${env:SEGMETER_API_KEY}",
            description = "Key of the service, if it asks for one; default: SEGMETER_API_KEY")
    private @Nullable String key;

    @Option(names = "--key-file", paramLabel = "FILE", description = "A file that holds the key, instead of --key")
    private @Nullable Path keyFile;

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:${SERVER_PORT:-8080}",
            description = "The service; default: ${DEFAULT-VALUE}")
    private String url = "";

    @Option(
            names = "--wait",
            defaultValue = "30",
            description = "Seconds to wait for the scorecard; default: ${DEFAULT-VALUE}")
    private int wait;

    CanaryCommand(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws InterruptedException, IOException {
        if (keyFile != null) {
            try {
                key = Files.readString(keyFile);
            } catch (IOException e) {
                err.println(
                        "segmeter: --key-file cannot be read (" + e.getClass().getSimpleName() + ")");
                return CommandLineTool.USAGE;
            }
        }
        String boundary = "canary-" + UUID.randomUUID();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        part(body, boundary, "prediction", cube(3));
        part(body, boundary, "reference", cube(2));
        body.writeBytes(("--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
            URI evaluations = URI.create(url.replaceAll("/+$", "") + "/api/v1/evaluations");
            boolean login = key != null && !key.isBlank();
            if (login && !refusesAKeyThatNobodyHas(client, evaluations)) {
                return CommandLineTool.REFUSED;
            }
            HttpRequest.Builder request = HttpRequest.newBuilder(evaluations)
                    .timeout(Duration.ofSeconds(wait + 10L))
                    .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                    .header("Prefer", "wait=" + wait)
                    // An evaluation of yesterday would not show that the service scores today.
                    .header("Cache-Control", "no-cache")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()));
            if (login && key != null) {
                request.header("Authorization", "Bearer " + key.strip());
            }
            HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return judge(login, answer.statusCode(), answer.body());
        } catch (IOException e) {
            err.println("segmeter: the service does not answer");
        } catch (IllegalArgumentException e) {
            err.println("segmeter: --url is no http URL");
            return CommandLineTool.USAGE;
        }
        return CommandLineTool.REFUSED;
    }

    private boolean refusesAKeyThatNobodyHas(HttpClient client, URI evaluations)
            throws IOException, InterruptedException {
        HttpRequest stranger = HttpRequest.newBuilder(evaluations)
                .timeout(Duration.ofSeconds(10))
                .header("Authorization", "Bearer canary-" + UUID.randomUUID())
                .GET()
                .build();
        int status =
                client.send(stranger, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status != 401) {
            err.println("segmeter: the service answers a key that nobody has with status " + status + ", not 401");
        }
        return status == 401;
    }

    private int judge(boolean login, int status, String body) {
        if (status != 200) {
            err.println(
                    status == 202
                            ? "segmeter: no scorecard after " + wait + " s"
                            : "segmeter: the service answers with status " + status);
            return CommandLineTool.REFUSED;
        }
        try {
            JsonNode metrics = JsonDocument.read(body).at("/segments/0/metrics");
            double dice = metrics.at("/dice/value").doubleValue(Double.NaN);
            double jaccard = metrics.at("/jaccard/value").doubleValue(Double.NaN);
            if (dice == DICE && jaccard == JACCARD) {
                out.println("Dice 0.75, Jaccard 0.6: as they must be"
                        + (login ? "; a key that nobody has is refused" : ""));
                return CommandLineTool.DONE;
            }
            err.println("segmeter: the service answers Dice " + dice + " and Jaccard " + jaccard
                    + " for a pair whose Dice is 0.75 and whose Jaccard is 0.6");
        } catch (JacksonException e) {
            err.println("segmeter: the service's answer is no JSON");
        }
        return CommandLineTool.REFUSED;
    }

    /** A NIfTI file of 10 x 8 x 8 voxels of 1 mm with one cube, whose first voxel along x is given. */
    private static byte[] cube(int x0) throws IOException {
        BitMask mask = new BitMask(new Box(x0, 2, 2, x0 + EDGE, 2 + EDGE, 2 + EDGE));
        for (int z = 2; z < 2 + EDGE; z++) {
            for (int y = 2; y < 2 + EDGE; y++) {
                mask.words()[mask.rowStart(y, z)] = (1L << EDGE) - 1 << x0;
            }
        }
        Segmentation segmentation = new Segmentation(
                new Grid(10, 8, 8, Affine.IDENTITY),
                Segmentation.Encoding.LABELMAP,
                List.of(new Segmentation.SegmentVoxels(Segment.ofLabelValue(1), mask)),
                new Segmentation.Source("nifti-1", null, true, List.of()));
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        NiftiWriter.write(segmentation, file);
        return file.toByteArray();
    }

    private static void part(ByteArrayOutputStream body, String boundary, String name, byte[] file) {
        body.writeBytes(("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\""
                        + name + ".nii\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        body.writeBytes(file);
        body.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
}
