package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.database.StartRefused;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.mock.env.MockEnvironment;

/** A service without a login listens to its own machine only, unless somebody says in so many words that it must not. */
class SecurityStartTest {

    private final MockEnvironment environment = new MockEnvironment();

    private boolean loginAfterStart() {
        GenericApplicationContext context = new GenericApplicationContext();
        context.setEnvironment(environment);
        new SecurityStart().initialize(context);
        return environment.getRequiredProperty("segmeter.security.login", Boolean.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.0.0.9", "localhost", "::1"})
    void onItsOwnMachineItNeedsNone(String address) {
        environment.setProperty("server.address", address);

        assertThat(loginAfterStart()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1", "", "no-such-host.invalid"})
    void elsewhereItRefusesAndSaysHow(String address) {
        environment.setProperty("server.address", address);

        assertThatThrownBy(this::loginAfterStart)
                .isInstanceOf(StartRefused.class)
                .hasMessageContainingAll(
                        "SEGMETER_SECURITY_API_KEY_FILE",
                        "SEGMETER_SECURITY_OIDC_ISSUER",
                        "segmeter key create",
                        "SEGMETER_SECURITY_ALLOW_UNAUTHENTICATED=true");
    }

    @Test
    void elsewhereItStartsWithALogin() {
        environment.setProperty("server.address", "0.0.0.0");
        environment.setProperty("segmeter.security.api-key-file", "/run/secrets/api-key");

        assertThat(loginAfterStart()).isTrue();
    }

    @Test
    void elsewhereItStartsWithoutOneWhereThatIsWanted() {
        environment.setProperty("server.address", "0.0.0.0");
        environment.setProperty("segmeter.security.allow-unauthenticated", "true");

        assertThat(loginAfterStart()).isFalse();
    }

    @Test
    void aLoginThatIsSwitchedOffIsNone() {
        environment.setProperty("server.address", "0.0.0.0");
        environment.setProperty("segmeter.security.api-key", "0123456789abcdef0123456789abcdef");
        environment.setProperty("segmeter.security.authentication", "off");

        assertThatThrownBy(this::loginAfterStart).isInstanceOf(StartRefused.class);
    }

    @Test
    void nobodyCanSayThatThereIsALoginWithoutOne() {
        environment.setProperty("server.address", "127.0.0.1");
        environment.setProperty("segmeter.security.login", "true");

        assertThat(loginAfterStart()).isFalse();
    }

    @Test
    void aMisspeltSettingIsRefused() {
        environment.setProperty("segmeter.security.authentication", "require");

        assertThatThrownBy(this::loginAfterStart).isInstanceOf(StartRefused.class);
    }
}
