package org.segmeter.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.MDC;

class TraceTest {

    private static final String ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "00-" + ID + "-b7ad6b7169203331-01";

    @Test
    void aTraceIsGoneOnAndEndsWithItsSpan() {
        assertThat(Trace.parent(PARENT)).contains(ID);
        assertThat(Trace.parent("cc" + PARENT.substring(2) + "-what-comes-later"))
                .contains(ID);
        try (Trace.Span request = Trace.span(ID)) {
            String span = MDC.get("span_id");
            assertThat(Trace.current()).isEqualTo(ID);
            assertThat(span).matches("[0-9a-f]{16}");
            try (Trace.Span begun = Trace.span(null)) {
                assertThat(Trace.current()).matches("[0-9a-f]{32}").isNotEqualTo(ID);
            }
            assertThat(Trace.current()).isEqualTo(ID);
            assertThat(MDC.get("span_id")).isEqualTo(span);
        }
        assertThat(Trace.current()).isNull();
        assertThat(MDC.get("span_id")).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00-" + ID + "-b7ad6b7169203331",
                "ff-" + ID + "-b7ad6b7169203331-01",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-" + ID + "-0000000000000000-01",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                PARENT + "-more",
                PARENT + "\n",
                "Muster^Hans"
            })
    void whatIsNoTraceparentIsNotTaken(String header) {
        assertThat(Trace.parent(header)).isEmpty();
    }
}
