package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Copies of a bucket's files")
class LocalCopiesTest {

    private static final long DISK = 1000L << 20;

    @TempDir
    Path directory;

    private final AtomicLong free = new AtomicLong(DISK / 2);

    private LocalCopies copies() throws Exception {
        return new LocalCopies(directory.resolve("copies"), DISK, place -> new DiskSpace.Space(DISK, free.get()));
    }

    private static Blob use(LocalCopies copies, String text) throws Exception {
        byte[] content = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Blob blob = new Blob(Submission.sha256(content), content.length);
        copies.use(blob, sha256 -> new ByteArrayInputStream(content)).close();
        return blob;
    }

    @Test
    void goBeforeTheDiskIsSoFullThatUploadsAreRefused() throws Exception {
        LocalCopies copies = copies();
        Blob first = use(copies, "one");
        Blob second = use(copies, "two");
        assertThat(copies.names()).containsExactlyInAnyOrder(first.sha256(), second.sha256());

        free.set(DISK / 20 + 1); // a byte above the floor
        try (BlobStore.Content inUse = copies.use(first, sha256 -> {
            throw new AssertionError("there is a copy");
        })) {
            use(copies, "three");
            assertThat(copies.names()).as("what is in use stays").containsExactly(first.sha256());
            assertThat(inUse.file()).hasContent("one");
        }
        assertThat(copies.names()).isEmpty();
        assertThat(copies.bytes()).isZero();

        free.set(DISK / 2);
        Blob fourth = use(copies, "four");
        assertThat(copies.names()).containsExactly(fourth.sha256());
        assertThat(copies.bytes()).isEqualTo(4);
    }
}
