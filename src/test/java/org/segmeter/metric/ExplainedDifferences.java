package org.segmeter.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The table in docs/conventions.md of every answer of another tool that is not reproduced: test, tool and value, number, reason. */
public final class ExplainedDifferences {

    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| ([^|]+) \\| (\\d+) \\| ([^|]+) \\|");

    private ExplainedDifferences() {}

    /**
     * Fails unless the table lists for the test exactly what it found.
     *
     * @param found "tool and value: reason" to how many answers over all shared cases
     */
    public static void assertDocumented(Class<?> test, Map<String, Integer> found) {
        Map<String, Integer> documented = new TreeMap<>();
        try {
            for (String line : Files.readAllLines(Path.of("docs/conventions.md"))) {
                Matcher row = ROW.matcher(line);
                if (row.matches() && row.group(1).equals(test.getSimpleName())) {
                    documented.put(row.group(2) + ": " + row.group(4), Integer.valueOf(row.group(3)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(new TreeMap<>(found)).as("docs/conventions.md").isEqualTo(documented);
    }
}
