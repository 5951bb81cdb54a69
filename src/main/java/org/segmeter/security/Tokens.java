package org.segmeter.security;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jca.JCAContext;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerifierFactory;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Access tokens of the one issuer that the configuration names, signed JWTs after RFC 9068. Algorithms, type, issuer, audience and
 * where keys come from are the configuration's; nothing that a token says leads anywhere.
 */
@Component
final class Tokens {

    private static final Logger log = LoggerFactory.getLogger(Tokens.class);

    /** Longer ones are refused unread, in characters. */
    private static final int LONGEST = 6144;

    private static final int SKEW_SECONDS = 60;
    private static final int PATIENCE_MILLIS = 3000;
    private static final int LARGEST_ANSWER = 256 * 1024;
    private static final long PAUSE_NANOS = 5_000_000_000L;

    /** Header parameters that would have a key of the sender's believed, or change what is signed. */
    private static final Set<String> FORBIDDEN = Set.of("jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc");

    private final SecuritySettings.Oidc settings;
    private final JsonMapper strict = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private @Nullable DefaultJWTProcessor<SecurityContext> processor;
    private long triedAt = System.nanoTime() - PAUSE_NANOS;

    /** The issuer's keys cannot be had: nothing can be said about a token. */
    static final class Unavailable extends Exception {
        Unavailable() {
            super("the issuer's keys cannot be had", null, false, false);
        }
    }

    Tokens(SecuritySettings settings) {
        this.settings = settings.oidc();
    }

