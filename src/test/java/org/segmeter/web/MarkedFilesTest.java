package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.SegFixture;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/**
 * What could name a patient is marked on its way in (names in DICOM, free text of NIfTI headers, file names, User-Agent, addresses) and
 * then looked for in everything that goes out: log lines, metrics, answers, the database, names of files.
 */
class MarkedFilesTest {

    /** In names of patients and readers. */
    private static final String PERSON = "MARKQ7PERSON";

    /** In what comes with a file: its name, and free text of its header. */
    private static final String FILE = "MARKQ7FILE";

    /** In names of files of an archive, which the list of its batch has, and nothing else. */
    private static final String NAME = "MARKQ7NAME";

    /** In what comes with a request. */
    private static final String REQUEST = "MARKQ7REQUEST";

    private static Api api;
    private static DicomWeb pacs;
    private static LogLines lines;

    @BeforeAll
    static void listen() throws Exception {
        api = Service.shared().api();
        pacs = new DicomWeb(Service.shared().port());
        lines = LogLines.listen();
    }

    @AfterAll
    static void stop() {
        lines.close();
    }

    @Test
    void nothingThatCouldNameAPatientComesOutWhereItWasNotAskedFor() throws Exception {
        List<String> answers = new ArrayList<>();
        List<Api.Part> plain = Api.pair("");
        Api.Part nifti = new Api.Part(
                "prediction", FILE + ".nii", marked(plain.getFirst().content()), Map.of());
        Api.Part reference =
                new Api.Part("reference", FILE + ".dcm", plain.get(1).content(), Map.of());
        Api.Answer scored = api.post(List.of(nifti, reference), "Prefer", "wait=30", "User-Agent", REQUEST)
                .expect(200);
        answers.add(scored.text());
        String location = scored.header("Location");
        for (String document : List.of("", "/verify", "/fragility", "/slices", "/scorecard")) {
            answers.add(api.get(location + document).text());
        }
        byte[] cut = Arrays.copyOf(nifti.content(), 500);
        byte[] wrong = nifti.content().clone();
        Arrays.fill(wrong, 70, 72, (byte) 99); // datatype
        for (byte[] content : List.of(cut, wrong)) {
            Api.Answer refused = api.post(
                    List.of(new Api.Part("prediction", FILE + ".nii", content, Map.of()), reference),
                    "Prefer",
                    "wait=30");
            assertThat(refused.status()).isEqualTo(422);
            answers.add(refused.text());
        }
        answers.add(api.postWrong(List.of(new Api.Part("other", FILE, new byte[] {1}, Map.of())))
                .text());

        String study = SegFixture.uid();
        SegFixture ai = SegFixture.ai(study)
                .patient(PERSON + "^A")
                .creator(PERSON + "^B")
                .liver(0);
        SegFixture corrected = SegFixture.corrected(study)
                .patient(PERSON + "^A")
                .creator(PERSON + "^C")
                .liver(1);
        DicomWeb.Answer kept = pacs.store(ai.bytes(), corrected.bytes());
        assertThat(kept.status()).isEqualTo(200);
        answers.add(kept.text() + kept.headers().map());
        String pair =
                PairingTest.reached(study, "SCORED").path("links").path("self").asString();
        answers.add(api.get(pair).text());
        answers.add(api.get("/fhir/Observation?derived-from=" + study).text());
        byte[] broken = Arrays.copyOf(ai.bytes(), ai.bytes().length - 40);
        answers.add(pacs.store(broken).text());
        assertThat(pacs.get("/studies/" + study + "/metadata").text())
                .as("asked for as DICOM it is there")
                .contains(PERSON);

        api.wrong("GET", "/" + REQUEST, "User-Agent", REQUEST, "Authorization", "Bearer " + REQUEST);
        api.wrong("GET", "/api/v1/evaluations?case=" + REQUEST + "%00");
        api.wrong("GET", "/dicom-web/studies?PatientName=" + REQUEST);

        answers.addAll(ofAnArchive());
        for (String path : List.of(
                "/api/v1/results?format=csv",
                "/api/v1/results?format=jsonl",
                "/api/v1/evaluations",
                "/api/v1/pairs?study=" + study,
                "/api/v1/models",
                "/api/v1/aggregates?metric=dice",
                "/fhir/Observation?_count=5",
                "/actuator/info")) {
            answers.add(api.get(path).text());
        }
        answers.add(api.postJson(
                        "/api/v1/pairing-rules/dry-run",
                        api.get("/api/v1/pairing-rules").text())
                .expect(200)
                .text());
        String metrics = api.get("/actuator/prometheus").text();
        Set<String> marks = Set.of(PERSON, FILE, REQUEST, NAME);
        assertThat(lines.all())
                .as("log lines")
                .hasSizeGreaterThan(5)
                .allSatisfy(line -> assertThat(line).doesNotContain(marks));
        assertThat(metrics).contains("segmeter_").doesNotContain(marks);
        assertThat(answers)
                .hasSizeGreaterThan(22)
                .allSatisfy(answer -> assertThat(answer).doesNotContain(PERSON, FILE));
        theDatabaseHasThemNowhere(Set.of(PERSON, FILE, REQUEST));
        noFileIsNamedAfterThem(marks);
    }

