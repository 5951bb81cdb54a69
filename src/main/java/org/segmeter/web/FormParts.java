package org.segmeter.web;

import java.io.IOException;
import java.io.InputStream;
import org.apache.tomcat.util.http.fileupload.FileItemHeaders;
import org.apache.tomcat.util.http.fileupload.FileUpload;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;

/** The parts of a {@code multipart/form-data} body, in their order, each read while it arrives. */
final class FormParts {

    private static final int LONGEST_PART_HEADER = 8192;

    /** RFC 2046 section 5.1.1. */
    private static final int LONGEST_BOUNDARY = 70;

    private FormParts() {}

    /** Takes one part; what it leaves of the content is passed over. */
    interface Taker<E extends Exception> {

        /**
         * @param name of the field; empty if there is none
         * @param fileName as it was sent; null if there is none
         */
        void take(String name, @Nullable String fileName, FileItemHeaders headers, InputStream content)
                throws IOException, E;
    }

    /**
     * Gives each part to the taker, until there are no more or one is refused. The content of a part that says its digest is held to it.
     *
     * @param body the connection
     * @param source the same bytes, as they are to be read
     */
    static <E extends Exception> void read(String contentType, UploadBody body, InputStream source, Taker<E> taker)
            throws IOException, E {
        FileUpload syntax = new FileUpload();
        syntax.setHeaderEncoding("UTF-8");
        MultipartStream stream = stream(syntax.getBoundary(contentType), source);
        if (!stream.skipPreamble()) {
            body.requireOpen();
            return; // a form without parts
        }
        do {
            FileItemHeaders headers = syntax.getParsedHeaders(stream.readHeaders());
            String name = syntax.getFieldName(headers);
            String part = AnalyticsParameters.shown(name == null ? "" : name);
            // Closed only if all is well: closing reads what is left of the part, and what is refused is not read.
            InputStream content = stream.newInputStream();
            Hashing hashing = new Hashing(content, Digests.ofPart(headers, "the part '%s'".formatted(part)));
            taker.take(name == null ? "" : name, syntax.getFileName(headers), headers, hashing.stream());
            hashing.verify(Problem.of(
                            ServiceProblem.DIGEST_MISMATCH,
                            "The content of the part '%s' is not what its digest says.".formatted(part))
                    .with("part", part));
            content.close();
        } while (stream.readBoundary());
    }

    private static MultipartStream stream(byte @Nullable [] boundary, InputStream body) {
        if (boundary == null || boundary.length == 0 || boundary.length > LONGEST_BOUNDARY) {
            throw Upload.notWellFormed();
        }
        MultipartStream stream = new MultipartStream(body, boundary, null);
        stream.setHeaderEncoding("UTF-8");
        stream.setPartHeaderSizeMax(LONGEST_PART_HEADER);
        return stream;
    }
}
