package org.segmeter.security;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;
import org.springframework.util.unit.DataSize;

/**
 * What a key and a tenant may take of the service beside requests: bytes sent in a minute, uploads at a time, a share of the queue. There
 * is none where there is no login, because there nobody is anybody.
 */
@Component
public final class Quotas {

    /** A tenant may send as many keys' worth. */
    private static final int KEYS = 10;

    private static final int MOST = 100_000;

    private final boolean login;
    private final SecuritySettings settings;
    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();

    Quotas(@Value("${segmeter.security.login}") boolean login, SecuritySettings settings) {
        this.login = login;
        this.settings = settings;
    }

    /** As where there is no login. */
    public static Quotas none() {
        return new Quotas(
                false,
                new SecuritySettings(
                        null,
                        false,
                        null,
                        null,
                        Duration.ZERO,
                        Duration.ofHours(1),
                        Duration.ofHours(1),
                        0,
                        DataSize.ofBytes(0),
                        0,
                        0,
                        1,
                        1,
                        null,
                        DataSize.ofMegabytes(1),
                        new SecuritySettings.AuditRepository(null, null, null, null, 1, Duration.ofSeconds(1)),
                        Map.of(),
                        new SecuritySettings.Oidc(
                                null, "segmeter", null, List.of("at+jwt"), List.of("RS256"), "roles", "", "")));
    }

    /**
     * What is left of the bytes.
     *
     * @param limit bytes in a minute
     * @param remaining bytes that may be sent at once now, not negative
     * @param pause until something may be sent; zero if it may now
     */
    public record Left(long limit, long remaining, Duration pause) {
        public boolean isOver() {
            return !pause.isZero();
        }
    }

    /** How many bytes an upload has is known when it is over: whoever has some left may begin one, and pays for it afterwards. */
    private static final class Bucket {
        private final long limit;
        private double bytes;
        private long at = System.nanoTime();

        Bucket(long limit) {
            this.limit = limit;
            this.bytes = limit;
        }

        synchronized Left take(long sent) {
            long now = System.nanoTime();
            bytes = Math.min(limit, bytes + (now - at) / 60e9 * limit) - sent;
            at = now;
            return new Left(
                    limit,
                    Math.max(0, (long) bytes),
                    bytes >= 1 ? Duration.ZERO : Duration.ofMillis((long) Math.ceil((1 - bytes) * 60_000 / limit)));
        }
    }

    /** True if the bytes of a caller are counted. */
    public boolean limitsBytes(@Nullable Caller caller) {
        return login && caller != null && settings.bytesPerMinute().toBytes() > 0;
    }

    /** What a caller may still send, by key and tenant. */
    public Left bytes(Caller caller) {
        return sent(caller, 0);
    }

    /** Counts what a caller sent. */
    public Left sent(Caller caller, long bytes) {
        long own = settings.bytesPerMinute().toBytes();
        Left key = bucket("caller " + caller.id(), own).take(bytes);
        Left tenant = bucket("tenant " + caller.tenant(), KEYS * own).take(bytes);
        return tenant.pause().compareTo(key.pause()) > 0 ? tenant : key;
    }

    private Bucket bucket(String whose, long limit) {
        if (buckets.size() > MOST) {
            buckets.clear();
        }
        return buckets.computeIfAbsent(whose, name -> new Bucket(limit));
    }

    /** Uploads of a key that are received at the same time; 0 for any number. */
    public int uploadsOfKey() {
        return login ? settings.uploadsPerKey() : 0;
    }

    /** Uploads of a tenant that are received at the same time; 0 for any number. */
    public int uploadsOfTenant() {
        return login ? settings.uploadsPerTenant() : 0;
    }

    /** Evaluations of a key that may wait, of all that may. */
    public long queueOfKey(int limit) {
        return login ? Math.max(1, Math.round(limit * settings.queueShareOfKey())) : Long.MAX_VALUE;
    }

    /** Evaluations of a tenant that may wait, of all that may. */
    public long queueOfTenant(int limit) {
        return login ? Math.max(1, Math.round(limit * settings.queueShare())) : Long.MAX_VALUE;
    }
}
