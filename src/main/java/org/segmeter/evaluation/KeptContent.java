package org.segmeter.evaluation;

import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.segmeter.database.Tenant;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Keeps content that others than evaluations need, for as long as they need it, by the same rules as that of evaluations. */
@Component
public final class KeptContent {

    private final StoredBlobs stored;
    private final TransactionTemplate transaction;

    KeptContent(StoredBlobs stored, TransactionTemplate transaction) {
        this.stored = stored;
        this.transaction = transaction;
    }

    /** Written in the transaction that makes the content used. */
    public interface Use<T> {

        /** What came of it, and whether the content is used from now on. */
        record Result<T>(T value, boolean used) {}

        Result<T> write();
    }

    /**
     * Keeps content and writes who uses it. When this returns, both are committed.
     *
     * @param files kept after the database was told to hold the content
     * @param user who needs it, for example {@code dicom:1.2.3}
     * @throws IOException if the content cannot be kept
     */
    public <T> T keep(Blob blob, Evaluations.Files files, String user, Use<T> use) throws IOException {
        UUID holder = UUID.randomUUID();
        stored.hold(holder, List.of(blob));
        boolean released = false;
        try {
            files.keep();
            Supplier<T> work = () -> {
                stored.kept(holder, List.of(blob));
                Use.Result<T> result = use.write();
                if (result.used()) {
                    stored.use(blob, user);
                }
                return result.value();
            };
            T value = transaction.execute(status -> work.get());
            released = true;
            if (value == null) {
                throw new IllegalStateException("nothing came of it");
            }
            return value;
        } finally {
            if (!released) {
                stored.release(holder);
            }
        }
    }

    /**
     * Keeps content whose user is not known yet, group after group, under one holder. It is held until {@link #use} or
     * {@link #release}, at most a day.
     *
     * @param blobs none that the holder holds already
     * @param files kept after the database was told to hold the content
     * @throws IOException if the content cannot be kept
     */
    public void hold(UUID holder, List<Blob> blobs, Evaluations.Files files) throws IOException {
        stored.hold(holder, blobs);
        files.keep();
    }

    /** Says in the caller's transaction who uses what was held from its commit on, and that nothing else is held any more. */
    public void use(UUID holder, Collection<Blob> blobs, String user) {
        stored.kept(holder, blobs);
        blobs.stream().distinct().sorted(Comparator.comparing(Blob::sha256)).forEach(blob -> stored.use(blob, user));
    }

    /** Nothing came of what was held. */
    public void release(UUID holder) {
        stored.release(holder);
    }

    /** A user needs its content no longer; what nobody else needs is removed in time. */
    public void forget(String user) {
        stored.forget(user);
    }

    /**
     * Removes content at once, unless somebody needs it.
     *
     * @return false if nobody does, but it is being sent at this moment: to be tried again
     */
    public boolean remove(String sha256) throws IOException {
        // Who else needs it is asked for all tenants.
        try (Tenant.Binding ignored = Tenant.bind(null)) {
            return stored.removeUnused(sha256, 0) || !stored.isUnused(sha256);
        }
    }

    /**
     * Those of some contents that are there, which stay until the caller's transaction ends.
     *
     * @return by their SHA-256
     */
    public Map<String, Blob> locked(Collection<String> sha256) {
        return stored.locked(sha256);
    }
}
