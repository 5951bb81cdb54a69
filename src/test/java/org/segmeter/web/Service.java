package org.segmeter.web;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.Segmeter;
import org.segmeter.evaluation.ControlledDisk;
import org.segmeter.evaluation.ControlledEngine;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/** The whole service on a port and directory of its own, started once for all tests of this JVM. */
final class Service {

    private static @Nullable Service shared;

    private final ConfigurableApplicationContext context;
    private final Path directory;
    private final ServiceStorage storage;
    private final Api api;

    private Service(Path directory, String... settings) throws IOException {
        this.directory = directory;
        SpringApplication application = new SpringApplication(
                Segmeter.class,
                ControlledEngine.Configuration.class,
                ControlledDisk.Configuration.class,
                BrokenCommits.Configuration.class);
        Map<String, String> all = new LinkedHashMap<>();
        for (String setting : List.of(
                "--server.port=0",
                "--segmeter.data-directory=" + directory,
                "--segmeter.database.programs=target/postgres-programs",
                "--segmeter.workers=2",
                "--segmeter.upload.max-file-size=1MB",
                "--segmeter.upload.max-request-size=3MB",
                "--segmeter.upload.max-parts=8",
                "--segmeter.volatile-data-directory=true",
                // Tests submit the same pair again and again, and mean it.
                "--segmeter.natural-idempotency=false",
                "--spring.main.register-shutdown-hook=false")) {
            all.put(setting.substring(0, setting.indexOf('=')), setting);
        }
        storage = ServiceStorage.of(directory);
        for (String setting : storage.settings()) {
            all.put(setting.substring(0, setting.indexOf('=')), setting);
        }
        for (String setting : settings) {
            all.put(setting.substring(0, setting.indexOf('=')), setting);
        }
        context = application.run(all.values().toArray(String[]::new));
        api = new Api(port());
    }

    static synchronized Service shared() throws IOException {
        if (shared == null) {
            Service started = start(Files.createTempDirectory("segmeter-test"));
            shared = started;
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                started.stop();
                started.remove();
            }));
        }
        return shared;
    }

    /** A service of a test's own; settings win over the common ones. */
    static Service start(Path directory, String... settings) throws IOException {
        return new Service(directory, settings);
    }

    /** Ends it in good order. */
    void stop() {
        context.close();
    }

    Api api() {
        return api;
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    <T> T bean(String name, Class<T> type) {
        return context.getBean(name, type);
    }

    int port() {
        return context instanceof ServletWebServerApplicationContext web && web.getWebServer() != null
                ? web.getWebServer().getPort()
                : -1;
    }

    Path directory() {
        return directory;
    }

    /** Where the stored files lie, in its data directory or in a bucket. */
    Path blobs() {
        return storage.blobs();
    }

    /** How many files are stored. */
    long storedFiles() throws IOException {
        return files(blobs());
    }

    /** How many files are being received. */
    long uploads() throws IOException {
        return files(directory.resolve("uploads"));
    }

    private static long files(Path below) throws IOException {
        if (!Files.exists(below)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(below)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    private void remove() {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            System.err.println("left behind: " + directory);
        }
    }
}
