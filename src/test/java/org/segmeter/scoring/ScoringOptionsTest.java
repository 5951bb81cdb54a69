package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

class ScoringOptionsTest {

    @Test
    void everyMemberOfARequestIsRead() throws Exception {
        ScoringOptions options = ScoringOptions.parse("""
            {"caseId": "c", "model": {"name": "m"}, "site": "s", "labels": {"a": "b"},
             "protocol": ["segmeter@1", "monai@1"],
             "segments": [{"prediction": 2, "reference": {"code": "SCT:10200004"}}, {"prediction": "Liver", "reference": {"label": "L"}}],
             "prediction": {"values": "probabilities", "threshold": 0.4},
             "geometry": {"pixelUnits": true, "frameOfReference": "ignore"},
             "metrics": {"nsd": {"toleranceMm": [1, 2.5]}}}
            """);
        assertThat(options.protocols()).containsExactly("segmeter@1", "monai@1");
        assertThat(options.segments())
                .containsExactly(
                        new SegmentMapping(
                                new SegmentSelector.ByNumber(2), new SegmentSelector.ByCode("SCT", "10200004")),
                        new SegmentMapping(new SegmentSelector.ByLabel("Liver"), new SegmentSelector.ByLabel("L")));
        assertThat(options.prediction().values()).isEqualTo(ReadOptions.Values.PROBABILITIES);
        assertThat(options.prediction().threshold()).hasValue(0.4);
        assertThat(options.reference()).isEqualTo(SideOptions.DEFAULT);
        assertThat(options.pixelUnits()).isTrue();
        assertThat(options.ignoreFrameOfReference()).isTrue();
        assertThat(options.metricParameters()).isEqualTo(Map.of("nsd", Map.of("toleranceMm", List.of(1.0, 2.5))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"protcol\": \"segmeter@1\"}|protcol",
                "{\"protocol\": 3}|protocol",
                "{\"protocol\": []}|protocol",
                "{\"segments\": [{\"prediction\": 1}]}|segments[0].reference",
                "{\"segments\": [{\"prediction\": 1, \"reference\": {\"id\": 1}}]}|segments[0].reference.id",
                "{\"prediction\": {\"values\": \"bits\"}}|prediction.values",
                "{\"reference\": {\"threshold\": \"half\"}}|reference.threshold",
                "{\"geometry\": {\"lenient\": true}}|geometry.lenient",
                "{\"metrics\": {\"nsd\": {\"toleranceMm\": []}}}|metrics.nsd.toleranceMm",
                "{\"ignore\": {\"label\": 3}}|ignore",
                "{\"ignore\": {\"reference\": 3, \"side\": 1}}|ignore.side",
                "{\"extent\": {\"kind\": \"sphere\"}}|extent.kind",
                "{\"extent\": [{\"kind\": \"full\", \"axis\": \"x\"}]}|extent[0].axis",
                "{\"extent\": {\"kind\": \"box\", \"from\": [0, 0], \"to\": [1, 1, 1]}}|extent.from",
                "{\"extent\": {\"kind\": \"box\", \"from\": [2, 0, 0], \"to\": [1, 1, 1]}}|extent",
                "{\"extent\": {\"kind\": \"range\", \"axis\": \"up\"}}|extent.axis",
                "{\"extent\": {\"kind\": \"range\", \"axis\": \"z\", \"from\": -1}}|extent.from",
                "{\"extent\": {\"kind\": \"slices\", \"axis\": \"z\", \"slices\": [1, 1]}}|extent.slices",
                "{\"regions\": [1]}|regions",
                "{\"regions\": {\"a\": []}}|regions",
                "{\"regions\": {\"a\": [{\"region\": \"b\"}], \"b\": [{\"region\": \"a\"}]}}|regions",
                "{\"regions\": {\"a\": [{\"region\": \"c\"}]}}|regions",
                "[]|request",
                "{\"a\": 1, \"a\": 2}|JSON",
                "{} {}|JSON",
                "{|JSON"
            })
    void whatCannotBeUsedIsNamed(String json, String member) {
        assertThatThrownBy(() -> ScoringOptions.parse(json)).isInstanceOfSatisfying(InputException.class, e -> {
            assertThat(e.problem()).isEqualTo(InputProblem.INVALID_REQUEST);
            assertThat(e.getMessage()).contains(member);
        });
    }

    /** As an exponent or as digits: a double cannot hold it. */
    @ParameterizedTest
    @ValueSource(strings = {"1e400", "-1e400", "DIGITS", "-DIGITS"})
    void aNumberBeyondAllRangesIsRefusedWhereverItStands(String text) {
        String number = text.replace("DIGITS", "9".repeat(400));
        for (String request : List.of(
                "{'metrics': {'nsd': {'toleranceMm': %s}}}",
                "{'metrics': {'nsd': {'toleranceMm': [1, %s]}}}",
                "{'prediction': {'threshold': %s}}",
                "{'segments': [{'prediction': %s, 'reference': 1}]}",
                "{'extent': {'kind': 'box', 'unit': 'mm', 'from': [0, 0, %s], 'to': [1, 1, 1]}}",
                "{'ignore': %s}",
                "{'loss': {'smooth': %s}}",
                "{'loss': {'bins': %s}}",
                "{'loss': {'classWeights': [%s]}}")) {
            refused(() -> ScoringOptions.parse(request.replace('\'', '"').formatted(number)));
        }
        for (String member : List.of(
                "'decimals': %s, 'metrics': [{'name': 'dice'}]",
                "'metrics': [{'name': 'nsd', 'toleranceMm': %s}]",
                "'metrics': [{'name': 'dice', 'for': [%s]}]",
                "'penalty': %s, 'metrics': [{'name': 'dice'}]",
                "'empty': {'*': {'both': %s}}, 'metrics': [{'name': 'dice'}]")) {
            refused(() -> Protocol.parse(("{'id': 'x', 'version': 1, 'title': 't', " + member + "}")
                    .replace('\'', '"')
                    .formatted(number)));
        }
        refused(() -> Protocol.parse(
                "{\"id\": \"x\", \"version\": %s, \"title\": \"t\", \"metrics\": []}".formatted(number)));
    }

    private static void refused(ThrowingCallable reading) {
        assertThatThrownBy(reading)
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.INVALID_REQUEST));
    }

    @Test
    void aProtocolIsItsCanonicalDocument() throws Exception {
        String one = "{\"id\":\"x\",\"version\":1,\"title\":\"t\",\"metrics\":[{\"name\":\"f_beta\",\"beta\":[2.0]}]}";
        String same = "{ \"metrics\": [ {\"beta\": [2], \"name\": \"f_beta\"} ], \"title\": \"t\", \"version\": 1.0e0,"
                + " \"id\": \"x\" }";
        assertThat(Protocol.parse(one).sha256())
                .isEqualTo(Protocol.parse(same.replace("1.0e0", "1")).sha256());
        assertThat(CanonicalJson.number(1e21)).isEqualTo("1e+21");
        assertThat(CanonicalJson.number(1e-7)).isEqualTo("1e-7");
        assertThat(CanonicalJson.number(0.000001)).isEqualTo("0.000001");
        assertThat(CanonicalJson.number(-123456.5)).isEqualTo("-123456.5");
    }
}
