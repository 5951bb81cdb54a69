package org.segmeter.analytics;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;

/** Finds metrics by their names, and what was probably meant where there is none. */
final class MetricNames {

    private static final int SUGGESTED = 5;

    private MetricNames() {}

    /** @throws InvalidQuery naming the nearest names, aliases included */
    static MetricDefinition require(String parameter, String name) throws InvalidQuery {
        MetricDefinition found = MetricCatalogue.find(name).orElse(null);
        if (found != null) {
            return found;
        }
        throw new InvalidQuery(parameter, "is no metric of /api/v1/metrics; near are " + String.join(", ", near(name)));
    }

    private static List<String> near(String name) {
        String asked = name.toLowerCase(Locale.ROOT);
        return MetricCatalogue.definitions().stream()
                .sorted(Comparator.comparingInt((MetricDefinition d) -> distance(asked, d))
                        .thenComparing(MetricDefinition::name))
                .limit(SUGGESTED)
                .map(MetricDefinition::name)
                .toList();
    }

    private static int distance(String asked, MetricDefinition definition) {
        int least = distance(asked, definition.name());
        for (String alias : definition.aliases()) {
            least = Math.min(least, distance(asked, alias.toLowerCase(Locale.ROOT)));
        }
        return least;
    }

    /** Single characters that must be put in, left out or changed (Levenshtein, 1966). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
