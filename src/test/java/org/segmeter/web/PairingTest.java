package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.ControlledDisk;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.pacs.SrReading;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Segmentations that arrive find their counterpart, are scored, and a report of it can be had. */
class PairingTest {

    private static Api api;
    private static DicomWeb pacs;

    @BeforeAll
    static void start() throws Exception {
        api = Service.shared().api();
        pacs = new DicomWeb(Service.shared().port());
    }

    @Test
    void inBothOrdersThePairIsScoredUnderItsModelsName() throws Exception {
        for (boolean predictionFirst : new boolean[] {true, false}) {
            String study = SegFixture.uid();
            SegFixture ai = SegFixture.ai(study).liver(0);
            SegFixture corrected = SegFixture.corrected(study).liver(1);
            DicomWeb.Answer first = pacs.store((predictionFirst ? ai : corrected).bytes());
            assertThat(onlyPair(study).path("state").asString()).isEqualTo("WAITING");
            assertThat(first.header("Link"))
                    .isEqualTo("<" + onlyPair(study).path("links").path("self").asString() + ">; rel=\"related\"");
            pacs.store((predictionFirst ? corrected : ai).bytes());
            JsonNode pair = reached(study, "SCORED");
            assertThat(pair.path("prediction").path("sopInstanceUid").asString())
                    .isEqualTo(ai.sop());
            assertThat(pair.path("reference").path("sopInstanceUid").asString()).isEqualTo(corrected.sop());
            assertThat(states(pair)).containsExactly("WAITING", "MATCHED", "SCORED");
            JsonNode card = api.get(pair.path("links").path("scorecard").asString())
                    .expect(200)
                    .json();
            assertThat(card.path("model").path("name").asString()).isEqualTo("liver-net");
            assertThat(card.path("model").path("version").asString()).isEqualTo("1.2");
            assertThat(card.path("segments")
                            .path(0)
                            .path("metrics")
                            .path("dice")
                            .path("value")
                            .doubleValue())
                    .isEqualTo(0.9);
        }
    }

