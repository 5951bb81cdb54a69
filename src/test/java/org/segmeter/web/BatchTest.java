package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.dicom.ImageFixture;
import org.segmeter.format.dicom.SegFixture;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Many pairs in one request: every pair is an evaluation, once, and what is wrong with one is told at that one. */
class BatchTest {

    private static final String NIFTI = "s01_binary_single.nii.gz";
    private static final String PERTURBED = "s01_binary_single.perturbed.nii.gz";
    private static final String SEG = "s01_binary_single.dcm";

    @TempDir
    private static Path directory;

    private static Path root;
    private static Service service;
    private static ImageArchive images;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        root = Files.createDirectory(directory.resolve("mounted"));
        images = new ImageArchive();
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        service = Service.start(
                Files.createDirectory(directory.resolve("data")),
                "--server.port=" + port,
                // It is a PACS to itself.
                "--segmeter.pacs.sources.self.url=http://127.0.0.1:" + port + "/dicom-web",
                "--segmeter.pacs.sources.archive.url=" + images.url(),
                "--segmeter.batch.roots.mounted=" + root,
                "--segmeter.queue-limit=2");
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.stop();
        images.close();
    }

    private static String scored(SegFixture prediction, SegFixture reference) throws InterruptedException {
        List<Api.Part> pair = List.of(
                Api.Part.bytes("prediction", prediction.bytes()), Api.Part.bytes("reference", reference.bytes()));
        long end = System.nanoTime() + 60_000_000_000L;
        Api.Answer answer = api.post(pair, "Prefer", "wait=30");
        // The queue is short here, and the items of other tests' batches may fill it.
        while (answer.status() == 503 && System.nanoTime() < end) {
            Thread.sleep(50);
            answer = api.post(pair, "Prefer", "wait=30");
        }
        return answer.expect(200).header("Location");
    }

    @Test
    void theSeriesThatASegmentationNamesIsFetchedForWhoeverLooksAtIt() throws Exception {
        String study = SegFixture.uid();
        String series = SegFixture.uid();
        double[][] upright = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        images.put(
                study,
                series,
                new ImageFixture(
                                new int[] {24, 20, 8},
                                new double[] {1, 1, 2},
                                upright,
                                new double[] {-10, -20, 0},
                                (left, back, head) -> 10 * (left + 10))
                        .with(0x0028_1050, "120")
                        .with(0x0028_1051, "240")
                        .files());
        String case_ = scored(
                SegFixture.ai(study).referencedSeries(series).liver(0),
                SegFixture.corrected(study).referencedSeries(series).liver(1));
        assertThat(api.get(case_).json().at("/links/image").asString()).isEqualTo(case_ + "/image");
        assertThat(images.retrieved()).as("nobody has looked yet").isZero();
        JsonNode told = api.get(case_ + "/image").expect(200).json();
        assertThat(told.path("voxels").toString()).isEqualTo("[24,20,8]");
        assertThat(told.path("window").toString()).contains("120").contains("240");
        BufferedImage picture = ImageIO.read(new ByteArrayInputStream(api.get(case_ + "/image.png?plane=axial&index=2")
                .expect(200)
                .exchange()
                .body()));
        for (int column = 0; column < picture.getWidth() - 1; column++) {
            // Ten Hounsfield units more for each pixel to the left of the patient, which is on the right.
            assertThat((picture.getRGB(column + 1, 3) & 255) - (picture.getRGB(column, 3) & 255))
                    .isBetween(10, 11);
        }
        assertThat(images.retrieved()).as("fetched once").isEqualTo(8);

        String unknown = scored(
                SegFixture.ai(study).referencedSeries(SegFixture.uid()).liver(0),
                SegFixture.corrected(study).referencedSeries(null).liver(1));
        assertThat(api.get(unknown + "/image").expect(404).problem()).isEqualTo("image-not-found");
        images.put(study, "1.2.3.4.6", List.of());
        String broken = scored(
                SegFixture.ai(study).liver(0), SegFixture.corrected(study).liver(2));
        assertThat(api.get(broken + "/image").expect(502).problem()).isEqualTo("source-failed");
        images.put(study, "1.2.3.4.6", List.of("no image".getBytes(StandardCharsets.US_ASCII)));
        assertThat(api.get(broken + "/image").expect(422).problem()).isEqualTo("unrecognised-format");
    }

    private static byte[] sample(String name) throws IOException {
        return Files.readAllBytes(Api.SAMPLES.resolve(name));
    }

    private static byte[] tar(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(content);
        }
        return bytes.toByteArray();
    }

    private static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    /** Submits it and waits for its end. */
    private static JsonNode done(String query, String type, byte[] body) {
        return api.postBody("/api/v1/batches" + query, type, body, "Prefer", "wait=60")
                .expect(200)
                .json();
    }

    private static JsonNode items(JsonNode batch) {
        return api.get(batch.path("links").path("items").asString())
                .expect(200)
                .json()
                .path("items");
    }

    private static JsonNode evaluation(JsonNode item) {
        return api.get(item.path("evaluation").asString()).expect(200).json();
    }

    private static Map<String, byte[]> folders() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("cases/prediction/a.nii.gz", sample(NIFTI));
        files.put("cases/prediction/b.nii.gz", sample(PERTURBED));
        files.put("cases/prediction/alone.nii.gz", sample(NIFTI));
        files.put("cases/reference/a.nii.gz", sample(NIFTI));
        files.put("cases/reference/b.dcm", sample(SEG));
        files.put("cases/reference/other.nii.gz", sample(NIFTI));
        files.put("cases/prediction/._a.nii.gz", new byte[] {1});
        return files;
    }

    @Test
    void filesOfTheSameNameInTwoFoldersAreScoredAndWhatHasNoCounterpartIsTold() throws Exception {
        for (byte[] archive : List.of(tar(folders()), gzip(tar(folders())), zip(folders()))) {
            JsonNode batch = done("?model=liver-net&version=2", "application/octet-stream", archive);
            assertThat(batch.path("state").asString()).isEqualTo("DONE");
            assertThat(batch.path("items").path("succeeded").asInt()).isEqualTo(2);
            assertThat(batch.path("items").path("failed").asInt()).isEqualTo(2);
            assertThat(batch.path("items").path("total").asInt()).isEqualTo(4);
            JsonNode items = items(batch);
            assertThat(items)
                    .extracting(item -> item.path("caseId").asString())
                    .containsExactly("a", "alone", "b", "other");
            assertThat(items)
                    .extracting(item -> item.path("problem").path("type").asString(""))
                    .containsExactly("", "/problems/no-counterpart", "", "/problems/no-counterpart");
            assertThat(items.get(1).path("problem").path("side").asString()).isEqualTo("reference");
            JsonNode first = evaluation(items.get(0));
            assertThat(first.path("model").path("name").asString()).isEqualTo("liver-net");
            assertThat(first.path("model").path("version").asString()).isEqualTo("2");
            assertThat(first.path("caseId").asString()).isEqualTo("a");
            assertThat(first.path("scorecard")
                            .path("segments")
                            .get(0)
                            .path("metrics")
                            .path("dice")
                            .path("value")
                            .asDouble())
                    .isEqualTo(1);
            assertThat(api.get(batch.path("links").path("failures").asString())
                            .json()
                            .path("items"))
                    .hasSize(2);
        }
    }

    @Test
    void aManifestNamesFilesOfTheArchiveTheStoreAndTheMountedRoots() throws Exception {
        Files.write(Files.createDirectories(root.resolve("north")).resolve("p.nii.gz"), sample(PERTURBED));
        Files.write(directory.resolve("secret.nii.gz"), sample(NIFTI));
        Files.createSymbolicLink(root.resolve("link.nii.gz"), directory.resolve("secret.nii.gz"));
        String stored = api.post(Api.pair(""), "Prefer", "wait=60")
                .expect(200)
                .json()
                .path("prediction")
                .path("sha256")
                .asString();
        String manifest = """
            case,prediction,reference,model,version,site,scanner,reader,label.batch,labels
            one,sub/p.nii.gz,sub/r.dcm,net,1,north,Alpha 3T,R1,x,"k=v;w=1"
            two,sha256:%s,mounted:north/p.nii.gz,net,1,,,,,
            three,mounted:../secret.nii.gz,sub/r.dcm,net,1,,,,,
            four,mounted:link.nii.gz,sub/r.dcm,net,1,,,,,
            five,absent.nii.gz,sub/r.dcm,net,1,,,,,
            six,sha256:%s,sub/r.dcm,net,1,,,,,
            seven,dicomweb:main/studies/1,sub/r.dcm,net,1,,,,,
            eight,mounted:nothing.nii.gz,sub/r.dcm,net,1,,,,,
            nine,/etc/passwd,sub/r.dcm,net,1,,,,,
            """.formatted(stored, "0".repeat(64));
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("sub/p.nii.gz", sample(NIFTI));
        files.put("sub/r.dcm", sample(SEG));
        JsonNode batch = api.postForm(
                        "/api/v1/batches",
                        List.of(
                                new Api.Part(
                                        "manifest",
                                        "manifest.csv",
                                        manifest.getBytes(StandardCharsets.UTF_8),
                                        Map.of()),
                                Api.Part.bytes("archive", tar(files)),
                                Api.Part.text("request", "{\"protocol\":[\"monai@1\"]}")))
                .expect(202)
                .json();
        JsonNode over = finished(batch);
        JsonNode items = items(over);
        assertThat(items)
                .extracting(
                        item -> item.path("problem").path("type").asString("").replace("/problems/", ""))
                .containsExactly(
                        "",
                        "",
                        "unsupported-source",
                        "unsupported-source",
                        "missing-file",
                        "missing-file",
                        "unsupported-source",
                        "missing-file",
                        "missing-file");
        JsonNode one = evaluation(items.get(0));
        assertThat(one.path("site").asString()).isEqualTo("north");
        assertThat(one.path("labels").toString())
                .isEqualTo("{\"k\":\"v\",\"w\":\"1\",\"batch\":\"x\",\"reader\":\"R1\",\"scanner\":\"Alpha 3T\"}");
        assertThat(one.path("protocols").toString()).isEqualTo("[\"monai@1\"]");
        assertThat(evaluation(items.get(1)).path("state").asString()).isEqualTo("SUCCEEDED");

        // What was mounted meanwhile is found when the failed ones are tried again; the others fail as before.
        Files.write(root.resolve("nothing.nii.gz"), sample(NIFTI));
        JsonNode retried = api.postBody(
                        over.path("links").path("self").asString() + "/retry", "application/json", new byte[0])
                .expect(202)
                .json();
        assertThat(retried.path("retried").asInt()).isEqualTo(7);
        JsonNode again = finished(over);
        assertThat(again.path("items").path("succeeded").asInt()).isEqualTo(3);
        assertThat(again.path("items").path("failed").asInt()).isEqualTo(6);
    }

    @Test
    void aSideCanBeInAPacsOfTheConfiguration() throws Exception {
        DicomWeb web = new DicomWeb(service.port());
        assertThat(web.store(sample(SEG)).status()).isBetween(200, 202);
        JsonNode instance = web.get("/instances").json().get(0);
        String study = instance.at("/0020000D/Value/0").asString();
        String series = instance.at("/0020000E/Value/0").asString();
        String csv = """
            case,prediction,reference
            a,mounted:p.nii.gz,dicomweb:self/studies/%1$s/series/%2$s
            b,mounted:p.nii.gz,dicomweb:self/studies/%1$s/series/1.2.3
            c,mounted:p.nii.gz,dicomweb:other/studies/%1$s/series/%2$s
            """.formatted(study, series);
        Files.write(root.resolve("p.nii.gz"), sample(NIFTI));
        JsonNode items = items(done("", "text/csv", csv.getBytes(StandardCharsets.UTF_8)));
        assertThat(items)
                .extracting(item -> item.path("state").asString() + " "
                        + item.path("problem").path("type").asString("").replace("/problems/", ""))
                .containsExactly("SUCCEEDED ", "FAILED missing-file", "FAILED unsupported-source");
    }

    @Test
    void whoWaitsForAPacsThatDoesNotAnswerHoldsUpNobody() throws Exception {
        Files.write(root.resolve("q.nii.gz"), sample(NIFTI));
        String csv = "prediction,reference\nmounted:q.nii.gz,dicomweb:archive/studies/1.2/series/1.3\n";
        images.hold("1.2");
        JsonNode hanging = api.postBody("/api/v1/batches", "text/csv", csv.getBytes(StandardCharsets.UTF_8))
                .expect(202)
                .json();
        try {
            images.awaitHeld();
            done(
                    "",
                    "text/csv",
                    "prediction,reference\nmounted:q.nii.gz,mounted:q.nii.gz\n".getBytes(StandardCharsets.UTF_8));
            // What else comes again in the service: pairs are followed.
            DicomWeb web = new DicomWeb(service.port());
            String study = SegFixture.uid();
            web.store(
                    SegFixture.ai(study).liver(0).bytes(),
                    SegFixture.corrected(study).liver(1).bytes());
            long end = System.nanoTime() + 30_000_000_000L;
            while (!api.get("/api/v1/pairs?study=" + study)
                    .json()
                    .at("/pairs/0/state")
                    .asString("")
                    .equals("SCORED")) {
                assertThat(System.nanoTime()).as("the pair is scored").isLessThan(end);
                Thread.sleep(50);
            }
            assertThat(images.isHeld()).isTrue();
            String path = hanging.path("links").path("self").asString();
            assertThat(api.get(path).json().path("state").asString()).isEqualTo("RUNNING");
        } finally {
            images.letGo();
        }
        assertThat(items(finished(hanging)))
                .extracting(item -> item.path("problem").path("type").asString(""))
                .containsExactly("/problems/source-failed");
    }

    private static JsonNode finished(JsonNode batch) throws InterruptedException {
        return api.finishedBatch(batch.path("links").path("self").asString());
    }

    @Test
    void aManifestThatCannotBeUsedIsRefusedWithItsLinesAndNothingIsStored() {
        String manifest = "case,prediction,reference,model\n"
                + "a,x,y,net\n"
                + "b,x\n"
                + "c,,y,net\n"
                + "d,x,y,\"" + "m".repeat(300) + "\"\n";
        JsonNode problem = api.postBody("/api/v1/batches", "text/csv", manifest.getBytes(StandardCharsets.UTF_8))
                .expect(422)
                .json();
        assertThat(problem.path("type").asString()).isEqualTo("/problems/invalid-manifest");
        assertThat(problem.path("errors"))
                .extracting(error ->
                        error.path("line").asInt() + " " + error.path("column").asString(""))
                .containsExactly("3 ", "4 prediction", "5 model");
        assertThat(api.postBody(
                                "/api/v1/batches",
                                "application/x-ndjson",
                                "{\"prediction\":\"a\"}\n[1]\n{".getBytes(StandardCharsets.UTF_8))
                        .expect(422)
                        .json()
                        .path("errors"))
                .extracting(error -> error.path("line").asInt())
                .containsExactly(1, 2, 3);
        assertThat(api.postBody(
                                "/api/v1/batches",
                                "text/csv",
                                "kase,prediction,reference\na,b,c\n".getBytes(StandardCharsets.UTF_8))
                        .expect(422)
                        .json()
                        .path("errors")
                        .get(0)
                        .path("column")
                        .asString())
                .isEqualTo("kase");
    }

    @Test
    void damagedArchivesAreRefusedByName() throws Exception {
        byte[] whole = tar(folders());
        for (byte[] bad : List.of(
                java.util.Arrays.copyOf(whole, whole.length / 3),
                java.util.Arrays.copyOf(gzip(whole), 2000),
                "no archive at all, but more than a block of text. ".repeat(50).getBytes(StandardCharsets.UTF_8),
                tar(Map.of("../up.nii.gz", new byte[] {1})),
                java.util.Arrays.copyOf(zip(folders()), 3000))) {
            assertThat(api.postBody("/api/v1/batches", "application/x-tar", bad)
                            .expect(422)
                            .problem())
                    .isEqualTo("malformed-archive");
        }
        assertThat(api.postBody("/api/v1/batches", "application/x-tar", tar(Map.of("readme.txt", new byte[] {1})))
                        .expect(422)
                        .problem())
                .isEqualTo("invalid-manifest");
    }

    @Test
    void aRepeatedSubmissionOfAKeyIsOneBatch() throws Exception {
        byte[] archive = tar(folders());
        String first = api.postBody(
                        "/api/v1/batches", "application/x-tar", archive, "Idempotency-Key", "batch-of-a-night")
                .expect(202)
                .header("Location");
        Api.Answer second = api.postBody(
                        "/api/v1/batches", "application/x-tar", archive, "Idempotency-Key", "batch-of-a-night")
                .expect(202);
        assertThat(second.header("Location")).isEqualTo(first);
        assertThat(second.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(api.postBody(
                                "/api/v1/batches?model=other",
                                "application/x-tar",
                                archive,
                                "Idempotency-Key",
                                "batch-of-a-night")
                        .expect(422)
                        .problem())
                .isEqualTo("idempotency-key-reused");
        finished(api.get(first).json());
    }

    @Test
    void moreItemsThanTheQueueTakesAreScoredOnceEach() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        int cases = 12;
        for (int i = 0; i < cases; i++) {
            files.put("pred/" + i + ".nii.gz", sample(NIFTI));
            files.put("labelsTs/" + i + ".nii.gz", sample(PERTURBED));
        }
        JsonNode batch = done("?protocol=monai@1", "application/x-tar", tar(files));
        assertThat(batch.path("items").path("succeeded").asInt()).isEqualTo(cases);
        assertThat(batch.path("itemsPerSecond").asDouble()).isPositive();
        JdbcClient sql = service.bean(JdbcClient.class);
        String id = batch.path("id").asString();
        assertThat(sql.sql("""
            select count(*) from scorecard where evaluation_id in (
                select evaluation_id from batch_item where batch_id = :id::uuid)\
            """).param("id", id).query(Integer.class).single()).isEqualTo(cases);
        assertThat(sql.sql("select count(*) from blob_use where used_by = :user")
                        .param("user", "batch:" + id)
                        .query(Integer.class)
                        .single())
                .isZero();

        // Two pages of items, then it is forgotten with its evaluations.
        JsonNode page = api.get("/api/v1/batches/" + id + "/items?limit=9&state=SUCCEEDED")
                .json();
        assertThat(page.path("items")).hasSize(9);
        assertThat(api.get("/api/v1/batches/" + id + "/items?limit=9&cursor="
                                + page.path("nextCursor").asString())
                        .json()
                        .path("items"))
                .hasSize(3);
        String one = page.path("items").get(0).path("evaluation").asString();
        api.delete("/api/v1/batches/" + id + "?evaluations=remove").expect(204);
        api.get("/api/v1/batches/" + id).expect(404);
        api.get(one).expect(404);
    }

    @Test
    void theStreamOfEventsTellsTheFailuresAndResumesBehindTheLastOneSeen() throws Exception {
        JsonNode batch = done("", "application/x-tar", tar(folders()));
        String events = batch.path("links").path("events").asString();
        String all = stream(events, "0");
        assertThat(all).containsSubsequence("event: item-failed", "event: item-failed", "event: done");
        List<String> ids = all.lines().filter(line -> line.startsWith("id: ")).toList();
        assertThat(ids).hasSize(3);
        String rest = stream(events, ids.get(1).substring(4));
        assertThat(rest).doesNotContain("item-failed").contains("event: done");
        assertThat(stream(events, ids.get(2).substring(4))).doesNotContain("id: ");
    }

    private static String stream(String path, String lastSeen) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
                                .header("Last-Event-ID", lastSeen)
                                .timeout(Duration.ofSeconds(60))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void whatIsCancelledIsScoredNoLonger() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = 0; i < 40; i++) {
            files.put("prediction/" + i + ".nii.gz", sample(NIFTI));
            files.put("reference/" + i + ".nii.gz", sample(PERTURBED));
        }
        String location = api.postBody("/api/v1/batches", "application/x-tar", tar(files))
                .expect(202)
                .header("Location");
        JsonNode cancelled = api.delete(location).expect(200).json();
        assertThat(cancelled.path("state").asString()).isEqualTo("CANCELLED");
        assertThat(cancelled.path("items").path("waiting").asInt()).isZero();
        assertThat(api.get("/api/v1/batches?limit=1")
                        .json()
                        .path("batches")
                        .get(0)
                        .path("id")
                        .asString())
                .isEqualTo(cancelled.path("id").asString());
        assertThat(api.postBody(location + "/retry", "application/json", new byte[0])
                        .expect(202)
                        .json()
                        .path("retried")
                        .asInt())
                .isZero();
    }

    /** Two cases that are scored, one by names that a spreadsheet would take for formulas, and one that cannot be. */
    private static JsonNode scored() throws Exception {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("p/a.nii.gz", sample(NIFTI));
        files.put("p/b.nii.gz", sample(PERTURBED));
        files.put("r/a.nii.gz", sample(NIFTI));
        files.put("manifest.jsonl", """
            {"case":"a","prediction":"p/a.nii.gz","reference":"r/a.nii.gz","model":{"name":"net","version":"1"},"site":"n"}
            {"case":"=1+1","prediction":"p/b.nii.gz","reference":"r/a.nii.gz","scanner":"+S","reader":"R, \\"1\\"","labels":{"k":"v"}}
            {"case":"c","prediction":"p/c.nii.gz","reference":"r/a.nii.gz"}
            """.getBytes(StandardCharsets.UTF_8));
        JsonNode batch = done("?protocol=nnunet@1", "application/zip", zip(files));
        assertThat(batch.path("items").path("succeeded").asInt()).isEqualTo(2);
        return batch;
    }

    private static String results(JsonNode batch, String query, String... headers) {
        return api.get(batch.path("links").path("results").asString() + query, headers)
                .expect(200)
                .text();
    }

    @Test
    void resultsAreATableOfValuesOrOfSegmentsOrWhatOtherProgramsRead() throws Exception {
        JsonNode batch = scored();
        List<String> tidy = results(batch, "").lines().toList();
        assertThat(tidy.getFirst())
                .isEqualTo("case,model,version,site,scanner,reader,labels,prediction,reference,protocol,segment,"
                        + "label,metric,parameters,value,unit,state,reason");
        assertThat(tidy).hasSize(1 + 2 * 2 * 8 + 1);
        assertThat(tidy.subList(1, 9))
                .containsExactly(
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,tp,,8462,1,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,fp,,0,1,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,fn,,0,1,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,tn,,73458,1,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,dice,,1,1,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,jaccard,,1,1,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,volume_prediction_ml,,57.1185,ml,OK,",
                        "a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,volume_reference_ml,,57.1185,ml,OK,");
        assertThat(tidy.get(9)).isEqualTo("a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,all,,tp,,8462,1,OK,");
        assertThat(tidy.get(21))
                .isEqualTo("'=1+1,,,,'+S,\"R,"
                        + " \"\"1\"\"\",k=v,p/b.nii.gz,r/a.nii.gz,nnunet@1,1,1,dice,,0.9064859401938054,1,OK,");
        assertThat(tidy.getLast())
                .isEqualTo("c,,,,,,,p/c.nii.gz,r/a.nii.gz,,,,,,,,FAILED,The archive has no file of this name.");

        assertThat(results(batch, "?format=wide")).isEqualTo("""
            case,model,version,site,scanner,reader,labels,prediction,reference,protocol,segment,label,state,reason,dice,fn,fp,jaccard,tn,tp,volume_prediction_ml,volume_reference_ml
            a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,1,1,SUCCEEDED,,1,0,0,1,73458,8462,57.1185,57.1185
            a,net,1,n,,,,p/a.nii.gz,r/a.nii.gz,nnunet@1,all,,SUCCEEDED,,1,0,0,1,73458,8462,57.1185,57.1185
            '=1+1,,,,'+S,"R, ""1\""\",k=v,p/b.nii.gz,r/a.nii.gz,nnunet@1,1,1,SUCCEEDED,,0.9064859401938054,838,735,0.8289659671632054,72723,7624,56.42325,57.1185
            '=1+1,,,,'+S,"R, ""1\""\",k=v,p/b.nii.gz,r/a.nii.gz,nnunet@1,all,,SUCCEEDED,,0.9064859401938054,838,735,0.8289659671632054,72723,7624,56.42325,57.1185
            c,,,,,,,p/c.nii.gz,r/a.nii.gz,,,,FAILED,The archive has no file of this name.,,,,,,,,
            """);

        assertThat(results(batch, "?format=nnunet")).isEqualTo("""
            {
                "foreground_mean": {
            %1$s
                },
                "mean": {
                    "1": {
            %2$s
                    }
                },
                "metric_per_case": [
                    {
                        "metrics": {
                            "1": {
            %3$s
                            }
                        },
                        "prediction_file": "p/a.nii.gz",
                        "reference_file": "r/a.nii.gz"
                    },
                    {
                        "metrics": {
                            "1": {
            %4$s
                            }
                        },
                        "prediction_file": "p/b.nii.gz",
                        "reference_file": "r/a.nii.gz"
                    }
                ]
            }
            """.formatted(
                nnunet(
                        8,
                        "0.9532429700969027",
                        "419.0",
                        "367.5",
                        "0.9144829835816026",
                        "73090.5",
                        "8043.0",
                        "8410.5",
                        "8462.0"),
                nnunet(
                        12,
                        "0.9532429700969027",
                        "419.0",
                        "367.5",
                        "0.9144829835816026",
                        "73090.5",
                        "8043.0",
                        "8410.5",
                        "8462.0"),
                nnunet(20, "1.0", "0", "0", "1.0", "73458", "8462", "8462", "8462"),
                nnunet(20, "0.9064859401938054", "838", "735", "0.8289659671632054", "72723", "7624", "8359", "8462")));

        String metrics = results(batch, "", "Accept", "application/json");
        JsonNode challenge = Api.JSON.readTree(metrics);
        assertThat(challenge.at("/aggregates/dice").toString())
                .isEqualTo(
                        "{\"count\":2,\"mean\":0.9532429700969027,\"std\":0.06612442582524468,\"min\":0.9064859401938054,"
                                + "\"25%\":0.929864455145354,\"50%\":0.9532429700969027,\"75%\":0.9766214850484514,\"max\":1.0}");
        assertThat(challenge.at("/structures/1/dice")).isEqualTo(challenge.at("/aggregates/dice"));
        assertThat(challenge.at("/results/1/metrics/jaccard").asDouble()).isEqualTo(0.8289659671632054);
        assertThat(challenge.at("/results/2/state").asString()).isEqualTo("FAILED");

        List<JsonNode> lines = results(batch, "", "Accept", "application/x-ndjson")
                .lines()
                .map(Api.JSON::readTree)
                .toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1).path("case").asString()).isEqualTo("=1+1");
        assertThat(lines.get(1).path("scorecard"))
                .isEqualTo(api.get("/api/v1/evaluations/"
                                + lines.get(1).path("evaluation").asString() + "/scorecard")
                        .json());
        assertThat(lines.get(2).path("reason").asString()).isEqualTo("The archive has no file of this name.");
        assertThat(api.wrong("GET", batch.path("links").path("results").asString(), "Accept", "image/png")
                        .expect(406)
                        .problem())
                .isEqualTo("not-acceptable");
    }

    private static String nnunet(int indent, String... values) {
        String[] names = {"Dice", "FN", "FP", "IoU", "TN", "TP", "n_pred", "n_ref"};
        List<String> lines = new java.util.ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            lines.add(" ".repeat(indent) + "\"" + names[i] + "\": " + values[i]);
        }
        return String.join(",\n", lines);
    }
}
