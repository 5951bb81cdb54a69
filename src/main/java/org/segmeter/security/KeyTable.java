package org.segmeter.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;

/**
 * All SQL about keys, by JDBC alone: the command line uses it too, which does not wait for Spring. A key reads
 * {@code sgm_<id>_<secret>}; the secret is 256 random bits in base64url.
 */
public final class KeyTable {

    static final Pattern TOKEN = Pattern.compile("sgm_([0-9a-z]{12})_([A-Za-z0-9_-]{43})");

    private static final String COLUMNS =
            "id, tenant, name, secret_sha256, roles, created_at, expires_at, revoked_at," + " last_used_at, replaces";
    private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Connection database;

    /** @param database not closed here */
    public KeyTable(Connection database) {
        this.database = database;
    }

    /**
     * Makes a key.
     *
     * @param keep how long it is valid; null for ever
     * @throws IllegalArgumentException if name, tenant or roles cannot be; the message says what can
     */
    public ApiKey.Made create(String tenant, String name, Set<Role> roles, @Nullable Duration keep)
            throws SQLException {
        return insert(tenant, name, roles, keep, null);
    }

    private ApiKey.Made insert(
            String tenant, String name, Set<Role> roles, @Nullable Duration keep, @Nullable String replaces)
            throws SQLException {
        if (!Tenant.isName(tenant)) {
            throw new IllegalArgumentException("a tenant is 1 to 63 lower-case letters, digits and hyphens");
        }
        if (name.isBlank() || name.length() > 100 || name.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a name is 1 to 100 characters, none of them a control character");
        }
        if (roles.isEmpty()) {
            throw new IllegalArgumentException(
                    "a key has at least one role: submit, read, review, operate, administer");
        }
        if (keep != null && (keep.isNegative() || keep.isZero() || keep.toDays() > 36500)) {
            throw new IllegalArgumentException("the time that a key is valid is positive, and at most a hundred years");
        }
        StringBuilder id = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            id.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        byte[] secret = new byte[32];
        RANDOM.nextBytes(secret);
        String token =
                "sgm_" + id + "_" + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
        try (PreparedStatement insert =
                database.prepareStatement("insert into api_key (id, tenant, name, secret_sha256, roles, expires_at,"
                        + " replaces) values (?, ?, ?, ?, ?, now() + make_interval(secs => ?), ?) returning "
                        + COLUMNS)) {
            insert.setString(1, id.toString());
            insert.setString(2, tenant);
            insert.setString(3, name);
            insert.setString(4, sha256(token));
            insert.setArray(
                    5,
                    database.createArrayOf(
                            "text", roles.stream().sorted().map(Role::word).toArray()));
            if (keep == null) {
                insert.setNull(6, java.sql.Types.DOUBLE);
            } else {
                insert.setDouble(6, keep.toSeconds());
            }
            insert.setString(7, replaces);
            return new ApiKey.Made(list(insert).getFirst(), token);
        }
    }

    public Optional<ApiKey> find(String id) throws SQLException {
        try (PreparedStatement find = database.prepareStatement("select " + COLUMNS + " from api_key where id = ?")) {
            find.setString(1, id);
            return list(find).stream().findFirst();
        }
    }

    /** @param tenant null for all of them */
    public List<ApiKey> list(@Nullable String tenant) throws SQLException {
        try (PreparedStatement all = database.prepareStatement("select " + COLUMNS
                + " from api_key where ?::text is null or tenant = ? order by tenant, created_at, id")) {
            all.setString(1, tenant);
            all.setString(2, tenant);
            return list(all);
        }
    }

    /**
     * Makes a key that takes the place of another, which goes on being valid for a while.
     *
     * @param overlap how long the old one is valid yet
     * @param keep how long the new one is valid; null for ever
     * @return empty if there is no such key, or it is not valid any more
     */
    public Optional<ApiKey.Made> rotate(String id, Duration overlap, @Nullable Duration keep) throws SQLException {
        Optional<ApiKey> old = find(id);
        if (old.isEmpty() || overlap.isNegative()) {
            return Optional.empty();
        }
        try (PreparedStatement end = database.prepareStatement("update api_key set expires_at ="
                + " least(expires_at, now() + make_interval(secs => ?)) where id = ? and revoked_at is null"
                + " and (expires_at is null or expires_at > now())")) {
            end.setDouble(1, overlap.toSeconds());
            end.setString(2, id);
            if (end.executeUpdate() == 0) {
                return Optional.empty();
            }
        }
        return Optional.of(
                insert(old.get().tenant(), old.get().name(), old.get().roles(), keep, id));
    }

    /** From now on it opens nothing; false if there is no such key. */
    public boolean revoke(String id) throws SQLException {
        try (PreparedStatement revoke =
                database.prepareStatement("update api_key set revoked_at = coalesce(revoked_at, now()) where id = ?")) {
            revoke.setString(1, id);
            return revoke.executeUpdate() == 1;
        }
    }

    /** Writes down that keys were used. */
    void used(Collection<String> ids) throws SQLException {
        try (PreparedStatement used =
                database.prepareStatement("update api_key set last_used_at = now() where id = any(?)")) {
            used.setArray(1, database.createArrayOf("text", ids.toArray()));
            used.executeUpdate();
        }
    }

    /** The part of a key that is no secret; empty if it is no key at all. */
    static Optional<String> id(String token) {
        Matcher parts = TOKEN.matcher(token);
        return parts.matches() ? Optional.of(parts.group(1)) : Optional.empty();
    }

    static String sha256(String token) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether a secret has the digest, in a time that does not depend on where they differ. */
    static boolean hasDigest(String token, String sha256) {
        return MessageDigest.isEqual(
                sha256(token).getBytes(StandardCharsets.US_ASCII), sha256.getBytes(StandardCharsets.US_ASCII));
    }

    private static List<ApiKey> list(PreparedStatement query) throws SQLException {
        List<ApiKey> keys = new ArrayList<>();
        try (ResultSet row = query.executeQuery()) {
            while (row.next()) {
                keys.add(new ApiKey(
                        row.getString("id"),
                        row.getString("tenant"),
                        row.getString("name"),
                        row.getString("secret_sha256"),
                        roles(row.getArray("roles")),
                        row.getTimestamp("created_at").toInstant(),
                        instant(row.getTimestamp("expires_at")),
                        instant(row.getTimestamp("revoked_at")),
                        instant(row.getTimestamp("last_used_at")),
                        row.getString("replaces")));
            }
        }
        return keys;
    }

    private static Set<Role> roles(Array words) throws SQLException {
        EnumSet<Role> roles = EnumSet.noneOf(Role.class);
        for (String word : (String[]) words.getArray()) {
            Role.of(word).ifPresent(roles::add);
        }
        return roles;
    }

    private static @Nullable Instant instant(@Nullable Timestamp time) {
        return time == null ? null : time.toInstant();
    }
}
