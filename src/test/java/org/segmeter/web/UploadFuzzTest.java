package org.segmeter.web;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Side;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockServletContext;
import org.springframework.util.unit.DataSize;

/**
 * Any bytes as the body of a submission. Nothing but a {@link ProblemException} escapes; the answer does not depend on the pieces
 * in which the connection delivers the body; memory is bounded; no file stays behind. A well-formed body is received as it was
 * sent, and refused whole if its end is missing, whether the connection breaks or closes.
 */
class UploadFuzzTest {

    private static final String BOUNDARY = "xYz";
    private static final String TYPE = "multipart/form-data; boundary=" + BOUNDARY;
    private static final String[] TYPES = {
        TYPE,
        TYPE,
        TYPE,
        "multipart/form-data; boundary=\"xYz\"",
        "Multipart/Form-Data; charset=utf-16; Boundary=xYz",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "-".repeat(5000),
        "multipart/mixed; boundary=xYz",
    };
    private static final String[] NAMES = {"prediction", "reference", "prediction", "mask", "request", "other"};
    private static final WebSettings.Upload LIMITS = new WebSettings.Upload(
            DataSize.ofBytes(1000),
            DataSize.ofBytes(3000),
            8,
            1,
            1,
            DataSize.ofBytes(0),
            Duration.ZERO,
            Duration.ofSeconds(1));

    /** A buffer of 128 KiB for each of the parts that the limits allow, and the same again for everything else. */
    private static final long MOST_ALLOCATED = 2 * 8 * (128L << 10);

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final SimpleMeterRegistry REGISTRY = new SimpleMeterRegistry();
    private static final ServiceMetrics METRICS = new ServiceMetrics(REGISTRY);
    private static final Gauge IN_PROGRESS =
            REGISTRY.get("segmeter.uploads.in.progress").gauge();

    /** Made once, because a request that has to make its own costs more than the upload. */
    private static final MockServletContext SERVER = new MockServletContext();

    @TempDir
    private static Path directory;

    private static Path uploads;
    private static BlobStore store;

    @BeforeAll
    static void openStore() throws IOException {
        store = BlobStore.inDirectory(directory);
        uploads = directory.resolve("uploads");
    }

    /** The entries are in the syntax of a libFuzzer dictionary: a line end or a quotation mark as it is would end the campaign. */
    @FuzzTest(maxDuration = "8h", maxExecutions = 10_000_000)
    @DictionaryEntries({
        "\\x0D\\x0A--xYz\\x0D\\x0A",
        "\\x0D\\x0A--xYz--",
        "\\x0D\\x0A\\x0D\\x0A",
        "Content-Disposition: form-data; name=\\\"prediction\\\"; filename=\\\"p\\\"",
        "Content-Disposition: form-data; name=\\\"reference\\\"; filename=\\\"r\\\"",
        "Content-Disposition: form-data; name=\\\"request\\\"",
        "Content-Type: multipart/mixed; boundary=",
        "Content-Encoding: ",
        "Content-Transfer-Encoding: ",
        "Repr-Digest: sha-256=:",
        "; filename*=UTF-8''",
    })
    void multipart(FuzzedDataProvider data) throws IOException {
        boolean wellFormed = data.consumeBoolean();
        int piece = data.consumeInt(1, 100);
        if (wellFormed) {
            wellFormed(data, piece);
        } else {
            String type = data.pickValue(TYPES);
            long declared = data.consumeBoolean() ? -1 : data.consumeInt(0, 4000);
            anyBody(type, declared, data.consumeRemainingAsBytes(), piece);
        }
    }

    private static void anyBody(String type, long declared, byte[] body, int piece) throws IOException {
        String answer = answer(type, declared, body, body.length + 1, false);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        String again = answer(type, declared, body, piece, false);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        check(answer.equals(again), "pieces of " + piece + " bytes: " + again + " instead of " + answer);
        check(allocated < MOST_ALLOCATED, allocated + " bytes of memory for " + body.length + " of body");
    }

