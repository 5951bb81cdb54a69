package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.StartRefused;
import org.segmeter.process.S3Server;
import org.springframework.util.unit.DataSize;
import software.amazon.awssdk.services.s3.S3Client;

@DisplayName("A store in a bucket")
class BucketBlobStoreTest extends BlobStoreContract {

    private static final long COPIES = 1 << 20;
    private static final int PIECE = 5 << 20;

    @TempDir
    static Path buckets;

    private static S3Server server;

    private final String bucket = "b" + UUID.randomUUID();

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.start(buckets);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void makeBucket() throws Exception {
        Files.createDirectories(buckets.resolve(bucket));
    }

    private StoreSettings settings(String name, URI endpoint, String secret) {
        return new StoreSettings(
                name,
                endpoint.toString(),
                "us-east-1",
                true,
                S3Server.ACCESS_KEY,
                secret,
                null,
                DataSize.ofBytes(COPIES));
    }

    private BucketBlobStore connect(String name, URI endpoint, String secret) throws Exception {
        return BucketBlobStore.connect(settings(name, endpoint, secret), directory);
    }

    @Override
    BucketBlobStore store() throws Exception {
        return connect(bucket, server.uri(), S3Server.SECRET_KEY);
    }

    @Override
    Path place(String sha256) {
        return buckets.resolve(bucket).resolve("blobs").resolve(BlobStore.place(sha256));
    }

    private long copies() throws Exception {
        try (Stream<Path> files = Files.list(directory.resolve("copies"))) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    @Test
    void largeFilesAreSentInPieces() throws Exception {
        S3Client client = BucketBlobStore.client(settings(bucket, server.uri(), S3Server.SECRET_KEY));
        BlobStore store = new BucketBlobStore(client, bucket, directory, COPIES, PIECE);
        byte[] content = content(2 * PIECE + 12345);
        Blob blob = keep(store, content);

        assertThat(Files.readAllBytes(place(blob.sha256()))).isEqualTo(content);
        assertThat(Scrub.look(store, blob)).isEqualTo(StoredBlobs.Condition.STORED);
        assertThat(keep(store, content)).isEqualTo(blob);
    }

    @Test
    void copiesStayWithinTheirLimitWhileWhatIsInUseStays() throws Exception {
        BlobStore store = store();
        List<Blob> blobs = new ArrayList<>();
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            contents.add(content(300_000));
            blobs.add(keep(store, contents.getLast()));
        }
        assertThat(copies()).isPositive().isLessThanOrEqualTo(COPIES);

        List<BlobStore.Content> open = new ArrayList<>();
        for (Blob blob : blobs) {
            open.add(store.open(blob));
        }
        assertThat(copies()).isEqualTo(3_000_000);
        for (int i = 0; i < blobs.size(); i++) {
            assertThat(Files.readAllBytes(open.get(i).file())).isEqualTo(contents.get(i));
        }
        open.forEach(BlobStore.Content::close);
        assertThat(copies()).isPositive().isLessThanOrEqualTo(COPIES);

        store.forgetCopies(sha256 -> true);
        assertThat(copies()).isZero();
    }

    @Test
    void manyReadersOfOneFileFetchItOnceAndAllReadIt() throws Exception {
        byte[] content = content(200_000);
        Blob blob = keep(store(), content);
        BlobStore fresh = store();
        assertThat(copies()).isZero();
        try (ExecutorService readers = Executors.newFixedThreadPool(8)) {
            List<Future<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                answers.add(readers.submit(() -> {
                    try (BlobStore.Content open = fresh.open(blob)) {
                        return Files.readAllBytes(open.file());
                    }
                }));
            }
            for (Future<byte[]> answer : answers) {
                assertThat(answer.get()).isEqualTo(content);
            }
        }
    }

    @Test
    void aDamagedObjectIsNeverScored() throws Exception {
        Blob blob = keep(store(), content(5000));
        Files.write(place(blob.sha256()), content(5000));
        assertThatThrownBy(() -> store().open(blob)).isInstanceOf(BlobStore.Lost.class);
        assertThat(copies()).isZero();
    }

    @Test
    void aBucketThatCannotBeUsedIsRefusedAtTheStartAndSaysWhy() {
        assertThatThrownBy(() -> connect("no-such-bucket", server.uri(), S3Server.SECRET_KEY))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("SEGMETER_STORE_BUCKET")
                .hasMessageContaining("404");
        assertThatThrownBy(() -> connect(bucket, server.uri(), "a wrong secret"))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("403")
                .hasMessageNotContaining("wrong secret");
        assertThatThrownBy(() -> connect(bucket, URI.create("http://127.0.0.1:9"), S3Server.SECRET_KEY))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("no answer");
        assertThatThrownBy(() -> connect(bucket, server.uri(), ""))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("SEGMETER_STORE_SECRET_KEY");
    }

    /** A connection whose other end takes nothing is not silent: what is sent waits without any end of its own. */
    @Test
    void aServerThatTakesNothingIsNotWaitedFor() throws Exception {
        AtomicInteger puts = new AtomicInteger();
        try (ServerSocket takesNothing = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            takesNothing.setReceiveBufferSize(4096);
            Thread.ofVirtual().start(() -> {
                while (true) {
                    try {
                        Socket one = takesNothing.accept();
                        Thread.ofVirtual().start(() -> onlySaysWhatIsMissing(one, puts));
                    } catch (IOException e) {
                        return; // the test is over
                    }
                }
            });
            URI there = URI.create("http://127.0.0.1:" + takesNothing.getLocalPort());
            S3Client client =
                    BucketBlobStore.client(settings(bucket, there, S3Server.SECRET_KEY), Duration.ofMillis(500));
            BlobStore store = new BucketBlobStore(client, bucket, directory, COPIES, 64 << 20);
            try (BlobStore.Incoming incoming =
                    store.receive(new ByteArrayInputStream(content(16 << 20)), Long.MAX_VALUE)) {
                assertThatThrownBy(incoming::keep).isInstanceOf(BlobStore.Unavailable.class);
            }
            assertThat(puts.get()).as("requests that sent").isPositive();
        }
    }

    private static void onlySaysWhatIsMissing(Socket client, AtomicInteger puts) {
        try {
            InputStream in = client.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = in.read();
                if (next < 0) {
                    return;
                }
                head.append((char) next);
            }
            if (head.indexOf("PUT ") == 0) {
                puts.incrementAndGet();
                client.getOutputStream().write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            } else {
                client.getOutputStream()
                        .write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                client.close();
            }
        } catch (IOException e) {
            // the other end gave up
        }
    }

    @Test
    void whatTheBucketDoesNotTakeIsNotKept() throws Exception {
        try (S3Server own = S3Server.start(directory.resolve("own"))) {
            BlobStore store = connect(S3Server.BUCKET, own.uri(), S3Server.SECRET_KEY);
            Blob there = keep(store, content(2_000_000));
            try (BlobStore.Incoming incoming = store.receive(new ByteArrayInputStream(content(1000)), 1000)) {
                own.close();
                assertThatThrownBy(incoming::keep).isInstanceOf(BlobStore.Unavailable.class);
            }
            assertThatThrownBy(() -> store.open(there)).isInstanceOf(BlobStore.Unavailable.class);
        }
    }
}
