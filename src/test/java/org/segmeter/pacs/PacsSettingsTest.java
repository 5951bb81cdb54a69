package org.segmeter.pacs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** What could only fail later, and then in silence, is refused at the start. */
class PacsSettingsTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final URI URL = URI.create("https://pacs.example/dicom-web");

    @Test
    void aLimitIsOfAMetricThatThereIs() {
        assertThat(new PacsSettings.Limit("hd95", null, null, 5.0).max()).isEqualTo(5);
        assertThatThrownBy(() -> new PacsSettings.Limit("dise", null, 0.8, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("limits")
                .hasMessageContaining("'dise'");
    }

    @Test
    void timeoutsArePositive() {
        for (Duration wrong : new Duration[] {Duration.ZERO, SECOND.negated()}) {
            assertThatThrownBy(() -> source(wrong, SECOND)).hasMessageContaining("sources.*: connect-timeout");
            assertThatThrownBy(() -> source(SECOND, wrong)).hasMessageContaining("sources.*: timeout");
            assertThatThrownBy(() -> new PacsSettings.Webhook(
                            URL, Base64.getEncoder().encodeToString(new byte[32]), Set.of(), wrong))
                    .hasMessageContaining("webhooks.*: timeout");
            assertThatThrownBy(() -> new DimseNode("pacs.example", 104, "PACS", "SEGMETER", null, wrong, SECOND))
                    .hasMessageContaining("nodes.*: connect-timeout");
            assertThatThrownBy(() -> new DimseNode("pacs.example", 104, "PACS", "SEGMETER", null, SECOND, wrong))
                    .hasMessageContaining("nodes.*: timeout");
        }
        assertThat(source(SECOND, SECOND).timeout()).isEqualTo(SECOND);
    }

    private static PacsSettings.Source source(Duration connectTimeout, Duration timeout) {
        return new PacsSettings.Source(URL, null, null, null, connectTimeout, timeout, 100, DataSize.ofMegabytes(1));
    }
}
