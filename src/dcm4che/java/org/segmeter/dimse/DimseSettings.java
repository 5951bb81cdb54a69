package org.segmeter.dimse;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.pacs.DimseNode;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How others reach this service by DIMSE.
 *
 * @param port on which it listens; null: it does not
 * @param address on which it listens
 * @param aeTitle by which it is called; an association under another title is rejected
 * @param callers AE titles that may call; an association of any other is rejected
 * @param tlsBundle name of the SSL bundle ({@code spring.ssl.bundle...}) with which it is spoken to, client certificates included; null for
 *     no TLS
 * @param maxAssociations that are open at a time
 * @param maxSize of one instance
 */
@ConfigurationProperties("segmeter.dimse")
record DimseSettings(
        @Nullable Integer port,
        @DefaultValue("127.0.0.1") String address,
        @DefaultValue("SEGMETER") String aeTitle,
        @DefaultValue Set<String> callers,
        @Nullable String tlsBundle,
        @DefaultValue("16") int maxAssociations,
        @DefaultValue("4GB") DataSize maxSize) {

    DimseSettings {
        callers = Set.copyOf(callers);
        if (port != null && (port < 1 || port > 65_535)) {
            throw new IllegalArgumentException("segmeter.dimse.port is 1 to 65535");
        }
        if (port != null && callers.isEmpty()) {
            throw new IllegalArgumentException(
                    "segmeter.dimse.port is set and segmeter.dimse.callers is empty: name the AE titles that may call");
        }
        if (!DimseNode.isTitle(aeTitle) || !callers.stream().allMatch(DimseNode::isTitle)) {
            throw new IllegalArgumentException("segmeter.dimse.ae-title and callers: an AE title has 1 to 16 printable"
                    + " ASCII characters and no backslash");
        }
        if (maxAssociations < 1 || maxSize.toBytes() < 1) {
            throw new IllegalArgumentException("segmeter.dimse.max-associations and max-size are positive");
        }
    }
}
