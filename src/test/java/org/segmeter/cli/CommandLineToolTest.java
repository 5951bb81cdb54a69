package org.segmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.databind.JsonNode;

class CommandLineToolTest {

    private static final String OBJECT =
            "src/test/resources/org/segmeter/format/dicom/derived/s02_binary_multi_odd_implicit.dcm";
    private static final String MASK =
            "src/test/resources/org/segmeter/scoring/derived/s02_binary_multi_odd_implicit.perturbed.nii.gz";

    private record Run(int status, String out, String err) {}

    private static Run run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = CommandLineTool.run(arguments, new PrintStream(out, true), new PrintStream(err, true));
        return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aPairIsScoredAsATable() {
        Run run = run("score", OBJECT, MASK);
        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .contains(
                        "segmeter@1  dicom-seg against nifti-1", "Liver", "0.8258", "geometry identical", "3 segments");
    }

    @Test
    void asJsonItIsTheScorecardOfTheService() {
        Run run = run("score", OBJECT, MASK, "--json", "--threads", "1");
        JsonNode card = JsonDocument.read(run.out());
        assertThat(card.at("/segments/0/metrics/tp/value").longValue()).isEqualTo(1280);
        assertThat(card.at("/protocol/id").stringValue()).isEqualTo("segmeter@1");
        assertThat(card.at("/prediction/sha256").stringValue()).hasSize(64);
        assertThat(card.has("engine")).isTrue();
    }

    @Test
    void asCsvEachValueHasALine() {
        Run run = run("score", OBJECT, MASK, "--csv", "--protocol", "segmeter@1,monai@1");
        assertThat(run.out()).startsWith("protocol,segment,label,match,metric,parameters,value,unit,state");
        assertThat(run.out())
                .contains("segmeter@1,1,Liver,number,tp,,1280,1,OK", "monai@1,1,Liver,number,nsd,toleranceMm=1.0,");
    }

    @Test
    void anExplicitMappingIsObeyed() {
        Run run = run("score", OBJECT, MASK, "--map", "2=1", "--json");
        assertThat(JsonDocument.read(run.out()).at("/segments/0/match/rule").stringValue())
                .isEqualTo("explicit");
    }

    @Test
    void whatIsScoredCanBeNarrowedAndGathered() {
        Run run = run(
                "score",
                OBJECT,
                MASK,
                "--json",
                "--region",
                "both=1+2",
                "--region",
                "all=@both+3",
                "--extent",
                "{\"kind\":\"range\",\"axis\":\"axial\"}");
        JsonNode card = JsonDocument.read(run.out());
        assertThat(card.at("/segments/3/segment/label").stringValue()).isEqualTo("both");
        assertThat(card.at("/segments/4/match/rule").stringValue()).isEqualTo("region");
        JsonNode ignoring = JsonDocument.read(
                run("score", OBJECT, MASK, "--json", "--ignore", "3").out());
        assertThat(ignoring.path("segments").size()).isEqualTo(3);
        Run outside =
                run("score", OBJECT, MASK, "--extent", "{\"kind\":\"box\",\"from\":[9000,0,0],\"to\":[9001,1,1]}");
        assertThat(outside.status()).isEqualTo(1);
        assertThat(outside.err()).contains("outside the reference's volume", "9000", "expected:");
        assertThat(run("score", OBJECT, MASK, "--extent", "{\"kind\":\"ball\"}").err())
                .contains("extent", "full, box, range, slices");
        assertThat(run("score", OBJECT, MASK, "--region", "WT").status()).isEqualTo(2);
    }

    @Test
    void whatCannotBeScoredEndsWithOneAndSaysWhy() {
        Run run = run("score", "pom.xml", MASK);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .contains("unsupported-format", "side:     prediction", "expected:")
                .doesNotContain("pom.xml");
        Run json = run("score", "pom.xml", MASK, "--json");
        assertThat(JsonDocument.read(json.err()).at("/type").stringValue()).isEqualTo("/problems/unsupported-format");
    }

    @Test
    void aMissingFileIsARefusalNotAStackTrace() {
        Run run = run("score", "no-such-file.nii", MASK);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).contains("does not exist").doesNotContain("at org.segmeter");
    }

    @Test
    void argumentsThatMakeNoSenseEndWithTwo() {
        assertThat(run("score", OBJECT).status()).isEqualTo(2);
        assertThat(run("score", OBJECT, MASK, "--map", "2").status()).isEqualTo(2);
        assertThat(run("score", OBJECT, MASK, "--json", "--csv").status()).isEqualTo(2);
        assertThat(run("scroe").status()).isEqualTo(2);
        assertThat(run("score", OBJECT, MASK, "--frob").status()).isEqualTo(2);
    }

    @Test
    void aProtocolOfOnesOwnIsAFile(@TempDir Path directory) throws IOException {
        String document = """
            {"id": "%s", "version": 1, "title": "two metrics", "geometry": "strict", "penalty": "none", "empty": {},
             "metrics": [{"name": "dice"}, {"name": "hd", "surface": "boundary-6"}]}
            """;
        Path own = Files.writeString(directory.resolve("own.json"), document.formatted("own"));
        JsonNode card = JsonDocument.read(run("score", OBJECT, MASK, "--json", "--protocol", own + ",monai@1")
                .out());
        assertThat(card.at("/protocol/id").stringValue()).isEqualTo("own@1");
        assertThat(card.at("/segments/0/metrics").propertyNames()).containsExactlyInAnyOrder("dice", "hd");
        assertThat(card.at("/segments/0/metrics/hd/value"))
                .isEqualTo(JsonDocument.read(run("score", OBJECT, MASK, "--json", "--protocol", "monai@1")
                                .out())
                        .at("/segments/0/metrics/hd/value"));

        Path taken = Files.writeString(directory.resolve("taken.json"), document.formatted("monai"));
        Run refused = run("score", OBJECT, MASK, "--protocol", taken.toString());
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err()).contains("A protocol never changes", "monai@1");
        Run missing = run(
                "score",
                OBJECT,
                MASK,
                "--protocol",
                directory.resolve("none.json").toString());
        assertThat(missing.status()).isEqualTo(1);
        assertThat(missing.err()).contains("There is no such protocol file");
    }

    @Test
    void helpVersionMetricsAndProtocolsAreThere() {
        assertThat(run("--help").out()).contains("score", "metrics", "protocols");
        assertThat(run("--version").out()).startsWith("segmeter ");
        assertThat(run("metrics").out()).contains("dice", "2 TP / (2 TP + FP + FN)");
        assertThat(run("protocols").out()).contains("segmeter@1", "monai@1");
        assertThat(run("protocols", "segmeter@1").out()).startsWith("{\"empty\":");
        assertThat(run("score", "--help").status()).isZero();
    }

    @Test
    void onlyWordsAndQuestionsAreForTheTool() {
        assertThat(CommandLineTool.isFor()).isFalse();
        assertThat(CommandLineTool.isFor("serve")).isFalse();
        assertThat(CommandLineTool.isFor("--server.port=0")).isFalse();
        assertThat(CommandLineTool.isFor("score")).isTrue();
        assertThat(CommandLineTool.isFor("--help")).isTrue();
    }
}