    /** Whose token it is; empty if it is not to be believed, for whatever reason. */
    Optional<Caller> caller(String token) throws Unavailable {
        URI issuer = settings.issuer();
        if (issuer == null || token.length() > LONGEST || !isWellFormed(token)) {
            return Optional.empty();
        }
        try {
            SignedJWT jwt = SignedJWT.parse(token);
            if (jwt.getHeader().getKeyID() == null) {
                return Optional.empty();
            }
            JWTClaimsSet claims = processor(issuer).process(jwt, null);
            if (claims.getIssueTime() != null
                    && claims.getIssueTime().toInstant().isAfter(Instant.now().plusSeconds(SKEW_SECONDS))) {
                return Optional.empty();
            }
            return caller(claims);
        } catch (RateLimitReachedException e) {
            // Keys were asked for a moment ago, and the token's was not among them.
            return Optional.empty();
        } catch (KeySourceException e) {
            log.warn(
                    "the keys of the issuer of tokens cannot be had: {}",
                    e.getClass().getSimpleName());
            throw new Unavailable();
        } catch (BadJOSEException | JOSEException | ParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private Optional<Caller> caller(JWTClaimsSet claims) {
        String subject = claims.getSubject();
        if (subject == null
                || subject.isBlank()
                || subject.length() > 200
                || subject.chars().anyMatch(c -> c < 32)) {
            return Optional.empty();
        }
        String tenant = Tenant.DEFAULT;
        if (!settings.tenantClaim().isEmpty()) {
            Object value = at(claims.getClaims(), settings.tenantClaim());
            if (!(value instanceof String name) || !Tenant.isName(name)) {
                return Optional.empty();
            }
            tenant = name;
        }
        Object value = at(claims.getClaims(), settings.rolesClaim());
        Stream<?> words = value instanceof Collection<?> list
                ? list.stream()
                : value instanceof String text ? Arrays.stream(text.split(" ", -1)) : Stream.empty();
        Set<Role> roles = words.filter(String.class::isInstance)
                .map(String.class::cast)
                .filter(word -> word.startsWith(settings.rolesPrefix()))
                .flatMap(word -> Role.of(word.substring(settings.rolesPrefix().length())).stream())
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Role.class)));
        return Optional.of(new Caller("subject:" + subject, Caller.Kind.TOKEN, tenant, roles));
    }

    private static @Nullable Object at(Map<String, Object> claims, String path) {
        Object here = claims;
        for (String step : path.split("\\.", -1)) {
            if (!(here instanceof Map<?, ?> object)) {
                return null;
            }
            here = object.get(step);
        }
        return here;
    }

    /** Three parts; header and claims are objects in which no name stands twice, and the header leads nowhere. */
    private boolean isWellFormed(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3 || Arrays.stream(parts).anyMatch(String::isEmpty)) {
            return false;
        }
        try {
            var header = strict.readTree(new Base64URL(parts[0]).decode());
            var claims = strict.readTree(new Base64URL(parts[1]).decode());
            return header.isObject()
                    && claims.isObject()
                    && header.propertyNames().stream().noneMatch(FORBIDDEN::contains);
        } catch (JacksonException | IllegalArgumentException e) {
            return false;
        }
    }

    private synchronized DefaultJWTProcessor<SecurityContext> processor(URI issuer) throws Unavailable {
        if (processor != null) {
            return processor;
        }
        if (System.nanoTime() - triedAt < PAUSE_NANOS) {
            throw new Unavailable();
        }
        triedAt = System.nanoTime();
        try {
            DefaultResourceRetriever retriever =
                    new DefaultResourceRetriever(PATIENCE_MILLIS, PATIENCE_MILLIS, LARGEST_ANSWER) {
                        @Override
                        protected HttpURLConnection openHTTPConnection(URL url) throws IOException {
                            HttpURLConnection connection = super.openHTTPConnection(url);
                            connection.setInstanceFollowRedirects(false);
                            return connection;
                        }
                    };
            URI keys = settings.jwksUri() == null ? discover(issuer, retriever) : settings.jwksUri();
            JWKSource<SecurityContext> source = JWKSourceBuilder.create(keys.toURL(), retriever)
                    .retrying(true)
                    .build();
            processor = processor(issuer, source);
            return processor;
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            log.warn(
                    "the metadata of the issuer of tokens cannot be had: {}",
                    e.getClass().getSimpleName());
            throw new Unavailable();
        }
    }

    /** OpenID Connect Discovery 1.0: metadata of another issuer, or keys of another origin, are not believed. */
    private URI discover(URI issuer, DefaultResourceRetriever retriever) throws IOException {
        String base = issuer.toString().replaceAll("/+$", "");
        var metadata = strict.readTree(retriever
                .retrieveResource(
                        URI.create(base + "/.well-known/openid-configuration").toURL())
                .getContent());
        URI keys = URI.create(metadata.path("jwks_uri").asString(""));
        if (!metadata.path("issuer").asString("").equals(issuer.toString())) {
            throw new IllegalArgumentException("another issuer");
        }
        if (!issuer.getScheme().equals(keys.getScheme())
                || !String.valueOf(issuer.getAuthority()).equals(keys.getAuthority())) {
            throw new IllegalArgumentException("keys of another origin; set segmeter.security.oidc.jwks-uri");
        }
        return keys;
    }

    private DefaultJWTProcessor<SecurityContext> processor(URI issuer, JWKSource<SecurityContext> source) {
        Set<JWSAlgorithm> algorithms =
                settings.algorithms().stream().map(JWSAlgorithm::parse).collect(Collectors.toSet());
        DefaultJWTProcessor<SecurityContext> made = new DefaultJWTProcessor<>();
        made.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(
                settings.tokenTypes().stream().map(JOSEObjectType::new).collect(Collectors.toSet())));
        made.setJWSKeySelector((header, context) -> {
            JWKMatcher matcher = algorithms.contains(header.getAlgorithm()) ? JWKMatcher.forJWSHeader(header) : null;
            List<Key> keys = new ArrayList<>();
            if (matcher != null) {
                for (JWK key : source.get(new JWKSelector(matcher), context)) {
                    keys.add(publicKey(key));
                }
            }
            return keys;
        });
        made.setJWSVerifierFactory(new Verifiers());
        DefaultJWTClaimsVerifier<SecurityContext> claims = new DefaultJWTClaimsVerifier<>(
                settings.audience(),
                new JWTClaimsSet.Builder().issuer(issuer.toString()).build(),
                new HashSet<>(Set.of("sub", "exp")));
        claims.setMaxClockSkew(SKEW_SECONDS);
        made.setJWTClaimsSetVerifier(claims);
        return made;
    }

    private static PublicKey publicKey(JWK key) throws KeySourceException {
        try {
            if (key instanceof RSAKey rsa) {
                return rsa.toPublicKey();
            }
            if (key instanceof ECKey elliptic) {
                return elliptic.toPublicKey();
            }
            if (key instanceof OctetKeyPair edwards && Curve.Ed25519.equals(edwards.getCurve())) {
                return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(ed25519(edwards)));
            }
            throw new KeySourceException("a key of another kind");
        } catch (JOSEException | GeneralSecurityException e) {
            throw new KeySourceException("a key that is none", e);
        }
    }

    /** SubjectPublicKeyInfo of RFC 8410: its head and the 32 bytes of the key. */
    private static byte[] ed25519(OctetKeyPair key) throws GeneralSecurityException {
        byte[] point = key.getDecodedX();
        if (point.length != 32) {
            throw new GeneralSecurityException("not 32 bytes");
        }
        byte[] encoded = Arrays.copyOf(HexFormat.of().parseHex("302a300506032b6570032100"), 44);
        System.arraycopy(point, 0, encoded, 12, 32);
        return encoded;
    }

    /** Nimbus' own, and the JDK's Ed25519, for which Nimbus would want another library. */
    private static final class Verifiers implements JWSVerifierFactory {
        private final DefaultJWSVerifierFactory others = new DefaultJWSVerifierFactory();

        @Override
        public JWSVerifier createJWSVerifier(JWSHeader header, Key key) throws JOSEException {
            return key instanceof EdECPublicKey edwards ? new Edwards(edwards) : others.createJWSVerifier(header, key);
        }

        @Override
        public Set<JWSAlgorithm> supportedJWSAlgorithms() {
            return others.supportedJWSAlgorithms();
        }

        @Override
        public JCAContext getJCAContext() {
            return others.getJCAContext();
        }
    }

    private record Edwards(PublicKey key) implements JWSVerifier {
        @Override
        public boolean verify(JWSHeader header, byte[] signed, Base64URL signature) {
            try {
                Signature verifier = Signature.getInstance("Ed25519");
                verifier.initVerify(key);
                verifier.update(signed);
                return JWSAlgorithm.EdDSA.equals(header.getAlgorithm()) && verifier.verify(signature.decode());
            } catch (GeneralSecurityException e) {
                return false;
            }
        }

        @Override
        public Set<JWSAlgorithm> supportedJWSAlgorithms() {
            return Set.of(JWSAlgorithm.EdDSA);
        }

        @Override
        public JCAContext getJCAContext() {
            return new JCAContext();
        }
    }
}
