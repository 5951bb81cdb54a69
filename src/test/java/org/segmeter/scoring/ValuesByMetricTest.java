package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;

class ValuesByMetricTest {

    private static final ValuesByMetric.Names NAMES = new ValuesByMetric.Names(List.of("dice", "nsd", "hd", "bce"));

    private static MetricValue value(double number) {
        return MetricValue.ok(number, "1");
    }

    @Test
    void valuesStandInTheOrderOfTheNamesAndWhatHasNoneIsLeftOut() {
        ValuesByMetric.Builder builder = ValuesByMetric.builder(NAMES);
        builder.add("bce", List.of(value(4)));
        builder.add("nsd", List.of(value(2)));
        builder.add("hd", List.of());
        builder.add("nsd", List.of(value(2.5), value(2.75)));
        Map<String, List<MetricValue>> built = builder.build();

        Map<String, List<MetricValue>> expected = new LinkedHashMap<>();
        expected.put("nsd", List.of(value(2), value(2.5), value(2.75)));
        expected.put("bce", List.of(value(4)));
        assertThat(built).isEqualTo(expected).hasSameHashCodeAs(expected).hasSize(2);
        assertThat(built.keySet()).containsExactly("nsd", "bce");
        assertThat(built.get("hd")).isNull();
        assertThat(built.get("other")).isNull();
        assertThat(built.containsKey("hd")).isFalse();
        assertThat(built.toString()).isEqualTo(expected.toString());
        assertThatThrownBy(() -> builder.add("other", List.of(value(1)))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void withoutNamesTheOrderIsThatInWhichTheyCome() {
        ValuesByMetric.Builder builder = ValuesByMetric.builder(null);
        builder.add("hd", List.of(value(1)));
        builder.add("dice", List.of(value(2)));
        builder.add("bce", List.of());
        builder.add("hd", List.of(value(3)));
        assertThat(builder.build())
                .containsExactly(Map.entry("hd", List.of(value(1), value(3))), Map.entry("dice", List.of(value(2))));
    }

    @Test
    void parametersAreSharedOnlyInTheSameOrder() {
        MetricValue one = value(1).with("weight", "square").with("background", "include");
        MetricValue other = value(1).with(one.parameters());
        assertThat(other).isEqualTo(one);
        assertThat(other.parameters()).isSameAs(one.parameters());
        assertThat(MetricValue.shared(one.parameters())).isSameAs(one.parameters());
        assertThat(value(1).with("a", 1).with(Map.of("b", 2)).parameters())
                .containsExactly(Map.entry("a", 1), Map.entry("b", 2));
        assertThatThrownBy(() -> one.parameters().put("more", 1)).isInstanceOf(UnsupportedOperationException.class);
        assertThat(one.parameters().toString()).isEqualTo("{weight=square, background=include}");
    }
}
