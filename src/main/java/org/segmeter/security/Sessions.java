package org.segmeter.security;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Reasons;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Browsers that were let in with a key. The cookie is 256 random bits, of which the database has the digest; what the session may do is
 * what its key may do at the time. It ends by logging out, by being ended from the list of sessions, after its time, and when it was not
 * used for a while.
 */
@Component
public final class Sessions {

    private static final Logger log = LoggerFactory.getLogger(Sessions.class);

    /** Over TLS browsers hold the name to its promise (RFC 6265bis section 4.1.3.2): this host alone, never without TLS. */
    private static final String OVER_TLS = "__Host-segmeter";

    private static final String PLAIN = "segmeter";
    private static final int MOST_CACHED = 10_000;
    private static final int MOST_LISTED = 200;

    /** Of the tenant: one key's, or all of them. */
    private static final String ITS = "tenant = :tenant and (:all or coalesce(api_key, 'configured') = :key)";

    /** Parts of what browsers say, the telling ones first, for each says it is several others too. */
    private static final List<Map.Entry<String, String>> BROWSERS = List.of(
            Map.entry("Edg/", "Edge"),
            Map.entry("OPR/", "Opera"),
            Map.entry("Firefox/", "Firefox"),
            Map.entry("Chrome/", "Chrome"),
            Map.entry("Safari/", "Safari"));

    private static final List<Map.Entry<String, String>> SYSTEMS = List.of(
            Map.entry("Android", "Android"),
            Map.entry("iPhone", "iOS"),
            Map.entry("iPad", "iOS"),
            Map.entry("Windows", "Windows"),
            Map.entry("Mac OS", "macOS"),
            Map.entry("Linux", "Linux"));

    private static final SecureRandom RANDOM = new SecureRandom();

    private final JdbcClient sql;
    private final ApiKeys keys;
    private final Duration keep;
    private final Duration idle;
    private final long cacheNanos;
    private final Map<String, Cached> cache = new ConcurrentHashMap<>();

    private record Session(@Nullable String key, Instant expiresAt) {}

    /**
     * A session that is open.
     *
     * @param id no secret
     * @param key id of the key that it was begun with; {@code configured} for that of the configuration
     * @param lastUsedAt to the minute
     * @param browser what began it, as far as it said
     * @param current whether the request that asks comes from it
     */
    public record Open(
            UUID id,
            String key,
            Instant createdAt,
            Instant lastUsedAt,
            Instant expiresAt,
            String browser,
            boolean current) {}

    private record Cached(Session session, long at) {}

    /** @param unnoted whether it was not written down for a while that it is used */
    private record Found(Session session, boolean unnoted) {}

    Sessions(JdbcClient sql, ApiKeys keys, SecuritySettings settings) {
        this.sql = sql;
        this.keys = keys;
        this.keep = settings.session();
        this.idle = settings.sessionIdle();
        this.cacheNanos = settings.keyCache().toNanos();
    }

