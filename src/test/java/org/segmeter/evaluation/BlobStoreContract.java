package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every store does. */
abstract class BlobStoreContract {

    private static final long NO_LIMIT = Long.MAX_VALUE;

    final long seed = Long.getLong("segmeter.seed", System.nanoTime());
    final Random random = new Random(seed);

    @TempDir
    Path directory;

    abstract BlobStore store() throws Exception;

    /** The file in which the store keeps the content. */
    abstract Path place(String sha256);

    final byte[] content(int size) {
        byte[] content = new byte[size];
        random.nextBytes(content);
        return content;
    }

    static Blob keep(BlobStore store, byte[] content) throws IOException {
        try (BlobStore.Incoming incoming = store.receive(new ByteArrayInputStream(content), NO_LIMIT)) {
            incoming.keep();
            return incoming.blob();
        }
    }

    private static byte[] read(BlobStore store, Blob blob) throws IOException {
        try (BlobStore.Content content = store.open(blob)) {
            return Files.readAllBytes(content.file());
        }
    }

    private long filesBelow(String name) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve(name))) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    @Test
    void whatIsKeptIsFoundUnderItsDigest() throws Exception {
        BlobStore store = store();
        int[] sizes = {
            0, 1, 1 << 13, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, (1 << 17) - 1, 1 << 17, (1 << 17) + 1, 1_000_003
        };
        for (int size : sizes) {
            byte[] content = content(size);
            Blob blob = keep(store, content);

            assertThat(blob.size()).isEqualTo(size);
            assertThat(blob.sha256()).isEqualTo(Blob.digest(new ByteArrayInputStream(content)));
            assertThat(read(store, blob)).as("seed %d", seed).isEqualTo(content);
            try (InputStream in = store.read(blob.sha256())) {
                assertThat(in.readAllBytes()).isEqualTo(content);
            }
            assertThat(Files.readAllBytes(place(blob.sha256()))).isEqualTo(content);
        }
        assertThat(filesBelow("uploads")).isZero();
    }

    @Test
    void whatIsNotKeptLeavesNothing() throws Exception {
        BlobStore store = store();
        for (int size : new int[] {1000, 100_000}) {
            byte[] content = content(size);
            Blob blob;
            try (BlobStore.Incoming incoming = store.receive(new ByteArrayInputStream(content), NO_LIMIT)) {
                blob = incoming.blob();
                assertThat(Files.readAllBytes(incoming.content())).isEqualTo(content);
                assertThat(filesBelow("uploads")).isEqualTo(1);
            }
            assertThatThrownBy(() -> store.open(blob)).isInstanceOf(BlobStore.Lost.class);
            assertThatThrownBy(() -> store.read(blob.sha256())).isInstanceOf(BlobStore.Lost.class);
            assertThat(filesBelow("uploads")).isZero();
        }
    }

    @Test
    void littleContentIsNoFileBeforeSomebodyNeedsOneAndMuchOfItIs() throws Exception {
        BlobStore store = store();
        List<BlobStore.Incoming> all = new ArrayList<>();
        for (int i = 0; i < 8 << 20 >> 16; i++) {
            all.add(store.receive(new ByteArrayInputStream(content((1 << 16) - 1)), NO_LIMIT));
        }
        assertThat(filesBelow("uploads")).isZero();
        all.add(store.receive(new ByteArrayInputStream(content((1 << 16) - 1)), NO_LIMIT));
        assertThat(filesBelow("uploads")).isEqualTo(1);
        all.removeFirst().close();
        all.add(store.receive(new ByteArrayInputStream(content((1 << 16) - 1)), NO_LIMIT));
        assertThat(filesBelow("uploads")).isEqualTo(1);
        for (BlobStore.Incoming one : all) {
            one.keep();
            one.close();
        }
        assertThat(filesBelow("uploads")).isZero();
    }

    @Test
    void tooMuchAndABrokenSourceAreToldApartAndLeaveNothing() throws Exception {
        BlobStore store = store();
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("cable");
            }
        };
        assertThatThrownBy(() -> store.receive(new ByteArrayInputStream(content(1001)), 1000))
                .isInstanceOfSatisfying(
                        BlobStore.TooLarge.class, e -> assertThat(e.limit()).isEqualTo(1000));
        assertThatThrownBy(() -> store.receive(
                        new SequenceInputStream(new ByteArrayInputStream(content(500_000)), broken), NO_LIMIT))
                .isInstanceOf(BlobStore.Interrupted.class);
        assertThat(filesBelow("uploads")).isZero();
    }

    @Test
    void theSameContentSentByManyAtOnceIsOneFile() throws Exception {
        BlobStore store = store();
        byte[] content = content(300_000);
        List<Future<Blob>> answers = new ArrayList<>();
        try (ExecutorService senders = Executors.newFixedThreadPool(8)) {
            Callable<Blob> send = () -> keep(store, content);
            for (int i = 0; i < 16; i++) {
                answers.add(senders.submit(send));
            }
        }
        Blob blob = answers.getFirst().get();
        for (Future<Blob> answer : answers) {
            assertThat(answer.get()).isEqualTo(blob);
        }
        try (Stream<Blob> all = store.list()) {
            assertThat(all).containsExactly(blob);
        }
        assertThat(read(store, blob)).isEqualTo(content);
    }

    @Test
    void listsWhatThereIsAndRemovesIt() throws Exception {
        BlobStore store = store();
        List<Blob> kept = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            kept.add(keep(store, content(10 + i)));
        }
        try (Stream<Blob> all = store.list()) {
            assertThat(all).containsExactlyInAnyOrderElementsOf(kept);
        }
        assertThat(store.remove(kept.getFirst().sha256())).isTrue();
        assertThat(store.remove(kept.getFirst().sha256())).isFalse();
        assertThatThrownBy(() -> store.open(kept.getFirst())).isInstanceOf(BlobStore.Lost.class);
        try (Stream<Blob> all = store.list()) {
            assertThat(all).hasSize(19);
        }
    }

    @Test
    void damageIsFoundPutAsideAndMendedBySendingTheFileAgain() throws Exception {
        BlobStore store = store();
        byte[] content = content(70_000);
        Blob blob = keep(store, content);
        Path file = place(blob.sha256());
        int damaged = 0;
        for (int i = 0; i < 20; i++) {
            byte[] stored = content.clone();
            switch (i % 3) {
                case 0 -> stored[random.nextInt(stored.length)] ^= (byte) (1 << random.nextInt(8));
                case 1 -> stored = java.util.Arrays.copyOf(stored, random.nextInt(stored.length));
                default -> stored = java.util.Arrays.copyOf(stored, stored.length + 1);
            }
            Files.write(file, stored);
            damaged += Scrub.look(store, blob) == StoredBlobs.Condition.CORRUPT ? 1 : 0;
        }
        assertThat(damaged).as("seed %d", seed).isEqualTo(20);

        store.setAside(blob.sha256());
        assertThat(Scrub.look(store, blob)).isEqualTo(StoredBlobs.Condition.MISSING);
        store.setAside(blob.sha256());
        assertThat(keep(store, content)).isEqualTo(blob);
        assertThat(Scrub.look(store, blob)).isEqualTo(StoredBlobs.Condition.STORED);
    }

    @Test
    void belongsToWhoeverClaimedIt() throws Exception {
        BlobStore store = store();
        assertThat(store.owner()).isNull();
        store.claim("7c0f");
        assertThat(store.owner()).isEqualTo("7c0f");
        try (Stream<Blob> all = store.list()) {
            assertThat(all).isEmpty();
        }
    }

    @Test
    void namesThatAreNoDigestsAreNoPlaces() throws Exception {
        BlobStore store = store();
        for (String name : new String[] {"../../etc/passwd", "", "ABCD", "a".repeat(63), "a".repeat(65)}) {
            assertThatThrownBy(() -> store.read(name)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
