package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.tomcat.util.http.fileupload.FileItemHeaders;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.apache.tomcat.util.http.fileupload.impl.FileUploadIOException;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Failpoint;
import org.segmeter.evaluation.FileKind;
import org.segmeter.evaluation.FullDisk;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.Side;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.telemetry.ServiceMetrics.UploadFailure;
import org.segmeter.volume.InputProblem;

/**
 * The parts of a submission, read from the connection straight into the blob store; no file is ever in the heap or in Tomcat's
 * temporary directory. Uses the streaming parser that Tomcat carries for its own multipart support; its MultipartStream, not
 * the iterator above it, because that one takes a body that breaks off after a boundary for a whole one. Nothing is kept before
 * {@link #keep}: what is closed without it leaves nothing.
 */
final class Upload implements AutoCloseable {

    private static final int LONGEST_REQUEST = 1 << 20;
    /** Where a side comes from that was not sent. */
    interface Elsewhere {
        /** Nothing is anywhere but in the request. */
        Elsewhere NOWHERE = (side, request, sent) -> List.of();

        /**
         * Fetches a side if the request says where it is.
         *
         * @param sent true if files of this side were sent
         * @return empty if the request does not say so
         * @throws ProblemException if it cannot be fetched
         */
        List<BlobStore.Incoming> fetch(Side side, String request, boolean sent) throws IOException;
    }

    private final Map<Side, List<BlobStore.Incoming>> files = new EnumMap<>(Side.class);
    private @Nullable String request;

    private Upload() {
        files.put(Side.PREDICTION, new ArrayList<>());
        files.put(Side.REFERENCE, new ArrayList<>());
    }

    /** Receives all parts, and what the request has fetched from elsewhere. */
    static Upload receive(
            HttpServletRequest http,
            BlobStore store,
            WebSettings.Upload limits,
            UploadBody.Watch watch,
            ServiceMetrics metrics,
            Elsewhere elsewhere)
            throws IOException {
        List<Digests.Declared> ofBody = refuseByHeaders(http, limits);
        Failpoint.HEADERS_READ.reach();
        metrics.uploadBegan();
        Upload upload = new Upload();
        UploadBody body =
                new UploadBody(http.getInputStream(), limits.maxRequestSize().toBytes(), watch);
        boolean complete = false;
        try {
            Hashing whole = new Hashing(body, ofBody);
            if (isJson(http.getContentType())) {
                upload.request(whole.stream()); // one that breaks off is no JSON
            } else {
                upload.readParts(http.getContentType(), body, whole.stream(), store, limits, metrics);
            }
            whole.verify(Problem.of(ServiceProblem.DIGEST_MISMATCH, "The body is not what its digest says."));
            upload.fetch(elsewhere);
            upload.requireBothSides();
            complete = true;
            return upload;
        } catch (BlobStore.TooLarge e) {
            metrics.uploadFailed(UploadFailure.TOO_LARGE);
            throw tooLarge("One file", e.limit());
        } catch (ProblemException e) {
            metrics.uploadFailed(
                    e.problem().status() == 413
                            ? UploadFailure.TOO_LARGE
                            : e.problem().slug().equals(ServiceProblem.DIGEST_MISMATCH.slug())
                                    ? UploadFailure.DIGEST
                                    : e.problem().status() == 408
                                            ? UploadFailure.TOO_SLOW
                                            : e.problem().status() == 507
                                                    ? UploadFailure.STORAGE
                                                    : UploadFailure.REFUSED);
            throw e;
        } catch (IOException e) {
            switch (body.state()) {
                case TOO_LARGE -> {
                    metrics.uploadFailed(UploadFailure.TOO_LARGE);
                    throw tooLarge("The request", limits.maxRequestSize().toBytes());
                }
                case ENDED -> {
                    if (!isOfStore(e)) {
                        metrics.uploadFailed(UploadFailure.INCOMPLETE);
                        throw new ProblemException(
                                ServiceProblem.INCOMPLETE_UPLOAD,
                                "The body ends before its last boundary; nothing was stored.");
                    }
                }
                case OPEN -> {
                    if (e instanceof MultipartStream.MalformedStreamException
                            || e instanceof FileUploadIOException
                            || e instanceof BlobStore.Interrupted) {
                        metrics.uploadFailed(UploadFailure.MALFORMED);
                        throw notWellFormed();
                    }
                }
            }
            metrics.uploadFailed(UploadFailure.STORAGE);
            throw notWritten(e);
        } finally {
            metrics.uploadEnded();
            if (!complete) {
                upload.close();
            }
        }
    }

