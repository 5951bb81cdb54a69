package org.segmeter.pacs;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.dicom.DicomInstance;
import org.segmeter.format.dicom.DicomJson;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Reports of what is seldom: written, read back, and judged by dciodvfy and dsrdump where they are installed. */
class StructuredReportTest {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String LONG = "Gefäß, sehr langer Name eines Abschnitts mit Umlauten äöüß, Länge";

    /** Nothing of the patient is known. */
    private static final String STUDY = "{\"0020000D\": {\"vr\": \"UI\", \"Value\": [\"1.2.3\"]}}";

    private final ObjectNode card = JSON.createObjectNode();
    private final ArrayNode segments = card.putArray("segments");

    StructuredReportTest() {
        card.putObject("protocol").put("id", "segmeter@1");
        card.put("startedAt", "2026-01-03T12:00:00Z");
    }

    /** An entry of a scorecard; a side without a number does not have the segment. */
    private ObjectNode entry(@Nullable String label, @Nullable Integer prediction, @Nullable Integer reference) {
        ObjectNode entry = segments.addObject();
        ObjectNode segment = entry.putObject("segment");
        if (label != null) {
            segment.put("label", label);
        }
        ObjectNode match = entry.putObject("match");
        match.put("prediction", prediction);
        match.put("reference", reference);
        ObjectNode metrics = entry.putObject("metrics");
        metrics.putObject("volume_prediction_ml").put("value", 1.5).put("unit", "ml");
        metrics.putObject("volume_reference_ml").put("value", 1e-7 / 3).put("unit", "ml");
        metrics.putObject("dice").put("value", 2 / 3.0).put("unit", "1").put("state", "OK");
        ArrayNode nsd = metrics.putArray("nsd");
        nsd.addObject()
                .put("value", 0.5)
                .put("unit", "1")
                .put("state", "OK")
                .putObject("parameters")
                .put("toleranceMm", 1.5);
        return entry;
    }

    private static void state(ObjectNode entry, String metric, String state) {
        ((ObjectNode) entry.path("metrics"))
                .putObject(metric)
                .put("unit", "mm")
                .put("state", state)
                .put("reason", "in words");
    }

    private static ObjectNode concept(ObjectNode entry) {
        ObjectNode concept = ((ObjectNode) entry.path("segment")).putObject("concept");
        code(concept, "category", "123037004", "SCT", "Anatomical Structure");
        return concept;
    }

    private static void code(ObjectNode concept, String member, String value, String scheme, String meaning) {
        concept.putObject(member).put("value", value).put("scheme", scheme).put("meaning", meaning);
    }

    private byte[] written(String patientAndStudy, String version) {
        Pair pair = new Pair(
                UUID.fromString("8d1b3f6e-57c6-4f0c-9d0e-000000000001"),
                "default",
                "1.2.3",
                PairState.MATCHED,
                "",
                "1.2.3.1",
                "1.2.3.2",
                List.of(),
                List.of(),
                null,
                null,
                null,
                Instant.EPOCH,
                Instant.EPOCH);
        return StructuredReport.write(
                pair,
                card,
                false,
                instance("1.2.3.1", Set.of("1.2.3.9", "1.2.3.8"), version),
                instance("1.2.3.2", Set.of(), null),
                JSON.readTree(patientAndStudy),
                "1.0");
    }

    private static StoredInstance instance(String sop, Set<String> series, @Nullable String version) {
        List<StoredSegment> segments = new ArrayList<>();
        for (int number = 1; number <= 9; number++) {
            segments.add(new StoredSegment(number, "s" + number, "k" + number, "AUTOMATIC", "netz-äöü", version));
        }
        return Instances.stored(sop, DicomInstance.SEGMENTATION, "1.2.3", sop + ".1", series, segments);
    }

    private static JsonNode read(byte[] report) throws Exception {
        MemorySegment object = MemorySegment.ofArray(report);
        StringBuilder text = new StringBuilder();
        DicomJson json = new DicomJson(text);
        json.begin();
        DicomInstance.describe(object, ReadOptions.defaults(), json);
        json.end();
        return JSON.readTree(text.toString());
    }

    /** Items of a report, wherever they are, whose concept has a code. */
    private static List<JsonNode> items(JsonNode item, String code) {
        List<JsonNode> found = new ArrayList<>();
        if (item.at("/0040A043/Value/0/00080100/Value/0").asString("").equals(code)) {
            found.add(item);
        }
        for (JsonNode child : item.at("/0040A730/Value")) {
            found.addAll(items(child, code));
        }
        return found;
    }