    @Test
    void whatIsOfAnotherStudySeriesSpaceStructureOrSideIsNoCounterpart() {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study).kidney("left", 0).bytes(),
                SegFixture.corrected(study).kidney("right", 0).creator("a").bytes(),
                SegFixture.corrected(study).liver(0).creator("b").bytes(),
                SegFixture.corrected(study)
                        .kidney("left", 0)
                        .creator("c")
                        .referencedSeries("1.2.99")
                        .bytes(),
                SegFixture.corrected(study)
                        .kidney("left", 0)
                        .creator("d")
                        .frameOfReference("1.2.98")
                        .bytes());
        pacs.store(SegFixture.corrected(SegFixture.uid()).kidney("left", 0).bytes());
        assertThat(pairs(study))
                .hasSize(5)
                .allSatisfy(pair -> assertThat(pair.path("state").asString()).isEqualTo("WAITING"));
    }

    @Test
    void twoReadersAreTwoPairsAndALaterCorrectionSupersedesItsReadersEarlierOne() throws Exception {
        String study = SegFixture.uid();
        SegFixture ai = SegFixture.ai(study).liver(0);
        SegFixture one = SegFixture.corrected(study).creator("One").liver(1);
        SegFixture two = SegFixture.corrected(study).creator("Two").liver(2);
        pacs.store(ai.bytes(), one.bytes(), two.bytes());
        await(() -> count(study, "SCORED") == 2);
        SegFixture again = SegFixture.corrected(study)
                .creator("one ")
                .contentTime("130000")
                .liver(3);
        pacs.store(again.bytes());
        await(() -> count(study, "SCORED") == 2 && count(study, "SUPERSEDED") == 1);
        JsonNode superseded = pairs(study).stream()
                .filter(pair -> pair.path("state").asString().equals("SUPERSEDED"))
                .findFirst()
                .orElseThrow();
        assertThat(superseded.path("reference").path("sopInstanceUid").asString())
                .isEqualTo(one.sop());
        assertThat(superseded.path("supersededBy").asString()).isEqualTo(again.sop());
        api.get(superseded.path("links").path("scorecard").asString()).expect(200);
    }

    @Test
    void anEarlierCorrectionThatArrivesLateIsScoredAndSupersededAtOnce() throws Exception {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study).liver(0).bytes(),
                SegFixture.corrected(study).contentTime("150000").liver(1).bytes());
        reached(study, "SCORED");
        pacs.store(SegFixture.corrected(study).contentTime("140000").liver(2).bytes());
        await(() -> count(study, "SUPERSEDED") == 1);
        JsonNode late = pairs(study).stream()
                .filter(pair -> pair.path("state").asString().equals("SUPERSEDED"))
                .findFirst()
                .orElseThrow();
        assertThat(states(api.get(late.path("links").path("self").asString()).json()))
                .containsExactly("WAITING", "MATCHED", "SCORED", "SUPERSEDED");
    }

    @Test
    void twoPredictionsOfOneStructureAreAmbiguousUntilAPersonSaysWhich() throws Exception {
        String study = SegFixture.uid();
        SegFixture first = SegFixture.ai(study).liver(0);
        SegFixture second =
                SegFixture.ai(study).algorithm("AUTOMATIC", "other-net", "3").liver(3);
        SegFixture corrected = SegFixture.corrected(study).liver(1);
        pacs.store(first.bytes(), second.bytes(), corrected.bytes());
        JsonNode ambiguous = pairs(study).stream()
                .filter(pair -> pair.path("state").asString().equals("AMBIGUOUS"))
                .findFirst()
                .orElseThrow();
        assertThat(ambiguous.path("candidates").findValuesAsString("sopInstanceUid"))
                .containsExactlyInAnyOrder(first.sop(), second.sop());
        String path = ambiguous.path("links").path("self").asString() + "/resolution";
        assertThat(api.postJson(path, "{\"counterpart\": \"1.2.3\"}")
                        .expect(422)
                        .problem())
                .isEqualTo("invalid-request");
        api.postJson(path, "{\"counterpart\": \"" + second.sop() + "\", \"by\": \"Dr. A\"}")
                .expect(200);
        JsonNode pair = awaitState(ambiguous.path("links").path("self").asString(), "SCORED");
        assertThat(pair.path("prediction").path("sopInstanceUid").asString()).isEqualTo(second.sop());
        assertThat(pair.path("history").path(1).path("reason").asString()).isEqualTo("Chosen by Dr. A.");
        assertThat(api.postJson(path, "{\"counterpart\": null}").expect(409).problem())
                .isEqualTo("pair-state");
        assertThat(count(study, "WAITING")).isEqualTo(1);
    }

    @Test
    void aReferenceThatNamesItsPredictionIsPairedWithItAndWithNoOther() throws Exception {
        String study = SegFixture.uid();
        SegFixture first = SegFixture.ai(study).liver(0);
        SegFixture second = SegFixture.ai(study).liver(3);
        // An edited result often keeps its algorithm type.
        SegFixture edited = SegFixture.ai(study).refersTo(second.sop()).liver(4);
        pacs.store(edited.bytes(), first.bytes());
        assertThat(count(study, "WAITING")).isEqualTo(2);
        pacs.store(second.bytes());
        await(() -> count(study, "SCORED") == 1);
        JsonNode pair = pairs(study).stream()
                .filter(one -> one.path("state").asString().equals("SCORED"))
                .findFirst()
                .orElseThrow();
        assertThat(pair.path("prediction").path("sopInstanceUid").asString()).isEqualTo(second.sop());
    }

    @Test
    void aPredictionOfEachStructureMeetsItsPartOfOneReference() throws Exception {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study).liver(0).bytes(),
                SegFixture.ai(study).kidney("left", 0).bytes(),
                SegFixture.corrected(study).liver(1).kidney("left", 1).bytes());
        await(() -> count(study, "SCORED") == 2);
        assertThat(pairs(study))
                .allSatisfy(pair -> assertThat(pair.path("structures").size()).isEqualTo(1));
    }

    @Test
    void aReferenceThatIsThePredictionIsAcceptedAndNeverADiceOfOne() throws Exception {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study).liver(0).bytes(),
                SegFixture.corrected(study).liver(0).bytes());
        JsonNode pair = reached(study, "ACCEPTED_UNCHANGED");
        assertThat(pair.path("links").has("evaluation")).isFalse();
        assertThat(api.get("/api/v1/evaluations?case=" + study)
                        .json()
                        .path("evaluations")
                        .size())
                .isZero();
        String report = report(pair);
        assertThat(report).contains("Accepted unchanged").doesNotContain("Dice");

        String other = SegFixture.uid();
        pacs.store(SegFixture.ai(other).liver(0).bytes());
        String path = onlyPair(other).path("links").path("self").asString();
        api.postJson(path + "/acceptance", "{\"by\": \"Dr. B\"}").expect(200);
        assertThat(api.get(path).json().path("state").asString()).isEqualTo("ACCEPTED_UNCHANGED");
        api.postJson(path + "/acceptance", "{}").expect(409);
    }

    @Test
    void whatCannotBeScoredSaysWhy() throws Exception {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study)
                        .liver(0)
                        .box("Liver", "10200004", null, "Liver", new int[] {1, 1, 1}, new int[] {2, 2, 2})
                        .bytes(),
                SegFixture.corrected(study)
                        .liver(0)
                        .box("Liver", "10200004", null, "Liver", new int[] {1, 1, 1}, new int[] {2, 2, 2})
                        .bytes());
        JsonNode pair = reached(study, "NOT_SCORED");
        assertThat(pair.path("reason").asString()).contains("ambiguous-segments");
    }

    @Test
    void manyArriveAtOnceAndEachPairMeetsOnce() throws Exception {
        int studies = 8;
        List<String> uids = new ArrayList<>();
        try (ExecutorService clients = Executors.newFixedThreadPool(8)) {
            List<Future<DicomWeb.Answer>> answers = new ArrayList<>();
            for (int i = 0; i < studies; i++) {
                String study = SegFixture.uid();
                uids.add(study);
                byte[] ai = SegFixture.ai(study).liver(0).bytes();
                byte[] corrected = SegFixture.corrected(study).liver(1).bytes();
                for (byte[] one : List.of(ai, corrected, ai, corrected)) {
                    answers.add(clients.submit(() -> pacs.store(one)));
                }
            }
            for (Future<DicomWeb.Answer> answer : answers) {
                assertThat(answer.get().status()).isEqualTo(200);
            }
        }
        for (String study : uids) {
            reached(study, "SCORED");
            assertThat(pairs(study)).hasSize(1);
        }
    }

    @Test
    void theReportSaysWhatTheScorecardSaysAndIsGivenByWado() throws Exception {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study)
                        .patient("Müller^Käthe")
                        .liver(0)
                        .kidney("left", 0)
                        .bytes(),
                SegFixture.corrected(study)
                        .patient("Müller^Käthe")
                        .liver(1)
                        .kidney("left", 0)
                        .bytes());
        JsonNode pair = reached(study, "SCORED");
        JsonNode card = api.get(pair.path("links").path("scorecard").asString()).json();
        String path = pair.path("links").path("report").asString().replace("/dicom-web", "");
        JsonNode report = pacs.get(path + "/metadata").json().path(0);
        assertThat(report.path("00100010")
                        .path("Value")
                        .path(0)
                        .path("Alphabetic")
                        .asString())
                .isEqualTo("Müller^Käthe");
        assertThat(report.path("0020000D").path("Value").path(0).asString()).isEqualTo(study);
        List<Double> dice = SrReading.numbers(report, "DSC");
        List<Double> expected = new ArrayList<>();
        for (JsonNode segment : card.path("segments")) {
            expected.add(segment.path("metrics").path("dice").path("value").doubleValue());
        }
        assertThat(dice).isEqualTo(expected).hasSize(2);
        assertThat(SrReading.numbers(report, "HD95")).hasSize(2);
        JsonNode found = pacs.get("/studies/" + study + "/series?Modality=SR").json();
        assertThat(found.size()).isEqualTo(1);
        // A PACS that sends it back does no harm.
        byte[] file = pacs.get(path, "Accept", "application/dicom").body();
        assertThat(pacs.store(file).status()).isEqualTo(200);
    }

    @Test
    void dicomToolsReadTheReportWithoutErrors(@TempDir Path directory) throws Exception {
        String study = SegFixture.uid();
        pacs.store(
                SegFixture.ai(study).liver(0).kidney("right", 0).bytes(),
                SegFixture.corrected(study).liver(2).kidney("right", 1).bytes());
        JsonNode pair = reached(study, "SCORED");
        Path file = directory.resolve("report.dcm");
        Files.write(
                file,
                pacs.get(
                                pair.path("links").path("report").asString().replace("/dicom-web", ""),
                                "Accept",
                                "application/dicom")
                        .body());
        SrReading.judge(file);
    }

    @Test
    void everythingOfAStudyIsFetchedFromASourceOfTheConfigurationAndNoOther() throws Exception {
        String study = SegFixture.uid();
        String person = "MARKQ8PERSON";
        SegFixture ai = SegFixture.ai(study).patient(person + "^A").liver(0);
        SegFixture one = SegFixture.corrected(study)
                .patient(person + "^A")
                .creator(person + "^One")
                .liver(1);
        pacs.store(
                ai.bytes(),
                one.bytes(),
                SegFixture.corrected(study)
                        .patient(person + "^A")
                        .creator(person + "^Two")
                        .liver(2)
                        .bytes());
        Path data = Files.createTempDirectory("segmeter-pull");
        Receiver receiver = new Receiver();
        ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Service own = Service.start(
                data,
                "--segmeter.pacs.webhooks.silent.url=http://127.0.0.1:" + silent.getLocalPort(),
                "--segmeter.pacs.webhooks.silent.secret=" + Receiver.SECRET,
                "--segmeter.pacs.webhooks.silent.events=expired",
                "--segmeter.pacs.webhooks.silent.timeout=60s",
                "--segmeter.pacs.sources.first.url=http://127.0.0.1:"
                        + Service.shared().port() + "/dicom-web/",
                "--segmeter.pacs.sources.first.page-size=1",
                "--segmeter.pacs.webhooks.qa.url=" + receiver.url(),
                "--segmeter.pacs.webhooks.qa.secret=whsec_" + Receiver.SECRET,
                "--segmeter.pacs.webhooks.qa.events=scored,outside-limits",
                "--segmeter.pacs.limits.livers.metric=dice",
                "--segmeter.pacs.limits.livers.structure= LIVER",
                "--segmeter.pacs.limits.livers.min=0.85",
                "--segmeter.pacs.sources.nobody.url=http://127.0.0.1:9/dicom-web",
                "--segmeter.pacs.sources.wrong.url=http://127.0.0.1:"
                        + Service.shared().port() + "/nothing");
        try (LogLines lines = LogLines.listen()) {
            Api mine = own.api();
            Api.Answer fetched = mine.postJson("/api/v1/pulls", "{\"source\": \"first\", \"study\": \"" + study + "\"}")
                    .expect(200);
            JsonNode pulled = fetched.json();
            assertThat(pulled.path("instances").size()).isEqualTo(3);
            assertThat(pulled.path("pairs").size()).isEqualTo(2);
            await(() ->
                    mine.get("/api/v1/pairs?state=SCORED").json().path("pairs").size() == 2);
            assertThat(mine.get("/api/v1/pairs")
                            .json()
                            .path("pairs")
                            .path(0)
                            .path("prediction")
                            .path("source")
                            .asString())
                    .isEqualTo("first");
            webhooksAreToldOfWhatWasScored(mine, receiver, ai);
            whoDoesNotAnswerHoldsUpNoOther(own, receiver);
            aSideOfAnEvaluationIsFetchedToo(mine, ai, one);
            assertThat(lines.all())
                    .as("nobody is named where it is only fetched and told of")
                    .hasSizeGreaterThan(5)
                    .anySatisfy(line -> assertThat(line).contains("delivered to qa"))
                    .allSatisfy(line -> assertThat(line).doesNotContain(person));
            assertThat(fetched.text() + mine.get("/actuator/prometheus").text())
                    .contains("segmeter_")
                    .doesNotContain(person);
            own.bean(ControlledDisk.class).say(100L << 30, 0);
            assertThat(mine.postJson("/api/v1/pulls", "{\"source\": \"first\", \"study\": \"" + study + "\"}")
                            .expect(200)
                            .json()
                            .path("instances"))
                    .as("below the disk floor nothing is fetched")
                    .hasSize(3)
                    .allSatisfy(
                            each -> assertThat(each.path("reason").asString()).isEqualTo("A700"));
            own.bean(ControlledDisk.class).release();
            String none = "{\"source\": \"first\", \"study\": \"1.2.3.4.5.6\"}";
            assertThat(mine.postJson("/api/v1/pulls", none)
                            .expect(200)
                            .json()
                            .path("instances")
                            .size())
                    .isZero();
            for (String source : List.of("nobody", "wrong")) {
                String request = "{\"source\": \"" + source + "\", \"study\": \"" + study + "\"}";
                if (source.equals("nobody")) {
                    assertThat(mine.postJson("/api/v1/pulls", request)
                                    .expect(502)
                                    .problem())
                            .isEqualTo("source-failed");
                } else {
                    assertThat(mine.postJson("/api/v1/pulls", request)
                                    .expect(200)
                                    .json()
                                    .path("instances")
                                    .size())
                            .isZero();
                }
            }
            for (String request : List.of(
                    "{\"source\": \"http://127.0.0.1/\", \"study\": \"1.2\"}",
                    "{\"source\": \"first\"}",
                    "{\"source\": \"first\", \"study\": \"1.2/../x\"}")) {
                assertThat(mine.postWrongJson("/api/v1/pulls", request)
                                .expect(422)
                                .problem())
                        .isEqualTo("invalid-request");
            }
        } finally {
            silent.close();
            receiver.close();
            own.stop();
        }
    }

    private static void whoDoesNotAnswerHoldsUpNoOther(Service own, Receiver receiver) throws Exception {
        JdbcClient sql = own.bean(JdbcClient.class);
        String deliveries = "insert into delivery (id, kind, destination, pair_id, body, next_attempt_at) select"
                + " gen_random_uuid(), 'WEBHOOK', :to, (select id from pair limit 1), '{\"type\": \"test\"}', now() -"
                + " :age::interval from generate_series(1, :n)";
        sql.sql(deliveries)
                .param("to", "silent")
                .param("age", "1 hour")
                .param("n", 20)
                .update();
        await(() -> sql.sql("select count(*) from delivery where destination = 'silent' and attempts > 0")
                        .query(Integer.class)
                        .single()
                >= 4);
        sql.sql(deliveries).param("to", "qa").param("age", "0").param("n", 1).update();
        await(() -> receiver.taken().size() == 4);
        sql.sql("delete from delivery where destination = 'silent'").update();
    }

    private static void webhooksAreToldOfWhatWasScored(Api mine, Receiver receiver, SegFixture ai) throws Exception {
        await(() -> receiver.taken().size() == 3);
        assertThat(receiver.taken().stream()
                        .map(message -> message.path("type").asString())
                        .sorted())
                .containsExactly("pair.outside-limits", "pair.scored", "pair.scored");
        assertThat(receiver.refused()).as("tried again").isEqualTo(1);
        for (JsonNode message : receiver.taken()) {
            assertThat(message.toString())
                    .as("nothing of a patient")
                    .doesNotContain(ai.study, ai.sop(), "Doe", "2.25.");
            JsonNode pair = mine.get(message.at("/data/links/pair").asString())
                    .expect(200)
                    .json();
            mine.get(message.at("/data/links/evaluation").asString()).expect(200);
            boolean outside = pair.path("reason").asString().contains("outside its limits");
            if (message.path("type").asString().equals("pair.outside-limits")) {
                assertThat(outside).isTrue();
                assertThat(message.at("/data/findings").size()).isEqualTo(1);
                JsonNode finding = message.at("/data/findings/0");
                assertThat(finding.path("limit").asString()).isEqualTo("livers");
                assertThat(finding.path("metric").asString()).isEqualTo("dice");
                assertThat(finding.path("value").doubleValue()).isLessThan(0.85);
            } else {
                assertThat(message.at("/data/reason").asString())
                        .isEqualTo(pair.path("reason").asString());
            }
        }
    }

    private static void aSideOfAnEvaluationIsFetchedToo(Api mine, SegFixture ai, SegFixture corrected) {
        String prediction =
                "\"prediction\": {\"dicomweb\": {\"source\": \"first\", \"study\": \"%s\", \"series\": \"%s\"}}"
                        .formatted(ai.study, ai.series());
        String reference =
                "\"reference\": {\"dicomweb\": {\"source\": \"%s\", \"study\": \"%s\", \"instance\": \"%s\"}}";
        String both = "{" + prediction + ", " + reference.formatted("first", corrected.study, corrected.sop()) + "}";
        JsonNode card =
                mine.postJsonAndWait("/api/v1/evaluations", both).expect(200).json();
        assertThat(card.at("/segments/0/metrics/dice/value").doubleValue()).isEqualTo(0.9);
        Api.Part sent = Api.Part.bytes("reference", corrected.bytes());
        assertThat(mine.post(List.of(sent, Api.Part.text("request", "{" + prediction + "}")), "Prefer", "wait=30")
                        .expect(200)
                        .json()
                        .at("/segments/0/metrics/dice/value")
                        .doubleValue())
                .isEqualTo(0.9);
        for (String[] wrong : new String[][] {
            {"first", "1.2.3.4", "source-has-none", "422"},
            {"nobody", "1.2.3.4", "source-failed", "502"},
            {"elsewhere", "1.2.3.4", "invalid-request", "422"}
        }) {
            String request = "{" + prediction + ", " + reference.formatted(wrong[0], ai.study, wrong[1]) + "}";
            assertThat(mine.postJson("/api/v1/evaluations", request)
                            .expect(Integer.parseInt(wrong[3]))
                            .problem())
                    .as(request)
                    .isEqualTo(wrong[2]);
        }
        assertThat(mine.post(List.of(sent, Api.Part.text("request", both)))
                        .expect(422)
                        .problem())
                .as("sent and to be fetched")
                .isEqualTo("invalid-request");
        assertThat(mine.postJson("/api/v1/evaluations", "{" + prediction + "}")
                        .expect(422)
                        .problem())
                .isEqualTo("missing-part");
    }

    @Test
    void rulesCanBeTriedBeforeTheyApply() throws Exception {
        Path data = Files.createTempDirectory("segmeter-rules");
        Service own = Service.start(data);
        try {
            Api mine = own.api();
            DicomWeb door = new DicomWeb(own.port());
            JsonNode rules = mine.get("/api/v1/pairing-rules").expect(200).json();
            assertThat(rules.path("rules").findValuesAsString("name")).contains("automatic", "drawn");
            String study = SegFixture.uid();
            SegFixture ai = SegFixture.ai(study)
                    .algorithm("SEMIAUTOMATIC", null, null)
                    .manufacturer("Vendor", "NetBox")
                    .liver(0);
            SegFixture drawn = SegFixture.corrected(study).liver(1);
            door.store(ai.bytes(), drawn.bytes());
            ObjectNode changed = (ObjectNode) rules.deepCopy();
            changed.withArray("models")
                    .addObject()
                    .put("name", "netbox")
                    .put("version", "7")
                    .putObject("when")
                    .put("manufacturer", "vend*");
            JsonNode trial = mine.postJson("/api/v1/pairing-rules/dry-run", changed.toString())
                    .expect(200)
                    .json();
            assertThat(trial.path("segmentations").asInt()).isEqualTo(2);
            for (JsonNode decision : trial.path("decisions")) {
                boolean isAi = decision.path("sopInstanceUid").asString().equals(ai.sop());
                assertThat(decision.path("role").asString()).isEqualTo(isAi ? "PREDICTION" : "REFERENCE");
                assertThat(decision.path("counterparts").size()).isEqualTo(1);
            }
            assertThat(mine.get("/api/v1/pairs").json().path("pairs").findValuesAsString("state"))
                    .doesNotContain("SCORED");
            mine.putJson("/api/v1/pairing-rules", changed.toString()).expect(200);
            String next = SegFixture.uid();
            door.store(
                    SegFixture.ai(next)
                            .algorithm("SEMIAUTOMATIC", null, null)
                            .manufacturer("Vendor", "NetBox")
                            .liver(0)
                            .bytes(),
                    SegFixture.corrected(next).liver(1).bytes());
            JsonNode scored = awaitState(
                    mine,
                    mine.get("/api/v1/pairs?study=" + next)
                            .json()
                            .path("pairs")
                            .path(0)
                            .path("links")
                            .path("self")
                            .asString(),
                    "SCORED");
            JsonNode card =
                    mine.get(scored.path("links").path("scorecard").asString()).json();
            assertThat(card.path("model").path("name").asString()).isEqualTo("netbox");
            assertThat(mine.putJson("/api/v1/pairing-rules", "{\"rules\": 1}")
                            .expect(422)
                            .problem())
                    .isEqualTo("invalid-request");
            assertThat(mine.putJson(
                                    "/api/v1/pairing-rules",
                                    changed.deepCopy()
                                            .put("severalPredictions", "x")
                                            .toString())
                            .expect(422)
                            .problem())
                    .isEqualTo("invalid-request");
        } finally {
            own.stop();
        }
    }

    private static String report(JsonNode pair) {
        return pacs.get(pair.path("links").path("report").asString().replace("/dicom-web", "") + "/metadata")
                .text();
    }

    private static List<JsonNode> pairs(String study) {
        List<JsonNode> all = new ArrayList<>();
        api.get("/api/v1/pairs?study=" + study).expect(200).json().path("pairs").forEach(all::add);
        return all;
    }

    private static JsonNode onlyPair(String study) {
        List<JsonNode> all = pairs(study);
        assertThat(all).hasSize(1);
        return all.getFirst();
    }

    private static long count(String study, String state) {
        return pairs(study).stream()
                .filter(pair -> pair.path("state").asString().equals(state))
                .count();
    }

    static JsonNode reached(String study, String state) throws Exception {
        api = Service.shared().api(); // asked by other tests of the same service, too
        await(() -> count(study, state) == 1);
        return api.get(pairs(study).stream()
                        .filter(pair -> pair.path("state").asString().equals(state))
                        .findFirst()
                        .orElseThrow()
                        .path("links")
                        .path("self")
                        .asString())
                .json();
    }

    private static JsonNode awaitState(String path, String state) throws Exception {
        return awaitState(api, path, state);
    }

    private static JsonNode awaitState(Api from, String path, String state) throws Exception {
        await(() -> from.get(path).json().path("state").asString().equals(state));
        return from.get(path).json();
    }

    private static List<String> states(JsonNode pair) {
        List<String> states = new ArrayList<>();
        pair.path("history").forEach(one -> states.add(one.path("to").asString()));
        return states;
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited for a minute and a half");
            }
            Thread.sleep(50);
        }
    }
}
