package org.segmeter.dimse;

import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import org.dcm4che3.net.Connection;
import org.dcm4che3.net.Device;
import org.segmeter.database.StartRefused;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/** TLS of a connection, from an SSL bundle of the configuration: both sides show a certificate (PS3.15 annex B.12). */
final class Tls {

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final String[] CIPHERS = {
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
    };

    private Tls() {}

    /** @throws StartRefused if there is no such bundle, or it has no key or no trusted certificates */
    static void apply(SslBundles bundles, String name, Device device, Connection... connections) {
        SslBundle bundle;
        try {
            bundle = bundles.getBundle(name);
        } catch (NoSuchSslBundleException e) {
            throw new StartRefused("there is no SSL bundle '" + name + "', which DIMSE is to use; define it under"
                    + " spring.ssl.bundle");
        }
        KeyManager[] keys = bundle.getManagers().getKeyManagers();
        TrustManager[] trusted = bundle.getManagers().getTrustManagers();
        if (keys.length == 0 || trusted.length == 0) {
            throw new StartRefused("the SSL bundle '" + name + "' has no key or no truststore; DIMSE needs both");
        }
        device.setKeyManager(keys[0]);
        device.setTrustManager(trusted[0]);
        for (Connection connection : connections) {
            connection.setTlsProtocols(PROTOCOLS);
            connection.setTlsCipherSuites(CIPHERS);
            connection.setTlsNeedClientAuth(true);
        }
    }
}
