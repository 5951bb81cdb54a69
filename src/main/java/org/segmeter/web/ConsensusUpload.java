package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.Consensus;
import org.segmeter.analytics.statistics.RaterPatterns;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.telemetry.ServiceMetrics.UploadFailure;

/** Segmentations of readers that come with the question, one part each. None of them is kept: closing this removes them. */
final class ConsensusUpload implements AutoCloseable {

    private final List<BlobStore.Incoming> files = new ArrayList<>();
    private final List<Consensus.Source.Sent> readers = new ArrayList<>();
    private Consensus.Source.@Nullable Sent model;
    private @Nullable String request;

    private ConsensusUpload() {}

    /** Receives the whole form: parts {@code reader}, perhaps {@code model} and {@code request}. */
    static ConsensusUpload receive(
            HttpServletRequest http,
            BlobStore store,
            WebSettings.Upload limits,
            UploadBody.Watch watch,
            ServiceMetrics metrics)
            throws IOException {
        if (http.getContentLengthLong() > limits.maxRequestSize().toBytes()) {
            throw Upload.tooLarge("The request", limits.maxRequestSize().toBytes());
        }
        List<Digests.Declared> declared = Digests.ofBody(http);
        metrics.uploadBegan();
        ConsensusUpload upload = new ConsensusUpload();
        UploadBody body =
                new UploadBody(http.getInputStream(), limits.maxRequestSize().toBytes(), watch);
        boolean complete = false;
        try {
            Hashing whole = new Hashing(body, declared);
            upload.parts(http.getContentType(), body, whole.stream(), store, limits);
            whole.verify(Problem.of(ServiceProblem.DIGEST_MISMATCH, "The body is not what its digest says."));
            complete = true;
            return upload;
        } catch (ProblemException e) {
            metrics.uploadFailed(UploadFailure.REFUSED);
            throw e;
        } catch (BlobStore.TooLarge e) {
            metrics.uploadFailed(UploadFailure.TOO_LARGE);
            throw Upload.tooLarge("One file", e.limit());
        } catch (IOException e) {
            throw BatchUpload.failed(e, body, limits, metrics);
        } finally {
            metrics.uploadEnded();
            if (!complete) {
                upload.close();
            }
        }
    }

    /** Those that were sent, in their order. */
    List<Consensus.Source.Sent> readers() {
        return List.copyOf(readers);
    }

    Consensus.Source.@Nullable Sent model() {
        return model;
    }

    /** The sender's JSON; null if there was none. */
    @Nullable
    String request() {
        return request;
    }

    @Override
    public void close() throws IOException {
        for (BlobStore.Incoming file : files) {
            file.close();
        }
    }

    private void parts(
            String contentType, UploadBody body, InputStream source, BlobStore store, WebSettings.Upload limits)
            throws IOException {
        FormParts.read(contentType, body, source, (name, fileName, headers, content) -> {
            switch (name) {
                case "reader" -> {
                    if (readers.size() == RaterPatterns.MOST_READERS) {
                        throw Upload.tooLarge("The number of readers", RaterPatterns.MOST_READERS);
                    }
                    readers.add(file(content, store, limits));
                }
                case "model" -> {
                    if (model != null) {
                        throw new ProblemException(
                                ServiceProblem.BAD_REQUEST, "The part 'model' is there twice; it may be there once.");
                    }
                    model = file(content, store, limits);
                }
                case "request" -> request = BatchUpload.text(content, request);
                default ->
                    throw new ProblemException(
                            ServiceProblem.UNKNOWN_PART,
                            "The part '%s' is not known; there are reader, model and request."
                                    .formatted(AnalyticsParameters.shown(name)));
            }
        });
    }

    private Consensus.Source.Sent file(InputStream content, BlobStore store, WebSettings.Upload limits)
            throws IOException {
        BlobStore.Incoming file = store.receive(content, limits.maxFileSize().toBytes());
        files.add(file);
        return new Consensus.Source.Sent(file.content(), file.blob().sha256());
    }
}
