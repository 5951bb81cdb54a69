package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Calendar;
import java.util.HexFormat;
import java.util.List;
import java.util.SimpleTimeZone;
import java.util.TimeZone;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.pacs.StoredInstances;
import org.w3c.dom.Document;
import tools.jackson.databind.JsonNode;

/** STOW-RS, QIDO-RS and WADO-RS against the statuses, data sets and bytes that PS3.18 prescribes. */
class DicomWebTest {

    private static final Path SAMPLES = Path.of("src/test/resources/org/segmeter/format/dicom");
    private static final String FAILED = "00081198";
    private static final String STORED = "00081199";
    private static final String OTHERS = "0008119A";
    private static final String SOP_INSTANCE = "00081155";
    private static final String REASON = "00081197";

    private static DicomWeb pacs;

    @BeforeAll
    static void start() throws Exception {
        pacs = new DicomWeb(Service.shared().port());
    }

    @Test
    void everyRealSegmentationIsGivenBackByteForByte() throws Exception {
        int stored = 0;
        for (Path file : samples("seg", "derived")) {
            byte[] content = Files.readAllBytes(file);
            if (content.length > 900_000) {
                continue; // this service's limit is 1 MB
            }
            DicomWeb.Answer answer = pacs.store(content);
            assertThat(answer.status()).as(file + answer.text()).isIn(200, 202);
            String url = answer.of(STORED, "00081190").getFirst();
            String path = url.substring(url.indexOf("/studies/"));
            DicomWeb.Answer back = pacs.get(path, "Accept", "application/dicom");
            assertThat(back.status()).isEqualTo(200);
            assertThat(sha256(back.body())).as(file.toString()).isEqualTo(sha256(content));
            DicomWeb.Answer multipart = pacs.get(path, "Accept", "multipart/related; type=\"application/dicom\"");
            assertThat(parts(multipart))
                    .singleElement()
                    .satisfies(part -> assertThat(part).isEqualTo(content));
            DicomWeb.Answer metadata = pacs.get(path + "/metadata", "Accept", "application/dicom+json");
            assertThat(metadata.json()
                            .path(0)
                            .path("00080018")
                            .path("Value")
                            .path(0)
                            .asString())
                    .isEqualTo(path.substring(path.lastIndexOf('/') + 1));
            assertThat(metadata.json().path(0).path("00620002").path("Value").size())
                    .isPositive();
            stored++;
        }
        assertThat(stored).as("samples stored").isGreaterThan(20);
    }

    @Test
    void aSegmentationIsStoredHoweverItsSenderWritesTheRequest() {
        for (String type : List.of(
                "multipart/related; type=\"application/dicom\"; boundary=b1",
                "multipart/related; type=application/dicom; boundary=b1",
                "multipart/related;boundary=\"b1\";type=\"application/dicom\"",
                "Multipart/Related; Boundary=b1; Type=APPLICATION/DICOM",
                "multipart/related; boundary=b1")) {
            SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
            DicomWeb.Answer answer = pacs.post("/studies", type, DicomWeb.body("b1", seg.bytes()));
            assertThat(answer.status()).as(type + answer.text()).isEqualTo(200);
            assertThat(answer.of(STORED, SOP_INSTANCE)).containsExactly(seg.sop());
        }
        // As Orthanc sends it: a boundary of two UUIDs, and a line break before the first one.
        String boundary = "0b5e4bb5-87a0-4a45-ad2d-a4f0d1ef3ea7-5a6ba3e5-2fe5-4ab0-a5a8-3e2b4d2d7c11";
        SegFixture orthanc = SegFixture.ai(SegFixture.uid()).liver(0);
        byte[] body = ("\r\n" + new String(DicomWeb.body(boundary, orthanc.bytes()), StandardCharsets.ISO_8859_1))
                .getBytes(StandardCharsets.ISO_8859_1);
        assertThat(pacs.postChunked(
                                "/studies", "multipart/related; type=\"application/dicom\"; boundary=" + boundary, body)
                        .status())
                .isEqualTo(200);
        SegFixture chunked = SegFixture.ai(SegFixture.uid()).liver(0);
        assertThat(pacs.postChunked(
                                "/studies",
                                "multipart/related; type=\"application/dicom\"; boundary=b1",
                                DicomWeb.body("b1", chunked.bytes()))
                        .status())
                .isEqualTo(200);
        SegFixture bare = SegFixture.ai(SegFixture.uid()).liver(0);
        assertThat(pacs.post("/studies", "application/dicom", bare.bytes()).of(STORED, SOP_INSTANCE))
                .containsExactly(bare.sop());
    }

