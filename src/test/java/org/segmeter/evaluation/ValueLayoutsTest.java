package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;

@DisplayName("The row of a segment's values")
class ValueLayoutsTest {

    @Test
    void hasANumberForEveryStateThatTheDatabaseReadsAsTheSame() throws IOException {
        assertThat(ValueLayouts.STATES)
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(MetricValue.State.values())
                        .map(Enum::name)
                        .toList());
        try (InputStream migration = Objects.requireNonNull(
                getClass().getResourceAsStream("/db/migration/V30__values_of_a_segment_in_one_row.sql"))) {
            String text = new String(migration.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(text.substring(text.indexOf("create function metric_values()")))
                    .contains("array['" + String.join("', '", ValueLayouts.STATES) + "'])");
        }
    }
}