    /** The sender's JSON; null if there was none. */
    @Nullable
    String request() {
        return request;
    }

    List<Blob> blobs(Side side) {
        return files.getOrDefault(side, List.of()).stream()
                .map(BlobStore.Incoming::blob)
                .toList();
    }

    /** Gives all files their names in the store; after this they are durable. */
    void keep(ServiceMetrics metrics) {
        try {
            for (List<BlobStore.Incoming> side : files.values()) {
                for (BlobStore.Incoming file : side) {
                    file.keep();
                }
            }
        } catch (IOException e) {
            metrics.uploadFailed(UploadFailure.STORAGE);
            throw notWritten(e);
        }
    }

    /** True if the store failed: then the body was perhaps complete. */
    static boolean isOfStore(IOException e) {
        return e instanceof BlobStore.Unavailable || FullDisk.is(e);
    }

    /** The store did not take it: 507 if there is no space, else 503. */
    static ProblemException notWritten(IOException e) {
        return FullDisk.is(e)
                ? UploadAdmission.noRoom()
                : new ProblemException(
                                ServiceProblem.UNAVAILABLE,
                                "The upload could not be written to this service's storage.")
                        .header("Retry-After", "5");
    }

    @Override
    public void close() throws IOException {
        for (List<BlobStore.Incoming> side : files.values()) {
            for (BlobStore.Incoming file : side) {
                file.close();
            }
        }
    }

    /** What can be said before the body is read; returns the digests that it is to have. */
    private static List<Digests.Declared> refuseByHeaders(HttpServletRequest http, WebSettings.Upload limits) {
        String encoding = http.getHeader("Content-Encoding");
        if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
            throw new ProblemException(
                            ServiceProblem.UNSUPPORTED_CONTENT_ENCODING,
                            "The body of the request must not be compressed; compressed files are sent as they are.")
                    .header("Accept-Encoding", "identity");
        }
        String type = http.getContentType();
        if (!isJson(type) && (type == null || !type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data"))) {
            throw new ProblemException(
                            ServiceProblem.UNSUPPORTED_MEDIA_TYPE,
                            "An evaluation is submitted as multipart/form-data with the parts prediction and"
                                    + " reference, or as application/json that says where both are.")
                    .header("Accept-Post", "multipart/form-data, application/json");
        }
        long length = http.getContentLengthLong();
        if (length > limits.maxRequestSize().toBytes()) {
            throw tooLarge("The request", limits.maxRequestSize().toBytes());
        }
        return Digests.ofBody(http);
    }

    private static boolean isJson(@Nullable String type) {
        return type != null && type.toLowerCase(Locale.ROOT).matches("\\s*application/json\\s*(;.*)?");
    }

    private void fetch(Elsewhere elsewhere) throws IOException {
        if (request != null) {
            for (Side side : Side.PAIR) {
                list(side).addAll(elsewhere.fetch(side, request, !list(side).isEmpty()));
            }
        }
    }

