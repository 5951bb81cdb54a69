package org.segmeter.web;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.segmeter.database.PostgresContainer;
import org.segmeter.process.S3Server;

/**
 * Where the services of tests keep what is theirs: the tests say what must hold, whichever it is.
 *
 * <ul>
 *   <li>{@code -Dsegmeter.tests.database}: {@code embedded} (as installed, the default) or {@code container} (PostgreSQL in Testcontainers, by
 *       the roles of an operator's server)
 *   <li>{@code -Dsegmeter.tests.objects}: {@code directory} (the default) or {@code s3} (a bucket of S3Proxy)
 * </ul>
 *
 * @param settings of a service
 * @param blobs the directory that the stored files come to lie below
 */
record ServiceStorage(List<String> settings, Path blobs) {

    private static final String DATABASE = System.getProperty("segmeter.tests.database", "embedded");
    private static final String OBJECTS = System.getProperty("segmeter.tests.objects", "directory");

    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** By the data directory: a service that is started again finds what it had. */
    private static final Map<Path, ServiceStorage> ALL = new ConcurrentHashMap<>();

    static ServiceStorage of(Path directory) {
        return ALL.computeIfAbsent(directory, ServiceStorage::make);
    }

    private static ServiceStorage make(Path directory) {
        try {
            List<String> settings = new ArrayList<>();
            switch (DATABASE) {
                case "embedded" -> {}
                case "container" ->
                    settings.addAll(PostgresContainer.newDatabase("service_" + NUMBER.incrementAndGet()));
                default -> throw new IllegalArgumentException("segmeter.tests.database=" + DATABASE);
            }
            Path blobs = directory.resolve("blobs");
            switch (OBJECTS) {
                case "directory" -> {}
                case "s3" -> {
                    // It ends with the tests' process.
                    S3Server server = S3Server.start(directory.resolveSibling(directory.getFileName() + "-buckets"));
                    settings.addAll(List.of(server.settings()));
                    blobs = server.object("blobs");
                }
                default -> throw new IllegalArgumentException("segmeter.tests.objects=" + OBJECTS);
            }
            return new ServiceStorage(List.copyOf(settings), blobs);
        } catch (Exception e) {
            throw new IllegalStateException("the storage of a test's service cannot be had", e);
        }
    }
}
