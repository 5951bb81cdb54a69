package org.segmeter.web;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import org.apache.catalina.core.StandardHost;
import org.segmeter.evaluation.Failpoint;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.tomcat.TomcatWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Settings of Tomcat that Boot has no property for. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(WebSettings.class)
class WebConfiguration {

    /** Only where a fault test asked for it: the process ends when the answer to a submission has left it. */
    @Bean
    @Conditional(EndsWhenAnswered.class)
    Filter endWhenAnswered() {
        return (request, response, chain) -> {
            chain.doFilter(request, response);
            if (request instanceof HttpServletRequest http && http.getMethod().equals("POST")) {
                response.flushBuffer();
                Failpoint.ANSWERED.reach();
            }
        };
    }

    private static final class EndsWhenAnswered implements Condition {
        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return Failpoint.ANSWERED.isArmed();
        }
    }

    @Bean
    WebServerFactoryCustomizer<TomcatWebServerFactory> tomcat() {
        return factory -> {
            factory.addContextCustomizers(context -> {
                if (context.getParent() instanceof StandardHost host) {
                    host.setErrorReportValveClass(ProblemReportValve.class.getName());
                }
            });
            // A client that asks first (Expect: 100-continue) is told to send only when its headers were not refused.
            factory.addConnectorCustomizers(connector -> connector.setProperty("continueResponseTiming", "onRead"));
        };
    }
}
