package org.segmeter.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.transaction.TransactionException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Finds out who sends a request: by a key or token in {@code Authorization: Bearer}, by a session's cookie, or by the certificate of the
 * connection, in this order. From here on the request works for the caller's tenant. Whether they may do it, the rules behind this decide.
 */
final class Door extends OncePerRequestFilter {

    /** A page of this service sends it with whatever changes something; a form or a page of another site cannot. */
    static final String OWN_PAGE = "X-Segmeter-Page";

    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

    private final boolean login;
    private final ApiKeys keys;
    private final Tokens tokens;
    private final Sessions sessions;
    private final Refusals refusals;
    private final RequestRate rate;
    private final Quotas quotas;
    private final Certificates certificates;

    Door(
            boolean login,
            ApiKeys keys,
            Tokens tokens,
            Sessions sessions,
            Refusals refusals,
            RequestRate rate,
            Quotas quotas,
            Certificates certificates) {
        this.certificates = certificates;
        this.rate = rate;
        this.quotas = quotas;
        this.login = login;
        this.keys = keys;
        this.tokens = tokens;
        this.sessions = sessions;
        this.refusals = refusals;
    }

    /** Somebody who was let in. */
    private static final class Known extends AbstractAuthenticationToken {
        private final transient Caller caller;

        Known(Caller caller) {
            super(caller.roles().stream()
                    .map(role -> new SimpleGrantedAuthority(role.word()))
                    .toList());
            this.caller = caller;
            setAuthenticated(true);
        }

        @Override
        public Object getCredentials() {
            return "";
        }

        @Override
        public Object getPrincipal() {
            return caller.id();
        }
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (comesFromAnotherSite(request)) {
            refusals.crossSite(response);
            return;
        }
        if (!login) {
            Caller.ANYBODY.sends(request);
            chain.doFilter(request, response);
            return;
        }
        if (rate.isLimited() && rate.guesses(request).isOver()) {
            refusals.tooMany(response, rate.guesses(request));
            return;
        }
        Optional<Caller> caller;
        List<String> credentials = Collections.list(request.getHeaders(HttpHeaders.AUTHORIZATION));
        Optional<String> session = credentials.isEmpty() ? Sessions.token(request) : Optional.empty();
        try {
            caller = !credentials.isEmpty()
                    ? caller(credentials)
                    : session.isPresent() ? session.flatMap(sessions::caller) : certificates.caller(request);
        } catch (Tokens.Unavailable | DataAccessException | TransactionException e) {
            refusals.unavailable(response);
            return;
        }
        if (caller.isEmpty() && !credentials.isEmpty()) {
            rate.guessed(request);
            refusals.unauthenticated(request, response, true);
            return;
        }
        if (caller.isPresent()) {
            RequestRate.@Nullable Left left = tellLimits(caller.get(), response);
            if (left != null && left.isOver()) {
                caller.get().sends(request);
                refusals.tooMany(response, left);
                return;
            }
        }
        // A browser sends cookies and certificates by itself, whoever's page asks for it.
        boolean bySelf = session.isPresent()
                || caller.filter(known -> known.kind() == Caller.Kind.CERTIFICATE)
                                .isPresent()
                        && request.getHeader("Sec-Fetch-Site") != null;
        if (caller.isPresent() && bySelf && !isOwnPage(request)) {
            refusals.crossSite(response);
            return;
        }
        caller.ifPresent(known -> {
            known.sends(request);
            SecurityContextHolder.getContext().setAuthentication(new Known(known));
        });
        try (Tenant.Binding ignored = Tenant.bind(
                caller.map(Caller::tenant).orElse(Tenant.NOBODY),
                caller.map(Caller::id).orElse(null))) {
            chain.doFilter(request, response);
        }
    }

    /** Counts the request; the fields are those of draft-ietf-httpapi-ratelimit-headers. Null if requests are not counted. */
    private RequestRate.@Nullable Left tellLimits(Caller caller, HttpServletResponse response) {
        List<String> policies = new ArrayList<>();
        List<String> limits = new ArrayList<>();
        RequestRate.@Nullable Left requests = null;
        if (rate.isLimited()) {
            requests = rate.of(caller);
            policies.add("\"requests\";q=" + requests.limit() + ";w=60");
            limits.add("\"requests\";r=" + requests.remaining() + ";t=" + Refusals.seconds(requests.pause()));
        }
        if (quotas.limitsBytes(caller)) {
            Quotas.Left bytes = quotas.bytes(caller);
            policies.add("\"bytes\";q=" + bytes.limit() + ";qu=\"content-bytes\";w=60");
            limits.add("\"bytes\";r=" + bytes.remaining() + ";t=" + Refusals.seconds(bytes.pause()));
        }
        if (!policies.isEmpty()) {
            response.setHeader("RateLimit-Policy", String.join(", ", policies));
            response.setHeader("RateLimit", String.join(", ", limits));
        }
        return requests;
    }

    private Optional<Caller> caller(List<String> credentials) throws Tokens.Unavailable {
        String value = credentials.getFirst();
        if (credentials.size() != 1 || !value.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
            return Optional.empty();
        }
        String token = value.substring("bearer ".length()).strip();
        Optional<Caller> caller = keys.caller(token);
        return caller.isPresent() ? caller : tokens.caller(token);
    }

    /** What a browser says of itself (Fetch Metadata): a page of another site must not change anything in the name of whoever looks at it. */
    private static boolean comesFromAnotherSite(HttpServletRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        return site != null
                && !SAFE.contains(request.getMethod())
                && (site.equals("cross-site") || site.equals("same-site"));
    }

    /** For what a cookie lets in: either nothing is changed, or a page of this service sent it. */
    private static boolean isOwnPage(HttpServletRequest request) {
        return SAFE.contains(request.getMethod()) || request.getHeader(OWN_PAGE) != null;
    }
}
