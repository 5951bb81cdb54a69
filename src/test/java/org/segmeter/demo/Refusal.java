package org.segmeter.demo;

import org.segmeter.batch.Batches;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.KeptContent;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks what a start with the demonstration would do to a running service's data. */
public final class Refusal {

    private Refusal() {}

    /** Throws what the start would end with. */
    public static void start(Batches batches, BlobStore store, KeptContent kept, JdbcClient sql) {
        new Demonstration(new DemoSettings(true), batches, store, kept, sql);
    }
}
