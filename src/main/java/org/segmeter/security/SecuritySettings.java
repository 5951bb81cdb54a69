package org.segmeter.security;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Who may use the service.
 *
 * @param authentication {@code required} or {@code off}; without it required where one of the others says how. See {@link SecurityStart}
 * @param allowUnauthenticated whether everybody who reaches the port may do everything, on whatever address it listens
 * @param apiKey a key with every role in the tenant {@code default}, at least 32 characters; it is not stored. Null for none
 * @param apiKeyFile a file that holds it
 * @param keyCache how long a key that was looked up is believed: as long may a revocation take on other replicas
 * @param session how long a browser stays logged in
 * @param sessionIdle how long it does without sending anything
 * @param requestsPerMinute requests that a key, token or session may send; a tenant may send ten times as many. 0 for any number
 * @param bytesPerMinute of uploads of a key; a tenant may send ten times as many. 0 for any number
 * @param uploadsPerKey that are received at the same time; likewise of a tenant. 0 for any number
 * @param queueShare part of the evaluations that may wait which those of one tenant may be, above 0 and at most 1
 * @param queueShareOfKey likewise of one key
 * @param audit whether every access is written down; not set: where there is a login
 * @param auditFileSize after which the trail goes on in another file
 * @param auditRepository who is sent the trail
 * @param certificates who comes with a certificate, by a name of theirs for the audit
 * @param oidc whose tokens are believed
 */
