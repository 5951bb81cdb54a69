package org.segmeter.security;

import jakarta.servlet.DispatcherType;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;

/** How Spring Security is set up: the door, the roles of the routes, and nothing that guesses. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SecuritySettings.class)
class SecurityConfiguration {

    @Bean
    SecurityFilterChain requests(
            HttpSecurity http,
            @Value("${segmeter.security.login}") boolean login,
            ApiKeys keys,
            Tokens tokens,
            Sessions sessions,
            Routes routes,
            Refusals refusals) {
        // The headers are the filter SecurityHeaders' own, and what a cookie lets in is checked by the door.
        http.headers(AbstractHttpConfigurer::disable)
                .csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .httpBasic(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .servletApi(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .addFilterBefore(new Door(login, keys, tokens, sessions, refusals), AnonymousAuthenticationFilter.class)
                .exceptionHandling(answers -> answers.authenticationEntryPoint(
                                (request, response, refused) -> refusals.unauthenticated(
                                        request,
                                        response,
                                        Sessions.token(request).isPresent()))
                        .accessDeniedHandler((request, response, refused) -> refusals.forbidden(request, response)));
        if (!login) {
            http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll());
        } else {
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
