package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.apache.tomcat.util.http.fileupload.impl.FileUploadIOException;
import org.jspecify.annotations.Nullable;
import org.segmeter.batch.BatchIntake;
import org.segmeter.batch.Manifest;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.telemetry.ServiceMetrics.UploadFailure;
import org.segmeter.volume.InputException;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/** The body of a batch, read from the connection straight into what receives it: a manifest, an archive, or a form with both. */
final class BatchUpload {

    static final String ACCEPTED =
            "application/x-tar, application/gzip, application/zip, text/csv, application/x-ndjson, multipart/form-data";

    private static final int LONGEST_REQUEST = 1 << 20;

    private final BatchIntake intake;
    private final WebSettings.Upload limits;
    private boolean something;
    private @Nullable String request;

    private BatchUpload(BatchIntake intake, WebSettings.Upload limits) {
        this.intake = intake;
        this.limits = limits;
    }

    /** What a body is. */
    private enum Kind {
        ARCHIVE,
        CSV,
        JSONL,
        FORM
    }

    /**
     * Receives the whole body.
     *
     * @return the part {@code request}; null if there was none
     * @throws InputException if an archive is damaged
     */
    static @Nullable String receive(
            HttpServletRequest http,
            BatchIntake intake,
            WebSettings.Upload limits,
            UploadBody.Watch watch,
            ServiceMetrics metrics)
            throws IOException, InputException {
        Kind kind = kind(http.getContentType());
        String encoding = http.getHeader("Content-Encoding");
        if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
            throw new ProblemException(
                            ServiceProblem.UNSUPPORTED_CONTENT_ENCODING,
                            "The body of the request must not be encoded; a compressed archive is sent as it is.")
                    .header("Accept-Encoding", "identity");
        }
        if (http.getContentLengthLong() > limits.maxRequestSize().toBytes()) {
            throw Upload.tooLarge("The request", limits.maxRequestSize().toBytes());
        }
        List<Digests.Declared> declared = Digests.ofBody(http);
        metrics.uploadBegan();
        BatchUpload upload = new BatchUpload(intake, limits);
        UploadBody body =
                new UploadBody(http.getInputStream(), limits.maxRequestSize().toBytes(), watch);
        try {
            Hashing whole = new Hashing(body, declared);
            upload.read(kind, http.getContentType(), body, whole.stream());
            whole.verify(Problem.of(ServiceProblem.DIGEST_MISMATCH, "The body is not what its digest says."));
            return upload.request;
        } catch (BatchIntake.FullDuringUnpacking e) {
            metrics.uploadFailed(UploadFailure.STORAGE);
            throw UploadAdmission.noRoom();
        } catch (InputException | ProblemException e) {
            metrics.uploadFailed(UploadFailure.REFUSED);
            throw e;
        } catch (BlobStore.TooLarge e) {
            metrics.uploadFailed(UploadFailure.TOO_LARGE);
            throw Upload.tooLarge("One file", e.limit());
        } catch (IOException e) {
            throw failed(e, body, limits, metrics);
        } finally {
            metrics.uploadEnded();
        }
    }

    /** What a body that could not be received is answered with. */
    static ProblemException failed(IOException e, UploadBody body, WebSettings.Upload limits, ServiceMetrics metrics) {
        if (body.state() == UploadBody.State.TOO_LARGE) {
            metrics.uploadFailed(UploadFailure.TOO_LARGE);
            return Upload.tooLarge("The request", limits.maxRequestSize().toBytes());
        }
        if (body.state() == UploadBody.State.ENDED && !Upload.isOfStore(e)) {
            metrics.uploadFailed(UploadFailure.INCOMPLETE);
            return new ProblemException(
                    ServiceProblem.INCOMPLETE_UPLOAD, "The body ends before it is complete; nothing was stored.");
        }
        if (e instanceof MultipartStream.MalformedStreamException
                || e instanceof FileUploadIOException
                || e instanceof BlobStore.Interrupted) {
            metrics.uploadFailed(UploadFailure.MALFORMED);
            return Upload.notWellFormed();
        }
        metrics.uploadFailed(UploadFailure.STORAGE);
        return Upload.notWritten(e);
    }

    private static Kind kind(@Nullable String type) {
        try {
            if (type != null) {
                MediaType parsed = MediaType.parseMediaType(type);
                String name = (parsed.getType() + "/" + parsed.getSubtype()).toLowerCase(Locale.ROOT);
                switch (name) {
                    case "multipart/form-data" -> {
                        return Kind.FORM;
                    }
                    case "text/csv" -> {
                        return Kind.CSV;
                    }
                    case "application/jsonl",
                            "application/x-ndjson",
                            "application/ndjson",
                            "application/x-jsonlines" -> {
                        return Kind.JSONL;
                    }
                    case "application/x-tar",
                            "application/tar",
                            "application/gzip",
                            "application/x-gzip",
                            "application/x-gtar",
                            "application/x-tgz",
                            "application/zip",
                            "application/x-zip-compressed",
                            "application/octet-stream" -> {
                        return Kind.ARCHIVE;
                    }
                    default -> {
                        // falls through to the refusal
                    }
                }
            }
        } catch (InvalidMediaTypeException e) {
            // falls through to the refusal
        }
        throw new ProblemException(
                        ServiceProblem.UNSUPPORTED_MEDIA_TYPE,
                        "A batch is an archive, a manifest, or a form with the parts manifest and archive; the content"
                                + " type says which: " + ACCEPTED + ".")
                .header("Accept-Post", ACCEPTED);
    }

    private void read(Kind kind, String contentType, UploadBody body, InputStream source)
            throws IOException, InputException {
        switch (kind) {
            case ARCHIVE -> intake.archive(source, limits.maxRequestSize().toBytes());
            case CSV -> intake.manifest(source, Manifest.Format.CSV);
            case JSONL -> intake.manifest(source, Manifest.Format.JSONL);
            case FORM -> {
                parts(contentType, body, source);
                if (!something) {
                    throw new ProblemException(
                            ServiceProblem.BAD_REQUEST, "The form has neither a part manifest nor a part archive.");
                }
            }
        }
    }

    private void parts(String contentType, UploadBody body, InputStream source) throws IOException, InputException {
        FormParts.read(contentType, body, source, (name, fileName, headers, content) -> {
            switch (name) {
                case "archive" -> {
                    something = true;
                    intake.archive(content, limits.maxRequestSize().toBytes());
                }
                case "manifest" -> {
                    something = true;
                    intake.manifest(content, format(fileName, headers.getHeader("Content-Type")));
                }
                case "request" -> request(content);
                default ->
                    throw new ProblemException(
                            ServiceProblem.UNKNOWN_PART,
                            "The part '%s' is not known; there are manifest, archive and request."
                                    .formatted(name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?"));
            }
        });
    }

    private static Manifest.Format format(@Nullable String fileName, @Nullable String contentType) {
        String name = fileName == null ? "" : fileName.toLowerCase(Locale.ROOT);
        String type = contentType == null ? "" : contentType.toLowerCase(Locale.ROOT);
        return name.endsWith(".jsonl") || name.endsWith(".ndjson") || type.contains("json")
                ? Manifest.Format.JSONL
                : Manifest.Format.CSV;
    }

    private void request(InputStream content) throws IOException {
        request = text(content, request);
    }

    /** The part {@code request}, which may be there once. */
    static String text(InputStream content, @Nullable String before) throws IOException {
        if (before != null) {
            throw new ProblemException(
                    ServiceProblem.BAD_REQUEST, "The part 'request' is there twice; it may be there once.");
        }
        byte[] bytes = content.readNBytes(LONGEST_REQUEST + 1);
        if (bytes.length > LONGEST_REQUEST) {
            throw Upload.tooLarge("The part 'request'", LONGEST_REQUEST);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(java.nio.ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ProblemException(ServiceProblem.BAD_REQUEST, "The part 'request' is not UTF-8.");
        }
    }
}