    private void readParts(
            String contentType,
            UploadBody body,
            InputStream source,
            BlobStore store,
            WebSettings.Upload limits,
            ServiceMetrics metrics)
            throws IOException {
        AtomicInteger number = new AtomicInteger();
        FormParts.read(contentType, body, source, (name, fileName, headers, content) -> {
            if (number.incrementAndGet() > limits.maxParts()) {
                throw tooLarge("The number of parts", limits.maxParts());
            }
            switch (name) {
                case "prediction" -> file(Side.PREDICTION, fileName, headers, content, store, limits, metrics);
                case "reference" -> file(Side.REFERENCE, fileName, headers, content, store, limits, metrics);
                case "mask" -> file(Side.MASK, fileName, headers, content, store, limits, metrics);
                case "image" -> file(Side.IMAGE, fileName, headers, content, store, limits, metrics);
                case "request" -> request(content);
                default ->
                    throw new ProblemException(
                            ServiceProblem.UNKNOWN_PART,
                            "The part '%s' is not known; there are prediction, reference, mask, image and request."
                                    .formatted(shown(name)));
            }
        });
    }

    static ProblemException notWellFormed() {
        return new ProblemException(
                ServiceProblem.BAD_REQUEST, "The body is no well-formed multipart/form-data with a boundary.");
    }

    private void file(
            Side side,
            @Nullable String fileName,
            FileItemHeaders headers,
            InputStream content,
            BlobStore store,
            WebSettings.Upload limits,
            ServiceMetrics metrics)
            throws IOException {
        String encoding = headers.getHeader("Content-Encoding");
        String transfer = headers.getHeader("Content-Transfer-Encoding");
        if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")
                || transfer != null && !transfer.strip().matches("(?i)binary|7bit|8bit")) {
            throw new ProblemException(Problem.of(
                            ServiceProblem.UNSUPPORTED_CONTENT_ENCODING,
                            "The part '%s' is encoded; send the file as it is.".formatted(side.word()))
                    .with("part", side.word()));
        }
        FileKind.Seen seen = new FileKind.Seen(content);
        BlobStore.Incoming file = store.receive(seen, limits.maxFileSize().toBytes());
        if (file.blob().size() == 0 && fileName != null && fileName.isBlank()) {
            file.close(); // a browser's form without a file chosen
            return;
        }
        list(side).add(file);
        metrics.fileReceived(seen.kind().word(), file.blob().size());
        seen.preamble().ifPresent(metrics::preambleSeen);
    }

    private void request(InputStream content) throws IOException {
        if (request != null) {
            throw new ProblemException(
                    Problem.of(ServiceProblem.BAD_REQUEST, "The part 'request' is there twice; it may be there once.")
                            .with("part", "request"));
        }
        byte[] bytes = content.readNBytes(LONGEST_REQUEST + 1);
        if (bytes.length > LONGEST_REQUEST) {
            throw tooLarge("The part 'request'", LONGEST_REQUEST);
        }
        try {
            request = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new ProblemException(Problem.of(ServiceProblem.BAD_REQUEST, "The part 'request' is not UTF-8.")
                    .with("part", "request"));
        }
    }

    private void requireBothSides() {
        for (Side side : Side.PAIR) {
            if (list(side).isEmpty()) {
                throw new ProblemException(new Problem(
                                InputProblem.MISSING_PART.slug(),
                                InputProblem.MISSING_PART.title(),
                                422,
                                "The part '%s' is missing; send it as a file.".formatted(side.word()),
                                Map.of())
                        .with("part", side.word())
                        .with("found", "0 files")
                        .with("expected", "at least one file"));
            }
        }
    }

    private List<BlobStore.Incoming> list(Side side) {
        return files.computeIfAbsent(side, key -> new ArrayList<>());
    }

    static ProblemException tooLarge(String what, long limit) {
        return new ProblemException(Problem.of(
                        ServiceProblem.PAYLOAD_TOO_LARGE,
                        "%s exceeds the limit of this installation, %d.".formatted(what, limit))
                .with("limit", limit));
    }

    /** A name that a sender chose, fit for an answer. */
    private static String shown(String name) {
        return name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?";
    }
}
