package org.segmeter;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.modulith.core.ApplicationModules;

/** Packages depend on each other in one direction, as the design says. */
class ModularityTest {

    @Test
    void dependenciesPointOneWay() {
        ApplicationModules modules = ApplicationModules.of(Segmeter.class);
        assertThat(modules.stream().count()).isGreaterThanOrEqualTo(8);
        modules.verify();
    }
}
