package org.segmeter.evaluation;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.StartRefused;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Received files in a bucket: {@code blobs/ab/cdef...}. A file arrives on this machine's disk, where its SHA-256 is known before it is
 * sent on, so the server is given the digest together with the content, and the evaluation is acknowledged only when the server has
 * confirmed it. A server that confirms no digests is read back once.
 */
final class BucketBlobStore implements BlobStore, AutoCloseable {

    /** Larger files are sent in pieces of this size, so that a piece can be sent again alone. */
    static final int PIECE = 64 << 20;

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration SILENCE = Duration.ofSeconds(30);

    /** Of one request, what it sends included: a server that takes nothing ends no wait by being silent. A piece needs 110 kB/s. */
    private static final Duration ATTEMPT = Duration.ofMinutes(10);

    /** So much has to come within the time of {@link #SILENCE}, or the server counts as not answering. */
    private static final int STEP = 1 << 16;

    private static final String BLOBS = "blobs/";
    private static final String CORRUPT = "corrupt/";
    private static final String MARK = "installation";

    private static final String SECRET = "pseudonyms.key";

    private final S3Client client;
    private final String bucket;
    private final int piece;
    private final Reception reception;
    private final LocalCopies copies;

    /**
     * @param directory of this machine, for what arrives and for copies; no other process may use it
     * @param piece size from which files are sent in pieces, in bytes; S3 wants at least 5 MiB
     */
    BucketBlobStore(S3Client client, String bucket, Path directory, long cacheSize, int piece) throws IOException {
        this.client = client;
        this.bucket = bucket;
        this.piece = piece;
        this.reception = new Reception(directory.resolve("uploads"));
        this.copies = new LocalCopies(directory.resolve("copies"), cacheSize, DiskSpace.REAL);
    }

    /**
     * Connects to the bucket.
     *
     * @throws StartRefused if the bucket cannot be reached, read or written
     */
    static BucketBlobStore connect(StoreSettings settings, Path directory) throws IOException {
        BucketBlobStore store = new BucketBlobStore(
                client(settings),
                settings.bucket(),
                directory,
                settings.cacheSize().toBytes(),
                PIECE);
        store.probe();
        return store;
    }

    static S3Client client(StoreSettings settings) {
        return client(settings, ATTEMPT);
    }

