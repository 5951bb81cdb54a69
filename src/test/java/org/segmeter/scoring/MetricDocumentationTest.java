package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;

/** docs/metrics.md says of every metric and protocol what the program says. */
class MetricDocumentationTest {

    @Test
    void everyMetricAndProtocolIsDocumentedAsItIsDefined() throws Exception {
        String text = Files.readString(Path.of("docs/metrics.md"));
        for (MetricDefinition d : MetricCatalogue.definitions()) {
            assertThat(text)
                    .contains("| `%s` | %s | %s |"
                            .formatted(d.name(), d.definition().replace("|", "\\|"), d.unit()));
        }
        for (Protocol p : Protocols.builtIn().all()) {
            assertThat(text).contains("| `%s` | %s |".formatted(p.id(), p.title()));
        }
    }

    @Test
    void everyMetricOfEveryProtocolIsDefinedAndEveryAliasMeansOneMetric() {
        for (Protocol p : Protocols.builtIn().all()) {
            for (Protocol.Metric m : p.metrics()) {
                assertThat(MetricCatalogue.find(m.name()))
                        .as(p.id() + " " + m.name())
                        .isPresent();
            }
        }
        assertThat(MetricCatalogue.definitions().stream()
                        .flatMap(d -> d.aliases().stream())
                        .toList())
                .doesNotHaveDuplicates();
    }
}
