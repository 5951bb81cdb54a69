package org.segmeter.pacs;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** Settings of the loop with a PACS. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({PacsSettings.class, PseudonymSettings.class})
class PacsConfiguration {}
