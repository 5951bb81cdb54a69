package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Content that is not what its digest says (RFC 9530), or not there to its end, is never accepted. */
class DigestTest {

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.shared();
        api = service.api();
    }

    private static String field(String algorithm, byte[] content) throws Exception {
        return algorithm + "=:"
                + Base64.getEncoder()
                        .encodeToString(MessageDigest.getInstance(algorithm.replace("sha-", "SHA-"))
                                .digest(content))
                + ":";
    }

    @ParameterizedTest
    @CsvSource({"Content-Digest,sha-256", "Content-Digest,sha-512", "Repr-Digest,sha-256", "Repr-Digest,sha-512"})
    void ofThePartAndOfTheWholeBody(String header, String algorithm) throws Exception {
        List<Api.Part> pair = Api.pair("");
        Api.Part right =
                pair.getFirst().with(header, field(algorithm, pair.getFirst().content()));
        Api.Part wrong =
                pair.getFirst().with(header, field(algorithm, pair.getLast().content()));
        List<Api.Part> good = List.of(right, pair.getLast());
        List<Api.Part> bad = List.of(wrong, pair.getLast());
        api.post(good, header, field(algorithm, Api.form(good))).expect(202);

        Api.Answer part = api.postWrong(bad).expect(400);
        assertThat(part.problem()).isEqualTo("digest-mismatch");
        assertThat(part.json().path("part").asString()).isEqualTo("prediction");
        assertThat(part.json().path("found").asString())
                .isEqualTo(field(algorithm, pair.getFirst().content()));
        assertThat(part.json().path("expected").asString())
                .isEqualTo(field(algorithm, pair.getLast().content()));

        Api.Answer body =
                api.postWrong(pair, header, field(algorithm, new byte[3])).expect(400);
        assertThat(body.problem()).isEqualTo("digest-mismatch");
        assertThat(body.json().path("found").asString()).isEqualTo(field(algorithm, Api.form(pair)));
        assertThat(body.json().path("expected").asString()).isEqualTo(field(algorithm, new byte[3]));
        assertThat(service.uploads()).isZero();
    }

    @Test
    void everyDigestOfAListIsCheckedAndOtherAlgorithmsAreIgnored() throws Exception {
        List<Api.Part> pair = Api.pair("");
        byte[] form = Api.form(pair);
        String both = field("sha-256", form) + ", " + field("sha-512", form);
        api.post(pair, "Content-Digest", both).expect(202);
        api.post(pair, "Content-Digest", "crc32c=:AAAAAA==:, " + both).expect(202);
        api.post(pair, "Content-Digest", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:").expect(202);
        api.postWrong(pair, "Content-Digest", field("sha-256", form) + ", " + field("sha-512", new byte[1]))
                .expect(400);
    }

    /** Also the text of the request, a field that is there twice, and the parts and bodies of other routes. */
    @Test
    void ofWhateverIsSentWithOne() throws Exception {
        byte[] wrong = {1, 2, 3};
        List<Api.Part> pair = Api.pair("{}");
        Api.Part prediction = pair.getFirst();
        String right = field("sha-256", prediction.content());
        Api.Part twice = prediction.with("Content-Digest", right + "\r\nContent-Digest: " + field("sha-256", wrong));
        assertMismatch(api.postWrong(List.of(twice, pair.get(1))), "prediction");
        Api.Part request = pair.getLast();
        List<Api.Part> good =
                List.of(prediction, pair.get(1), request.with("Repr-Digest", field("sha-512", request.content())));
        api.post(good).expect(202);
        assertMismatch(
                api.postWrong(List.of(prediction, pair.get(1), request.with("Repr-Digest", field("sha-512", wrong)))),
                "request");

        Api.Part reader = Api.Part.bytes("reader", prediction.content());
        List<Api.Part> readers = List.of(reader, reader.with("Content-Digest", field("sha-256", wrong)));
        assertMismatch(api.postForm("/api/v1/consensus", readers), "reader");
        Api.Part manifest = Api.Part.text("manifest", "prediction,reference\n");
        assertMismatch(
                api.postForm("/api/v1/batches", List.of(manifest.with("Content-Digest", field("sha-256", wrong)))),
                "manifest");
        String question = "{\"readers\":[]}";
        assertMismatch(api.postJson("/api/v1/consensus", question, "Content-Digest", field("sha-256", wrong)), "");
        assertThat(api.postJson(
                                "/api/v1/consensus",
                                question,
                                "Content-Digest",
                                field("sha-256", question.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                        .problem())
                .isNotEqualTo("digest-mismatch");
        assertThat(service.uploads()).isZero();
    }

    private static void assertMismatch(Api.Answer answer, String part) {
        assertThat(answer.expect(400).problem()).isEqualTo("digest-mismatch");
        assertThat(answer.json().path("part").asString("")).isEqualTo(part);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sha-256",
                "sha-256=",
                "sha-256=abc",
                "sha-256=:abc",
                "sha-256=:not base64!:",
                "sha-256=:AAAA:",
                "sha-512=:AAAA:",
                "SHA-256=:AAAA:",
                "=:AAAA:",
                ",",
                "md5=:AAAA:,",
                "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=: sha-512=:AAAA:"
            })
    void whatIsNoDigestIsExplained(String value) throws Exception {
        List<Api.Part> pair = Api.pair("");
        Api.Answer ofBody = api.postWrong(pair, "Content-Digest", value).expect(400);
        assertThat(ofBody.problem()).isEqualTo("invalid-digest");
        assertThat(ofBody.json().path("detail").asString())
                .startsWith("The Content-Digest of the body cannot be read: ");
        assertThat(ofBody.header("Want-Content-Digest")).contains("sha-256");
        assertThat(api.postWrong(List.of(pair.getFirst().with("Repr-Digest", value), pair.getLast()))
                        .expect(400)
                        .json()
                        .path("detail")
                        .asString())
                .startsWith("The Repr-Digest of the part 'prediction' cannot be read: ");
    }

    @Test
    void answersCarryTheirOwn() throws Exception {
        Api.Answer accepted = api.post(Api.pair("")).expect(202);
        assertThat(accepted.header("Content-Digest"))
                .isEqualTo(field("sha-256", accepted.exchange().body()));
        assertThat(accepted.json().at("/inputs/prediction/0/reprDigest").asString())
                .isEqualTo(field("sha-256", Api.pair("").getFirst().content()));
        Api.Answer scored = api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
        assertThat(scored.header("Content-Digest"))
                .isEqualTo(scored.header("Repr-Digest"))
                .isEqualTo(field("sha-256", scored.exchange().body()));
    }

    /**
     * Bits that flip on the way and connections that break at any byte. {@code -Dsegmeter.uploads=1000} for the whole number;
     * {@code -Dsegmeter.seed} repeats a run.
     */
    @Test
    void noDamagedUploadIsAcceptedAndNoneLeavesAnything() throws Exception {
        int uploads = Integer.getInteger("segmeter.uploads", 20);
        long seed = Long.getLong("segmeter.seed", System.nanoTime());
        System.out.println("DigestTest: -Dsegmeter.seed=" + seed + " -Dsegmeter.uploads=" + uploads);
        Random random = new Random(seed);
        byte[] content = new byte[20_000];
        random.nextBytes(content);
        byte[] form = Api.form(List.of(Api.Part.bytes("prediction", content), Api.Part.bytes("reference", content)));
        String digest = field("sha-256", form);
        long evaluations = evaluations();
        long blobs = service.storedFiles();
        double mismatches = failures("digest");
        int refused = 0;
        for (int i = 0; i < uploads; i++) {
            byte[] flipped = form.clone();
            flipped[random.nextInt(form.length)] ^= (byte) (1 << random.nextInt(8));
            try (RawClient sender = new RawClient(service.port(), "127.0.0.1")
                    .head("Content-Length: " + form.length, "Content-Digest: " + digest)) {
                int status = sender.send(flipped).answer().status();
                assertThat(status).as("upload %d with a flipped bit", i).isBetween(400, 499);
                refused++;
            }
        }
        assertThat(refused).isEqualTo(uploads);
        assertThat(failures("digest")).isGreaterThan(mismatches);
        double incomplete = failures("incomplete");
        for (int i = 0; i < uploads; i++) {
            int cut = random.nextInt(form.length);
            try (RawClient sender = new RawClient(service.port(), "127.0.0.1").head("Content-Length: " + form.length)) {
                sender.send(form, 0, cut);
            }
        }
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while ((failures("incomplete") < incomplete + uploads || service.uploads() > 0) && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(failures("incomplete")).as("uploads that were cut").isEqualTo(incomplete + uploads);
        assertThat(evaluations()).isEqualTo(evaluations);
        assertThat(service.storedFiles()).isEqualTo(blobs);
        assertThat(service.uploads()).isZero();
        System.out.printf(
                "DigestTest: %d uploads with a flipped bit and %d cut ones: 0 accepted, 0 files left%n",
                refused, uploads);
        // The same body, whole and as it was meant.
        try (RawClient sender = new RawClient(service.port(), "127.0.0.1")
                .head("Content-Length: " + form.length, "Content-Digest: " + digest)) {
            assertThat(sender.send(form).answer().status()).isEqualTo(202);
        }
    }

    private static long evaluations() {
        return service.bean(JdbcClient.class)
                .sql("select count(*) from evaluation")
                .query(Long.class)
                .single();
    }

    private static double failures(String reason) {
        return service
                .bean(MeterRegistry.class)
                .get("segmeter.upload.failures")
                .tag("reason", reason)
                .counters()
                .stream()
                .mapToDouble(io.micrometer.core.instrument.Counter::count)
                .sum();
    }
}
