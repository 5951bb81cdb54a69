package org.segmeter.security;

import jakarta.servlet.http.HttpServletRequest;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * Who sends a request by the certificate of the TLS connection that it came over, such as a PACS. That the certificate is valid and of a
 * trusted issuer the connection has found out already; which names it must have, and what they may do, the configuration says.
 */
@Component
final class Certificates {

    /** Set by the container (Jakarta Servlet 6.1, section 3.10). */
    private static final String ATTRIBUTE = "jakarta.servlet.request.X509Certificate";

    /** GeneralName of a subject's alternative name (RFC 5280 section 4.2.1.6): rfc822Name, dNSName, uniformResourceIdentifier. */
    private static final List<Integer> KINDS = List.of(1, 2, 6);

    private final Map<String, SecuritySettings.Certificate> known;

    Certificates(SecuritySettings settings) {
        known = Map.copyOf(settings.certificates());
    }

    /** Empty if there is no certificate, or none that is known. */
    Optional<Caller> caller(HttpServletRequest request) {
        if (known.isEmpty()
                || !(request.getAttribute(ATTRIBUTE) instanceof X509Certificate[] chain)
                || chain.length == 0) {
            return Optional.empty();
        }
        for (Map.Entry<String, SecuritySettings.Certificate> one : known.entrySet()) {
            if (hasName(chain[0], one.getValue().name())) {
                return Optional.of(new Caller(
                        "certificate:" + one.getKey(),
                        Caller.Kind.CERTIFICATE,
                        one.getValue().tenant(),
                        one.getValue().roles()));
            }
        }
        return Optional.empty();
    }

    /** The subject's alternative names only: its distinguished name is no name of a machine (RFC 9525 section 2). */
    private static boolean hasName(X509Certificate certificate, String name) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names != null
                    && names.stream()
                            .anyMatch(one ->
                                    KINDS.contains(one.get(0)) && name.equalsIgnoreCase(String.valueOf(one.get(1))));
        } catch (CertificateParsingException e) {
            return false;
        }
    }
}
