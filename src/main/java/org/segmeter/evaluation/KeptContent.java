package org.segmeter.evaluation;

import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
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
}
