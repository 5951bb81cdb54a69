package org.segmeter.security;

import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Which cipher suites are offered over TLS where the configuration does not say: those of TLS 1.3, and of TLS 1.2 the ones with forward
 * secrecy and authenticated encryption (RFC 9325 section 4.2). The JDK alone would offer some with CBC besides.
 */
final class CipherSuites implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    static final List<String> OFFERED = List.of(
            "TLS_AES_256_GCM_SHA384",
            "TLS_AES_128_GCM_SHA256",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        Binder binder = Binder.get(environment);
        String bundle = environment.getProperty("server.ssl.bundle", "");
        if (bundle.isEmpty()) {
            offer(environment, binder, "server.ssl", "server.ssl.ciphers");
        } else {
            for (String kind : List.of("pem", "jks")) {
                String name = "spring.ssl.bundle." + kind + "." + bundle;
                offer(environment, binder, name, name + ".options.ciphers");
            }
        }
    }

    /** Where there is a configuration of TLS and it names no suites; whatever names some comes before this. */
    private static void offer(ConfigurableEnvironment environment, Binder binder, String configuration, String suites) {
        if (ConfigurationPropertyName.isValid(suites)
                && binder.bind(configuration, Bindable.mapOf(String.class, Object.class))
                        .isBound()
                && !binder.bind(suites, Bindable.listOf(String.class)).isBound()) {
            environment
                    .getPropertySources()
                    .addLast(new MapPropertySource(suites, Map.of(suites, String.join(",", OFFERED))));
        }
    }
}
