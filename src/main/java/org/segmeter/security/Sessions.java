package org.segmeter.security;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Reasons;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.http.ResponseCookie;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Browsers that were let in with a key. The cookie is 256 random bits, of which the database has the digest; what the session may do is
 * what its key may do at the time.
 */
@Component
public final class Sessions {

    private static final Logger log = LoggerFactory.getLogger(Sessions.class);

    /** Over TLS browsers hold the name to its promise (RFC 6265bis section 4.1.3.2): this host alone, never without TLS. */
    private static final String OVER_TLS = "__Host-segmeter";

    private static final String PLAIN = "segmeter";
    private static final int MOST_CACHED = 10_000;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final JdbcClient sql;
    private final ApiKeys keys;
    private final Duration keep;
    private final long cacheNanos;
    private final Map<String, Cached> cache = new ConcurrentHashMap<>();

    private record Session(@Nullable String key, Instant expiresAt) {}

    private record Cached(Session session, long at) {}

    Sessions(JdbcClient sql, ApiKeys keys, SecuritySettings settings) {
        this.sql = sql;
        this.keys = keys;
        this.keep = settings.session();
        this.cacheNanos = settings.keyCache().toNanos();
    }

    /** The cookie of a new session for whoever sent the request with a key; empty if the key is none. */
    public Optional<ResponseCookie> begin(HttpServletRequest request, String key) {
        return keys.caller(key).map(caller -> {
            byte[] secret = new byte[32];
            RANDOM.nextBytes(secret);
            String token = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                sql.sql("insert into browser_session (token_sha256, api_key, expires_at)"
                                + " values (:token, :key, now() + make_interval(secs => :keep))")
                        .param("token", KeyTable.sha256(token))
                        .param("key", KeyTable.id(key).orElse(null))
                        .param("keep", (double) keep.toSeconds())
                        .update();
            }
            return cookie(request, token, keep);
        });
    }

    /** Ends the session of a request, if it has one; the cookie takes its own away. */
    public ResponseCookie end(HttpServletRequest request) {
        token(request).map(KeyTable::sha256).ifPresent(token -> {
            sql.sql("delete from browser_session where token_sha256 = :token")
                    .param("token", token)
                    .update();
            cache.remove(token);
        });
        return cookie(request, "", Duration.ZERO);
    }

    private static ResponseCookie cookie(HttpServletRequest request, String token, Duration age) {
        return ResponseCookie.from(request.isSecure() ? OVER_TLS : PLAIN, token)
                .path("/")
                .httpOnly(true)
                .secure(request.isSecure())
                .sameSite("Strict")
                .maxAge(age)
                .build();
    }

    static Optional<String> token(HttpServletRequest request) {
        Cookie[] cookies = request.getCookies();
        if (cookies != null) {
            for (Cookie cookie : cookies) {
                if (cookie.getName().equals(request.isSecure() ? OVER_TLS : PLAIN)
                        && !cookie.getValue().isEmpty()) {
                    return Optional.of(cookie.getValue());
                }
            }
        }
        return Optional.empty();
    }

    /** Who has the session; empty if there is none, or its key is none any more. */
    Optional<Caller> caller(String token) {
        return session(KeyTable.sha256(token))
                .filter(session -> Instant.now().isBefore(session.expiresAt()))
                .flatMap(session -> keys.callerOf(session.key()));
    }

    private Optional<Session> session(String sha256) {
        Cached known = cache.get(sha256);
        if (known != null && System.nanoTime() - known.at() < cacheNanos) {
            return Optional.of(known.session());
        }
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            Optional<Session> found = sql.sql(
                            "select api_key, expires_at from browser_session where token_sha256 = :token")
                    .param("token", sha256)
                    .query((row, number) ->
                            new Session(row.getString(1), row.getTimestamp(2).toInstant()))
                    .optional();
            if (cache.size() > MOST_CACHED) {
                cache.clear();
            }
            found.ifPresent(session -> cache.put(sha256, new Cached(session, System.nanoTime())));
            return found;
        }
    }

    @Scheduled(initialDelay = 600_000, fixedDelay = 3_600_000)
    void sweep() {
        try {
            sql.sql("delete from browser_session where expires_at < now()").update();
        } catch (DataAccessException e) {
            log.warn("sessions that are over could not be removed: {}", Reasons.describe(e));
        }
    }
}
