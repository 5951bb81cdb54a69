package org.segmeter.demo;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the demonstration.
 *
 * @param demo whether an installation without evaluations gets some to look at
 */
@ConfigurationProperties("segmeter")
record DemoSettings(@DefaultValue("false") boolean demo) {}