    private static void wellFormed(FuzzedDataProvider data, int piece) throws IOException {
        int end = data.consumeInt(0, 4000);
        boolean breaks = data.consumeBoolean();
        int parts = data.consumeInt(0, 5);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        List<String> expected = new ArrayList<>();
        boolean clean = true;
        boolean boundaryInside = false;
        boolean readable = true;
        for (int i = 0; i < parts; i++) {
            String name = data.pickValue(NAMES);
            boolean named = data.consumeBoolean();
            boolean digest = data.consumeBoolean();
            byte[] content = data.consumeBytes(data.consumeInt(0, 300));
            boundaryInside |= contains(content, "\r\n--" + BOUNDARY);
            clean &= !name.equals("other");
            readable &= !name.equals("request") || isUtf8(content);
            expected.add(name + " "
                    + (name.equals("request") ? new String(content, StandardCharsets.UTF_8) : sha256(content)));
            write(body, "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name + "\"");
            write(body, (named ? "; filename=\"a file\"" : "") + "\r\n");
            if (digest) {
                write(body, "Repr-Digest: " + Digests.field(sha256(content)) + "\r\n");
            }
            write(body, "\r\n");
            body.write(content);
            write(body, "\r\n");
        }
        write(body, "--" + BOUNDARY + "--\r\n");
        byte[] whole = body.toByteArray();
        String answer = answer(TYPE, whole.length, whole, piece, false);
        long requests = expected.stream().filter(p -> p.startsWith("request")).count();
        boolean accepted = clean
                && !boundaryInside
                && requests <= 1
                && readable
                && expected.stream().anyMatch(p -> p.startsWith("prediction"))
                && expected.stream().anyMatch(p -> p.startsWith("reference"));
        if (accepted) {
            check(answer.equals(received(expected)), "what was sent was received as " + answer);
        } else if (!boundaryInside) {
            check(!answer.startsWith("received"), "accepted: " + answer);
        }
        // Without the two dashes after the last boundary and the line end after them, the body is not complete.
        byte[] cut = Arrays.copyOf(whole, Math.min(end, whole.length - "--\r\n".length()));
        String answerToCut = answer(TYPE, -1, cut, piece, breaks);
        check(
                boundaryInside || !answerToCut.startsWith("received"),
                "a body without its end was accepted: " + new String(cut, StandardCharsets.ISO_8859_1));
    }

    /** The parts in the order in which {@link #answer} names them. */
    private static String received(List<String> parts) {
        StringBuilder text = new StringBuilder("received");
        for (String name : new String[] {"prediction", "reference", "mask", "request"}) {
            parts.stream()
                    .filter(p -> p.startsWith(name))
                    .forEach(p -> text.append('\n').append(p));
        }
        return text.toString();
    }

    /** What the upload answers to a body that comes in pieces, and whether it leaves the store as it was. */
    private static String answer(String type, long declared, byte[] body, int piece, boolean breaks)
            throws IOException {
        String answer;
        try (Upload upload = Upload.receive(
                request(type, declared, body, piece, breaks),
                store,
                LIMITS,
                UploadBody.Watch.NONE,
                METRICS,
                Upload.Elsewhere.NOWHERE)) {
            List<String> parts = new ArrayList<>();
            for (Side side : Side.values()) {
                for (Blob blob : upload.blobs(side)) {
                    parts.add(side.word() + " " + blob.sha256());
                }
            }
            String request = upload.request();
            if (request != null) {
                parts.add("request " + request);
            }
            answer = received(parts);
        } catch (ProblemException e) {
            check(
                    e.problem().status() >= 400 && e.problem().status() < 500,
                    "status " + e.problem().status());
            answer = e.problem().status() + " " + e.problem().slug() + " "
                    + e.problem().detail();
        }
        check(IN_PROGRESS.value() == 0, "an upload is still counted as being received");
        try (DirectoryStream<Path> left = Files.newDirectoryStream(uploads)) {
            check(!left.iterator().hasNext(), "a file was left behind");
        }
        return answer;
    }

    private static MockHttpServletRequest request(String type, long declared, byte[] body, int piece, boolean breaks) {
        return new MockHttpServletRequest(SERVER, "POST", "/api/v1/evaluations") {
            @Override
            public String getContentType() {
                return type;
            }

            @Override
            public long getContentLengthLong() {
                return declared;
            }

            @Override
            public ServletInputStream getInputStream() {
                return new Pieces(body, piece, breaks);
            }
        };
    }

    /** A connection that delivers at most so many bytes at once, and may break instead of ending. */
    private static final class Pieces extends ServletInputStream {
        private final byte[] body;
        private final int piece;
        private final boolean breaks;
        private int at;

        Pieces(byte[] body, int piece, boolean breaks) {
            this.body = body;
            this.piece = piece;
            this.breaks = breaks;
        }

        private boolean ended() throws IOException {
            if (at == body.length && breaks) {
                throw new EOFException("the connection was reset");
            }
            return at == body.length;
        }

        @Override
        public int read() throws IOException {
            return ended() ? -1 : body[at++] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (ended()) {
                return -1;
            }
            int n = Math.min(Math.min(piece, length), body.length - at);
            System.arraycopy(body, at, into, offset, n);
            at += n;
            return n;
        }

        @Override
        public boolean isFinished() {
            return at == body.length;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new UnsupportedOperationException();
        }
    }

    private static void write(ByteArrayOutputStream body, String text) {
        body.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static boolean contains(byte[] content, String text) {
        return new String(content, StandardCharsets.ISO_8859_1).contains(text);
    }

    private static boolean isUtf8(byte[] content) {
        return Arrays.equals(new String(content, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8), content);
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
