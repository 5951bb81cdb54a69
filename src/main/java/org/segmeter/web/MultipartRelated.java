package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.tomcat.util.http.fileupload.FileItemHeaders;
import org.apache.tomcat.util.http.fileupload.FileUpload;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.FileKind;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.telemetry.ServiceMetrics.UploadFailure;

/**
 * The parts of a body of type multipart/related (RFC 2387), read from the connection straight into the blob store; or a body
 * that is one object itself. What is closed without having been kept leaves nothing.
 */
final class MultipartRelated implements AutoCloseable {

    private static final int LONGEST_PART_HEADER = 8192;

    /** RFC 2046 section 5.1.1 allows 70 characters, and Orthanc sends 73. */
    private static final int LONGEST_BOUNDARY = 200;

    private static final String DICOM = "application/dicom";

    private final List<BlobStore.Incoming> parts = new ArrayList<>();

    private MultipartRelated() {}

    /** The content of all parts, complete, in their order. */
    List<BlobStore.Incoming> parts() {
        return parts;
    }

    /**
     * Receives all parts.
     *
     * @param watch is told of every piece, and may end it
     * @throws ProblemException 400 for a body that is not well-formed or breaks off, 413, 415, 507
     */
    static MultipartRelated receive(
            HttpServletRequest http,
            BlobStore store,
            WebSettings.Upload limits,
            UploadBody.Watch watch,
            ServiceMetrics metrics)
            throws IOException {
        MediaTypeField type = MediaTypeField.parse(http.getContentType());
        refuseByHeaders(http, type, store, limits);
        List<Digests.Declared> declared = Digests.ofBody(http);
        metrics.uploadBegan();
        MultipartRelated received = new MultipartRelated();
        UploadBody body =
                new UploadBody(http.getInputStream(), limits.maxRequestSize().toBytes(), watch);
        boolean complete = false;
        try {
            Hashing whole = new Hashing(body, declared);
            if (type.is(DICOM)) {
                received.add(whole.stream(), store, limits, metrics);
            } else {
                received.readParts(type, body, whole.stream(), store, limits, metrics);
            }
            whole.verify(Problem.of(ServiceProblem.DIGEST_MISMATCH, "The body is not what its digest says."));
            if (received.parts.isEmpty()) {
                throw new ProblemException(ServiceProblem.BAD_REQUEST, "The body holds no instance.");
            }
            complete = true;
            return received;
        } catch (BlobStore.TooLarge e) {
            metrics.uploadFailed(UploadFailure.TOO_LARGE);
            throw tooLarge("One instance", e.limit());
        } catch (ProblemException e) {
            metrics.uploadFailed(e.problem().status() == 413 ? UploadFailure.TOO_LARGE : UploadFailure.REFUSED);
            throw e;
        } catch (IOException e) {
            throw failure(e, body, limits, metrics);
        } finally {
            metrics.uploadEnded();
            if (!complete) {
                received.close();
            }
        }
    }

    private static ProblemException failure(
            IOException e, UploadBody body, WebSettings.Upload limits, ServiceMetrics metrics) {
        switch (body.state()) {
            case TOO_LARGE -> {
                metrics.uploadFailed(UploadFailure.TOO_LARGE);
                return tooLarge("The request", limits.maxRequestSize().toBytes());
            }
            case ENDED -> {
                if (!Upload.isOfStore(e)) {
                    metrics.uploadFailed(UploadFailure.INCOMPLETE);
                    return new ProblemException(
                            ServiceProblem.INCOMPLETE_UPLOAD,
                            "The body ends before its last boundary; nothing was stored.");
                }
            }
            case OPEN -> {
                if (e instanceof MultipartStream.MalformedStreamException
                        || e instanceof org.apache.tomcat.util.http.fileupload.impl.FileUploadIOException
                        || e instanceof BlobStore.Interrupted) {
                    metrics.uploadFailed(UploadFailure.MALFORMED);
                    return notWellFormed();
                }
            }
        }
        metrics.uploadFailed(UploadFailure.STORAGE);
        return new ProblemException(
                        ServiceProblem.INSUFFICIENT_STORAGE,
                        "The instances could not be written to this service's disk.")
                .header("Retry-After", "60");
    }

