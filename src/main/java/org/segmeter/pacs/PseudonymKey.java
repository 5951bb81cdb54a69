package org.segmeter.pacs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.StartRefused;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.BlobStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The key by which identifiers become pseudonyms (HMAC-SHA-256, RFC 2104) and are sealed (AES-256-GCM, NIST SP 800-38D). It comes from the
 * configuration or is made once and kept with the stored files; it is never in the database, which has only its id, so that replicas with
 * different keys are noticed.
 */
@Component
final class PseudonymKey {

    private static final Logger log = LoggerFactory.getLogger(PseudonymKey.class);

    private static final int SHORTEST = 32;
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;
    private static final char[] BASE32 = "abcdefghijklmnopqrstuvwxyz234567".toCharArray(); // RFC 4648, lower case

    /** 16 characters fit every text of DICOM, also SH (PS3.5 section 6.2); 80 bits do not meet by chance. */
    private static final int LENGTH = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final byte[] pseudonyms;
    private final SecretKeySpec seals;
    private final String id;
    private final JdbcClient sql;

    PseudonymKey(PseudonymSettings settings, BlobStore store, JdbcClient sql, TransactionTemplate transaction)
            throws IOException {
        this.sql = sql;
        byte[] configured = configured(settings);
        byte[] key = configured != null
                ? configured
                : Objects.requireNonNull(transaction.execute(status -> {
                    // Replicas that start together make one key.
                    sql.sql("select pg_advisory_xact_lock(7301846)")
                            .query((row, number) -> true)
                            .single();
                    return kept(store);
                }));
        pseudonyms = mac(key, "segmeter pseudonyms");
        seals = new SecretKeySpec(mac(key, "segmeter seals"), "AES");
        id = HexFormat.of().formatHex(mac(mac(key, "segmeter id"), "id"), 0, 8);
        record(configured != null);
    }

    private static byte @Nullable [] configured(PseudonymSettings settings) {
        String key = settings.key();
        Path file = settings.keyFile();
        if (file != null) {
            try {
                key = Files.readString(file);
            } catch (IOException e) {
                throw new StartRefused("segmeter.pseudonyms.key-file cannot be read");
            }
        }
        if (key == null || (key.isBlank() && file == null)) {
            return null;
        }
        if (key.strip().length() < SHORTEST) {
            throw new StartRefused("the key of segmeter.pseudonyms.key or key-file is shorter than " + SHORTEST
                    + " characters; \"openssl rand -hex 32\" makes a good one");
        }
        return key.strip().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] kept(BlobStore store) {
        try {
            String known = store.secret();
            if (known == null) {
                byte[] made = new byte[32];
                RANDOM.nextBytes(made);
                known = HexFormat.of().formatHex(made);
                store.secret(known);
            }
            return known.getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new StartRefused(
                    "the key of the pseudonyms can neither be read where the files are kept nor made there");
        }
    }

    /** With another key than before, what was sealed is sealed again, from the objects: see {@link Seals}. */
    private void record(boolean configured) {
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            Optional<Boolean> before = sql.sql("select configured from pseudonym_key where id <> :id")
                    .param("id", id)
                    .query(Boolean.class)
                    .optional();
            if (before.orElse(false) && !configured) {
                throw new StartRefused(
                        "this installation has a key of the pseudonyms that this process does not know: set"
                                + " SEGMETER_PSEUDONYMS_KEY_FILE (or SEGMETER_PSEUDONYMS_KEY) to what it was before");
            }
            if (before.isPresent()) {
                log.warn("the key of the pseudonyms is another than before; identifiers are sealed again");
            }
            sql.sql("""
                insert into pseudonym_key (id, configured) values (:id, :configured) on conflict (one) do update
                    set id = excluded.id, configured = excluded.configured,
                        since = case when pseudonym_key.id = excluded.id then pseudonym_key.since else now() end\
                """).param("id", id).param("configured", configured).update();
        }
    }

    /** Which key it is; tells nothing of it. */
    String id() {
        return id;
    }

    /** False if a replica that started later has another key, which applies then. */
    boolean isCurrent() {
        return sql.sql("select id from pseudonym_key")
                .query(String.class)
                .optional()
                .map(id::equals)
                .orElse(false);
    }

    /**
     * The pseudonym of a value: 16 letters and digits, the same for the same value of the same kind in the same tenant, and for no other.
     *
     * @param kind what the value is of
     */
    String pseudonym(String tenant, String kind, String value) {
        byte[] digest = mac(pseudonyms, tenant + "\0" + kind + "\0" + value);
        StringBuilder text = new StringBuilder(LENGTH);
        long bits = 0;
        int count = 0;
        int next = 0;
        while (text.length() < LENGTH) {
            if (count < 5) {
                bits = bits << 8 | (digest[next++] & 0xFF);
                count += 8;
            }
            count -= 5;
            text.append(BASE32[(int) (bits >> count) & 31]);
        }
        return text.toString();
    }

    /** @param about what the content is of; it opens with the same only */
    byte[] seal(String about, byte[] content) {
        byte[] nonce = new byte[NONCE];
        RANDOM.nextBytes(nonce);
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, seals, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(about.getBytes(StandardCharsets.UTF_8));
            byte[] closed = cipher.doFinal(content);
            byte[] sealed = Arrays.copyOf(nonce, NONCE + closed.length);
            System.arraycopy(closed, 0, sealed, NONCE, closed.length);
            return sealed;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot seal", e);
        }
    }

    /** Null if it was sealed with another key, about something else, or changed. */
    byte @Nullable [] open(String about, byte[] sealed) {
        if (sealed.length < NONCE) {
            return null;
        }
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.DECRYPT_MODE, seals, new GCMParameterSpec(TAG_BITS, sealed, 0, NONCE));
            cipher.updateAAD(about.getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(sealed, NONCE, sealed.length - NONCE);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot open what was sealed", e);
        }
    }

    private static byte[] mac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no HMAC-SHA-256", e);
        }
    }
}
