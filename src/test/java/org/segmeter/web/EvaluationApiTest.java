package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.segmeter.evaluation.ControlledEngine;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** The API as its users meet it; every exchange is judged by {@code openapi.yaml}. */
@ExtendWith(OutputCaptureExtension.class)
class EvaluationApiTest {

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.shared();
        api = service.api();
    }

    @Test
    void aPairIsAcceptedAndScored() throws Exception {
        Api.Answer accepted = api.post(Api.pair("")).expect(202);
        assertThat(accepted.header("Location")).matches("/api/v1/evaluations/[0-9a-f-]{36}");
        assertThat(accepted.header("Retry-After")).matches("\\d+");
        assertThat(accepted.json().at("/inputs/prediction/0/size").asLong())
                .isEqualTo(Files.size(Api.SAMPLES.resolve("s01_binary_single.nii.gz")));
        JsonNode done = api.finished(accepted.header("Location"));
        assertThat(done.path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(done.at("/scorecard/segments/0/metrics/dice/value").asDouble())
                .isEqualTo(1.0);
        assertThat(done.path("attempt").asInt()).isEqualTo(1);
    }

    @Test
    void whoWaitsGetsTheScorecardByteForByteAsItIsStored() throws Exception {
        Api.Answer scored = api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
        assertThat(scored.header("Preference-Applied")).isEqualTo("wait=30");
        String sha256 = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(scored.exchange().body()));
        assertThat(scored.header("ETag")).isEqualTo("\"" + sha256 + "\"");
        Api.Answer stored = api.get(scored.header("Content-Location")).expect(200);
        assertThat(stored.exchange().body()).isEqualTo(scored.exchange().body());
        assertThat(stored.header("Repr-Digest")).isEqualTo(Digests.field(sha256));
        api.get(scored.header("Content-Location"), "If-None-Match", stored.header("ETag"))
                .expect(304);
    }

    @Test
    void aSegmentationIsFoundByWhatItBelongsTo() throws Exception {
        String model = "model-" + UUID.randomUUID();
        for (int i = 0; i < 5; i++) {
            api.post(Api.pair("{\"caseId\":\"case-%d\",\"model\":{\"name\":\"%s\",\"version\":\"2\"}}"
                            .formatted(i % 2, model)))
                    .expect(202);
        }
        Set<String> seen = new HashSet<>();
        int pages = 0;
        String path = "/api/v1/evaluations?model=" + model + "&limit=2";
        while (!path.isEmpty()) {
            Api.Answer page = api.get(path).expect(200);
            page.json().path("evaluations").forEach(e -> seen.add(e.path("id").asString()));
            Matcher next = Pattern.compile("<([^>]+)>; rel=\"next\"").matcher(page.header("Link"));
            path = next.find() ? next.group(1) : "";
            pages++;
        }
        assertThat(seen).hasSize(5);
        assertThat(pages).isEqualTo(3);
        assertThat(api.get("/api/v1/evaluations?case=case-1&version=2&model=" + model)
                        .json()
                        .path("evaluations")
                        .size())
                .isEqualTo(2);
        assertThat(api.get("/api/v1/evaluations?to=2001-01-01T00:00:00Z")
                        .json()
                        .path("evaluations")
                        .size())
                .isZero();
        JsonNode last = api.get("/api/v1/evaluations?limit=1&model=" + model).json();
        api.finished(last.at("/evaluations/0/links/self").asString());
    }

    @Test
    void inputsThatCannotBeScoredFailWithTheReason() throws Exception {
        List<Api.Part> parts = List.of(
                Api.Part.file("prediction", Api.SAMPLES.resolve("s01_binary_single.nii.gz")),
                Api.Part.bytes("reference", "no segmentation at all".getBytes(StandardCharsets.UTF_8)));
        Api.Answer refused = api.post(parts, "Prefer", "wait=30").expect(422);
        assertThat(refused.problem()).isEqualTo("unrecognised-format");
        assertThat(refused.json().path("side").asString()).isEqualTo("reference");
        assertThat(refused.json().path("instance").asString()).isEqualTo(refused.header("Location"));
        JsonNode evaluation = api.get(refused.header("Location")).expect(200).json();
        assertThat(evaluation.path("state").asString()).isEqualTo("FAILED");
        assertThat(evaluation.path("problem")).isEqualTo(refused.json());
        assertThat(api.get(refused.header("Location") + "/scorecard")
                        .expect(404)
                        .problem())
                .isEqualTo("no-scorecard");
        assertThat(api.get("/problems/unrecognised-format")
                        .expect(200)
                        .json()
                        .path("advice")
                        .asString())
                .isNotBlank();
    }

    @Test
    void whatIsScoredIsPartOfARequest() throws Exception {
        Api.Answer scored = api.post(
                        Api.pair("{\"extent\":{\"kind\":\"range\",\"axis\":\"axial\"},\"regions\":{\"R\":[1]}}"),
                        "Prefer",
                        "wait=30")
                .expect(200);
        JsonNode last = scored.json()
                .path("segments")
                .get(scored.json().path("segments").size() - 1);
        assertThat(last.at("/segment/label").asString()).isEqualTo("R");
        assertThat(last.at("/match/rule").asString()).isEqualTo("region");
        Api.Answer outside = api.post(
                        Api.pair("{\"extent\":{\"kind\":\"box\",\"from\":[9000,0,0],\"to\":[9001,1,1]}}"),
                        "Prefer",
                        "wait=30")
                .expect(422);
        assertThat(outside.json().path("found").asString()).contains("9000");
        assertThat(outside.json().path("expected").asString()).contains("voxels of the reference's");
    }

    @Test
    void aWrongFormIsAnsweredWithThePartThatIsWrong() throws Exception {
        List<Api.Part> pair = Api.pair("");
        Api.Answer missing = api.postWrong(pair.subList(0, 1)).expect(422);
        assertThat(missing.problem()).isEqualTo("missing-part");
        assertThat(missing.json().path("part").asString()).isEqualTo("reference");
        assertThat(api.postWrong(List.of(Api.Part.text("predicton", "x")))
                        .expect(400)
                        .json()
                        .path("detail")
                        .asString())
                .contains("'predicton'");
        assertThat(api.postWrong(Api.pair("{\"bogus\":1}")).expect(422).problem())
                .isEqualTo("invalid-request");
        assertThat(api.postWrong(Api.pair("{\"protocol\":\"none@9\"}"))
                        .expect(422)
                        .problem())
                .isEqualTo("invalid-request");
        assertThat(api.postWrong(Api.pair("{\"caseId\":\"" + "x".repeat(201) + "\"}"))
                        .expect(422)
                        .problem())
                .isEqualTo("invalid-request");
        assertThat(api.postWrong(Api.pair("{\"extent\":{\"kind\":\"ball\"}}"))
                        .expect(422)
                        .json()
                        .path("expected")
                        .asString())
                .contains("full, box, range, slices");
        assertThat(api.postWrong(Api.pair("{")).expect(422).problem()).isEqualTo("invalid-request");
        assertThat(api.postWrong(pair, "Content-Encoding", "gzip").expect(415).problem())
                .isEqualTo("unsupported-content-encoding");
        assertThat(api.wrong("POST", "/api/v1/evaluations", "Content-Type", "text/plain")
                        .expect(415)
                        .problem())
                .isEqualTo("unsupported-media-type");
        assertThat(service.uploads()).isZero();
    }

    @Test
    void whatIsTooLargeIsRefusedAndLeavesNothing() throws Exception {
        long blobs = service.storedFiles();
        Api.Part large = Api.Part.bytes("reference", new byte[(1 << 20) + 1]);
        Api.Answer refused =
                api.postWrong(List.of(Api.pair("").getFirst(), large)).expect(413);
        assertThat(refused.problem()).isEqualTo("payload-too-large");
        assertThat(refused.json().path("limit").asLong()).isEqualTo(1 << 20);
        Api.Part fits = Api.Part.bytes("reference", new byte[1 << 20]);
        assertThat(api.postWrong(List.of(fits, fits, fits))
                        .expect(413)
                        .json()
                        .path("limit")
                        .asLong())
                .isEqualTo(3 << 20);
        List<Api.Part> many = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            many.add(Api.Part.bytes("prediction", new byte[] {(byte) i}));
        }
        assertThat(api.postWrong(many).expect(413).json().path("limit").asInt()).isEqualTo(8);
        assertThat(service.uploads()).isZero();
        assertThat(service.storedFiles()).isEqualTo(blobs);
    }

    @Test
    void anUploadThatBreaksOffLeavesNothing() throws Exception {
        long blobs = service.storedFiles();
        long evaluations = count("evaluation");
        byte[] marker = new byte[300_000];
        new java.util.Random(7).nextBytes(marker);
        byte[] form = Api.form(List.of(Api.Part.bytes("prediction", marker), Api.Part.bytes("reference", marker)));
        int cuts = 0;
        for (int cut : new int[] {10, 120, 5_000, 299_999, 300_200, 450_000, form.length - 10}) {
            try (Socket socket = new Socket("127.0.0.1", service.port())) {
                OutputStream out = socket.getOutputStream();
                out.write(("POST /api/v1/evaluations HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + form.length
                                + "\r\nContent-Type: multipart/form-data; boundary=segmeter-test-boundary\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(form, 0, cut);
                out.flush();
                // The body ends here; whatever is said to that, it has been seen when the connection is closed.
                socket.setSoTimeout(20_000);
                socket.shutdownOutput();
                try {
                    socket.getInputStream().readAllBytes();
                } catch (java.net.SocketException e) {
                    // closed with bytes that nobody read
                }
                cuts++;
            }
        }
        assertThat(cuts).isEqualTo(7);
        long end = System.nanoTime() + 20_000_000_000L;
        while (System.nanoTime() < end
                && (service.uploads() > 0
                        || !api.get("/actuator/prometheus").text().contains("segmeter_uploads_in_progress 0.0"))) {
            Thread.sleep(50);
        }
        assertThat(service.uploads()).isZero();
        assertThat(service.storedFiles()).isEqualTo(blobs);
        assertThat(count("evaluation")).isEqualTo(evaluations);
    }

    @Test
    void aDigestThatComesWithAFileIsChecked() throws Exception {
        List<Api.Part> pair = Api.pair("");
        String right = "sha-256=:"
                + Base64.getEncoder()
                        .encodeToString(MessageDigest.getInstance("SHA-256")
                                .digest(pair.getFirst().content()))
                + ":";
        api.post(List.of(pair.getFirst().with("Content-Digest", right), pair.getLast()))
                .expect(202);
        Api.Answer refused = api.postWrong(
                        List.of(pair.getFirst(), pair.getLast().with("Repr-Digest", right)))
                .expect(400);
        assertThat(refused.problem()).isEqualTo("digest-mismatch");
        assertThat(refused.json().path("part").asString()).isEqualTo("reference");
        assertThat(refused.json().path("expected").asString()).isEqualTo(right);
    }

    @Test
    void theSameContentIsStoredOnce() throws Exception {
        byte[] content = UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8);
        long before = service.storedFiles();
        for (int i = 0; i < 3; i++) {
            api.post(List.of(Api.Part.bytes("prediction", content), Api.Part.bytes("reference", content)))
                    .expect(202);
        }
        assertThat(service.storedFiles()).isEqualTo(before + 1);
    }

    @Test
    void eventsTellTheWayToTheFinalStateAndCanBeResumed() throws Exception {
        String location = api.post(Api.pair("")).expect(202).header("Location");
        String stream = api.get(location + "/events").expect(200).text();
        List<String> ids = Pattern.compile("(?m)^id: (\\d+)$")
                .matcher(stream)
                .results()
                .map(m -> m.group(1))
                .toList();
        List<String> states = Pattern.compile("event: state\ndata: \\{[^\n]*\"state\":\"(\\w+)\"")
                .matcher(stream)
                .results()
                .map(m -> m.group(1))
                .toList();
        assertThat(states).containsExactly("QUEUED", "RUNNING", "SUCCEEDED");
        assertThat(stream).contains("\"stage\":\"decoding\"", "\"stage\":\"measuring\"");
        assertThat(ids.stream().map(Long::valueOf).toList()).isSorted().doesNotHaveDuplicates();
        String rest = api.get(location + "/events", "Last-Event-ID", ids.get(1))
                .expect(200)
                .text();
        assertThat(rest).contains("id: " + ids.get(2) + "\n").doesNotContain("id: " + ids.get(1) + "\n");
    }

    @Test
    void aRunningEvaluationStopsWhenItIsCancelledAndAQueuedOneNeverStarts() throws Exception {
        List<String> blocked = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            blocked.add(api.post(Api.pair("{\"labels\":{\"test\":\"block\"}}"))
                    .expect(202)
                    .header("Location"));
        }
        api.reaches(blocked.get(0), "RUNNING");
        api.reaches(blocked.get(1), "RUNNING");
        Api.Answer queued = api.delete(blocked.get(2)).expect(200);
        assertThat(queued.json().path("state").asString()).isEqualTo("CANCELLED");
        api.delete(blocked.get(0)).expect(202);
        assertThat(api.finished(blocked.get(0)).path("state").asString()).isEqualTo("CANCELLED");
        // As another replica would: only the row says it.
        service.bean(JdbcClient.class)
                .sql("update evaluation set cancel_requested = true where id = :id")
                .param(
                        "id",
                        UUID.fromString(blocked.get(1).substring(blocked.get(1).lastIndexOf('/') + 1)))
                .update();
        assertThat(api.finished(blocked.get(1)).path("state").asString()).isEqualTo("CANCELLED");
        assertThat(api.finished(blocked.get(2)).path("attempt").asInt()).isZero();
        api.delete(blocked.get(0)).expect(204);
        assertThat(api.get(blocked.get(0)).expect(404).problem()).isEqualTo("evaluation-not-found");
        assertThat(api.delete(blocked.get(0)).expect(404).problem()).isEqualTo("evaluation-not-found");
    }

    @Test
    void theQueueTellsAFirstAttemptFromALaterOneByTheVersionOfItsJob() throws Exception {
        // EvaluationJob.VERSION_AT_FIRST_PICK: only the count of a first attempt may be lost together with the whole
        // machine.
        String location = api.post(Api.pair("{\"labels\":{\"test\":\"block\"}}"))
                .expect(202)
                .header("Location");
        api.reaches(location, "RUNNING");
        long version = service.bean(JdbcClient.class)
                .sql("select version from scheduled_tasks where task_instance = :id and picked")
                .param("id", location.substring(location.lastIndexOf('/') + 1))
                .query(Long.class)
                .single();
        service.bean(ControlledEngine.class).open();

        assertThat(version).isEqualTo(2);
        assertThat(api.finished(location).path("state").asString()).isEqualTo("SUCCEEDED");
    }

    @Test
    void anAttemptThatWasOvertakenWritesNothing() throws Exception {
        double before = fenced();
        String location = api.post(Api.pair("{\"labels\":{\"test\":\"block\"}}"))
                .expect(202)
                .header("Location");
        api.reaches(location, "RUNNING");
        UUID id = UUID.fromString(location.substring(location.lastIndexOf('/') + 1));
        JdbcClient sql = service.bean(JdbcClient.class);
        sql.sql("update evaluation set attempt = attempt + 1 where id = :id")
                .param("id", id)
                .update();
        service.bean(ControlledEngine.class).open();
        long end = System.nanoTime() + 20_000_000_000L;
        while (fenced() == before && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(fenced()).isEqualTo(before + 1);
        assertThat(sql.sql("select count(*) from scorecard where evaluation_id = :id")
                        .param("id", id)
                        .query(Long.class)
                        .single())
                .isZero();
        assertThat(api.get(location).json().path("state").asString()).isEqualTo("RUNNING");
        sql.sql("update evaluation set state = 'CANCELLED' where id = :id")
                .param("id", id)
                .update();
    }

    @Test
    void whatEndsItsWorkerThreeTimesIsNotTriedAgainAndTheLogTellsOfEachAttemptInTheTraceOfItsSender(
            CapturedOutput output) throws Exception {
        String trace = UUID.randomUUID().toString().replace("-", "");
        String location = api.post(
                        Api.pair("{\"labels\":{\"test\":\"fault\"}}"),
                        "traceparent",
                        "00-" + trace + "-b7ad6b7169203331-01")
                .expect(202)
                .header("Location");
        JsonNode failed = api.finished(location);
        assertThat(failed.path("state").asString()).isEqualTo("FAILED");
        assertThat(failed.path("attempt").asInt()).isEqualTo(3);
        assertThat(failed.at("/problem/type").asString()).isEqualTo("/problems/quarantined");
        String about = "\"evaluation_id\":\"" + location.substring(location.lastIndexOf('/') + 1) + "\"";
        Set<String> attempts = new HashSet<>();
        for (String line : output.getAll().lines().toList()) {
            if (line.contains(about)) {
                JsonNode written = Api.JSON.readTree(line);
                assertThat(written.path("trace_id").asString()).as(line).isEqualTo(trace);
                attempts.add(written.path("span_id").asString());
            }
        }
        assertThat(attempts).hasSizeGreaterThanOrEqualTo(3).doesNotContain("b7ad6b7169203331", "");
    }

    @Test
    void aResultCannotBeChangedInTheDatabase() throws Exception {
        Api.Answer scored = api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
        UUID id = UUID.fromString(scored.json().path("id").asString());
        JdbcClient sql = service.bean(JdbcClient.class);
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> sql.sql("update scorecard set content = '{}' where evaluation_id = :id")
                                .param("id", id)
                                .update())
                .rootCause()
                .hasMessageContaining("permission denied");
        assertThat(sql.sql("""
            select value from metric_value where evaluation_id = :id and metric = 'dice' and segment_index = 0\
            """).param("id", id).query(Double.class).single()).isEqualTo(1.0);
    }

    @Test
    void namesOfFilesGoNowhere(CapturedOutput output) throws Exception {
        List<Api.Part> pair = Api.pair("");
        List<Api.Part> named = List.of(
                new Api.Part(
                        "prediction", "DOE_JANE_19700101.nii.gz", pair.get(0).content(), java.util.Map.of()),
                new Api.Part(
                        "reference",
                        "DOE_JANE_19700101.dcm",
                        "broken DOE_JANE".getBytes(StandardCharsets.UTF_8),
                        java.util.Map.of()));
        Api.Answer refused = api.post(named, "Prefer", "wait=30").expect(422);
        // The answer may come a moment before the worker's last line.
        long end = System.nanoTime() + 10_000_000_000L;
        while (!output.getAll().contains("evaluation ended") && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(output.getAll()).contains("evaluation ended");
        assertThat(output.getAll()
                        + refused.text()
                        + api.get(refused.header("Location")).text()
                        + api.get("/actuator/prometheus").text())
                .doesNotContain("DOE_JANE");
    }

    @Test
    void everyAnswerCarriesTheHeadersThatRestrainBrowsers() throws Exception {
        for (Api.Answer answer : List.of(
                api.get("/"),
                api.get("/api/v1/evaluations"),
                api.wrong("GET", "/nowhere"),
                api.wrong("PUT", "/api/v1/evaluations"),
                api.wrong("GET", "/api/v1/evaluations?limit=x"),
                api.get("/actuator/prometheus"),
                api.get("/livez"),
                api.get("/readyz"),
                api.get("/openapi.yaml"),
                api.postWrong(List.of(Api.Part.bytes("reference", new byte[(1 << 20) + 1]))))) {
            SafeHeaders.areIn(answer.exchange().uri().getPath(), answer::header);
            assertThat(answer.text()).doesNotContain("at org.", "Exception");
        }
        assertThat(api.wrong("PUT", "/api/v1/evaluations").expect(405).header("Allow"))
                .contains("GET")
                .contains("POST");
        assertThat(api.wrong("GET", "/nowhere").expect(404).problem()).isEqualTo("not-found");
        assertThat(api.wrong("GET", "/actuator/env").expect(404).problem()).isEqualTo("not-found");
        assertThat(api.wrong("GET", "/api/v1/evaluations", "Accept", "image/png")
                        .status())
                .isIn(200, 406);
    }

    @Test
    void evenAMalformedRequestIsAnsweredWithAProblem() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", service.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write("GET /{}<> HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400").contains("application/problem+json", "/problems/bad-request");
            assertThat(answer).doesNotContain("Tomcat", "<html");
        }
    }

    @Test
    void howTheLoopsAreRunIsInTheInfoAndInEveryScorecard() throws Exception {
        var scored = api.post(Api.pair(""), "Prefer", "wait=30").expect(200).json();
        var info = api.get("/actuator/info").expect(200).json();
        assertThat(scored.at("/engine/vector").asString()).isEqualTo("scalar");
        assertThat(info.at("/engine")).isEqualTo(scored.at("/engine"));
    }

    @Test
    void metricsHaveTheirNamesAndNoTextOfASender() throws Exception {
        api.post(Api.pair("{\"model\":{\"name\":\"Xyzzy\"}}"), "Prefer", "wait=30")
                .expect(200);
        String page = api.get("/actuator/prometheus").expect(200).text();
        assertThat(page)
                .contains(
                        "segmeter_build_info{",
                        "segmeter_uploads_in_progress",
                        "segmeter_upload_bytes_total",
                        "segmeter_jobs_submitted_total{source=\"rest\"}",
                        "segmeter_jobs_completed_total{outcome=\"ok\"}",
                        "segmeter_jobs{state=\"queued\"}",
                        "segmeter_job_queue_wait_seconds_bucket{",
                        "segmeter_job_stage_duration_seconds_count{size_class=\"small\",stage=\"decoding\"}",
                        "segmeter_job_oldest_queued_age_seconds",
                        "segmeter_job_last_completed_timestamp_seconds",
                        "segmeter_job_attempts_total{outcome=\"finished\"}",
                        "segmeter_job_fenced_writes_total",
                        "segmeter_workers 2.0",
                        "segmeter_workers_busy",
                        "segmeter_storage_free_bytes{volume=\"blobs\"}",
                        "segmeter_http_request_duration_seconds")
                .doesNotContain("Xyzzy");
    }

    @Test
    void protocolsCanBeAddedButNeverChanged() throws Exception {
        String id = "ours-" + UUID.randomUUID().toString().substring(0, 8);
        String document =
                "{\"id\":\"%s\",\"version\":1,\"title\":\"t\",\"geometry\":\"strict\",\"metrics\":[{\"name\":\"%s\"}]}";
        Api.Answer added = api.postJson("/api/v1/protocols", document.formatted(id, "dice"))
                .expect(201);
        assertThat(api.get(added.header("Location")).expect(200).json()).isEqualTo(added.json());
        api.postJson("/api/v1/protocols", document.formatted(id, "dice")).expect(200);
        assertThat(api.postJson("/api/v1/protocols", document.formatted(id, "jaccard"))
                        .expect(409)
                        .problem())
                .isEqualTo("protocol-exists");
        JsonNode card = api.post(Api.pair("{\"protocol\":\"" + id + "@1\"}"), "Prefer", "wait=30")
                .expect(200)
                .json();
        assertThat(card.at("/protocol/sha256").asString())
                .isEqualTo(added.json().path("sha256").asString());
        assertThat(api.get("/api/v1/protocols").json().path("protocols").size()).isGreaterThan(1);
        assertThat(api.get("/api/v1/metrics").json().path("metrics").size()).isGreaterThan(10);
    }

    @Test
    void queryParametersAreCheckedByName() throws Exception {
        for (String query :
                List.of("limit=0", "limit=x", "state=DONE", "from=yesterday", "modle=x", "cursor=abc", "model=")) {
            Api.Answer refused =
                    api.wrong("GET", "/api/v1/evaluations?" + query).expect(400);
            assertThat(refused.problem()).isIn("invalid-parameter", "invalid-cursor");
            assertThat(refused.json().path("detail").asString()).contains(query.substring(0, query.indexOf('=')));
        }
    }

    private static double fenced() {
        return service.bean(io.micrometer.core.instrument.MeterRegistry.class)
                .get("segmeter.job.fenced.writes")
                .counter()
                .count();
    }

    private static long count(String table) {
        return service.bean(JdbcClient.class)
                .sql("select count(*) from " + table)
                .query(Long.class)
                .single();
    }
}
