package org.segmeter.demo;

import java.io.IOException;
import java.util.UUID;
import org.segmeter.batch.Batches;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.KeptContent;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Some cases of the demonstration, in a service that has others beside them. */
public final class DemonstrationShare {

    private DemonstrationShare() {}

    /** Makes a batch of so many cases, which are scored in their time. */
    public static UUID make(Batches batches, BlobStore store, KeptContent kept, JdbcClient sql, int cases)
            throws IOException {
        UUID id = UUID.randomUUID();
        new Demonstration(new DemoSettings(false), batches, store, kept, sql).fill(id, cases);
        return id;
    }
}
