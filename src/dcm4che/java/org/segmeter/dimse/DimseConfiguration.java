package org.segmeter.dimse;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** Settings of DIMSE. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DimseSettings.class)
class DimseConfiguration {}
