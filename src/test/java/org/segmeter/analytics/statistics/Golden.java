package org.segmeter.analytics.statistics;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What SciPy and NumPy answered; how, is in the MANIFEST.md beside the file. */
final class Golden {

    private static final JsonNode ALL = read();

    private Golden() {}

    static JsonNode cases(String name) {
        JsonNode cases = ALL.path(name);
        if (cases.isEmpty()) {
            throw new AssertionError("no golden values of " + name);
        }
        return cases;
    }

    static double[] numbers(JsonNode node) {
        double[] numbers = new double[node.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = node.get(i).doubleValue();
        }
        return numbers;
    }

    /** 1e-9 of the value. */
    static Offset<Double> closeTo(double value) {
        return Offset.offset(1e-9 * Math.max(Math.abs(value), 1e-3));
    }

    private static JsonNode read() {
        try {
            return new JsonMapper().readTree(Files.readString(Path.of("src/test/resources/statistics/golden.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
