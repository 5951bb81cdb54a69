package org.segmeter.web;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** An OpenID provider of the tests' own: metadata, keys, and tokens signed with them. */
final class Issuer implements AutoCloseable {

    static final String AUDIENCE = "segmeter-test";

    private final HttpServer server;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger led = new AtomicInteger();
    final RSAKey rsa;
    final ECKey elliptic;
    final RSAKey stranger;
    private final KeyPair edwards;

    Issuer() throws Exception {
        rsa = new RSAKeyGenerator(2048).keyID("rsa-1").generate();
        elliptic = new ECKeyGenerator(Curve.P_256).keyID("ec-1").generate();
        stranger = new RSAKeyGenerator(2048).keyID("rsa-1").generate();
        edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] encoded = edwards.getPublic().getEncoded();
        OctetKeyPair published = new OctetKeyPair.Builder(
                        Curve.Ed25519,
                        Base64URL.encode(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length)))
                .keyID("ed-1")
                .build();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        serve(
                "/.well-known/openid-configuration",
                requests,
                () -> "{\"issuer\":\"" + url() + "\",\"jwks_uri\":\"" + url() + "/keys\"}");
        serve("/keys", requests, () -> new JWKSet(List.of(rsa, elliptic, published)).toString(true));
        // Where tokens would have keys fetched from; nobody may ask here.
        serve("/led", led, () -> new JWKSet(List.of(stranger)).toString(true));
        server.start();
    }

    private void serve(String path, AtomicInteger counter, java.util.function.Supplier<String> content) {
        server.createContext(path, exchange -> {
            counter.incrementAndGet();
            byte[] body = content.get().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Requests for metadata and keys. */
    int requests() {
        return requests.get();
    }

    /** Requests for keys from where a token said. */
    int led() {
        return led.get();
    }

    JWTClaimsSet.Builder claims(String tenant, String... roles) {
        Instant now = Instant.now();
        return new JWTClaimsSet.Builder()
                .issuer(url())
                .audience(AUDIENCE)
                .subject("jane")
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(300)))
                .claim("tenant", tenant)
                .claim("roles", List.of(roles));
    }

    static JWSHeader.Builder header(JWSAlgorithm algorithm, String key) {
        return new JWSHeader.Builder(algorithm).keyID(key).type(new JOSEObjectType("at+jwt"));
    }

    String token(JWTClaimsSet claims) throws Exception {
        return token(header(JWSAlgorithm.RS256, "rsa-1").build(), claims);
    }

    String token(JWSHeader header, JWTClaimsSet claims) throws Exception {
        return signed(rsa, header, claims);
    }

    static String signed(RSAKey key, JWSHeader header, JWTClaimsSet claims) throws Exception {
        SignedJWT jwt = new SignedJWT(header, claims);
        jwt.sign(new RSASSASigner(key));
        return jwt.serialize();
    }

    String elliptic(JWTClaimsSet claims) throws Exception {
        SignedJWT jwt = new SignedJWT(header(JWSAlgorithm.ES256, "ec-1").build(), claims);
        jwt.sign(new ECDSASigner(elliptic));
        return jwt.serialize();
    }

    String edwards(JWTClaimsSet claims) throws Exception {
        String input = header(JWSAlgorithm.EdDSA, "ed-1").build().toBase64URL() + "."
                + claims.toPayload().toBase64URL();
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(edwards.getPrivate());
        signature.update(input.getBytes(StandardCharsets.US_ASCII));
        return input + "." + Base64URL.encode(signature.sign());
    }

    /** Signed by hand, for headers and claims that no library writes. */
    String raw(String header, String claims) throws Exception {
        String input = Base64URL.encode(header) + "." + Base64URL.encode(claims);
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(rsa.toPrivateKey());
        signature.update(input.getBytes(StandardCharsets.US_ASCII));
        return input + "." + Base64URL.encode(signature.sign());
    }

    @Override
    public void close() throws IOException {
        server.stop(0);
    }
}
