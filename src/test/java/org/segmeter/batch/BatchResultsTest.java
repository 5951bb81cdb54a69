package org.segmeter.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.segmeter.evaluation.Description;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Results of any length are written while they are read, and are what other programs expect. */
class BatchResultsTest {

    private static final UUID BATCH = UUID.randomUUID();

    /** Items that are made when they are asked for. */
    private record Made(int items, List<String> cards, List<Integer> asked) implements ResultSource {
        @Override
        public List<Read> page(UUID batch, int after, int most) {
            asked.add(after);
            List<Read> page = new ArrayList<>();
            for (int number = after + 1; number <= Math.min(items, after + most); number++) {
                String card = cards.isEmpty() ? null : cards.get((number - 1) % cards.size());
                page.add(new Read(
                        number,
                        null,
                        new ResultItem(
                                new Description("c" + number, null, null, null, Map.of()),
                                "p",
                                "r",
                                card == null ? "FAILED" : "SUCCEEDED",
                                "",
                                card == null ? null : JsonMapper.shared().readTree(card))));
            }
            return page;
        }

        @Override
        public List<String> metrics(UUID batch) {
            return List.of("dice");
        }

        @Override
        public void ofCases(UUID batch, Described sink) {}

        @Override
        public void ofStructures(UUID batch, Described sink) {}
    }

    /** Counts lines; knows how many had come when a page was asked for. */
    private static final class Lines extends OutputStream {
        private long lines;

        @Override
        public void write(int one) {
            lines += one == '\n' ? 1 : 0;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            for (int i = offset; i < offset + length; i++) {
                write(bytes[i]);
            }
        }
    }

    @Test
    void aMillionRowsAreWrittenPageByPage() throws Exception {
        int items = Integer.getInteger("segmeter.rows", 200_000);
        long[] behind = {0};
        Lines lines = new Lines();
        ResultSource made = new Made(items, List.of(), new ArrayList<>());
        ResultSource watched = new ResultSource() {
            @Override
            public List<Read> page(UUID batch, int after, int most) {
                assertThat(most).isEqualTo(BatchResults.PAGE);
                // What was read before has been written, but for what the writer's buffer of 64 KiB holds.
                behind[0] = Math.max(behind[0], after - lines.lines);
                return made.page(batch, after, most);
            }

            @Override
            public List<String> metrics(UUID batch) {
                return made.metrics(batch);
            }

            @Override
            public void ofCases(UUID batch, Described sink) {}

            @Override
            public void ofStructures(UUID batch, Described sink) {}
        };
        new BatchResults(watched, JsonMapper.shared()).write(BATCH, BatchResults.Format.CSV, lines);
        assertThat(lines.lines).isEqualTo(items + 1L);
        assertThat(behind[0]).isLessThan(6000);
    }

    @Test
    void nnunetLeavesOutWhatIsOnNeitherSideAndItsForegroundMeanDoesNot() throws Exception {
        String both = card(1, 3, 1, 0, 6, 2, 0, 2, 2, 6);
        String first = "{\"segments\":[" + segment(1, 1, 1, 1, 7) + "]}";
        String nothing = "{\"segments\":[" + segment(1, 0, 0, 0, 10) + "," + segment(2, 0, 0, 0, 10) + "]}";
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        new BatchResults(new Made(3, List.of(both, first, nothing), new ArrayList<>()), JsonMapper.shared())
                .write(BATCH, BatchResults.Format.NNUNET, out);
        String text = out.toString(java.nio.charset.StandardCharsets.UTF_8);
        JsonNode summary = JsonMapper.shared().readTree(text.replace("NaN", "null"));
        // Dice of label 1: 6/7, 2/4 and undefined; of label 2: 0, undefined, undefined.
        assertThat(summary.at("/mean/1/Dice").asDouble()).isEqualTo((6 / 7.0 + 0.5) / 2);
        assertThat(summary.at("/mean/2/Dice").asDouble()).isZero();
        assertThat(summary.at("/foreground_mean/Dice").asDouble()).isEqualTo((6 / 7.0 + 0.5) / 4);
        assertThat(summary.at("/metric_per_case/1/metrics/2/Dice").isNull()).isTrue();
        assertThat(summary.at("/metric_per_case/1/metrics/2/TN").asInt()).isEqualTo(10);
        assertThat(summary.at("/mean/2/TN").asDouble()).isEqualTo((6 + 10 + 10) / 3.0);
        assertThat(text).contains("\"Dice\": NaN");
    }

    private static String card(int... numbers) {
        return "{\"segments\":[" + segment(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]) + ","
                + segment(numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]) + "]}";
    }

    private static String segment(int number, int tp, int fp, int fn, int tn) {
        return """
            {"segment":{"number":%d,"label":"%d"},"metrics":{"tp":{"value":%d,"state":"OK"},"fp":{"value":%d,"state":"OK"},
             "fn":{"value":%d,"state":"OK"},"tn":{"value":%d,"state":"OK"}}}\
            """.formatted(number, number, tp, fp, fn, tn);
    }

    @Test
    void textsThatASpreadsheetWouldRunAreHarmless() {
        assertThat(List.of("=1", "+1", "-1", "@x", "\t=1", "  =cmd", "\uff1d1", "a\nb", "plain", "1-2"))
                .extracting(CsvLine::harmless)
                .containsExactly("'=1", "'+1", "'-1", "'@x", "'\t=1", "'  =cmd", "'\uff1d1", "a b", "plain", "1-2");
        assertThat(CsvLine.of(List.of("a,b", "c\"d", ""))).isEqualTo("\"a,b\",\"c\"\"d\",\n");
        assertThat(CsvLine.number(-0.25)).isEqualTo("-0.25");
        assertThat(CsvLine.number(3.0)).isEqualTo("3");
        assertThat(CsvLine.number(null)).isEmpty();
    }
}