    /** Files of patients whom their names name: one is scored, one is no file, one has no counterpart. */
    private static List<String> ofAnArchive() throws Exception {
        byte[] mask = Files.readAllBytes(Api.SAMPLES.resolve("s01_binary_single.nii.gz"));
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(archive)) {
            for (String name : List.of("prediction/a", "reference/a", "prediction/b", "reference/b", "prediction/c")) {
                zip.putNextEntry(new ZipEntry(name + NAME + ".nii.gz"));
                zip.write(name.equals("reference/b") ? new byte[] {1, 2, 3} : marked(mask));
            }
        }
        Api.Answer batch = api.postBody(
                        "/api/v1/batches", "application/zip", archive.toByteArray(), "Prefer", "wait=60")
                .expect(200);
        JsonNode links = batch.json().path("links");
        assertThat(batch.json().at("/items/succeeded").asInt()).isEqualTo(1);
        assertThat(batch.json().at("/items/failed").asInt()).isEqualTo(2);
        String items = api.get(links.path("items").asString()).text();
        assertThat(items).as("whoever sent them finds them by their names").contains(NAME);
        return List.of(batch.text(), items);
    }

    /** What pairing needs of who read, and searches of whose study it is, are pseudonyms there, and sealed. */
    private static void theDatabaseHasThemNowhere(Set<String> marks) throws Exception {
        JdbcClient sql = Service.shared().bean(JdbcClient.class);
        List<String> tables = sql.sql("select table_name from information_schema.tables"
                        + " where table_schema = current_schema() and table_type = 'BASE TABLE'")
                .query(String.class)
                .list();
        assertThat(tables).hasSizeGreaterThan(15).contains("dicom_instance");
        for (String table : tables) {
            for (String mark : marks) {
                assertThat(sql.sql("select count(*) from " + table + " t where lower(t::text) like lower(:mark)")
                                .param("mark", "%" + mark + "%")
                                .query(Long.class)
                                .single())
                        .as("%s in %s", mark, table)
                        .isZero();
            }
        }
    }

    private static void noFileIsNamedAfterThem(Set<String> marks) throws Exception {
        Path data = Path.of(Service.shared()
                .bean(org.springframework.core.env.Environment.class)
                .getRequiredProperty("segmeter.data-directory"));
        try (Stream<Path> files = Files.walk(data)) {
            assertThat(files.map(Path::toString).toList())
                    .hasSizeGreaterThan(20)
                    .allSatisfy(name -> assertThat(name).doesNotContain(marks));
        }
    }

    /** Uncompressed, with the free text of a NIfTI-1 header marked: data_type, db_name, descrip, aux_file, intent_name. */
    private static byte[] marked(byte[] compressed) throws Exception {
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        try (GZIPInputStream content = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
            content.transferTo(plain);
        }
        byte[] file = plain.toByteArray();
        for (int[] field : new int[][] {{4, 10}, {14, 18}, {148, 80}, {228, 24}, {328, 16}}) {
            byte[] mark = FILE.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(mark, 0, file, field[0], Math.min(mark.length, field[1]));
        }
        return file;
    }
}