    /** The cookie of a new session for whoever sent the request with a key; empty if the key is none. */
    public Optional<ResponseCookie> begin(HttpServletRequest request, String key) {
        return keys.caller(key).map(caller -> {
            byte[] secret = new byte[32];
            RANDOM.nextBytes(secret);
            String token = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
            try (Tenant.Binding ignored = Tenant.bind(null)) {
                sql.sql("insert into browser_session (token_sha256, api_key, tenant, browser, expires_at)"
                                + " values (:token, :key, :tenant, :browser, now() + make_interval(secs => :keep))")
                        .param("token", KeyTable.sha256(token))
                        .param("key", KeyTable.id(key).orElse(null))
                        .param("tenant", caller.tenant())
                        .param("browser", browser(request.getHeader(HttpHeaders.USER_AGENT)))
                        .param("keep", seconds(keep))
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

    /** A browser and a system, of those that are known: what it says of itself may be anything. */
    static String browser(@Nullable String agent) {
        String said = String.valueOf(agent);
        return first(BROWSERS, said, "another browser") + " on " + first(SYSTEMS, said, "another system");
    }

    private static String first(List<Map.Entry<String, String>> known, String said, String otherwise) {
        return known.stream()
                .filter(one -> said.contains(one.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(otherwise);
    }

    /** The open sessions of the caller's key; to who administers, all of the tenant. The newest first. */
    public List<Open> list(HttpServletRequest request, Caller caller) {
        String current = token(request).map(KeyTable::sha256).orElse("");
        return sql.sql("select id, coalesce(api_key, 'configured'), created_at, last_used_at,"
                        + " least(expires_at, last_used_at + make_interval(secs => :idle)), browser,"
                        + " token_sha256 = :current from browser_session where " + ITS + " and expires_at > now()"
                        + " and last_used_at > now() - make_interval(secs => :idle) order by created_at desc, id"
                        + " limit :most")
                .params(its(caller))
                .param("idle", seconds(idle))
                .param("current", current)
                .param("most", MOST_LISTED)
                .query((row, number) -> new Open(
                        row.getObject(1, UUID.class),
                        row.getString(2),
                        row.getTimestamp(3).toInstant(),
                        row.getTimestamp(4).toInstant(),
                        row.getTimestamp(5).toInstant(),
                        row.getString(6),
                        row.getBoolean(7)))
                .list();
    }

    /** Ends a session that {@link #list} shows the caller; false if there is none. At other replicas when they look it up again. */
    public boolean end(UUID id, Caller caller) {
        return ended(sql.sql("delete from browser_session where id = :id and " + ITS + " returning token_sha256")
                        .param("id", id)
                        .params(its(caller)))
                > 0;
    }

    /** Ends all sessions of the caller's key but the one that the request comes from; how many. */
    public int endOthers(HttpServletRequest request, Caller caller) {
        Map<String, Object> own = its(caller);
        own.put("all", false);
        return ended(sql.sql("delete from browser_session where " + ITS
                        + " and token_sha256 <> :current returning token_sha256")
                .params(own)
                .param("current", token(request).map(KeyTable::sha256).orElse("")));
    }

    private static double seconds(Duration time) {
        return time.toMillis() / 1000.0;
    }

    private int ended(JdbcClient.StatementSpec delete) {
        List<String> tokens = delete.query(String.class).list();
        tokens.forEach(cache::remove);
        return tokens.size();
    }

    /** Keys alone have sessions; who comes with a token whose subject reads like a key has none. */
    private static Map<String, Object> its(Caller caller) {
        boolean key = caller.kind() == Caller.Kind.KEY || caller.kind() == Caller.Kind.SESSION;
        Map<String, Object> its = new HashMap<>();
        its.put("tenant", caller.tenant());
        its.put("all", caller.may(Role.ADMINISTER));
        its.put("key", key ? caller.id() : "");
        return its;
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
            Optional<Found> found = sql.sql(
                            "select api_key, expires_at, last_used_at < now() - make_interval(secs => :fresh)"
                                    + " from browser_session where token_sha256 = :token and expires_at > now()"
                                    + " and last_used_at > now() - make_interval(secs => :idle)")
                    .param("token", sha256)
                    .param("idle", seconds(idle))
                    .param("fresh", seconds(idle) / 60)
                    .query((row, number) -> new Found(
                            new Session(row.getString(1), row.getTimestamp(2).toInstant()), row.getBoolean(3)))
                    .optional();
            if (found.filter(Found::unnoted).isPresent()) {
                use(sha256);
            }
            if (cache.size() > MOST_CACHED) {
                cache.clear();
            }
            found.ifPresent(one -> cache.put(sha256, new Cached(one.session(), System.nanoTime())));
            return found.map(Found::session);
        }
    }

    /** That it was used; if this cannot be written down now, the next request tries again. */
    private void use(String sha256) {
        try {
            sql.sql("update browser_session set last_used_at = now() where token_sha256 = :token")
                    .param("token", sha256)
                    .update();
        } catch (DataAccessException e) {
            log.warn("that a session was used could not be noted: {}", Reasons.describe(e));
        }
    }

    @Scheduled(initialDelay = 600_000, fixedDelay = 3_600_000)
    void sweep() {
        try {
            sql.sql("delete from browser_session where expires_at < now()"
                            + " or last_used_at < now() - make_interval(secs => :idle)")
                    .param("idle", seconds(idle))
                    .update();
        } catch (DataAccessException e) {
            log.warn("sessions that are over could not be removed: {}", Reasons.describe(e));
        }
    }
}
