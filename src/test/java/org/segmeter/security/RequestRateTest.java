package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import tools.jackson.databind.json.JsonMapper;

/** Who sends too much is told when to come back, and takes nothing from others. */
class RequestRateTest {

    private final RequestRate rate = new RequestRate(2);

    private static Caller caller(String id, String tenant) {
        return new Caller(id, Caller.Kind.KEY, tenant, EnumSet.of(Role.READ));
    }

    @Test
    void aKeyHasItsOwnBucket() {
        Caller busy = caller("busy", "north");
        assertThat(rate.of(busy).isOver()).isFalse();
        assertThat(rate.of(busy).isOver()).isFalse();
        RequestRate.Left over = rate.of(busy);
        assertThat(over.isOver()).isTrue();
        assertThat(Refusals.seconds(over.pause())).isBetween(1L, 31L);
        assertThat(rate.of(caller("calm", "north")).isOver()).isFalse();
    }

    @Test
    void aTenantHasTenKeysWorth() {
        int answered = 0;
        for (int i = 0; i < 30; i++) {
            answered += rate.of(caller("key " + i, "north")).isOver() ? 0 : 1;
        }
        assertThat(answered).isBetween(20, 22);
        assertThat(rate.of(caller("other", "south")).isOver()).isFalse();
    }

    @Test
    void anAddressMayNotGuessForLong() {
        MockHttpServletRequest request = new MockHttpServletRequest();
        assertThat(rate.guesses(request).isOver()).isFalse();
        rate.guessed(request);
        rate.guessed(request);
        assertThat(rate.guesses(request).isOver()).isTrue();
        MockHttpServletRequest other = new MockHttpServletRequest();
        other.setRemoteAddr("192.0.2.7");
        assertThat(rate.guesses(other).isOver()).isFalse();
    }

    @Test
    void theAnswerIs429WithTheTimeToComeBack() throws Exception {
        Caller busy = caller("busy", "north");
        rate.of(busy);
        rate.of(busy);
        MockHttpServletResponse response = new MockHttpServletResponse();
        new Refusals(JsonMapper.shared(), new Routes(), new ServiceMetrics(new SimpleMeterRegistry()))
                .tooMany(response, rate.of(busy));
        assertThat(response.getStatus()).isEqualTo(ServiceProblem.TOO_MANY_REQUESTS.status());
        assertThat(response.getHeader("Retry-After")).matches("[1-9]\\d*");
        assertThat(response.getContentType()).isEqualTo("application/problem+json");
        assertThat(response.getContentAsString()).contains("/problems/too-many-requests");
    }
}