    /** @param attempt longest time of one request */
    static S3Client client(StoreSettings settings, Duration attempt) {
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT)
                        .socketTimeout(SILENCE))
                .region(Region.of(settings.region()))
                .forcePathStyle(settings.pathStyle())
                .overrideConfiguration(limits -> limits.apiCallAttemptTimeout(attempt))
                .credentialsProvider(credentials(settings))
                // The digest is given with each request; servers other than Amazon's do not all know the trailers.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .serviceConfiguration(
                        S3Configuration.builder().chunkedEncodingEnabled(false).build());
        if (!settings.endpoint().isEmpty()) {
            builder.endpointOverride(URI.create(settings.endpoint()));
        }
        return builder.build();
    }

    private static AwsCredentialsProvider credentials(StoreSettings settings) {
        if (settings.accessKey().isEmpty()) {
            return DefaultCredentialsProvider.builder().build();
        }
        String secret = settings.secretKey();
        Path file = settings.secretKeyFile();
        if (file != null) {
            try {
                secret = Files.readString(file).strip();
            } catch (IOException e) {
                throw new StartRefused("SEGMETER_STORE_SECRET_KEY_FILE cannot be read ("
                        + e.getClass().getSimpleName() + ")");
            }
        }
        if (secret.isEmpty()) {
            throw new StartRefused("SEGMETER_STORE_ACCESS_KEY is given without SEGMETER_STORE_SECRET_KEY or"
                    + " SEGMETER_STORE_SECRET_KEY_FILE");
        }
        return StaticCredentialsProvider.create(AwsBasicCredentials.create(settings.accessKey(), secret));
    }

    private void keep(Reception.Received received) throws IOException {
        Blob blob = received.blob();
        Path file = received.file();
        String key = key(blob.sha256());
        if (!isThere(key, blob)) {
            boolean inPieces = blob.size() > piece;
            String digest = answered(() -> inPieces ? putPieces(key, blob, file) : put(key, blob, file));
            confirm(key, blob, digest);
        }
        copies.adopt(file, blob);
    }

    @Override
    public Incoming receive(InputStream source, long limit) throws IOException {
        // Not forced: nothing is acknowledged before the bucket has it.
        return new Part(reception.receive(source, limit, false), this::keep);
    }

    @Override
    public boolean keepsAtOnce() {
        return false;
    }

    @Override
    public long free() throws IOException {
        return reception.free();
    }

    @Override
    public Content open(Blob blob) throws IOException {
        return copies.use(blob, this::read);
    }

    @Override
    public InputStream read(String sha256) throws IOException {
        InputStream content = answered(
                () -> client.getObject(request -> request.bucket(bucket).key(key(sha256))));
        return new FilterInputStream(content) {
            private long waited;
            private int left = STEP;

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                long begin = System.nanoTime();
                int n;
                try {
                    n = super.read(into, offset, length);
                } catch (IOException | SdkException e) {
                    throw new Unavailable("the bucket broke off", e);
                }
                waited += System.nanoTime() - begin;
                left -= Math.max(0, n);
                if (left <= 0) {
                    left = STEP;
                    waited = 0;
                } else if (n >= 0 && waited > SILENCE.toNanos()) {
                    throw new Unavailable("the bucket hardly answers", new IOException("too slow"));
                }
                return n;
            }

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }
        };
    }

    @Override
    public boolean remove(String sha256) throws IOException {
        String key = key(sha256);
        boolean there = head(key) != null;
        answered(() -> client.deleteObject(request -> request.bucket(bucket).key(key)));
        copies.forget(sha256);
        return there;
    }

    @Override
    public void setAside(String sha256) throws IOException {
        String key = key(sha256);
        if (head(key) == null) {
            return; // somebody was quicker
        }
        answered(() -> client.copyObject(request -> request.sourceBucket(bucket)
                .sourceKey(key)
                .destinationBucket(bucket)
                .destinationKey(CORRUPT + sha256)));
        answered(() -> client.deleteObject(request -> request.bucket(bucket).key(key)));
    }

    @Override
    public Stream<Blob> list() throws IOException {
        Stream<S3Object> objects = answered(() ->
                client.listObjectsV2Paginator(request -> request.bucket(bucket).prefix(BLOBS)).contents().stream());
        return objects.map(object ->
                        new Blob(object.key().substring(BLOBS.length()).replaceAll("[^0-9a-f]", ""), object.size()))
                .filter(blob -> blob.sha256().length() == 64);
    }

    @Override
    public void forgetCopies(Predicate<String> gone) throws IOException {
        for (String sha256 : copies.names()) {
            if (gone.test(sha256)) {
                copies.forget(sha256);
            }
        }
    }

    @Override
    public @Nullable String owner() throws IOException {
        return text(MARK);
    }

    @Override
    public void claim(String installation) throws IOException {
        text(MARK, installation);
    }

    @Override
    public @Nullable String secret() throws IOException {
        return text(SECRET);
    }

    @Override
    public void secret(String text) throws IOException {
        text(SECRET, text);
    }

    private @Nullable String text(String key) throws IOException {
        if (head(key) == null) {
            return null;
        }
        return answered(
                () -> client.getObjectAsBytes(request -> request.bucket(bucket).key(key))
                        .asUtf8String());
    }

    private void text(String key, String content) throws IOException {
        answered(() -> client.putObject(request -> request.bucket(bucket).key(key), RequestBody.fromString(content)));
    }

    @Override
    public void close() {
        client.close();
    }

    private void probe() {
        String key = "probe/" + UUID.randomUUID();
        byte[] content = key.getBytes(StandardCharsets.UTF_8);
        String reason;
        try {
            client.putObject(request -> request.bucket(bucket).key(key), RequestBody.fromBytes(content));
            byte[] back = client.getObjectAsBytes(
                            request -> request.bucket(bucket).key(key))
                    .asByteArray();
            client.listObjectsV2(request -> request.bucket(bucket).maxKeys(1));
            client.deleteObject(request -> request.bucket(bucket).key(key));
            if (java.util.Arrays.equals(content, back)) {
                return;
            }
            reason = "it gives back something else than what was written";
        } catch (AwsServiceException e) {
            // The server's text may quote keys; status and code say enough.
            String code =
                    e.awsErrorDetails() == null ? "" : " " + e.awsErrorDetails().errorCode();
            reason = "status " + e.statusCode() + code;
        } catch (SdkException e) {
            reason = "no answer from the server, or no credentials";
        }
        throw new StartRefused("SEGMETER_STORE_BUCKET: the bucket cannot be written, read and listed (" + reason
                + "); check SEGMETER_STORE_ENDPOINT, SEGMETER_STORE_REGION, SEGMETER_STORE_PATH_STYLE, the credentials"
                + " and their rights");
    }

    /** True if the bucket has the content already. An answer without a digest is trusted: it was confirmed when it was put there. */
    private boolean isThere(String key, Blob blob) throws IOException {
        HeadObjectResponse head = head(key);
        if (head == null || head.contentLength() != blob.size()) {
            return false;
        }
        String digest = head.checksumSHA256();
        return digest == null || digest.contains("-") || digest.equals(base64(blob.sha256()));
    }

    private String put(String key, Blob blob, Path file) {
        String digest = base64(blob.sha256());
        client.putObject(
                request -> request.bucket(bucket)
                        .key(key)
                        .contentLength(blob.size())
                        .checksumSHA256(digest),
                RequestBody.fromFile(file));
        return digest;
    }

    /** Sends a file in pieces; the digest of it all is then the digest of the pieces' digests, and how many there are. */
    private String putPieces(String key, Blob blob, Path file) {
        String upload = client.createMultipartUpload(
                        request -> request.bucket(bucket).key(key).checksumAlgorithm(ChecksumAlgorithm.SHA256))
                .uploadId();
        try {
            List<CompletedPart> parts = new ArrayList<>();
            MessageDigest all = Reception.sha256();
            for (long from = 0; from < blob.size(); from += piece) {
                long begin = from;
                long length = Math.min(piece, blob.size() - from);
                int number = parts.size() + 1;
                byte[] digest = digest(file, begin, length);
                all.update(digest);
                String checksum = Base64.getEncoder().encodeToString(digest);
                String etag = client.uploadPart(
                                request -> request.bucket(bucket)
                                        .key(key)
                                        .uploadId(upload)
                                        .partNumber(number)
                                        .contentLength(length)
                                        .checksumSHA256(checksum),
                                RequestBody.fromContentProvider(
                                        () -> range(file, begin, length), length, "application/octet-stream"))
                        .eTag();
                parts.add(CompletedPart.builder()
                        .partNumber(number)
                        .eTag(etag)
                        .checksumSHA256(checksum)
                        .build());
            }
            client.completeMultipartUpload(request -> request.bucket(bucket)
                    .key(key)
                    .uploadId(upload)
                    .multipartUpload(completed -> completed.parts(parts)));
            return Base64.getEncoder().encodeToString(all.digest()) + "-" + parts.size();
        } catch (RuntimeException e) {
            try {
                client.abortMultipartUpload(
                        request -> request.bucket(bucket).key(key).uploadId(upload));
            } catch (SdkException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    /** Returns when the server has the content, by its own word or by reading it back. */
    private void confirm(String key, Blob blob, String digest) throws IOException {
        HeadObjectResponse head = head(key);
        if (head == null || head.contentLength() != blob.size()) {
            throw new Unavailable("the bucket does not have what it took", new IOException("size"));
        }
        String stored = head.checksumSHA256();
        if (digest.equals(stored)) {
            return;
        }
        if (!Blob.digest(read(blob.sha256())).equals(blob.sha256())) {
            throw new Unavailable("the bucket has something else than what it took", new IOException("digest"));
        }
    }

    private @Nullable HeadObjectResponse head(String key) throws IOException {
        try {
            return answered(() ->
                    client.headObject(request -> request.bucket(bucket).key(key).checksumMode(ChecksumMode.ENABLED)));
        } catch (Lost e) {
            return null;
        }
    }

    private static <T> T answered(Supplier<T> call) throws IOException {
        try {
            return call.get();
        } catch (AwsServiceException e) {
            if (e.statusCode() == 404) {
                throw new Lost("a stored file is missing in the bucket");
            }
            throw new Unavailable("the bucket refused with status " + e.statusCode(), e);
        } catch (SdkException e) {
            throw new Unavailable("the bucket does not answer", e);
        }
    }

    private static InputStream range(Path file, long from, long length) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            channel.position(from);
            InputStream all = Channels.newInputStream(channel);
            return new FilterInputStream(all) {
                private long left = length;

                @Override
                public int read(byte[] into, int offset, int count) throws IOException {
                    if (left == 0) {
                        return -1;
                    }
                    int n = super.read(into, offset, (int) Math.min(count, left));
                    left -= Math.max(0, n);
                    return n;
                }

                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
                }
            };
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static byte[] digest(Path file, long from, long length) {
        try (InputStream in = range(file, from, length)) {
            return HexFormat.of().parseHex(Blob.digest(in));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String key(String sha256) {
        return BLOBS + BlobStore.place(sha256);
    }

    private static String base64(String sha256) {
        return Base64.getEncoder().encodeToString(HexFormat.of().parseHex(sha256));
    }
}
