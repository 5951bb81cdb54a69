package org.segmeter.process;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * An S3 server in this process: S3Proxy on a directory. It has class paths and versions of its own, so it lives in a class loader that
 * sees nothing of the tests; the build puts its jar under {@code target/s3proxy}.
 */
public final class S3Server implements AutoCloseable {

    /** The bucket that is there from the start. */
    public static final String BUCKET = "segmeter";

    public static final String ACCESS_KEY = "local-identity";
    public static final String SECRET_KEY = "local-credential";

    private static @Nullable ClassLoader loaded;

    private final Object server;
    private final ClassLoader classes;
    private final Path directory;
    private final int port;

    private S3Server(Object server, ClassLoader classes, Path directory, int port) {
        this.server = server;
        this.classes = classes;
        this.directory = directory;
        this.port = port;
    }

    /** Starts it on a free port; each bucket is a directory below {@code directory}. */
    public static S3Server start(Path directory) throws Exception {
        Path jar = Path.of("target/s3proxy/s3proxy.jar");
        if (!Files.isRegularFile(jar)) {
            throw new IOException(jar + " is missing; mvn process-test-resources fetches it");
        }
        Files.createDirectories(directory.resolve(BUCKET));
        ClassLoader classes = classes(jar);
        Object server = within(classes, () -> {
            Properties jclouds = new Properties();
            jclouds.setProperty("jclouds.filesystem.basedir", directory.toString());
            Class<?> contextBuilder = classes.loadClass("org.jclouds.ContextBuilder");
            Object builder =
                    contextBuilder.getMethod("newBuilder", String.class).invoke(null, "filesystem-nio2");
            builder = contextBuilder
                    .getMethod("credentials", String.class, String.class)
                    .invoke(builder, "identity", "credential");
            builder = contextBuilder.getMethod("overrides", Properties.class).invoke(builder, jclouds);
            Class<?> contextType = classes.loadClass("org.jclouds.blobstore.BlobStoreContext");
            Object context = contextBuilder.getMethod("build", Class.class).invoke(builder, contextType);
            Object store = contextType.getMethod("getBlobStore").invoke(context);

            Class<?> proxy = classes.loadClass("org.gaul.s3proxy.S3Proxy");
            Class<?> proxyBuilder = classes.loadClass("org.gaul.s3proxy.S3Proxy$Builder");
            Class<?> authentication = classes.loadClass("org.gaul.s3proxy.AuthenticationType");
            Object b = proxy.getMethod("builder").invoke(null);
            proxyBuilder
                    .getMethod("blobStore", classes.loadClass("org.jclouds.blobstore.BlobStore"))
                    .invoke(b, store);
            proxyBuilder.getMethod("endpoint", URI.class).invoke(b, URI.create("http://127.0.0.1:0"));
            proxyBuilder
                    .getMethod("awsAuthentication", authentication, String.class, String.class)
                    .invoke(b, authentication.getField("AWS_V2_OR_V4").get(null), ACCESS_KEY, SECRET_KEY);
            proxyBuilder.getMethod("ignoreUnknownHeaders", boolean.class).invoke(b, true);
            proxyBuilder.getMethod("v4MaxNonChunkedRequestSize", long.class).invoke(b, 256L << 20);
            Object made = proxyBuilder.getMethod("build").invoke(b);
            proxy.getMethod("start").invoke(made);
            return made;
        });
        int port = (int) server.getClass().getMethod("getPort").invoke(server);
        return new S3Server(server, classes, directory, port);
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** Where an object of the bucket is on disk. */
    public Path object(String key) {
        return directory.resolve(BUCKET).resolve(key);
    }

    /** Settings that let a service use the bucket. */
    public String[] settings() {
        return new String[] {
            "--segmeter.store.bucket=" + BUCKET,
            "--segmeter.store.endpoint=" + uri(),
            "--segmeter.store.access-key=" + ACCESS_KEY,
            "--segmeter.store.secret-key=" + SECRET_KEY
        };
    }

    @Override
    public void close() throws Exception {
        within(classes, () -> server.getClass().getMethod("stop").invoke(server));
    }

    /** One for all servers of this process: to load it takes longer than to start one. */
    private static synchronized ClassLoader classes(Path jar) throws IOException {
        if (loaded == null) {
            Path quiet = jar.resolveSibling("quiet");
            Files.createDirectories(quiet);
            Files.writeString(quiet.resolve("logback-test.xml"), """
                <configuration>
                  <statusListener class="ch.qos.logback.core.status.NopStatusListener"/>
                  <root level="off"/>
                </configuration>
                """);
            loaded = new URLClassLoader(
                    "s3proxy",
                    new URL[] {quiet.toUri().toURL(), jar.toUri().toURL()},
                    ClassLoader.getPlatformClassLoader());
        }
        return loaded;
    }

    private interface Work {
        Object run() throws Exception;
    }

    private static Object within(ClassLoader classes, Work work) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(classes);
        try {
            return work.run();
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