    private static void refuseByHeaders(
            HttpServletRequest http, MediaTypeField type, BlobStore store, WebSettings.Upload limits)
            throws IOException {
        String encoding = http.getHeader("Content-Encoding");
        if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
            throw new ProblemException(
                            ServiceProblem.UNSUPPORTED_CONTENT_ENCODING,
                            "The body of the request must not be compressed.")
                    .header("Accept-Encoding", "identity");
        }
        String inner = type.parameter("type");
        boolean multipart = type.is("multipart/related") && (inner == null || inner.equalsIgnoreCase(DICOM));
        if (!multipart && !type.is(DICOM)) {
            throw new ProblemException(
                            ServiceProblem.UNSUPPORTED_MEDIA_TYPE,
                            "Instances are sent as multipart/related; type=\"application/dicom\".")
                    .header("Accept-Post", "multipart/related; type=\"application/dicom\"");
        }
        long length = http.getContentLengthLong();
        if (length > limits.maxRequestSize().toBytes()) {
            throw tooLarge("The request", limits.maxRequestSize().toBytes());
        }
        if (length > store.free()) {
            throw new ProblemException(
                            ServiceProblem.INSUFFICIENT_STORAGE, "The request is larger than the space that is left.")
                    .header("Retry-After", "60");
        }
    }

    private void readParts(
            MediaTypeField type,
            UploadBody body,
            InputStream source,
            BlobStore store,
            WebSettings.Upload limits,
            ServiceMetrics metrics)
            throws IOException {
        String boundary = type.parameter("boundary");
        if (boundary == null || boundary.isEmpty() || boundary.length() > LONGEST_BOUNDARY) {
            throw notWellFormed();
        }
        MultipartStream stream = new MultipartStream(source, boundary.getBytes(StandardCharsets.ISO_8859_1), null);
        stream.setHeaderEncoding("UTF-8");
        stream.setPartHeaderSizeMax(LONGEST_PART_HEADER);
        if (!stream.skipPreamble()) {
            body.requireOpen();
            return;
        }
        FileUpload syntax = new FileUpload();
        do {
            FileItemHeaders headers = syntax.getParsedHeaders(stream.readHeaders());
            if (parts.size() >= limits.maxParts()) {
                throw tooLarge("The number of parts", limits.maxParts());
            }
            String transfer = headers.getHeader("Content-Transfer-Encoding");
            String encoding = headers.getHeader("Content-Encoding");
            if (transfer != null && !transfer.strip().matches("(?i)binary|7bit|8bit")
                    || encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
                throw new ProblemException(
                        ServiceProblem.UNSUPPORTED_CONTENT_ENCODING, "A part is encoded; send the instance as it is.");
            }
            // Closed only if all is well: closing reads what is left of the part, and what is refused is not read.
            InputStream content = stream.newInputStream();
            add(content, store, limits, metrics);
            content.close();
        } while (stream.readBoundary());
    }

    private void add(InputStream content, BlobStore store, WebSettings.Upload limits, ServiceMetrics metrics)
            throws IOException {
        FileKind.Seen seen = new FileKind.Seen(content);
        BlobStore.Incoming part = store.receive(seen, limits.maxFileSize().toBytes());
        parts.add(part);
        metrics.fileReceived(seen.kind().word(), part.blob().size());
        seen.preamble().ifPresent(metrics::preambleSeen);
    }

    @Override
    public void close() throws IOException {
        for (BlobStore.Incoming part : parts) {
            part.close();
        }
    }

    private static ProblemException notWellFormed() {
        return new ProblemException(
                ServiceProblem.BAD_REQUEST,
                "The body is no well-formed multipart/related with a boundary; nothing was stored.");
    }

    private static ProblemException tooLarge(String what, long limit) {
        return new ProblemException(Problem.of(
                        ServiceProblem.PAYLOAD_TOO_LARGE,
                        "%s exceeds the limit of this installation, %d.".formatted(what, limit))
                .with("limit", limit));
    }

    /**
     * A media type with its parameters, read leniently: quoted or not, because many senders do not quote
     * {@code type=application/dicom} although its slash demands it.
     */
    record MediaTypeField(String type, Map<String, String> parameters) {

        static MediaTypeField parse(@org.jspecify.annotations.Nullable String header) {
            Map<String, String> parameters = new java.util.LinkedHashMap<>();
            String text = header == null ? "" : header;
            int at = text.indexOf(';');
            String type = (at < 0 ? text : text.substring(0, at)).strip().toLowerCase(Locale.ROOT);
            while (at >= 0 && at < text.length()) {
                at++;
                int equals = text.indexOf('=', at);
                if (equals < 0) {
                    break;
                }
                String name = text.substring(at, equals).strip().toLowerCase(Locale.ROOT);
                at = equals + 1;
                while (at < text.length() && text.charAt(at) == ' ') {
                    at++;
                }
                StringBuilder value = new StringBuilder();
                if (at < text.length() && text.charAt(at) == '"') {
                    for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
                        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                            at++;
                        }
                        value.append(text.charAt(at));
                    }
                    at = text.indexOf(';', at);
                } else {
                    int end = text.indexOf(';', at);
                    value.append(
                            text.substring(at, end < 0 ? text.length() : end).strip());
                    at = end;
                }
                parameters.putIfAbsent(name, value.toString());
            }
            return new MediaTypeField(type, parameters);
        }

        boolean is(String other) {
            return type.equals(other);
        }

        @org.jspecify.annotations.Nullable
        String parameter(String name) {
            return parameters.get(name);
        }
    }
}
