package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.UnaryOperator;

/** Headers that every answer has, whatever its status and whoever gives it: they restrain browsers. */
final class SafeHeaders {

    private SafeHeaders() {}

    /**
     * @param what the answer is called if it lacks one
     * @param header gives the header of a name
     */
    static void areIn(String what, UnaryOperator<String> header) {
        assertThat(header.apply("Content-Security-Policy"))
                .as(what)
                .contains("default-src 'none'", "frame-ancestors 'none'")
                .doesNotContain("unsafe");
        assertThat(header.apply("X-Content-Type-Options")).as(what).isEqualTo("nosniff");
        assertThat(header.apply("Referrer-Policy")).as(what).isEqualTo("no-referrer");
        assertThat(header.apply("X-Frame-Options")).as(what).isEqualTo("DENY");
        assertThat(header.apply("Cross-Origin-Opener-Policy")).as(what).isEqualTo("same-origin");
        assertThat(header.apply("Cross-Origin-Resource-Policy")).as(what).isEqualTo("same-origin");
    }
}
