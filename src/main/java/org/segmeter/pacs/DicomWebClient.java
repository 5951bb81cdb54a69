package org.segmeter.pacs;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.ImpatientStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A DICOMweb server of the configuration, as seen from here. Redirects are not followed: they could lead anywhere. */
final class DicomWebClient implements AutoCloseable {

    private static final int LARGEST_ANSWER = 1 << 20;
    private static final int LARGEST_PAGE = 1 << 26;
    private static final int MOST_FOUND = 100_000;
    private static final Pattern BOUNDARY =
            Pattern.compile("boundary\\s*=\\s*(?:\"([^\"]+)\"|([^;\\s]+))", Pattern.CASE_INSENSITIVE);

    private final PacsSettings.Source source;
    private final JsonMapper json;
    private final HttpClient http;

    DicomWebClient(PacsSettings.Source source, JsonMapper json) {
        this.source = source;
        this.json = json;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(source.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    /** Stores one instance. */
    DeliveryAnswer store(Path file, String studyUid, String sopInstanceUid) throws InterruptedException {
        String boundary = "segmeter-" + UUID.randomUUID();
        byte[] head =
                ("--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        byte[] tail = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII);
        try {
            long length = head.length + Files.size(file) + tail.length;
            HttpRequest request = request("/studies/" + studyUid)
                    .header("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=" + boundary)
                    .header("Accept", "application/dicom+json")
                    .POST(HttpRequest.BodyPublishers.fromPublisher(
                            HttpRequest.BodyPublishers.ofInputStream(
                                    () -> new SequenceInputStream(Collections.enumeration(List.of(
                                            new ByteArrayInputStream(head),
                                            open(file),
                                            new ByteArrayInputStream(tail))))),
                            length))
                    .build();
            HttpResponse<InputStream> answer = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            String body = new String(whole(answer, LARGEST_ANSWER), StandardCharsets.UTF_8);
            return verdict(answer.statusCode(), body, sopInstanceUid);
        } catch (IOException | UncheckedIOException e) {
            return new DeliveryAnswer.NotNow("no answer (" + e.getClass().getSimpleName() + ")");
        }
    }

    private DeliveryAnswer verdict(int status, String body, String sopInstanceUid) {
        String reason = "HTTP " + status;
        Integer failure = failure(body, sopInstanceUid);
        if (failure != null) {
            reason += ", failure reason %04X".formatted(failure);
        }
        return switch (status) {
            // 409 with this SOP Instance UID twice: it was stored by an attempt whose answer was lost.
            case 200, 202 -> failure == null ? new DeliveryAnswer.Taken() : refusal(failure, reason);
            case 409 ->
                failure != null && failure == StoreOutcome.Reason.DUPLICATE_SOP_INSTANCE.code()
                        ? new DeliveryAnswer.Taken()
                        : failure == null ? new DeliveryAnswer.Refused(reason) : refusal(failure, reason);
            case 400, 405, 406, 410, 411, 415, 422 -> new DeliveryAnswer.Refused(reason);
            default -> new DeliveryAnswer.NotNow(reason);
        };
    }

    /** A lack of resources or a failure in processing may pass. */
    private static DeliveryAnswer refusal(int failure, String reason) {
        return failure >>> 8 == 0xA7 || failure == StoreOutcome.Reason.PROCESSING_FAILURE.code()
                ? new DeliveryAnswer.NotNow(reason)
                : new DeliveryAnswer.Refused(reason);
    }

    private @Nullable Integer failure(String body, String sopInstanceUid) {
        try {
            JsonNode failed = json.readTree(body).path("00081198").path("Value");
            for (JsonNode item : failed) {
                if (item.path("00081155").path("Value").path(0).asString("").equals(sopInstanceUid)) {
                    return item.path("00081197").path("Value").path(0).asInt(0);
                }
            }
        } catch (JacksonException e) {
            return null; // the status alone speaks
        }
        return null;
    }

    /** An instance that a server has. */
    record Found(String seriesUid, String sopInstanceUid) {}

    /**
     * Finds the instances of a SOP class, page by page.
     *
     * @param seriesUid null for all of the study; likewise the instance
     * @param sopClass null for any
     */
    List<Found> search(
            String studyUid, @Nullable String seriesUid, @Nullable String sopInstanceUid, @Nullable String sopClass)
            throws Pull.SourceFailed, InterruptedException {
        List<Found> found = new ArrayList<>();
        Set<Found> seen = new HashSet<>();
        int rows = 0;
        String path = "/studies/" + studyUid + (seriesUid == null ? "" : "/series/" + seriesUid) + "/instances?"
                + (sopClass == null ? "" : "SOPClassUID=" + sopClass + "&")
                + (sopInstanceUid == null ? "" : "SOPInstanceUID=" + sopInstanceUid + "&")
                // Not every server returns them unasked.
                + "includefield=0020000E&includefield=00080016&limit=" + source.pageSize();
        while (rows < MOST_FOUND) {
            HttpResponse<InputStream> answer = send(request(path + "&offset=" + rows)
                    .header("Accept", "application/dicom+json")
                    .build());
            byte[] body;
            try {
                body = whole(answer, LARGEST_PAGE);
            } catch (IOException e) {
                throw failed(e);
            }
            if (answer.statusCode() == 204 || answer.statusCode() == 404) {
                return found;
            }
            if (answer.statusCode() != 200) {
                throw refused("a search", answer.statusCode());
            }
            int page = 0;
            boolean fresh = false;
            try {
                JsonNode answered = json.readTree(body);
                if (!answered.isArray() && !answered.isMissingNode()) {
                    throw noDicomJson(); // an object that tells of an error is not that there is nothing
                }
                for (JsonNode one : answered) {
                    page++;
                    String series = value(one, "0020000E");
                    String sop = value(one, "00080018");
                    // A server that does not match by what it was asked for is not trusted to have done so.
                    boolean asked = (sopClass == null
                                    ? series.equals(seriesUid)
                                    : value(one, "00080016").equals(sopClass))
                            && (sopInstanceUid == null || sop.equals(sopInstanceUid))
                            && isUid(series)
                            && isUid(sop);
                    if (seen.add(new Found(series, sop))) {
                        fresh = true;
                        if (asked) {
                            found.add(new Found(series, sop));
                        }
                    }
                }
            } catch (JacksonException e) {
                throw noDicomJson();
            }
            rows += page;
            // Some give fewer at once than they are asked for, and say that there are more (PS3.18 section 8.3.4.4);
            // one that begins anew each time has told all it will tell.
            boolean more = page >= source.pageSize() || saysThereIsMore(answer);
            if (!more || !fresh) {
                return found;
            }
        }
        throw new Pull.SourceFailed("The study has more instances than can be fetched at once, " + MOST_FOUND + ".");
    }

    private static Pull.SourceFailed noDicomJson() {
        return new Pull.SourceFailed("The source answered a search with something that is no DICOM JSON.");
    }

    private static boolean saysThereIsMore(HttpResponse<?> answer) {
        return answer.headers().allValues("Warning").stream().anyMatch(value -> value.startsWith("299"));
    }

    private static String value(JsonNode dataset, String tag) {
        return dataset.path(tag).path("Value").path(0).asString("");
    }

    private static boolean isUid(String text) {
        return text.matches("[0-9.]{1,64}");
    }

    /** The file of an instance, read from the connection; to be closed. */
    InputStream retrieve(String studyUid, Found one) throws Pull.SourceFailed, InterruptedException {
        HttpResponse<InputStream> answer =
                send(request("/studies/" + studyUid + "/series/" + one.seriesUid + "/instances/" + one.sopInstanceUid)
                        .header("Accept", "multipart/related; type=\"application/dicom\"; transfer-syntax=*")
                        .build());
        InputStream body = new ImpatientStream(answer.body(), source.timeout());
        if (answer.statusCode() != 200) {
            close(body);
            throw refused("a retrieval", answer.statusCode());
        }
        String type = answer.headers().firstValue("Content-Type").orElse("");
        String bare = type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        if (bare.equals("application/dicom")) {
            return body;
        }
        Matcher boundary = BOUNDARY.matcher(type);
        if (!bare.equals("multipart/related") || !boundary.find()) {
            close(body);
            throw new Pull.SourceFailed("The source answered a retrieval with another content type.");
        }
        String mark = boundary.group(1) == null ? boundary.group(2) : boundary.group(1);
        try {
            MultipartStream stream = new MultipartStream(body, mark.getBytes(StandardCharsets.ISO_8859_1), null);
            stream.setPartHeaderSizeMax(8192);
            if (stream.skipPreamble()) {
                stream.readHeaders();
                InputStream part = stream.newInputStream();
                return new FilterInputStream(part) {
                    @Override
                    public void close() throws IOException {
                        body.close(); // the rest of it is not wanted
                    }
                };
            }
        } catch (IOException e) {
            close(body);
            throw failed(e);
        }
        close(body);
        throw new Pull.SourceFailed("The source answered a retrieval without an instance.");
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws Pull.SourceFailed, InterruptedException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private byte[] whole(HttpResponse<InputStream> answer, int largest) throws IOException {
        try (InputStream body = new ImpatientStream(answer.body(), source.timeout())) {
            return body.readNBytes(largest);
        }
    }

    private static Pull.SourceFailed refused(String what, int status) {
        return new Pull.SourceFailed(
                status == 401 || status == 403
                        ? "The source answered " + what + " with HTTP " + status
                                + ": its login in the configuration of this service does not open it."
                        : "The source answered " + what + " with HTTP " + status + ".");
    }

    private static Pull.SourceFailed failed(IOException e) {
        return new Pull.SourceFailed(
                "The source does not answer (" + e.getClass().getSimpleName() + ").");
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // the connection is given up
        }
    }

    HttpRequest.Builder request(String path) {
        String root = source.url().toString();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create((root.endsWith("/") ? root.substring(0, root.length() - 1) : root) + path))
                .timeout(source.timeout());
        if (source.user() != null) {
            String login = source.user() + ":" + (source.password() == null ? "" : source.password());
            request.header(
                    "Authorization",
                    "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)));
        } else if (source.token() != null) {
            request.header("Authorization", "Bearer " + source.token());
        }
        return request;
    }

    private static InputStream open(Path file) {
        try {
            return Files.newInputStream(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