    private static List<String> codes(List<JsonNode> items) {
        return items.stream()
                .map(one -> one.at("/0040A168/Value/0/00080100/Value/0").asString(""))
                .toList();
    }

    private void judged(byte[] report, Path directory) throws Exception {
        SrReading.judge(Files.write(directory.resolve("report.dcm"), report));
    }

    @Test
    void whatIsSeldomIsWrittenAsTheStandardWantsIt(@TempDir Path directory) throws Exception {
        ObjectNode uncoded = entry(LONG, 1, 1);
        state(uncoded, "hd", "REFERENCE_EMPTY");
        state(uncoded, "hd95", "BOTH_EMPTY");
        state(uncoded, "masd", "NOT_SCORED");
        ObjectNode tumour = entry("Tumour", 2, 2);
        ObjectNode of = concept(tumour);
        code(of, "type", "108369006", "SCT", "Neoplasm");
        code(of, "region", "64033007", "SCT", "Kidney");
        of.put("laterality", "left");
        ObjectNode long0 = concept(entry("", 3, 3));
        code(long0, "type", "a-code-that-is-longer-than-sixteen", "99ABC", "");
        ObjectNode noScheme = concept(entry("No scheme", 4, 4));
        code(noScheme, "type", "17", "", "Something");

        byte[] report = written(STUDY, "äöü-1");
        judged(report, directory);
        JsonNode json = read(report);
        assertThat(SrReading.numbers(json, "DSC")).containsExactly(2 / 3.0, 2 / 3.0, 2 / 3.0, 2 / 3.0);
        assertThat(SrReading.numbers(json, "118565006")).contains(1.5, 1e-7 / 3).hasSize(8);
        for (String[] one : new String[][] {{"HD", "114011"}, {"HD95", "114003"}, {"MASD", "114007"}}) {
            JsonNode number = items(json, one[0]).getFirst();
            assertThat(number.at("/0040A300/Value").size()).as("no number").isZero();
            assertThat(number.at("/0040A301/Value/0/00080100/Value/0").asString())
                    .isEqualTo(one[1]);
        }
        assertThat(items(json, "NSD").getFirst().at("/0040A730/Value/1/0040A300/Value/0/0040A161/Value/0"))
                .as("its tolerance, below it")
                .hasToString("1.5");
        // Where a finding that is no part of the body is, and on which side.
        assertThat(codes(items(json, "363698007"))).containsExactly("64033007", "64033007");
        assertThat(codes(items(json, "272741003"))).containsExactly("7771000", "7771000");
        assertThat(codes(items(json, "121071"))).contains("108369006", "SEGMENT", "");
        assertThat(items(json, "112039").getFirst().at("/0040A160/Value/0").asString())
                .isEqualTo(LONG + ", prediction");
        assertThat(items(json, "111003")).as("of the side that has a version").hasSize(4);
    }

    @Test
    void whatOneSideAloneHasIsSaidAndHasNoNumber(@TempDir Path directory) throws Exception {
        entry("Liver", 1, 1);
        entry("Spleen", null, 2);
        entry("Kidney", 2, null);
        byte[] report = written(STUDY, "1");
        judged(report, directory);
        JsonNode json = read(report);
        assertThat(SrReading.numbers(json, "DSC")).hasSize(1);
        assertThat(items(json, "125007")).as("measurement groups").hasSize(4);
        assertThat(items(json, "UNMATCHED"))
                .extracting(one -> one.at("/0040A160/Value/0").asString())
                .containsExactly("Spleen, in the reference only", "Kidney, in the prediction only");
    }

    @Test
    void aNameInThreeWritingsStaysWholeAndWhatIsTooLongIsLeftOut() throws Exception {
        entry("Liver", 1, 1);
        String kanji = "山田".repeat(12) + "^太郎";
        String patient = """
            {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "%s", "Ideographic": "%s", "Phonetic": "%s"}]},
             "00100020": {"vr": "LO", "Value": ["%s"]}, "0020000D": {"vr": "UI", "Value": ["1.2.3"]}}
            """.formatted("Yamada".repeat(8) + "^Tarou", kanji, "やまだ^たろう", "x".repeat(65));
        // Not judged by dciodvfy, which counts the bytes of all of them.
        JsonNode json = read(written(patient, "1"));
        assertThat(json.at("/00100010/Value/0/Ideographic").asString()).isEqualTo(kanji);
        assertThat(json.at("/00100020/Value").size()).isZero();
    }
}
