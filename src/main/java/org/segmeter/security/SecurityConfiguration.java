package org.segmeter.security;

import io.micrometer.core.instrument.MeterRegistry;
import jakarta.servlet.DispatcherType;
import java.io.IOException;
import java.net.URI;
import java.util.Set;
import org.segmeter.database.StartRefused;
import org.segmeter.evaluation.EvaluationSettings;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import tools.jackson.databind.json.JsonMapper;

/** How Spring Security is set up: the door, the roles of the routes, and nothing that guesses. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SecuritySettings.class)
class SecurityConfiguration {

    /** The others the firewall refuses. */
    private static final Set<String> KNOWN_METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    @Bean
    @Conditional(Audited.class)
    AuditTrail auditTrail(EvaluationSettings installation, SecuritySettings settings) throws IOException {
        return new AuditTrail(
                installation.dataDirectory().toAbsolutePath().resolve("audit"),
                settings.auditFileSize().toBytes());
    }

    /** The notes of this process; of those that the last one left the trail has the events then. */
    @Bean
    @Conditional(Audited.class)
    AuditNotes auditNotes(EvaluationSettings installation, AuditTrail trail, JsonMapper json) throws IOException {
        AuditNotes notes =
                new AuditNotes(installation.dataDirectory().toAbsolutePath().resolve("audit-begun"));
        notes.recover(trail, json);
        return notes;
    }

    @Bean
    @Conditional(Audited.class)
    AuditHead auditHead(AuditTrail trail) {
        return new AuditHead(trail);
    }

    /** @throws StartRefused if there is no audit trail to send */
    @Bean
    @ConditionalOnProperty("segmeter.security.audit-repository.url")
    AuditFeed auditFeed(
            ObjectProvider<AuditTrail> trail,
            SecuritySettings settings,
            SslBundles bundles,
            JsonMapper json,
            MeterRegistry registry) {
        SecuritySettings.AuditRepository to = settings.auditRepository();
        AuditTrail written = trail.getIfAvailable();
        URI url = to.url();
        if (written == null || url == null) {
            throw new StartRefused(
                    "segmeter.security.audit-repository.url is set and nothing is audited: there is no login,"
                            + " and segmeter.security.audit is not true");
        }
        return new AuditFeed(
                written,
                written.directory().resolve("delivered"),
                new AuditRepository(to, url, bundles, json),
                to.eventsAtOnce(),
                json,
                registry);
    }

    private static final class Audited implements Condition {
        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            Environment environment = context.getEnvironment();
            return environment.getProperty(
                    "segmeter.security.audit",
                    Boolean.class,
                    environment.getProperty("segmeter.security.login", Boolean.class, false));
        }
    }

    /** 400 for what the HTTP firewall refuses, or 501 for a method that nobody knows, and an event of it before that leaves. */
    @Bean
    RequestRejectedHandler refusedByTheFirewall(
            ObjectProvider<AuditTrail> trail, ObjectProvider<AuditNotes> notes, JsonMapper json) {
        // Not by the page for errors: it is asked for with the same method, which it does not know either.
        RequestRejectedHandler answer = (request, response, rejected) -> ProblemOnResponse.write(
                response,
                KNOWN_METHODS.contains(request.getMethod())
                        ? Problem.of(ServiceProblem.BAD_REQUEST, "The request cannot be understood.")
                        : Problem.of(ServiceProblem.METHOD_NOT_IMPLEMENTED, "The method is not known to the service."),
                json);
        AuditTrail written = trail.getIfAvailable();
        if (written == null) {
            return answer;
        }
        Audit audit = new Audit(written, notes.getObject(), json);
        return (request, response, rejected) -> {
            audit.refused(request);
            answer.handle(request, response, rejected);
        };
    }

    /** None of each filter: requests as a whole are observed, and a dozen observations more took a tenth of a request's processor time. */
    @Bean
    static SecurityObservationSettings observedFilters() {
        return SecurityObservationSettings.noObservations();
    }

    @Bean
    SecurityFilterChain requests(
            HttpSecurity http,
            @Value("${segmeter.security.login}") boolean login,
            ApiKeys keys,
            Tokens tokens,
            Sessions sessions,
            Routes routes,
            Refusals refusals,
            SecuritySettings settings,
            Quotas quotas,
            Certificates certificates,
            ObjectProvider<AuditTrail> trail,
            ObjectProvider<AuditNotes> notes,
            JsonMapper json) {
        // The headers are the filter SecurityHeaders' own, and what a cookie lets in is checked by the door.
        http.headers(AbstractHttpConfigurer::disable)
                .csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .httpBasic(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .servletApi(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .addFilterBefore(
                        new Door(
                                login,
                                keys,
                                tokens,
                                sessions,
                                refusals,
                                new RequestRate(settings.requestsPerMinute()),
                                quotas,
                                certificates),
                        AnonymousAuthenticationFilter.class)
                .exceptionHandling(answers -> answers.authenticationEntryPoint(
                                (request, response, refused) -> refusals.unauthenticated(
                                        request,
                                        response,
                                        Sessions.token(request).isPresent()))
                        .accessDeniedHandler((request, response, refused) -> refusals.forbidden(request, response)));
        trail.ifAvailable(written -> {
            Audit audit = new Audit(written, notes.getObject(), json);
            http.addFilterBefore(audit, Door.class).addFilterAfter(new AuditNoting(audit), AuthorizationFilter.class);
        });
        if (!login) {
            http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll());
        } else {
            routes.load();
            http.authorizeHttpRequests(requests -> requests.dispatcherTypeMatchers(
                            DispatcherType.ASYNC, DispatcherType.ERROR, DispatcherType.FORWARD)
                    .permitAll()
                    .anyRequest()
                    .access((authentication, context) -> new AuthorizationDecision(
                            switch (routes.of(context.getRequest())) {
                                case Routes.Need.Nothing nothing -> true;
                                case Routes.Need.Of need -> {
                                    Caller caller = Caller.of(context.getRequest());
                                    yield caller != null && caller.may(need.role());
                                }
                                case Routes.Need.NoSuchRoute none -> false;
                                case Routes.Need.NoSuchMethod none -> false;
                            })));
        }
        return http.build();
    }
}
