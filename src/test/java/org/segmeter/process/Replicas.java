package org.segmeter.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.database.TestPostgres;

/** What replicas have in common, one PostgreSQL and one bucket, and how one more is started on them. */
final class Replicas implements AutoCloseable {

    private final Path directory;
    private final TestPostgres database;
    private final S3Server bucket;

    Replicas(Path directory) throws Exception {
        this.directory = directory;
        this.database = TestPostgres.start(directory.resolve("database"));
        this.bucket = S3Server.start(directory.resolve("buckets"));
    }

    TestPostgres database() {
        return database;
    }

    /** The files that were submitted. */
    Ledger.Objects objects() {
        return Ledger.Objects.below(bucket.object("blobs"));
    }

    /**
     * One that is not ready yet, with one thread that scores.
     *
     * @param number names its own directory
     * @param databasePort of the database, or of what stands before it
     */
    JarProcess start(int number, int databasePort, String... more) throws IOException {
        List<String> settings = new ArrayList<>(database.settings(databasePort, ""));
        settings.addAll(List.of(bucket.settings()));
        settings.addAll(List.of(
                "--segmeter.workers=1",
                "--db-scheduler.polling-interval=250ms",
                "--spring.datasource.hikari.maximum-pool-size=10"));
        settings.addAll(List.of(more));
        return JarProcess.shortLived(directory.resolve("replica-" + number), settings.toArray(String[]::new));
    }

    @Override
    public void close() throws Exception {
        bucket.close();
        database.close();
    }
}