@ConfigurationProperties("segmeter.security")
record SecuritySettings(
        @Nullable String authentication,
        @DefaultValue("false") boolean allowUnauthenticated,
        @Nullable String apiKey,
        @Nullable Path apiKeyFile,
        @DefaultValue("20s") Duration keyCache,
        @DefaultValue("12h") Duration session,
        @DefaultValue("1h") Duration sessionIdle,
        @DefaultValue("6000") int requestsPerMinute,
        @DefaultValue("64GB") DataSize bytesPerMinute,
        @DefaultValue("64") int uploadsPerKey,
        @DefaultValue("192") int uploadsPerTenant,
        @DefaultValue("0.8") double queueShare,
        @DefaultValue("0.5") double queueShareOfKey,
        @Nullable Boolean audit,
        @DefaultValue("64MB") DataSize auditFileSize,
        @DefaultValue AuditRepository auditRepository,
        @DefaultValue Map<String, Certificate> certificates,
        @DefaultValue Oidc oidc) {

    SecuritySettings {
        if (keyCache.isNegative() || keyCache.toSeconds() > 60) {
            throw new IllegalArgumentException("segmeter.security.key-cache is between 0s and 60s");
        }
        if (!session.isPositive() || !sessionIdle.isPositive()) {
            throw new IllegalArgumentException("segmeter.security.session and session-idle are positive");
        }
        if (bytesPerMinute.isNegative() || uploadsPerKey < 0 || uploadsPerTenant < 0) {
            throw new IllegalArgumentException(
                    "segmeter.security: bytes-per-minute, uploads-per-key and uploads-per-tenant are not negative");
        }
        if (!(queueShare > 0 && queueShare <= 1 && queueShareOfKey > 0 && queueShareOfKey <= 1)) {
            throw new IllegalArgumentException(
                    "segmeter.security.queue-share and queue-share-of-key are above 0 and at most 1");
        }
        if (requestsPerMinute < 0 || auditFileSize.toBytes() < 1024) {
            throw new IllegalArgumentException(
                    "segmeter.security: requests-per-minute is not negative, and audit-file-size at least 1KB");
        }
    }

    /**
     * An audit record repository that the trail is sent to (IHE ITI-20, ATX: FHIR Feed).
     *
     * @param url base of its FHIR R4 server; null for none
     * @param token sent as {@code Authorization: Bearer}; null for none
     * @param tokenFile a file that holds it, read for each request
     * @param sslBundle bundle of Spring Boot with whom to trust and, for mutual TLS, with our certificate; null for the JDK's authorities
     * @param eventsAtOnce most events of a request, from 1, which a server without {@code batch} needs, to 1000
     * @param timeout until the answer is there
     */
    record AuditRepository(
            @Nullable URI url,
            @Nullable String token,
            @Nullable Path tokenFile,
            @Nullable String sslBundle,
            @DefaultValue("100") int eventsAtOnce,
            @DefaultValue("30s") Duration timeout) {
        AuditRepository {
            if (eventsAtOnce < 1 || eventsAtOnce > 1000 || timeout.isNegative() || timeout.isZero()) {
                throw new IllegalArgumentException(
                        "segmeter.security.audit-repository: events-at-once is from 1 to 1000,"
                                + " and timeout positive");
            }
            if (token != null && tokenFile != null) {
                throw new IllegalArgumentException(
                        "segmeter.security.audit-repository has either a token or a token-file");
            }
            if (url != null && (url.getHost() == null || url.getUserInfo() != null || url.getQuery() != null)) {
                throw new IllegalArgumentException(
                        "segmeter.security.audit-repository.url is an https URL without user, password and query");
            }
            requireTls(url, "audit-repository.url");
        }

        /** Not for logs. */
        @Override
        public String toString() {
            return "AuditRepository[" + url + "]";
        }
    }

    /**
     * A client that is known by its certificate.
     *
     * @param name one of the certificate's subject alternative names: a DNS name, an address of mail or a URI
     * @param roles what it may do
     */
    record Certificate(
            String name,
            Set<Role> roles,
            @DefaultValue(Tenant.DEFAULT) String tenant) {
        Certificate {
            if (name.isBlank() || roles.isEmpty() || !Tenant.isName(tenant)) {
                throw new IllegalArgumentException(
                        "segmeter.security.certificates: each has a name, roles, and a tenant of"
                                + " lower-case letters, digits and hyphens");
            }
        }
    }

    /**
     * An OpenID provider, or another that signs JWTs.
     *
     * @param issuer the claim {@code iss}, and where its metadata are; null for none
     * @param audience what the claim {@code aud} must hold
     * @param jwksUri where its keys are; null: where its metadata say, which must be of the same origin
     * @param tokenTypes header {@code typ} of the tokens that are believed
     * @param algorithms of {@code RS256}, {@code ES256} and {@code EdDSA}
     * @param rolesClaim claim with the roles, a list or words; dots lead into objects
     * @param rolesPrefix what comes before a role in it
     * @param tenantClaim claim with the tenant; empty: everybody is of {@code default}
     */
    record Oidc(
            @Nullable URI issuer,
            @DefaultValue("segmeter") String audience,
            @Nullable URI jwksUri,
            @DefaultValue("at+jwt") List<String> tokenTypes,
            @DefaultValue({"RS256", "ES256", "EdDSA"}) List<String> algorithms,
            @DefaultValue("roles") String rolesClaim,
            @DefaultValue("") String rolesPrefix,
            @DefaultValue("") String tenantClaim) {
        Oidc {
            if (!List.of("RS256", "ES256", "EdDSA").containsAll(algorithms) || algorithms.isEmpty()) {
                throw new IllegalArgumentException(
                        "segmeter.security.oidc.algorithms are of RS256, ES256 and EdDSA, at least one");
            }
            if (issuer != null && (audience.isBlank() || tokenTypes.isEmpty() || rolesClaim.isBlank())) {
                throw new IllegalArgumentException(
                        "segmeter.security.oidc: audience, token-types and roles-claim are not empty");
            }
            requireTls(issuer, "oidc.issuer");
            requireTls(jwksUri, "oidc.jwks-uri");
        }
    }

    /** Keys that came over a line that others can write on prove nothing, and events that go over one can be read and lost. */
    private static void requireTls(@Nullable URI uri, String setting) {
        if (uri == null || "https".equals(uri.getScheme())) {
            return;
        }
        if (!"http".equals(uri.getScheme()) || !SecurityStart.isLoopback(String.valueOf(uri.getHost()))) {
            throw new IllegalArgumentException("segmeter.security." + setting + " begins with https://");
        }
    }
}