    @Test
    void theAnswerSaysWhatWasStoredAndWhere() {
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        DicomWeb.Answer answer = pacs.store("/studies/" + seg.study, seg.bytes());
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).isEqualTo("application/dicom+json");
        assertThat(answer.header("Content-Location")).endsWith("/dicom-web/studies/" + seg.study);
        JsonNode json = answer.json();
        assertThat(json.propertyNames()).containsExactlyInAnyOrder("00081190", STORED);
        assertThat(json.path("00081190").path("vr").asString()).isEqualTo("UR");
        assertThat(answer.of(STORED, "00081150")).containsExactly("1.2.840.10008.5.1.4.1.1.66.4");
        assertThat(answer.of(STORED, "00081190").getFirst())
                .endsWith("/studies/" + seg.study + "/series/" + seg.series() + "/instances/" + seg.sop());
        DicomWeb.Answer ofTwo = pacs.store(
                SegFixture.ai(SegFixture.uid()).liver(0).bytes(),
                SegFixture.ai(SegFixture.uid()).liver(0).bytes());
        assertThat(ofTwo.header("Content-Location")).endsWith("/dicom-web/studies");
    }

    @Test
    void aDuplicateIsNoErrorAndAChangedObjectOfTheSameNameIs() {
        String study = SegFixture.uid();
        String sop = SegFixture.uid();
        byte[] one = SegFixture.ai(study).sop(sop).series("1.2.7").liver(0).bytes();
        byte[] changed = SegFixture.ai(study).sop(sop).series("1.2.7").liver(1).bytes();
        assertThat(pacs.store(one).status()).isEqualTo(200);
        assertThat(pacs.store(one, one).status()).isEqualTo(200);
        DicomWeb.Answer conflict = pacs.store(changed);
        assertThat(conflict.status()).isEqualTo(409);
        assertThat(conflict.of(FAILED, REASON)).containsExactly("" + 0x0111);
        assertThat(pacs.get("/studies/" + study + "/instances").json().size()).isEqualTo(1);
    }

    @Test
    void eachInstanceOfAMixtureHasItsOwnResult() throws Exception {
        SegFixture good = SegFixture.ai(SegFixture.uid()).liver(0);
        byte[] noDicom = "no DICOM at all".getBytes(StandardCharsets.UTF_8);
        DicomWeb.Answer answer = pacs.store(good.bytes(), other("CT"), noDicom);
        assertThat(answer.status()).as(answer.text()).isEqualTo(202);
        assertThat(answer.of(STORED, SOP_INSTANCE)).containsExactly(good.sop());
        assertThat(answer.of(FAILED, REASON)).containsExactly("" + 0x0122);
        assertThat(answer.of(OTHERS, REASON)).containsExactly("" + 0xC000);
        assertThat(answer.header("Warning")).startsWith("299 Segmeter \"");
    }

    @Test
    void nothingStoredIsAConflictWithTheReason() throws Exception {
        assertThat(reasons(pacs.store(other("CT")))).containsExactly(409, 0x0122);
        assertThat(reasons(pacs.store("text".getBytes(StandardCharsets.UTF_8)))).containsExactly(409, 0xC000);
        assertThat(reasons(pacs.store(bad("dcm_ts_unknown")))).containsExactly(409, 0xC122);
        assertThat(reasons(pacs.store(bad("dcm_cut_pixeldata_half")))).containsExactly(409, 0xC000);
        assertThat(reasons(pacs.store(bad("dcm_segment_declared_twice")))).containsExactly(409, 0xA900);
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        DicomWeb.Answer elsewhere = pacs.store("/studies/1.2.3", seg.bytes());
        assertThat(reasons(elsewhere)).containsExactly(409, 0xA901);
        assertThat(pacs.get("/studies/" + seg.study).status()).isEqualTo(404);
    }

    @Test
    void anObjectThatCannotBePlacedIsStoredWithAWarning() throws Exception {
        DicomWeb.Answer answer = pacs.store(bad("dcm_orientation_zero"));
        assertThat(answer.status()).as(answer.text()).isEqualTo(202);
        assertThat(answer.of(STORED, "00081196")).containsExactly("" + 0xB007);
    }

    @Test
    void whatIsNoStoreRequestIsRefusedAsAWhole() {
        byte[] seg = SegFixture.ai(SegFixture.uid()).liver(0).bytes();
        byte[] body = DicomWeb.body("b1", seg);
        String type = "multipart/related; type=\"application/dicom\"; boundary=b1";
        assertThat(pacs.post("/studies", "multipart/related; type=\"application/dicom+json\"; boundary=b1", body)
                        .status())
                .isEqualTo(415);
        assertThat(pacs.post("/studies", "multipart/form-data; boundary=b1", body)
                        .status())
                .isEqualTo(415);
        assertThat(pacs.post("/studies", "text/plain", body).status()).isEqualTo(415);
        assertThat(pacs.post("/studies", type, body, "Content-Encoding", "gzip").status())
                .isEqualTo(415);
        assertThat(pacs.post("/studies", "multipart/related; type=\"application/dicom\"", body)
                        .status())
                .isEqualTo(400);
        assertThat(pacs.post("/studies", type, Arrays.copyOf(body, body.length - 9))
                        .status())
                .isEqualTo(400);
        assertThat(pacs.post("/studies", type, Arrays.copyOf(body, body.length / 2))
                        .status())
                .isEqualTo(400);
        assertThat(pacs.post("/studies", type, new byte[0]).status()).isEqualTo(400);
        assertThat(pacs.post("/studies", type, "--b1--\r\n".getBytes(StandardCharsets.US_ASCII))
                        .status())
                .isEqualTo(400);
        assertThat(pacs.post("/studies?x=1", type, body).status()).isEqualTo(400);
        assertThat(pacs.post("/studies/no-uid", type, body).status()).isEqualTo(400);
        assertThat(pacs.post("/studies", type, DicomWeb.body("b1", new byte[1_200_000]))
                        .status())
                .isEqualTo(413);
        byte[][] many = new byte[9][];
        Arrays.fill(many, seg);
        assertThat(pacs.post("/studies", type, DicomWeb.body("b1", many)).status())
                .isEqualTo(413);
    }

    @Test
    void aBodyThatBreaksOffStoresNothing() {
        SegFixture first = SegFixture.ai(SegFixture.uid()).liver(0);
        byte[] body = DicomWeb.body("b1", first.bytes(), first.bytes());
        String type = "multipart/related; type=\"application/dicom\"; boundary=b1";
        assertThat(pacs.post("/studies", type, Arrays.copyOf(body, body.length - 100))
                        .status())
                .isEqualTo(400);
        assertThat(pacs.get("/studies/" + first.study).status()).isEqualTo(404);
    }

    @Test
    void whoAsksForXmlGetsXml() throws Exception {
        SegFixture seg =
                SegFixture.ai(SegFixture.uid()).patient("Müller^Käthe<&").liver(0);
        DicomWeb.Answer answer = pacs.post(
                "/studies",
                "multipart/related; type=\"application/dicom\"; boundary=b1",
                DicomWeb.body("b1", seg.bytes(), other("CT")),
                "Accept",
                "application/dicom+xml");
        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.header("Content-Type")).isEqualTo("application/dicom+xml");
        Document document = xml(answer.body());
        assertThat(document.getDocumentElement().getTagName()).isEqualTo("NativeDicomModel");
        assertThat(answer.text())
                .contains("keyword=\"ReferencedSOPSequence\"", "<Value number=\"1\">" + seg.sop() + "</Value>")
                .contains("keyword=\"FailureReason\"><Value number=\"1\">290</Value>");
        DicomWeb.Answer found = pacs.get(
                "/studies?StudyInstanceUID=" + seg.study,
                "Accept",
                "multipart/related; type=\"application/dicom+xml\"");
        assertThat(found.header("Content-Type")).startsWith("multipart/related; type=\"application/dicom+xml\"");
        List<byte[]> results = parts(found);
        assertThat(results).hasSize(1);
        assertThat(xml(results.getFirst())
                        .getElementsByTagName("FamilyName")
                        .item(0)
                        .getTextContent())
                .isEqualTo("Müller");
        assertThat(new String(results.getFirst(), StandardCharsets.UTF_8))
                .contains("keyword=\"NumberOfStudyRelatedInstances\"><Value number=\"1\">1</Value>");
        DicomWeb.Answer metadata = pacs.get(
                "/studies/" + seg.study + "/metadata", "Accept", "multipart/related; type=application/dicom+xml");
        assertThat(metadata.header("Content-Type")).startsWith("multipart/related; type=\"application/dicom+xml\"");
        Document described = xml(parts(metadata).getFirst());
        assertThat(described.getElementsByTagName("FamilyName").item(0).getTextContent())
                .isEqualTo("Müller");
        assertThat(described.getElementsByTagName("GivenName").item(0).getTextContent())
                .isEqualTo("Käthe<&");
    }

    @Test
    void searchesFindByEveryKeyAndLevel() {
        String study = SegFixture.uid();
        SegFixture ai = SegFixture.ai(study).patient("Sülze^Anna").liver(0);
        // Of one side both: a pair would be scored, and its report would be a third instance.
        SegFixture another = SegFixture.ai(study).patient("Sülze^Anna").liver(1);
        assertThat(pacs.store(ai.bytes(), another.bytes()).status()).isEqualTo(200);
        String patient = "P-" + study.substring(study.length() - 8);
        for (String query : List.of(
                "StudyInstanceUID=" + study,
                "0020000D=" + study,
                "StudyInstanceUID=1.2.3," + study,
                "PatientID=" + patient,
                "PatientID=" + patient.substring(0, 5) + "*&StudyInstanceUID=" + study,
                "PatientName=s%C3%BClze*&PatientID=" + patient,
                "StudyDate=20260101-20260131&PatientID=" + patient,
                "StudyDate=-20260131&StudyTime=08-09&PatientID=" + patient,
                "ModalitiesInStudy=SEG&PatientID=" + patient,
                "AccessionNumber=A-" + study.substring(study.length() - 6),
                "StudyID=S%3F&PatientID=" + patient)) {
            JsonNode found = pacs.get("/studies?" + query).json();
            assertThat(found.size()).as(query).isEqualTo(1);
            assertThat(value(found.path(0), "0020000D")).isEqualTo(study);
            assertThat(value(found.path(0), "00201206")).isEqualTo("2");
            assertThat(value(found.path(0), "00201208")).isEqualTo("2");
            assertThat(value(found.path(0), "00080061")).isEqualTo("SEG");
        }
        for (String query : List.of(
                "PatientID=" + patient + "x",
                "PatientID=" + patient + "&StudyDate=20270101-",
                "PatientID=" + patient + "&PatientName=nobody",
                "PatientID=P_" + patient.substring(2),
                "StudyInstanceUID=1.2.3.4")) {
            assertThat(pacs.get("/studies?" + query).status()).as(query).isEqualTo(204);
        }
        assertThat(pacs.get("/studies/" + study + "/series").json().size()).isEqualTo(2);
        assertThat(pacs.get("/series?Modality=SEG&StudyInstanceUID=" + study)
                        .json()
                        .size())
                .isEqualTo(2);
        JsonNode instances = pacs.get(
                        "/studies/" + study + "/series/" + ai.series() + "/instances?includefield=Manufacturer")
                .json();
        assertThat(value(instances.path(0), "00080018")).isEqualTo(ai.sop());
        assertThat(value(instances.path(0), "00080070")).isEqualTo("ACME");
        assertThat(instances
                        .path(0)
                        .path("00100010")
                        .path("Value")
                        .path(0)
                        .path("Alphabetic")
                        .asString())
                .isEqualTo("Sülze^Anna");
        assertThat(pacs.get("/instances?SOPInstanceUID=" + another.sop()).json().size())
                .isEqualTo(1);
        DicomWeb.Answer first = pacs.get("/studies/" + study + "/instances?limit=1");
        DicomWeb.Answer second = pacs.get("/studies/" + study + "/instances?limit=1&offset=1");
        assertThat(first.header("Warning")).contains("additional results");
        assertThat(second.header("Warning")).isEmpty();
        assertThat(List.of(
                        value(first.json().path(0), "00080018"),
                        value(second.json().path(0), "00080018")))
                .containsExactlyInAnyOrder(ai.sop(), another.sop());
    }

    @Test
    void whatCannotBeSearchedForOrGivenIsSaid() {
        assertThat(pacs.get("/studies?Nonsense=1").status()).isEqualTo(400);
        assertThat(pacs.get("/studies?InstitutionName=north").status())
                .as("to say there is none would be wrong")
                .isEqualTo(400);
        assertThat(pacs.get("/studies?InstitutionName=&StudyInstanceUID=1.2.3.9")
                        .status())
                .isEqualTo(204);
        assertThat(pacs.get("/studies?limit=x").status()).isEqualTo(400);
        assertThat(pacs.get("/studies", "Accept", "text/html").status()).isEqualTo(406);
        assertThat(pacs.get("/studies/1.2.3.9").status()).isEqualTo(404);
        assertThat(pacs.get("/studies/1.2.3.9/metadata").status()).isEqualTo(404);
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        pacs.store(seg.bytes());
        String path = "/studies/" + seg.study;
        assertThat(pacs.get(path, "Accept", "application/dicom; transfer-syntax=1.2.840.10008.1.2.5")
                        .status())
                .isEqualTo(406);
        assertThat(pacs.get(path, "Accept", "image/png").status()).isEqualTo(406);
        DicomWeb.Answer change = pacs.send("PUT", path, java.net.http.HttpRequest.BodyPublishers.noBody());
        assertThat(change.status()).isEqualTo(405);
        assertThat(change.header("Allow")).contains("GET");
    }

    private static List<Integer> reasons(DicomWeb.Answer answer) {
        List<Integer> all = new java.util.ArrayList<>(List.of(answer.status()));
        answer.of(FAILED, REASON).forEach(reason -> all.add(Integer.valueOf(reason)));
        answer.of(OTHERS, REASON).forEach(reason -> all.add(Integer.valueOf(reason)));
        return all;
    }

    @Test
    void aPreambleThatIsTheHeadOfSomethingElseDoesNotGoOut() {
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        byte[] content = seg.bytes();
        byte[] clean = content.clone();
        Arrays.fill(clean, 0, 128, (byte) 0);
        content[0] = 'M';
        content[1] = 'Z';
        content[127] = 1;
        assertThat(pacs.store(content).status()).isEqualTo(200);
        String path = "/studies/" + seg.study + "/series/" + seg.series() + "/instances/" + seg.sop();
        DicomWeb.Answer back = pacs.get(path, "Accept", "application/dicom");
        assertThat(back.body()).isEqualTo(clean);
        assertThat(back.header("Repr-Digest")).as("of other bytes").isEmpty();
        assertThat(parts(pacs.get(path, "Accept", "multipart/related; type=\"application/dicom\"")))
                .singleElement()
                .satisfies(part -> assertThat(part).isEqualTo(clean));
    }

    @Test
    void whatIsKeptIsCommittedToAndNothingElse() {
        SegFixture seg = SegFixture.ai(SegFixture.uid()).liver(0);
        pacs.store(seg.bytes());
        String transaction = SegFixture.uid();
        String body = """
            {"00081199": {"vr": "SQ", "Value": [%s, %s, %s]}}
            """.formatted(
                        reference("1.2.840.10008.5.1.4.1.1.66.4", seg.sop()),
                        reference("1.2.840.10008.5.1.4.1.1.2", seg.sop()),
                        reference("1.2.840.10008.5.1.4.1.1.66.4", "1.2.3"));
        String path = "/commitment-requests/" + transaction;
        DicomWeb.Answer answer = pacs.post(path, "application/dicom+json", body.getBytes(StandardCharsets.UTF_8));
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(value(answer.json(), "00081195")).isEqualTo(transaction);
        assertThat(answer.of(STORED, SOP_INSTANCE)).containsExactly(seg.sop());
        assertThat(answer.of(FAILED, REASON)).containsExactly(Integer.toString(0x0119), Integer.toString(0x0112));
        assertThat(pacs.get(path).text()).isEqualTo(answer.text());
        assertThat(pacs.post(path, "application/dicom+json", body.getBytes(StandardCharsets.UTF_8))
                        .status())
                .isEqualTo(409);
        assertThat(pacs.get("/commitment-requests/1.2.3").status()).isEqualTo(404);
        assertThat(pacs.post("/commitment-requests/1.2.4", "text/plain", new byte[] {1})
                        .status())
                .isEqualTo(415);
        for (String wrong : List.of("{", "{}", "{\"00081199\": {\"vr\": \"SQ\", \"Value\": [{}]}}")) {
            assertThat(pacs.post(
                                    "/commitment-requests/1.2.4",
                                    "application/dicom+json",
                                    wrong.getBytes(StandardCharsets.UTF_8))
                            .status())
                    .as(wrong)
                    .isEqualTo(400);
        }
    }

    private static String reference(String sopClass, String sop) {
        return "{\"00081150\": {\"vr\": \"UI\", \"Value\": [\"%s\"]}, \"00081155\": {\"vr\": \"UI\", \"Value\": [\"%s\"]}}"
                .formatted(sopClass, sop);
    }

    @Test
    void anInstanceOfAScoredPairIsRenderedAsItsOverlay() throws Exception {
        String study = SegFixture.uid();
        SegFixture ai = SegFixture.ai(study).liver(0);
        SegFixture corrected = SegFixture.corrected(study).liver(1);
        pacs.store(ai.bytes());
        String path = "/studies/" + study + "/series/" + ai.series() + "/instances/" + ai.sop() + "/rendered";
        assertThat(pacs.get(path).status()).as("no counterpart yet").isEqualTo(404);
        pacs.store(corrected.bytes());
        JsonNode pair = PairingTest.reached(study, "SCORED");
        DicomWeb.Answer picture = pacs.get(path, "Accept", "image/jpeg;q=0.5, image/png");
        assertThat(picture.status()).as(picture.text()).isEqualTo(200);
        assertThat(picture.header("Content-Type")).isEqualTo("image/png");
        java.awt.image.BufferedImage image =
                javax.imageio.ImageIO.read(new java.io.ByteArrayInputStream(picture.body()));
        assertThat(image.getWidth()).isPositive();
        String report = pair.path("links").path("report").asString().replace("/dicom-web", "") + "/rendered";
        assertThat(pacs.get(report).body()).isEqualTo(picture.body());
        assertThat(pacs.get(path, "Accept", "image/jpeg").status()).isEqualTo(406);
    }

    private static String value(JsonNode dataset, String tag) {
        return dataset.path(tag).path("Value").path(0).asString();
    }

    private static byte[] bad(String name) throws Exception {
        return Files.readAllBytes(SAMPLES.resolve("bad/" + name + ".dcm"));
    }

    /** An object that is no segmentation. */
    private static byte[] other(String kind) throws Exception {
        assertThat(kind).isEqualTo("CT");
        return bad("dcm_sop_class_ct");
    }

    private static List<Path> samples(String... folders) throws Exception {
        List<Path> all = new java.util.ArrayList<>();
        for (String folder : folders) {
            try (Stream<Path> files = Files.list(SAMPLES.resolve(folder))) {
                files.filter(file -> file.toString().endsWith(".dcm")).sorted().forEach(all::add);
            }
        }
        return all;
    }

    private static Document xml(byte[] content) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new java.io.ByteArrayInputStream(content));
    }

    /** The contents of a multipart body. */
    private static List<byte[]> parts(DicomWeb.Answer answer) {
        String type = answer.header("Content-Type");
        String boundary = "--" + type.substring(type.indexOf("boundary=") + 9);
        String body = new String(answer.body(), StandardCharsets.ISO_8859_1);
        List<byte[]> parts = new java.util.ArrayList<>();
        for (String part : body.split(java.util.regex.Pattern.quote(boundary))) {
            int begin = part.indexOf("\r\n\r\n");
            if (begin > 0) {
                parts.add(part.substring(begin + 4, part.length() - 2).getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        return parts;
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    @Test
    void aStudyOfWhichAnObjectIsLostIsNotGivenAsIfItWereWhole() throws Exception {
        String study = SegFixture.uid();
        List<byte[]> objects = List.of(
                SegFixture.ai(study).liver(0).bytes(),
                SegFixture.ai(study).kidney("left", 0).bytes());
        pacs.store(objects.toArray(byte[][]::new));
        for (byte[] lost : objects) {
            String sha256 = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(lost));
            Path file;
            try (Stream<Path> blobs = Files.walk(Service.shared().blobs())) {
                file = blobs.filter(one -> one.toString().replace("/", "").endsWith(sha256))
                        .findFirst()
                        .orElseThrow();
            }
            Path aside = Files.move(file, file.resolveSibling("aside"));
            try {
                for (String what : List.of("", "/metadata")) {
                    DicomWeb.Answer answer = pacs.get("/studies/" + study + what);
                    assertThat(answer.status()).as(what).isGreaterThanOrEqualTo(500);
                    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
                }
            } finally {
                Files.move(aside, file);
            }
        }
        assertThat(pacs.get("/studies/" + study).status()).isEqualTo(200);
    }

    @Test
    void aContentTimeIsKeptAlsoWhereTheMachinesDayHasNoSuchHour() throws Exception {
        SegFixture object = SegFixture.ai(SegFixture.uid()).liver(0);
        TimeZone before = TimeZone.getDefault();
        int noon = 12 * 3_600_000;
        // Its summer time begins at the content time of the object: that hour there is not.
        TimeZone.setDefault(new SimpleTimeZone(0, "test", Calendar.JANUARY, 3, 0, noon, Calendar.JULY, 3, 0, noon));
        try {
            pacs.store(object.bytes());
            assertThat(Service.shared()
                            .bean(StoredInstances.class)
                            .find(object.sop())
                            .orElseThrow()
                            .contentAt())
                    .isEqualTo(LocalDateTime.of(2026, 1, 3, 12, 0));
        } finally {
            TimeZone.setDefault(before);
        }
    }
}
