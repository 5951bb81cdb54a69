package org.segmeter.pacs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * An application entity that takes reports by C-STORE.
 *
 * @param aeTitle its title, 1 to 16 characters
 * @param callingAeTitle as which this service calls it
 * @param tlsBundle name of the SSL bundle ({@code spring.ssl.bundle...}) with which it is spoken to; null for no TLS
 * @param connectTimeout until the connection is there
 * @param timeout until an answer is there
 */
public record DimseNode(
        String host,
        int port,
        String aeTitle,
        @DefaultValue("SEGMETER") String callingAeTitle,
        @Nullable String tlsBundle,
        @DefaultValue("5s") Duration connectTimeout,
        @DefaultValue("60s") Duration timeout) {

    public DimseNode {
        if (host.isBlank() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("segmeter.pacs.nodes.* has a host, and a port from 1 to 65535");
        }
        PacsSettings.positive(connectTimeout, "segmeter.pacs.nodes.*: connect-timeout");
        PacsSettings.positive(timeout, "segmeter.pacs.nodes.*: timeout");
        if (!isTitle(aeTitle) || !isTitle(callingAeTitle)) {
            throw new IllegalArgumentException(
                    "segmeter.pacs.nodes.*: an AE title has 1 to 16 printable ASCII characters and no backslash");
        }
    }

    /** True if a text is an AE title (PS3.5 section 6.2, AE). */
    public static boolean isTitle(String text) {
        return text.matches("[ -\\[\\]-~]{1,16}") && !text.isBlank();
    }
}
