package org.segmeter.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import org.segmeter.database.StartRefused;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.util.StringUtils;

/** Finds out, before anything else is started, whether there is a login, and refuses to listen to others than this machine without. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class SecurityStart implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final Logger log = LoggerFactory.getLogger(SecurityStart.class);

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        ConfigurableEnvironment environment = context.getEnvironment();
        boolean login = hasLogin(environment);
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource("segmeterLogin", Map.of("segmeter.security.login", login)));
        if (login || "none".equals(environment.getProperty("spring.main.web-application-type"))) {
            return;
        }
        String address = environment.getProperty("server.address", "");
        if (isLoopback(address)) {
            return;
        }
        if (!environment.getProperty("segmeter.security.allow-unauthenticated", Boolean.class, false)) {
            throw new StartRefused("SERVER_ADDRESS is "
                    + (address.isEmpty() ? "every address of this machine" : address)
                    + ", which others can reach, and no login is configured: set SEGMETER_SECURITY_API_KEY_FILE (or"
                    + " SEGMETER_SECURITY_API_KEY) to a first key of at least 32 characters, or"
                    + " SEGMETER_SECURITY_OIDC_ISSUER, or make keys with \"segmeter key create\" and set"
                    + " SEGMETER_SECURITY_AUTHENTICATION=required, or listen on 127.0.0.1; where everybody who reaches"
                    + " the port may read and change everything, set SEGMETER_SECURITY_ALLOW_UNAUTHENTICATED=true");
        }
        log.warn(
                "NO LOGIN: everybody who reaches {} may read, change and remove everything, because"
                        + " segmeter.security.allow-unauthenticated is true",
                address.isEmpty() ? "this machine" : address);
    }

    private static boolean hasLogin(Environment environment) {
        String wanted = environment.getProperty("segmeter.security.authentication", "");
        return switch (wanted) {
            case "required" -> true;
            case "off" -> false;
            case "" ->
                StringUtils.hasText(environment.getProperty("segmeter.security.api-key"))
                        || StringUtils.hasText(environment.getProperty("segmeter.security.api-key-file"))
                        || StringUtils.hasText(environment.getProperty("segmeter.security.oidc.issuer"));
            default -> throw new StartRefused("segmeter.security.authentication is required or off, or not set");
        };
    }

    /** True if an address is of this machine only, whatever it is called. */
    static boolean isLoopback(String address) {
        try {
            return !address.isEmpty() && InetAddress.getByName(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
