package org.segmeter.security;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.StartRefused;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Reasons;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** The keys of this installation, each looked up in the database at most once in a while. */
@Component
public final class ApiKeys {

    private static final Logger log = LoggerFactory.getLogger(ApiKeys.class);

    private static final int MOST_CACHED = 10_000;
    private static final int SHORTEST = 32;

    private final JdbcTemplate sql;
    private final long cacheNanos;
    private final @Nullable String configured;
    private final Map<String, Cached> cache = new ConcurrentHashMap<>();
    private final Set<String> used = ConcurrentHashMap.newKeySet();

    private record Cached(ApiKey key, long at) {}

    ApiKeys(DataSource database, SecuritySettings settings) {
        sql = new JdbcTemplate(database);
        cacheNanos = settings.keyCache().toNanos();
        configured = configured(settings);
    }

    /** Digest of the key of the configuration; the key itself is not kept in memory. */
    private static @Nullable String configured(SecuritySettings settings) {
        String key = settings.apiKey();
        Path file = settings.apiKeyFile();
        if (file != null) {
            try {
                key = Files.readString(file);
            } catch (IOException e) {
                throw new StartRefused("segmeter.security.api-key-file cannot be read");
            }
        }
        if (key == null || (key.isBlank() && file == null)) {
            return null;
        }
        if (key.strip().length() < SHORTEST) {
            throw new StartRefused("the key of segmeter.security.api-key or api-key-file is shorter than " + SHORTEST
                    + " characters; \"openssl rand -hex 32\" makes a good one");
        }
        return KeyTable.sha256(key.strip());
    }

    /** Whom a key belongs to; empty if it is none, or none any more. */
    Optional<Caller> caller(String token) {
        if (configured != null && KeyTable.hasDigest(token, configured)) {
            return Optional.of(ofConfiguration(Caller.Kind.KEY));
        }
        return KeyTable.id(token)
                .flatMap(this::find)
                .filter(key -> KeyTable.hasDigest(token, key.secretSha256()))
                .flatMap(key -> caller(key, Caller.Kind.KEY));
    }

    /** Who has a session that was begun with a key; null for the one of the configuration. */
    Optional<Caller> callerOf(@Nullable String id) {
        if (id == null) {
            return configured == null ? Optional.empty() : Optional.of(ofConfiguration(Caller.Kind.SESSION));
        }
        return find(id).flatMap(key -> caller(key, Caller.Kind.SESSION));
    }

    private static Caller ofConfiguration(Caller.Kind kind) {
        return new Caller("configured", kind, Tenant.DEFAULT, EnumSet.of(Role.ADMINISTER));
    }

    private Optional<Caller> caller(ApiKey key, Caller.Kind kind) {
        if (!key.isValid(Instant.now())) {
            return Optional.empty();
        }
        used.add(key.id());
        return Optional.of(new Caller(key.id(), kind, key.tenant(), key.roles()));
    }

    private Optional<ApiKey> find(String id) {
        Cached known = cache.get(id);
        if (known != null && System.nanoTime() - known.at() < cacheNanos) {
            return Optional.of(known.key());
        }
        // Before it is known whose key it is, the service itself asks.
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            Optional<ApiKey> found = with(table -> table.find(id));
            if (cache.size() > MOST_CACHED) {
                cache.clear();
            }
            found.ifPresent(key -> cache.put(id, new Cached(key, System.nanoTime())));
            return found;
        }
    }

    /** The keys that the tenant of this thread sees. */
    public List<ApiKey> list() {
        return with(table -> table.list(Tenant.bound()));
    }

    /**
     * A key of the tenant of this thread.
     *
     * @throws IllegalArgumentException if name or roles cannot be
     */
    public ApiKey.Made create(String name, Set<Role> roles, @Nullable Duration keep) {
        return with(table -> table.create(Tenant.current(), name, roles, keep));
    }

    /** Empty if the tenant of this thread has no such key, or it is not valid any more. */
    public Optional<ApiKey.Made> rotate(String id, Duration overlap, @Nullable Duration keep) {
        if (!mine(id)) {
            return Optional.empty();
        }
        Optional<ApiKey.Made> made = with(table -> table.rotate(id, overlap, keep));
        cache.remove(id);
        return made;
    }

    /** False if the tenant of this thread has no such key. Holds here at once, at other replicas when they look it up again. */
    public boolean revoke(String id) {
        boolean revoked = mine(id) && with(table -> table.revoke(id));
        cache.remove(id);
        return revoked;
    }

    private boolean mine(String id) {
        String tenant = Tenant.bound();
        return with(table -> table.find(id))
                .filter(key -> tenant == null || tenant.equals(key.tenant()))
                .isPresent();
    }

    private interface Work<T> {
        T on(KeyTable table) throws SQLException;
    }

    private <T> T with(Work<T> work) {
        T result = sql.execute((ConnectionCallback<T>) connection -> work.on(new KeyTable(connection)));
        if (result == null) {
            throw new IllegalStateException("nothing came of it");
        }
        return result;
    }

    /** When each key was used last, to the minute. */
    @Scheduled(fixedDelay = 60_000, initialDelay = 60_000)
    void noteUse() {
        Set<String> ids = new HashSet<>(used);
        if (ids.isEmpty()) {
            return;
        }
        try {
            sql.execute((ConnectionCallback<Boolean>) connection -> {
                new KeyTable(connection).used(ids);
                return true;
            });
            used.removeAll(ids);
        } catch (DataAccessException e) {
            log.warn("when keys were used could not be noted: {}", Reasons.describe(e));
        }
    }
}
